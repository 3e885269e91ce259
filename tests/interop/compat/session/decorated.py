"""Decorated methods of the session and of another object become procedures and handlers."""

from autobahn import wamp
from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.types import PublishOptions, RegisterOptions, SubscribeOptions
from loops.asyncio import Box, stop
from place import REALM, URL, say


class Calculator:
    def __init__(self, base):
        self.base = base

    @wamp.register("add")
    def add(self, number):
        return self.base + number

    @wamp.register(None)
    async def subtract(self, number):
        return self.base - number

    def hidden(self):
        return "nobody calls this"


class Decorated(ApplicationSession):
    def __init__(self, config=None):
        ApplicationSession.__init__(self, config)
        self.box = Box()

    @wamp.register("com.decorated.hello")
    async def hello(self, name, greeting="Hello"):
        return f"{greeting}, {name}"

    @wamp.register("com.decorated.named", options=RegisterOptions(details_arg="details"))
    def named(self, details=None):
        return details.procedure

    @wamp.subscribe("com.decorated.topic")
    def on_topic(self, text):
        self.box.put(("on_topic", text))

    @wamp.subscribe("com.decorated.first")
    @wamp.subscribe("com.decorated.second")
    async def on_two(self, text):
        self.box.put(("on_two", text))

    @wamp.subscribe("com.decorated.prefix.", options=SubscribeOptions(match="prefix", details_arg="details"))
    def on_prefix(self, text, details=None):
        self.box.put(("on_prefix", text, details.topic))

    async def onJoin(self, details):
        registrations = await self.register(self)
        say("procedures:", sorted(each.procedure for each in registrations))
        subscriptions = await self.subscribe(self)
        say("topics:", sorted(each.topic for each in subscriptions))
        more = await self.register(Calculator(100), prefix="com.decorated.calculator.")
        say("procedures:", sorted(each.procedure for each in more))

        say(await self.call("com.decorated.hello", "Ada"), await self.call("com.decorated.hello", "Ada", greeting="Hi"))
        say(await self.call("com.decorated.named"))
        say(await self.call("com.decorated.calculator.add", 1), await self.call("com.decorated.calculator.subtract", 1))
        for topic in ("topic", "first", "second", "prefix.a.b"):
            await self.publish(f"com.decorated.{topic}", topic, options=PublishOptions(True, exclude_me=False))
            say(*await self.box.get())
        self.leave()

    def onDisconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Decorated)
