"""``ApplicationSession``, ``Session`` and ``ApplicationRunner`` on Twisted."""

from collections.abc import Generator
from typing import Any, assert_type

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

import wamp
from wamp import CallOptions, PublishOptions, SessionDetails
from wamp.twisted import ApplicationRunner, ApplicationSession, Session
from wamp.types import CloseDetails, Publication, Registration, Subscription


def add(a: int, b: int) -> int:
    return a + b


class Awaiting(ApplicationSession):
    async def onJoin(self, details: SessionDetails) -> None:
        assert_type(await self.register(add, "com.example.add"), Registration)
        assert_type(await self.subscribe(print, "com.example.news"), Subscription)
        assert_type(await self.register(self), list[Registration])
        assert_type(self.call("com.example.add", 2, 3), Deferred[Any])
        five: int = await self.call("com.example.add", 2, 3, options=CallOptions(on_progress=print))
        assert_type(self.publish("com.example.news", five), Deferred[Publication | None])
        assert_type(self.leave(), Deferred[None])

    @wamp.register("com.example.later")
    def later(self, text: str) -> Deferred[str]:
        answer: Deferred[str] = Deferred()
        answer.callback(text)
        return answer


class Yielding(ApplicationSession):
    @inlineCallbacks
    def onJoin(self, details: SessionDetails) -> Generator[Deferred[Any], Any, None]:
        five: int = yield self.call("com.example.add", 2, 3)
        yield self.publish("com.example.news", five, options=PublishOptions(acknowledge=True, exclude_me=False))
        self.call("com.example.add", 1, 2).addCallback(print).addErrback(report)


def report(failure: Failure) -> None:
    print(failure)


class Hooked(Session):
    async def on_join(self, details: SessionDetails) -> None:
        await self.call("com.example.add", 2, 3)

    def on_leave(self, details: CloseDetails) -> None:
        super().on_leave(details)


runner = ApplicationRunner("rs://127.0.0.1:8081", "realm1", max_retries=3)
connected = runner.run(Awaiting, start_reactor=False, auto_reconnect=True)
assert_type(connected, Deferred[Any] | None)
assert_type(runner.stop(), Deferred[None])
ApplicationRunner("rs://127.0.0.1:8081").run(Hooked)
