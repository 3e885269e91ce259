"""A component with a main function runs it once, and is done when it returns."""

from autobahn.asyncio.component import Component, run
from loops.asyncio import sleep
from place import REALM, URL, say


async def main(reactor, session):
    say("main", session.is_attached(), session.realm == REALM)

    def fold(*numbers, start=0):
        return sum(numbers, start)

    registration = await session.register(fold, "com.main.fold")
    say(registration.procedure)
    say(await session.call("com.main.fold", 1, 2, 3, start=10))
    await sleep(0.01)
    say("done")


component = Component(main, transports=[{"type": "websocket", "url": URL, "serializers": ["json"]}], realm=REALM)

if __name__ == "__main__":
    run(component)
