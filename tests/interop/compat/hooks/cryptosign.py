"""Keys sign for a Session: given as an authenticator, and by the component that makes it."""

from autobahn.asyncio.component import Component, run
from autobahn.asyncio.wamp import Session
from autobahn.wamp.auth import AuthCryptoSign
from place import LOGIN_URL, REALM, say

KEY = bytes(range(32)).hex()


class Login(Session):
    def __init__(self, config=None):
        Session.__init__(self, config)
        if config.extra:
            self.add_authenticator(AuthCryptoSign(authid="cryptosign", privkey=config.extra["key"]))

    async def on_join(self, details):
        say("on_join", details.authid, details.authrole, details.authmethod)
        self.leave()


its_own = Component(transports=LOGIN_URL, realm=REALM, session_factory=Login, extra={"key": KEY})
given = Component(
    transports=LOGIN_URL,
    realm=REALM,
    session_factory=Login,
    authentication={"cryptosign": {"authid": "cryptosign", "privkey": KEY}},
)

if __name__ == "__main__":
    run([its_own, given])
