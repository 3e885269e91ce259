"""A Session logs in with an authenticator that it was given."""

from autobahn.asyncio.wamp import ApplicationRunner, Session
from autobahn.wamp.auth import create_authenticator
from loops.asyncio import stop
from place import LOGIN_URL, REALM, say


class Login(Session):
    def __init__(self, config=None):
        Session.__init__(self, config)
        self.add_authenticator(create_authenticator("ticket", authid="ticket", ticket="secret"))
        try:
            self.add_authenticator(create_authenticator("ticket", authid="other", ticket="secret"))
        except ValueError:
            say("not for two at once")

    def on_join(self, details):
        say("on_join", details.authid, details.authrole, details.authmethod, details.authprovider)
        self.leave()

    def on_disconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(LOGIN_URL, REALM).run(Login)
