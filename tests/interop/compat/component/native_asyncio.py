"""Components on a loop of the program's own: started, stopped, and awaited."""

import asyncio

from autobahn.asyncio.component import Component
from place import CLOSED_URL, REALM, URL, say


def refused(error):
    say("is it fatal?", getattr(error, "error", None))
    return True


async def attempt(loop, **options):
    component = Component(**options)
    try:
        say("ended:", await component.start(loop=loop))
    except Exception as error:  # noqa: BLE001  # which one it is differs: ours is what went wrong
        say("failed:", bool(str(error)))


async def main(loop):
    ready = loop.create_future()
    component = Component(transports=URL, realm=REALM)
    component.on("ready", ready.set_result)
    running = component.start(loop)
    session = await ready
    say("started", session.is_attached())
    component.stop()
    say("stopped:", await running)

    # Another one waits for long before it tries again, and is stopped meanwhile.
    failed = loop.create_future()
    waiting = Component(transports={"url": CLOSED_URL, "initial_retry_delay": 100, "max_retry_delay": 100}, realm=REALM)
    waiting.on("connectfailure", lambda component, error: failed.done() or failed.set_result(type(error).__name__))
    running = waiting.start(loop)
    await failed
    loop.call_later(0.05, waiting.stop)
    say("stopped:", await running)

    await attempt(loop, transports={"url": CLOSED_URL, "max_retries": 0}, realm=REALM)
    await attempt(loop, transports=URL, realm="no.such.realm", is_fatal=refused)


if __name__ == "__main__":
    the_loop = asyncio.new_event_loop()
    asyncio.set_event_loop(the_loop)
    the_loop.run_until_complete(main(the_loop))
    the_loop.close()
