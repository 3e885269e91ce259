"""Procedures and topics that match by prefix and wildcard; over a RawSocket."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.types import PublishOptions, RegisterOptions, SubscribeOptions
from loops.asyncio import Box, stop
from place import RAWSOCKET_URL, REALM, say


class Patterns(ApplicationSession):
    async def onJoin(self, details):
        box = Box()

        def exact(details=None):
            return "exact", details.procedure

        def prefix(*args, details=None):
            return "prefix", details.procedure

        def wildcard(details=None):
            return "wildcard", details.procedure

        await self.register(exact, "com.patterns.a.get", RegisterOptions(details=True))
        await self.register(prefix, "com.patterns", RegisterOptions(match="prefix", details_arg="details"))
        await self.register(wildcard, "com.patterns..get", RegisterOptions(match="wildcard", details_arg="details"))
        for name in ("a.get", "b.get", "b.set", "b.c.d"):
            say(name, await self.call(f"com.patterns.{name}"))

        def on_event(value, details=None):
            box.put((value, details.topic, details.subscription.topic))

        for topic, match in (("com.patterns.t", "prefix"), ("com..t.on", "wildcard"), ("com.patterns.t.on", "exact")):
            options = SubscribeOptions(match=match, details=True)
            subscription = await self.subscribe(on_event, topic, options=options)
            say(subscription.topic)
        for topic, count in (("com.patterns.t.on", 3), ("com.patterns.t.off", 1), ("com.other.t.on", 1)):
            await self.publish(topic, count, options=PublishOptions(acknowledge=True, exclude_me=False))
            say(sorted([await box.get() for _ in range(count)]))
        self.leave()

    def onDisconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(RAWSOCKET_URL, REALM).run(Patterns)
