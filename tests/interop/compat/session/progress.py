"""A procedure reports its progress to those who want to know it; over a RawSocket."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.types import CallOptions, RegisterOptions
from loops.asyncio import sleep, stop
from place import RAWSOCKET_URL, REALM, say


async def count(limit, details=None):
    if details.progress is None:
        return "nobody listens"
    for number in range(limit):
        details.progress(number, of=limit)
        await sleep(0)
    return limit


def many(details=None):
    details.progress()
    details.progress(1, 2, 3)
    details.progress(word="yes")


class Progress(ApplicationSession):
    async def onJoin(self, details):
        await self.register(count, "com.progress.count", options=RegisterOptions(details_arg="details"))
        await self.register(many, "com.progress.many", options=RegisterOptions(details=True))

        def on_progress(*args, **kwargs):
            say("progress", args, kwargs)

        say(await self.call("com.progress.count", 3))
        say(await self.call("com.progress.count", 3, options=CallOptions(on_progress=on_progress)))
        say(await self.call("com.progress.many", options=CallOptions(on_progress=on_progress)))

        async def on_progress_later(*args, **kwargs):
            say("progress, in a coroutine", args, kwargs)

        say(await self.call("com.progress.count", 2, options=CallOptions(on_progress=on_progress_later)))
        self.leave()

    def onDisconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(RAWSOCKET_URL, REALM).run(Progress)
