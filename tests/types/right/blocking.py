"""``wamp.connect``: a session whose methods return results."""

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, assert_type

import wamp
from wamp import BlockingSession, PublishOptions, connect
from wamp.blocking import BlockingHeld, BlockingStream
from wamp.types import Publication


@dataclass
class Point:
    x: float
    y: float


def add(a: int, b: int) -> int:
    return a + b


def main() -> None:
    with connect("ws://127.0.0.1:8080/ws", realm="realm1", timeout=timedelta(seconds=5), workers=2) as session:
        assert_type(session, BlockingSession)
        assert_type(session.call("com.example.point", returns=Point), Point)
        assert_type(session.call("com.example.points", returns=list[Point], timeout=2), list[Point])
        five: int = session.rpc.com.example.add2(2, 3, key="value")
        assert_type(session.start_call("com.example.add", five), Future[Any])
        publication = session.publish("com.example.news", five, options=PublishOptions(acknowledge=True))
        assert_type(publication, Publication | None)
        held = session.register(add, "com.example.add", check_types=True)
        assert_type(held, BlockingHeld)
        assert_type(held.uri, str)
        held.remove()
        for each in session.subscribe(Handlers()):
            each.remove()
        with session.stream("com.example.count", 3, buffer=16) as numbers:
            assert_type(numbers, BlockingStream)
            print([number + 1 for number in numbers], numbers.result)
        session.wait_closed(timedelta(hours=1))


class Handlers:
    @wamp.subscribe("com.example.news")
    def news(self, number: int) -> None:
        print(number)
