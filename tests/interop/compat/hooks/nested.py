"""A procedure calls others, several run at the same time, and one sends its traceback."""

from autobahn.asyncio.wamp import ApplicationRunner, Session
from autobahn.wamp.exception import ApplicationError
from loops.asyncio import Box, stop
from place import REALM, URL, say


class Nested(Session):
    async def factorial(self, number):
        if number <= 1:
            return 1
        return number * await self.call("com.nested.factorial", number - 1)

    async def wrong(self):
        return await self.call("com.nested.worse")

    def worse(self):
        raise KeyError("what is missing")

    async def on_join(self, details):
        self.gate = Box()

        async def wait(name):
            say("waiting:", name)
            return name, await self.gate.get()

        for function in (self.factorial, self.wrong, self.worse, wait):
            await self.register(function, f"com.nested.{function.__name__}")
        say(await self.call("com.nested.factorial", 10))

        calls = [self.call("com.nested.wait", name) for name in ("one", "two", "three")]
        # Answered after the others have begun to wait, because they came first.
        await self.call("com.nested.factorial", 1)
        for number in range(3):
            self.gate.put(number)
        say([await call for call in calls])

        for name in ("worse", "wrong"):
            try:
                await self.call(f"com.nested.{name}")
            except ApplicationError as error:
                say(name, error.error, error.args, sorted(error.kwargs))
        self.traceback_app = True
        try:
            await self.call("com.nested.worse")
        except ApplicationError as error:
            text = "".join(error.kwargs["traceback"])
            say(error.args, sorted(error.kwargs), "worse" in text, "KeyError" in text)
        self.leave()

    def on_disconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Nested)
