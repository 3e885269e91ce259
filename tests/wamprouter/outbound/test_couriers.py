"""Events on their way to a server that is slow, fails, or comes back: with a clock that stands still."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.web.http_headers import Headers

from wamprouter.config import HttpEvent
from wamprouter.outbound.couriers import Courier, Parcel, Surroundings
from wamprouter.outbound.requests import Answer, NoAnswer, Outgoing


class Server:
    """What is behind the network: it keeps requests until it answers them, or answers all in one way."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.requests: list[Outgoing] = []
        self.pending: list[Deferred[Answer]] = []
        self.cancelled = 0
        self.status: int | None = None  # of every answer

    def send(self, request: Outgoing) -> Deferred[Answer]:
        self.requests.append(request)
        if self.status is not None:
            return succeed(answer(self.status))
        pending: Deferred[Answer] = Deferred(self._cancel)
        self.pending.append(pending)
        return pending

    def _cancel(self, pending: Deferred[Answer]) -> None:
        self.cancelled += 1
        self.pending.remove(pending)

    def answers(self, status: int, **headers: str) -> None:
        self.pending.pop(0).callback(answer(status, **headers))

    def breaks(self) -> None:
        self.pending.pop(0).errback(NoAnswer("nobody there"))

    @property
    def bodies(self) -> list[bytes | None]:
        return [request.body for request in self.requests]

    def courier(self, **options: Any) -> Courier:
        rule = HttpEvent(**{"topic": "com.news", "url": "http://h/p", "retry_delay": 1000, "attempts": 3, **options})
        return Courier(rule, Surroundings(self.send, self.clock, lambda: 1000.0 + self.clock.seconds(), lambda: 1.0))


def answer(status: int, **headers: str) -> Answer:
    return Answer(status, Headers({name.replace("_", "-"): [value] for name, value in headers.items()}), b"", True)


def parcel(number: int, size: int = 0) -> Parcel:
    return Parcel(f"wamp-{number}", b"%d" % number + bytes(size))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def lines() -> Any:
    found: list[str] = []

    def keep(event: Any) -> None:
        if event["log_level"] >= LogLevel.warn:
            found.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(keep)
    yield found
    globalLogPublisher.removeObserver(keep)


def test_events_keep_their_order(server: Server) -> None:
    """The next one goes when the one before has arrived."""
    courier = server.courier()
    for number in range(3):
        courier.take(parcel(number))
    assert server.bodies == [b"0"]
    server.answers(200)
    server.answers(204)
    assert server.bodies == [b"0", b"1", b"2"]
    assert (courier.delivered, courier.waiting) == (2, 1)


def test_several_go_at_the_same_time(server: Server) -> None:
    """As many as the configuration says."""
    courier = server.courier(concurrency=2)
    for number in range(3):
        courier.take(parcel(number))
    assert server.bodies == [b"0", b"1"]
    server.answers(200)
    assert server.bodies == [b"0", b"1", b"2"]


def test_an_event_is_tried_again(server: Server) -> None:
    """After a while, with the same key, and with a signature that is new."""
    courier = server.courier(secret="s")
    courier.take(parcel(1))
    server.breaks()
    server.clock.advance(0.9)
    assert len(server.requests) == 1
    server.clock.advance(0.1)
    server.answers(503)
    server.clock.advance(2)
    server.answers(200)
    assert server.bodies == [b"1"] * 3
    headers = [dict(request.headers) for request in server.requests]
    assert [each["Idempotency-Key"] for each in headers] == ["wamp-1"] * 3
    assert [each["X-Wamp-Timestamp"] for each in headers] == ["1000", "1001", "1003"]
    assert courier.delivered == 1


def test_the_server_says_when(server: Server) -> None:
    """Retry-After is waited for."""
    server.courier().take(parcel(1))
    server.answers(429, retry_after="20")
    server.clock.advance(19)
    assert len(server.requests) == 1
    server.clock.advance(1)
    assert len(server.requests) == 2


def test_an_event_is_given_up(server: Server, lines: list[str]) -> None:
    """After so many attempts; then the next one has its turn."""
    courier = server.courier(attempts=2)
    courier.take(parcel(1))
    courier.take(parcel(2))
    server.answers(500)
    server.clock.advance(1)
    server.answers(500)
    assert server.bodies == [b"1", b"1", b"2"]
    assert courier.given_up == 1
    text = "events of com.news for h: an event is given up after 2 of 2 attempts: it is answered with status 500"
    assert lines == [text]


def test_no_is_no(server: Server) -> None:
    """A server that refuses an event is not asked again."""
    courier = server.courier()
    courier.take(parcel(1))
    server.answers(404)
    server.clock.advance(100)
    assert (len(server.requests), courier.given_up) == (1, 1)


def test_the_oldest_is_dropped(server: Server, lines: list[str]) -> None:
    """Where there is no room, and that is counted; who is on the way already stays."""
    courier = server.courier(queue_limit=2)
    for number in range(5):
        courier.take(parcel(number))
    assert (courier.dropped, courier.waiting) == (2, 3)
    assert courier.outcomes() == {"delivered": 0, "given_up": 0, "dropped": 2, "lost": 0}
    server.answers(200)
    assert server.bodies == [b"0", b"3"]
    assert lines == ["events of com.news for h: events are dropped, because too many wait (1 so far)"]
    server.clock.advance(11)
    courier.take(parcel(5))
    courier.take(parcel(6))
    assert lines[1:] == [
        "events of com.news for h: events are dropped, because too many wait (3 so far) (1 lines like it were left out)"
    ]


def test_bytes_are_bounded(server: Server) -> None:
    """Few events may be many bytes."""
    courier = server.courier(queue_limit_bytes=2048)
    for number in range(4):
        courier.take(parcel(number, 1000))
    assert (courier.dropped, courier.waiting) == (1, 3)


def test_nothing_waits_without_a_queue(server: Server) -> None:
    """An event that cannot go at once is dropped."""
    courier = server.courier(queue_limit=0)
    courier.take(parcel(1))
    courier.take(parcel(2))
    assert (courier.dropped, courier.waiting) == (1, 1)


def test_a_long_queue_is_worked_off(server: Server) -> None:
    """However fast the server is."""
    courier = server.courier(queue_limit=5000)
    for number in range(5000):
        courier.take(parcel(number))
    server.status = 200
    server.answers(200)
    assert (courier.delivered, courier.waiting) == (5000, 0)


def test_the_end_waits(server: Server) -> None:
    """Events that are here have some time to arrive."""
    courier = server.courier()
    courier.take(parcel(1))
    courier.take(parcel(2))
    finished = courier.finish(2.0)
    server.answers(200)
    assert not finished.called
    server.answers(200)
    assert finished.called
    assert server.clock.getDelayedCalls() == []


def test_the_end_waits_for_some_time_only(server: Server, lines: list[str]) -> None:
    """What has not arrived then is lost; requests are ended, and attempts that were to come."""
    courier = server.courier(concurrency=2)
    for number in range(3):
        courier.take(parcel(number))
    server.breaks()
    finished = courier.finish(0.5)
    server.clock.advance(0.5)
    assert finished.called
    assert (server.cancelled, courier.lost, courier.waiting) == (1, 3, 0)
    assert server.clock.getDelayedCalls() == []
    assert lines == ["events of com.news for h: 3 of them are lost, because the component ends"]


def test_headers_of_ones_own(server: Server) -> None:
    """They come in place of the router's, whatever the case of their letters."""
    server.courier(headers={"content-type": "application/x-mine", "X-A": "b"}).take(Parcel("k", json.dumps(1).encode()))
    [request] = server.requests
    assert list(request.headers) == [
        ("User-Agent", "wamprouter"),
        ("content-type", "application/x-mine"),
        ("X-A", "b"),
        ("Idempotency-Key", "k"),
    ]
