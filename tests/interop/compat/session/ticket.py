"""A session joins with a ticket: onConnect asks for it, onChallenge gives it."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from loops.asyncio import stop
from place import LOGIN_URL, REALM, say


class Ticket(ApplicationSession):
    def onConnect(self):
        say("onConnect", self.is_connected(), self.is_attached())
        self.join(self.config.realm, ["ticket"], "ticket")

    def onChallenge(self, challenge):
        say("onChallenge", challenge.method)
        if challenge.method == "ticket":
            return self.config.extra["ticket"]
        raise RuntimeError(f"cannot {challenge.method}")

    def onWelcome(self, welcome):
        say("onWelcome", welcome.authid, welcome.authrole, welcome.authmethod)

    async def onJoin(self, details):
        say("onJoin", details.authid, details.authrole, details.authmethod, details.authprovider)
        say(self.authid, self.authrole, self.authmethod, self.authprovider, self.realm == REALM)
        self.leave()

    def onLeave(self, details):
        say("onLeave", details.reason)
        self.disconnect()

    def onDisconnect(self):
        say("onDisconnect", self.is_connected(), self.is_attached())
        stop()


if __name__ == "__main__":
    ApplicationRunner(LOGIN_URL, REALM, extra={"ticket": "secret"}).run(Ticket)
