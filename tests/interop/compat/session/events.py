"""A session subscribes several handlers to one topic and publishes to itself."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.types import PublishOptions, SubscribeOptions
from loops.asyncio import Box, stop
from place import REALM, URL, say

TOPIC = "com.events.topic"


class Events(ApplicationSession):
    async def onJoin(self, details):
        first, second, third = Box(), Box(), Box()

        def on_event(*args, **kwargs):
            first.put((args, sorted(kwargs.items())))

        async def on_event_too(*args, level=0):
            second.put((args, level))

        def on_event_with_details(*args, info=None):
            third.put((args, info.topic, info.publication == publication_id, info.publisher, info.retained))

        subscriptions = [
            await self.subscribe(on_event, TOPIC),
            await self.subscribe(on_event_too, TOPIC),
        ]
        say([(each.topic, each.active) for each in subscriptions])
        say("one subscription:", subscriptions[0].id == subscriptions[1].id)

        self.publish(TOPIC, "nobody hears this", level=1)
        options = PublishOptions(acknowledge=True, exclude_me=False)
        publication = await self.publish(TOPIC, "hello", 7, level=3, options=options)
        say(type(publication.id).__name__)
        say(await first.get(), await second.get())
        await self.publish(TOPIC, options=options)
        say(await first.get(), await second.get())

        publication_id = None
        await self.subscribe(on_event_with_details, "com.events.other", SubscribeOptions(details_arg="info"))
        await self.publish("com.events.other", 1, 2, options=options)
        say(await third.get())

        await subscriptions[0].unsubscribe()
        self.leave()

    def onDisconnect(self):
        say("disconnected")
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Events)
