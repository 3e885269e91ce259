"""A session calls its own procedures, and gets every shape of result."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.types import CallOptions, CallResult
from loops.asyncio import sleep, stop
from place import REALM, URL, say


def add(first, second=0, *more, scale=1):
    return (first + second + sum(more)) * scale


def split(name):
    first, last = name.split()
    return CallResult(first, last)


def split_named(name):
    first, last = name.split()
    return CallResult(first=first, last=last)


async def slow(value):
    await sleep(0.01)
    return value


class Calls(ApplicationSession):
    async def onJoin(self, details):
        for procedure in (add, split, split_named, slow):
            registration = await self.register(procedure, f"com.calls.{procedure.__name__}")
            say("registered", registration.procedure, registration.active)
        await self.register(lambda *args, **kwargs: CallResult(*args, **kwargs), "com.calls.echo")
        await self.register(lambda: None, "com.calls.nothing")

        say(await self.call("com.calls.add", 1), await self.call("com.calls.add", 1, 2, 3, scale=10))
        say(await self.call("com.calls.add", first=1, second=2))
        say(await self.call("com.calls.nothing"))
        say(await self.call("com.calls.slow", {"a": [1, 2.5, True, None, "ä"]}))
        both = await self.call("com.calls.split", "Ada Lovelace")
        say(both.results, both.kwresults)
        named = await self.call("com.calls.split_named", "Ada Lovelace")
        say(named.results, sorted(named.kwresults.items()))
        mixed = await self.call("com.calls.echo", 1, 2, x=3)
        say(mixed.results, mixed.kwresults)
        say(await self.call("com.calls.echo"), await self.call("com.calls.echo", "one"))
        full = await self.call("com.calls.add", 5, options=CallOptions(details=True))
        say(type(full).__name__, full.results, full.kwresults)
        calls = [self.call("com.calls.slow", number) for number in range(5)]
        say([await call for call in calls])
        self.leave()

    def onDisconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Calls)
