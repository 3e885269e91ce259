"""A component gives its authentication to the Session that it makes, which sees no challenge."""

from autobahn.asyncio.component import Component, run
from autobahn.asyncio.wamp import Session
from autobahn.wamp.auth import AuthWampCra
from place import LOGIN_URL, REALM, say

authenticator = AuthWampCra(authid="wampcra-salted", secret="secret")


class Login(Session):
    def on_leave(self, details):
        say("on_leave", details.reason)
        self.disconnect()


async def main(reactor, session):
    say("main", type(session).__name__, session.authid)


component = Component(
    main=main,
    session_factory=Login,
    transports=LOGIN_URL,
    realm=REALM,
    authentication={"wampcra": authenticator},
)

if __name__ == "__main__":
    say(authenticator.name)
    run([component])
