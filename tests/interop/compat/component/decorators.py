"""A component's procedures and handlers are decorated functions, and so is what it does when it is ready."""

from autobahn.asyncio.component import Component, run
from autobahn.wamp.types import PublishOptions, RegisterOptions, SubscribeOptions
from loops.asyncio import Box
from place import REALM, URL, say

component = Component(transports=URL, realm=REALM)
received = Box()


@component.register("com.decorators.add")
async def add(first, second):
    return first + second


@component.register("com.decorators.who", options=RegisterOptions(match="prefix", details_arg="details"))
def who(details=None):
    return details.procedure


@component.subscribe("com.decorators.topic")
def on_event(*args, **kwargs):
    received.put((args, kwargs))


@component.subscribe("com.decorators.prefix.", options=SubscribeOptions(match="prefix", details=True))
async def on_prefix(text, details=None):
    received.put((text, details.topic))


@component.on_ready
async def ready(session):
    say(add is not None, on_event is not None)
    say(await session.call("com.decorators.add", 1, second=2))
    say(await session.call("com.decorators.who.is.it"))
    options = PublishOptions(acknowledge=True, exclude_me=False)
    await session.publish("com.decorators.topic", 1, key="value", options=options)
    say(*await received.get())
    await session.publish("com.decorators.prefix.one", "text", options=options)
    say(*await received.get())
    session.leave()


if __name__ == "__main__":
    run([component])
