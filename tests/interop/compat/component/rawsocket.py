"""A component connects to a RawSocket, with a serializer of its choice."""

from autobahn.asyncio.component import Component, run
from place import RAWSOCKET_URL, REALM, say

host, port = RAWSOCKET_URL.removeprefix("rs://").split(":")

component = Component(
    transports=[
        {
            "type": "rawsocket",
            "url": "rs://localhost",
            "endpoint": {"type": "tcp", "host": host, "port": int(port), "timeout": 5},
            "serializer": "msgpack",
            "max_retries": 0,
        }
    ],
    realm=REALM,
)


@component.register("com.rawsocket.echo")
def echo(*args):
    return list(args)


@component.on_ready
async def ready(session):
    say(session.session_details.serializer)
    say(await session.call("com.rawsocket.echo", 1, "two", [3], b"four"))
    session.leave()


if __name__ == "__main__":
    run([component])
