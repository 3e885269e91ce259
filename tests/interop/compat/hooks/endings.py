"""Registrations and subscriptions end, and can be made again."""

from autobahn.asyncio.wamp import ApplicationRunner, Session
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions
from loops.asyncio import Box, stop
from place import RAWSOCKET_URL, REALM, say

LOUD = PublishOptions(acknowledge=True, exclude_me=False)


class Endings(Session):
    async def on_join(self, details):
        registration = await self.register(lambda: "first", "com.endings.procedure")
        say(registration.active, await self.call("com.endings.procedure"))
        await registration.unregister()
        say(registration.active)
        try:
            await self.call("com.endings.procedure")
        except ApplicationError as error:
            say(error.error)
        again = await self.register(lambda: "second", "com.endings.procedure")
        say(again.active, await self.call("com.endings.procedure"))

        one, other = Box(), Box()
        first = await self.subscribe(one.put, "com.endings.topic")
        second = await self.subscribe(other.put, "com.endings.topic")
        await self.publish("com.endings.topic", 1, options=LOUD)
        say(await one.get(), await other.get())
        say("left:", await first.unsubscribe())
        say(first.active, second.active)
        await self.publish("com.endings.topic", 2, options=LOUD)
        say(await other.get())
        say("left:", await second.unsubscribe())
        say(first.active, second.active)
        await self.subscribe(one.put, "com.endings.topic")
        await self.publish("com.endings.topic", 3, options=LOUD)
        say(await one.get())
        self.leave()

    def on_disconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(RAWSOCKET_URL, REALM).run(Endings)
