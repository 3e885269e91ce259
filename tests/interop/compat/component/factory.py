"""A component makes its sessions with a factory: a class of the application's."""

from autobahn import wamp
from autobahn.asyncio.component import Component, run
from autobahn.asyncio.wamp import ApplicationSession
from place import REALM, URL, say


class Counter(ApplicationSession):
    def __init__(self, config=None):
        ApplicationSession.__init__(self, config)
        self.count = config.extra["start"]

    @wamp.register("com.factory.increment")
    def increment(self, by=1):
        self.count += by
        return self.count

    async def onJoin(self, details):
        say("onJoin", details.realm == self.config.realm)
        await self.register(self)
        say(await self.call("com.factory.increment"), await self.call("com.factory.increment", by=10))
        self.leave()

    def onLeave(self, details):
        say("onLeave", details.reason)
        self.disconnect()


component = Component(transports=URL, realm=REALM, extra={"start": 41}, session_factory=Counter)


@component.on_join
def joined(session, details):
    say("join", type(session).__name__, session.count)


@component.on_leave
def left(session, details):
    say("leave", session.count)


if __name__ == "__main__":
    run([component])
