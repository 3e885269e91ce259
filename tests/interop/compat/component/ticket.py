"""A component logs in with a ticket."""

from autobahn.asyncio.component import Component, run
from place import LOGIN_URL, REALM, say


async def main(reactor, session):
    details = session.session_details
    say(details.authid, details.authrole, details.authmethod, details.authprovider, details.realm == REALM)
    say(session.authid, session.authrole, session.authmethod, session.authprovider)
    say((await session.call("wamp.session.get", session.session_id))["authid"])


component = Component(
    main=main,
    transports=LOGIN_URL,
    realm=REALM,
    authentication={"ticket": {"authid": "ticket", "ticket": "secret"}},
)

if __name__ == "__main__":
    run([component], log_level="warn")
