"""Who publishes and calls is disclosed where the realm says so, and only there."""

from autobahn.asyncio.wamp import ApplicationRunner, Session
from autobahn.wamp.types import PublishOptions, RegisterOptions, SubscribeOptions
from loops.asyncio import Box, stop
from place import REALM, URL, say


class Disclosure(Session):
    async def on_join(self, details):
        box = Box()

        def who(details=None):
            return [details.caller == self.session_id, details.caller, details.caller_authrole, details.procedure]

        def on_event(*args, details=None, **kwargs):
            is_me = details.publisher == self.session_id
            box.put((args, kwargs, is_me, details.publisher_authrole, details.topic, details.subscription.topic))

        for name in ("com.disclosed.hooks", "com.hooks.undisclosed"):
            registration = await self.register(who, name, options=RegisterOptions(details=True))
            is_caller, caller, role, procedure = await self.call(name)
            say(is_caller, caller is None, role, procedure, registration.procedure)
            await self.subscribe(on_event, name, options=SubscribeOptions(details=True))
            options = PublishOptions(acknowledge=True, exclude_me=False)
            await self.publish(name, 1, key="value", options=options)
            say(*await box.get())
        self.leave()

    def on_disconnect(self):
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM).run(Disclosure)
