"""A publisher chooses who gets its events, and leaves one for who comes later."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.types import PublishOptions, SubscribeOptions
from loops.asyncio import Box, stop
from place import REALM, URL, say

TOPIC = "com.audience.topic"


class Listener(ApplicationSession):
    async def onJoin(self, details):
        self.box = Box()
        await self.subscribe(self.box.put, TOPIC)
        self.config.extra["joined"].put(self)

    async def late(self):
        def on_event(text, details=None):
            self.box.put((text, details.retained))

        await self.subscribe(on_event, "com.audience.kept", SubscribeOptions(get_retained=True, details_arg="details"))
        return await self.box.get()


class Audience(ApplicationSession):
    async def onJoin(self, details):
        joined = Box()
        for _ in range(2):
            await ApplicationRunner(URL, REALM, extra={"joined": joined}).run(Listener, False)
        one, other = await joined.get(), await joined.get()
        mine = Box()
        await self.subscribe(mine.put, TOPIC)

        for options in (
            {"eligible": [one.session_id]},
            {"eligible": [one.session_id, self.session_id], "exclude_me": False},
            {"exclude": [one.session_id]},
            {"eligible_authrole": ["anonymous"]},
            {"exclude_authrole": ["anonymous"]},
            {"exclude_authid": ["nobody"]},
        ):
            names = sorted(options)
            await self.publish(TOPIC, names, options=PublishOptions(acknowledge=True, **options))
        # The last of all, so that what came before it is all there is.
        await self.publish(TOPIC, None, options=PublishOptions(acknowledge=True, exclude_me=False))
        for who, box in (("one", one.box), ("other", other.box), ("me", mine)):
            heard = []
            while (event := await box.get()) is not None:
                heard.append(event)
            say(who, heard)

        await self.publish("com.audience.kept", "kept", options=PublishOptions(acknowledge=True, retain=True))
        say(await one.late())
        for session in (one, other, self):
            session.leave()

    def onDisconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Audience)
