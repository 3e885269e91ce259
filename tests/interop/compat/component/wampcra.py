"""Two components log in with WAMP-CRA, one with a salted secret."""

from autobahn.asyncio.component import Component, run
from loops.asyncio import Box
from place import LOGIN_URL, REALM, say

turns = {"wampcra": Box(), "wampcra-salted": Box()}
turns["wampcra"].put()


async def main(reactor, session):
    await turns[session.authid].get()
    say(session.authid, session.authrole, session.authmethod)
    turns["wampcra-salted"].put()


def component(authid):
    return Component(
        main=main,
        transports={"url": LOGIN_URL},
        realm=REALM,
        authentication={"wampcra": {"authid": authid, "secret": "secret"}},
    )


if __name__ == "__main__":
    run([component("wampcra"), component("wampcra-salted")])
