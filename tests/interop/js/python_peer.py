"""The Python side of test_javascript.py: hosted by the router, or in a process of its own once per serializer.

python python_peer.py URL SERIALIZER … offers its procedures below `com.python.SERIALIZER`, and prints a line when all are there.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred

from wamp import ApplicationError, CallDetails, CallResult, PublishOptions, RegisterOptions
from wamp.twisted import ApplicationRunner, ApplicationSession

ready: list[str] = []


class Peer(ApplicationSession):
    """Answers with what it was given, calls and publishes what it is told, and keeps the last event."""

    last = CallResult()

    async def onJoin(self, details: Any) -> None:
        prefix = self.config.extra["prefix"]
        self.prefix = prefix
        self.sleeping: dict[str, Deferred[str]] = {}
        self.interrupted: set[str] = set()
        told = (self.tell, self.heard, self.forward, self.retain)
        for procedure in (self.echo, self.hex, self.types, self.fail, self.total, *told):
            await self.register(procedure, f"{prefix}.{NAMES.get(procedure.__name__, procedure.__name__)}")
        for slow in (self.sleep, self.insist, self.wake, self.was_interrupted):
            await self.register(slow, f"{prefix}.{slow.__name__}")
        for knowing in (self.count, self.who):
            await self.register(knowing, f"{prefix}.{knowing.__name__}", RegisterOptions(details=True))
        await self.subscribe(self.hear, f"{prefix}.topic")
        ready.append(prefix)
        if len(ready) == len(sys.argv) - 2:
            print("ready", flush=True)  # noqa: T201  # the test waits for this line

    def echo(self, *args: Any, **kwargs: Any) -> CallResult:
        return CallResult(*args, **kwargs)

    def hex(self, data: bytes) -> str:
        return data.hex()

    def types(self, *args: Any) -> list[str]:
        return [type(arg).__name__ for arg in args]

    def fail(self, *args: Any) -> None:
        raise ApplicationError("com.python.error.no", *args, at=self.prefix)

    async def total(self, values: AsyncIterator[int]) -> int:
        return sum([value async for value in values])

    async def forward(self, procedure: str, *args: Any, **kwargs: Any) -> Any:
        return await self.call(procedure, *args, **kwargs)

    async def tell(self, topic: str, *args: Any, **kwargs: Any) -> None:
        await self.publish(topic, *args, **kwargs, options=PublishOptions(acknowledge=True))

    def hear(self, *args: Any, **kwargs: Any) -> None:
        self.last = CallResult(*args, **kwargs)

    def heard(self) -> CallResult:
        return self.last

    async def retain(self, topic: str, *args: Any, **kwargs: Any) -> None:
        await self.publish(topic, *args, **kwargs, options=PublishOptions(acknowledge=True, retain=True))

    async def sleep(self, job: str) -> str:
        self.sleeping[job] = Deferred()
        try:
            return await self.sleeping[job]
        except CancelledError:
            self.interrupted.add(job)
            raise

    async def insist(self, job: str) -> str:
        """Like sleep, but has a result even so."""
        try:
            return await self.sleep(job)
        except CancelledError:
            return "insisted"

    def wake(self, job: str) -> None:
        self.sleeping[job].callback("woken")

    def was_interrupted(self, job: str) -> bool:
        return job in self.interrupted

    def who(self, details: CallDetails) -> int | None:
        return details.caller

    def count(self, end: int, details: CallDetails) -> str:
        for number in range(end):
            if details.progress:
                details.progress(number)
        return "counted"


NAMES = {"forward": "call", "tell": "publish"}  # what the session calls otherwise


def main() -> None:
    url, *serializers = sys.argv[1:]
    for serializer in serializers:
        extra = {"prefix": f"com.python.{serializer}"}
        runner = ApplicationRunner(url, "realm1", extra, serializers=[serializer])
        runner.run(Peer, start_reactor=False)
    reactor.run()


if __name__ == "__main__":
    main()
