"""Calls are futures of asyncio: they take callbacks, can be gathered and cancelled, and hooks return futures."""

import asyncio

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from place import REALM, URL, say


class Native(ApplicationSession):
    def onJoin(self, details):
        return asyncio.ensure_future(self.work())

    async def work(self):
        started, ended = asyncio.Event(), asyncio.Event()

        async def wait_for_ever():
            started.set()
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                ended.set()
                raise

        def later(value):
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.01, future.set_result, value)
            return future

        registrations = await asyncio.gather(
            self.register(wait_for_ever, "com.native.wait_for_ever"), self.register(later, "com.native.later")
        )
        say([registration.procedure for registration in registrations])
        say(await asyncio.gather(*(self.call("com.native.later", number) for number in range(3))))
        say(await asyncio.wait_for(self.call("com.native.later", "in time"), 5))

        call = self.call("com.native.later", "called back")
        call.add_done_callback(lambda future: say(future.result()))
        await call

        call = asyncio.ensure_future(self.call("com.native.wait_for_ever"))
        await started.wait()
        call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            say("cancelled")
        await ended.wait()
        say("interrupted")
        failed = await asyncio.gather(self.call("com.native.missing"), return_exceptions=True)
        say([error.error for error in failed if isinstance(error, ApplicationError)])
        self.leave()

    def onDisconnect(self):
        asyncio.get_event_loop().stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Native)
