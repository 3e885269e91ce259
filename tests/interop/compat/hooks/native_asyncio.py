"""A Session on a loop that runs already: the runner connects it and leaves the loop to the program."""

import asyncio

from autobahn.asyncio.wamp import ApplicationRunner, Session
from place import REALM, URL, say


class Native(Session):
    async def on_join(self, details):
        await self.register(self.tick, "com.native.hooks.tick")
        self.config.extra["joined"].set_result(self)

    async def tick(self, count):
        for number in range(count):
            await asyncio.sleep(0.001)
            self.publish("com.native.hooks.ticked", number)
        return count

    def on_leave(self, details):
        say("on_leave", details.reason)
        self.disconnect()

    def on_disconnect(self):
        self.config.extra["gone"].set()


async def connect():
    extra = {"joined": asyncio.get_running_loop().create_future(), "gone": asyncio.Event()}
    await ApplicationRunner(URL, REALM, extra=extra).run(Native, start_loop=False)
    return await extra["joined"], extra["gone"]


async def main():
    # Registers the same procedure, which the first one has given up by then.
    for turn in range(2):
        session, gone = await connect()
        ticks = asyncio.Queue()
        await session.subscribe(ticks.put_nowait, "com.native.hooks.ticked")
        say(turn, await session.call("com.native.hooks.tick", 3), ticks.qsize())
        async with asyncio.timeout(5):
            say(await asyncio.gather(*(session.call("com.native.hooks.tick", count) for count in range(3))))
        session.leave()
        await gone.wait()
    say("done")


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())
