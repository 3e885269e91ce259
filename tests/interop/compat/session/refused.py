"""A router refuses a realm, and a session is told why. Ours raises it from ``run`` as well."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from loops.asyncio import stop
from place import REALM, URL, say


class Refused(ApplicationSession):
    def onConnect(self):
        say("onConnect", self.config.realm == REALM)
        self.join("no.such.realm")

    def onJoin(self, details):
        say("it should not come to that")

    def onLeave(self, details):
        say("onLeave", details.reason, bool(details.message), self.is_attached())
        self.disconnect()

    def onDisconnect(self):
        say("onDisconnect")
        stop()


if __name__ == "__main__":
    try:
        ApplicationRunner(URL, REALM).run(Refused)
    except ApplicationError:
        pass
