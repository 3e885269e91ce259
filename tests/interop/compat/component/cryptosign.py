"""A component logs in with its private key."""

from autobahn.asyncio.component import Component, run
from place import LOGIN_URL, REALM, say

component = Component(
    transports=LOGIN_URL,
    realm=REALM,
    authentication={"cryptosign": {"authid": "cryptosign", "privkey": bytes(range(32)).hex()}},
)


@component.on_join
async def joined(session, details):
    say(details.authid, details.authrole, details.authmethod, details.authprovider)
    session.leave()


if __name__ == "__main__":
    run([component])
