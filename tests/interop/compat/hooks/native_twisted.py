"""A Session on a reactor that runs already: the runner connects it and leaves the reactor to the program."""

from autobahn.twisted.wamp import ApplicationRunner, Session
from place import REALM, URL, say
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.internet.task import deferLater, react


class Native(Session):
    @inlineCallbacks
    def on_join(self, details):
        yield self.register(self.tick, "com.native.hooks.tick")
        self.config.extra["joined"].callback(self)

    @inlineCallbacks
    def tick(self, count):
        for number in range(count):
            yield deferLater(reactor, 0.001)
            self.publish("com.native.hooks.ticked", number)
        return count

    def on_leave(self, details):
        say("on_leave", details.reason)
        self.disconnect()

    def on_disconnect(self):
        self.config.extra["gone"].callback(None)


@inlineCallbacks
def main(reactor):
    # Registers the same procedure, which the first one has given up by then.
    for turn in range(2):
        joined, gone = Deferred(), Deferred()
        yield ApplicationRunner(URL, REALM, extra={"joined": joined, "gone": gone}).run(Native, start_reactor=False)
        session = yield joined
        ticks = []
        yield session.subscribe(ticks.append, "com.native.hooks.ticked")
        say(turn, (yield session.call("com.native.hooks.tick", 3)), len(ticks))
        calls = [session.call("com.native.hooks.tick", count) for count in range(3)]
        say((yield gatherResults(calls).addTimeout(5, reactor)))
        session.leave()
        yield gone
    say("done")


if __name__ == "__main__":
    react(main)
