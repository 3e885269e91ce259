"""Components on a reactor of the program's own: started, stopped, and waited for."""

from autobahn.twisted.component import Component
from place import CLOSED_URL, REALM, URL, say
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import react


def refused(error):
    say("is it fatal?", getattr(error, "error", None))
    return True


@inlineCallbacks
def attempt(reactor, **options):
    component = Component(**options)
    try:
        say("ended:", (yield component.start(reactor=reactor)))
    except Exception as error:  # noqa: BLE001  # which one it is differs: ours is what went wrong
        say("failed:", bool(str(error)))


@inlineCallbacks
def main(reactor):
    ready = Deferred()
    component = Component(transports=URL, realm=REALM)
    component.on("ready", ready.callback)
    running = component.start(reactor)
    session = yield ready
    say("started", session.is_attached())
    component.stop()
    say("stopped:", (yield running))

    # Another one waits for long before it tries again, and is stopped meanwhile.
    failed = Deferred()
    waiting = Component(transports={"url": CLOSED_URL, "initial_retry_delay": 100, "max_retry_delay": 100}, realm=REALM)
    waiting.on("connectfailure", lambda component, error: failed.called or failed.callback(type(error).__name__))
    running = waiting.start(reactor)
    yield failed
    reactor.callLater(0.05, waiting.stop)
    say("stopped:", (yield running))

    yield attempt(reactor, transports={"url": CLOSED_URL, "max_retries": 0}, realm=REALM)
    yield attempt(reactor, transports=URL, realm="no.such.realm", is_fatal=refused)


if __name__ == "__main__":
    react(main)
