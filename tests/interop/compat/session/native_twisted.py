"""Calls are Deferreds of Twisted: they take callbacks, can be gathered and cancelled, and hooks are inlineCallbacks."""

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from place import REALM, URL, say
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults, inlineCallbacks
from twisted.internet.task import deferLater


class Native(ApplicationSession):
    @inlineCallbacks
    def onJoin(self, details):
        started, ended = Deferred(), Deferred()

        def wait_for_ever():
            started.callback(None)
            return Deferred(lambda _: ended.callback(None))

        @inlineCallbacks
        def later(value):
            yield deferLater(reactor, 0.01)
            return value

        registrations = yield gatherResults(
            [self.register(wait_for_ever, "com.native.wait_for_ever"), self.register(later, "com.native.later")]
        )
        say([registration.procedure for registration in registrations])
        say((yield gatherResults([self.call("com.native.later", number) for number in range(3)])))
        say((yield self.call("com.native.later", "in time").addTimeout(5, reactor)))

        yield self.call("com.native.later", "called back").addCallback(say)

        call = self.call("com.native.wait_for_ever")
        yield started
        call.cancel()
        try:
            yield call
        except CancelledError:
            say("cancelled")
        yield ended
        say("interrupted")
        yield self.call("com.native.missing").addErrback(self.refused)
        self.leave()

    def refused(self, failure):
        failure.trap(ApplicationError)
        say([failure.value.error])

    def onDisconnect(self):
        reactor.stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Native)
