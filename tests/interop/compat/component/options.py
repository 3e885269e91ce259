"""Options of procedures: who is invoked, what it is told, and whether its arguments are checked."""

from autobahn.asyncio.component import Component, run
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, CallResult, RegisterOptions
from loops.asyncio import Box
from place import REALM, URL, say

are_ready, is_done = Box(), Box()


def worker(name):
    component = Component(transports=URL, realm=REALM)

    @component.register("com.options.work", options=RegisterOptions(invoke="roundrobin"))
    def work():
        return name

    @component.register("com.options.last", options=RegisterOptions(invoke="last", details=True))
    def last(details):
        return CallResult(details.procedure, name=name)

    @component.on_ready
    async def ready(session):
        are_ready.put(session)

    return component


async def main(reactor, session):
    sessions = [await are_ready.get(), await are_ready.get()]
    say(sorted([await session.call("com.options.work") for _ in range(6)]))
    result = await session.call("com.options.last", options=CallOptions(details=True))
    say(result.results, result.kwresults["name"] in ("one", "two"))

    def typed(number: int, text: str = ""):
        return text * number

    await session.register(typed, "com.options.typed", check_types=True)
    say(await session.call("com.options.typed", 2, "ab"), await session.call("com.options.typed", 2, text="x"))
    for args in (("2", "ab"), (2, 3)):
        try:
            say(await session.call("com.options.typed", *args))
        except ApplicationError as error:
            say(error.error)
    for other in sessions:
        other.leave()


if __name__ == "__main__":
    run([worker("one"), worker("two"), Component(main=main, transports=URL, realm=REALM)])
