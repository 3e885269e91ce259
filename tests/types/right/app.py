"""``App``: procedures and handlers under a prefix."""

from typing import assert_type

import wamp
from wamp import App, CallDetails
from wamp.asyncio import Client

app = App("com.example", check_types=True)
users = App("users")
app.include(users, prefix="v2")


@app.register("add2", invoke="roundrobin")
def add2(a: int, b: int = 2) -> int:
    return a + b


@app.register(details=True)
async def whoami(details: CallDetails) -> int | None:
    return details.caller


@users.subscribe("added", match="prefix")
def added(name: str) -> None:
    print(name)


@app.on_join
async def joined(session: Client) -> None:
    await session.publish("com.example.started")


assert_type(add2(1), int)
assert_type(app.prefix, str)
wamp.App().run("ws://127.0.0.1:8080/ws", realm="realm1", wait=10, timeout=2.0)
app.run()
