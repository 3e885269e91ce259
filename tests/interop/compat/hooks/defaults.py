"""A Session that overrides nothing but on_join joins, leaves and disconnects all the same."""

from autobahn.asyncio.component import Component, run
from autobahn.asyncio.wamp import Session
from place import REALM, URL, say


class Defaults(Session):
    async def on_join(self, details):
        say("on_join", self.realm == REALM, self.authmethod, self.authrole)
        await self.register(self.double, "com.defaults.double")
        say(await self.call("com.defaults.double", 21))
        self.leave()

    def double(self, number):
        return 2 * number


component = Component(session_factory=Defaults, transports=[{"url": URL}], realm=REALM)

if __name__ == "__main__":
    run([component], log_level="info")
