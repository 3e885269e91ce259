"""A session signs challenges of WAMP-CRA with the helper functions, with a plain and with a salted secret."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp import auth
from loops.asyncio import stop
from place import LOGIN_URL, REALM, say


class Cra(ApplicationSession):
    def onConnect(self):
        self.join(self.config.realm, authmethods=["wampcra"], authid=self.config.extra["authid"])

    async def onChallenge(self, challenge):
        say("onChallenge", challenge.method, sorted({"salt", "keylen", "iterations"} & set(challenge.extra)))
        key = "secret"
        if "salt" in challenge.extra:
            extra = challenge.extra
            key = auth.derive_key(key, extra["salt"], extra["iterations"], extra["keylen"])
        else:
            key = key.encode()
        return auth.compute_wcs(key, challenge.extra["challenge"].encode("utf8")).decode("ascii")

    async def onJoin(self, details):
        say("onJoin", details.authid, details.authrole, details.authmethod)
        if details.authid == "wampcra":
            self.salted = ApplicationRunner(LOGIN_URL, REALM, extra={"authid": "wampcra-salted", "first": self})
            await self.salted.run(Cra, False)
        else:
            self.leave()

    def onDisconnect(self):
        first = self.config.extra.get("first")
        say("onDisconnect", "second" if first else "first")
        if first:
            first.leave()
        else:
            stop()


if __name__ == "__main__":
    ApplicationRunner(LOGIN_URL, REALM, {"authid": "wampcra"}).run(Cra)
