"""Two components in one run: one offers a procedure, and leaves when the other has used it."""

from autobahn.asyncio.component import Component, run
from loops.asyncio import Box
from place import REALM, URL, say

transport = {"type": "websocket", "url": URL, "serializers": ["msgpack", "json"], "max_retries": 2}
backend = Component(transports=[dict(transport)], realm=REALM)
is_ready, is_done = Box(), Box()


@backend.register("com.several.greet")
def greet(name):
    return f"Hello, {name}"


@backend.subscribe("com.several.done")
def done(who):
    say("backend:", who, "is done")
    is_done.put()


@backend.on_ready
async def ready(session):
    is_ready.put()
    await is_done.get()
    session.leave()


@backend.on_leave
def left(session, details):
    say("backend left:", details.reason)


async def main(reactor, session):
    await is_ready.get()
    say(await session.call("com.several.greet", "frontend"))
    session.publish("com.several.done", "frontend")


frontend = Component(transports=[dict(transport)], realm=REALM, main=main)

if __name__ == "__main__":
    run([backend, frontend])
