"""Calls end before they are answered: in time, by their caller, and because the callee goes."""

from autobahn.asyncio.wamp import ApplicationRunner, Session
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions
from loops.asyncio import Box, CancelledError, start, stop
from place import REALM, URL, say


class Callee(Session):
    async def on_join(self, details):
        box = Box()

        async def wait():
            self.config.extra["invoked"].put(self)
            await box.get()

        await self.register(wait, "com.timeouts.wait")
        self.config.extra["invoked"].put(self)


class Timeouts(Session):
    async def on_join(self, details):
        invoked = Box()
        await ApplicationRunner(URL, REALM, extra={"invoked": invoked}).run(Callee, False)
        callee = await invoked.get()

        try:
            await self.call("com.timeouts.wait", options=CallOptions(timeout=50))
        except ApplicationError as error:
            say("timeout:", error.error)
        await invoked.get()

        call = self.call("com.timeouts.wait")
        await invoked.get()
        call.cancel()
        try:
            await call
        except CancelledError:
            say("cancelled")

        outcome = Box()

        async def wait():
            try:
                await self.call("com.timeouts.wait")
            except ApplicationError as error:
                outcome.put(error.error)

        start(wait())
        await invoked.get()
        callee.leave()
        say("callee gone:", await outcome.get())
        self.leave()

    def on_disconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Timeouts)
