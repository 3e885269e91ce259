"""A peer that does not read: the router's memory stays within its bound, and nobody else is delayed or left without an answer.

All queues are limited to 1 MiB here. What a test sends to a peer that does not read is many times that, and far beyond
what the kernel's buffers swallow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import KIB, MIB, MemoryWatch, eventually, open_sockets
from tests.support.process import REALM, RouterProcess, endpoint
from tests.support.raw import PING, Client, Closed, WebSocket, client_frame
from wamp.protocol.messages import (
    Call,
    Error,
    Event,
    Goodbye,
    Hello,
    Invocation,
    Publish,
    Result,
    Subscribe,
    Subscribed,
)

LIMIT = MIB
SLACK = 16 * MIB  # reads in progress, allocator, garbage
KERNEL = 8 * MIB  # more than a connection's send and receive buffers can swallow
TINY = 4 * KIB  # receive buffer of a peer that will not read

OPTIONS = {
    "max_message_size": 64 * KIB,
    "high_water": 128 * KIB,
    "outbound_queue_limit": LIMIT,
    "auto_ping_interval": 0,
}
WEBSOCKET = {
    "type": "websocket",
    "endpoint": endpoint(),
    "options": {**OPTIONS, "close_handshake_timeout": 30_000, "compression": None},
}
RAWSOCKET = {"type": "rawsocket", "endpoint": endpoint(), "options": OPTIONS}

SCHEMES = pytest.mark.parametrize("scheme", ["ws", "rs"])


@pytest.fixture
def router(start: Start) -> RouterProcess:
    return start(WEBSOCKET, RAWSOCKET)


def is_expelled(router: RouterProcess, times: int = 1) -> Callable[[], bool]:
    return lambda: router.log.count("disconnecting a slow consumer") >= times


def in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def count_events(subscriber: Client, total: int, received: list[int]) -> threading.Thread:
    """Read events in the background: their first arguments go to ``received``."""

    def read() -> None:
        while len(received) < total:
            received.append(subscriber.event_args()[0])

    return in_background(read)


def publish_many(publisher: Client, watch: MemoryWatch, count: int, size: int) -> None:
    """Publish numbered events as fast as the router takes them; it acknowledges the last one."""
    body = "x" * size
    for number in range(count - 1):
        publisher.publish("com.flood", number, body)
        if number % 100 == 0:
            watch.look()
    publisher.publish_acknowledged("com.flood", count - 1, body)
    watch.look()


@pytest.mark.slow
@SCHEMES
def test_subscribers_that_never_read_cost_no_more_than_their_queues(router: RouterProcess, scheme: str) -> None:
    """Eight of them are disconnected; another subscriber gets every event, in order; memory stays within the bound."""
    total, size = 2000, 16 * KIB  # 32 MiB for each subscriber
    slow = [Client(router.url(scheme), receive_buffer=TINY) for _ in range(8)]
    for subscriber in slow:
        subscriber.subscribe("com.flood")
    with Client(router.url(scheme)) as healthy, Client(router.url("ws")) as publisher:
        healthy.subscribe("com.flood")
        received: list[int] = []
        reader = count_events(healthy, total, received)
        watch = MemoryWatch(router)
        publish_many(publisher, watch, total, size)
        reader.join(20)
        watch.look()
        assert received == list(range(total))
    assert watch.growth < len(slow) * LIMIT + SLACK
    eventually(is_expelled(router, len(slow)), "all slow subscribers are expelled")
    for subscriber in slow:
        subscriber.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["rs+unix", "rs", "ws"])
def test_a_subscriber_that_reads_slowly_slows_its_publisher_down_and_loses_nothing(start: Start, scheme: str) -> None:
    """It reads 10 MiB at some 4 MB/s, with a queue of 1 MiB: the publisher is paused, the subscriber is not expelled.

    Over TCP the kernel holds megabytes, and takes more in large steps. What the peer has read in between counts as well.
    """
    router = start({**RAWSOCKET, "endpoint": {"type": "unix", "path": "router.sock"}}, RAWSOCKET, WEBSOCKET)
    total, size = 640, 16 * KIB
    subscriber, publisher = Client(router.url(scheme), receive_buffer=64 * KIB), Client(router.url(scheme))
    subscriber.subscribe("com.flood")
    received: list[int] = []

    def read() -> None:
        while len(received) < total:
            received.append(subscriber.event_args()[0])
            time.sleep(0.004)  # this is what makes it slow

    reader = in_background(read)
    watch = MemoryWatch(router)
    publish_many(publisher, watch, total, size)
    reader.join(30)
    assert received == list(range(total))
    assert watch.growth < LIMIT + SLACK
    subscriber.close()
    publisher.close()


def test_a_websocket_subscriber_that_reads_too_late_learns_why_it_was_disconnected(router: RouterProcess) -> None:
    """What was on its way arrives in whole frames, then close code 1013 (IANA: try again later) with the reason."""
    with Client(router.url("ws"), receive_buffer=TINY) as slow, Client(router.url("ws")) as publisher:
        slow.subscribe("com.flood")
        publish_many(publisher, MemoryWatch(router), KERNEL // (16 * KIB), 16 * KIB)
        eventually(is_expelled(router), "the slow subscriber is expelled")
        closed = slow.closing()
        assert closed.code == 1013
        assert "does not read fast enough" in closed.reason


def test_the_session_of_an_expelled_subscriber_is_gone_at_once(router: RouterProcess) -> None:
    """What it had registered can be registered anew, even while its connection still lingers."""
    with Client(router.url("ws"), receive_buffer=TINY) as slow, Client(router.url("ws")) as publisher:
        slow.register("com.procedure")
        slow.subscribe("com.flood")
        publish_many(publisher, MemoryWatch(router), KERNEL // (16 * KIB), 16 * KIB)
        eventually(is_expelled(router), "the slow subscriber is expelled")
        publisher.register("com.procedure")


DROP = {**REALM, "options": {"slow_subscriber": "drop"}}


@SCHEMES
def test_with_policy_drop_a_slow_subscriber_loses_events_and_keeps_its_session(start: Start, scheme: str) -> None:
    """Others get every event. The slow one gets those that had a place in its queue, and again all once it reads."""
    router = start(WEBSOCKET, RAWSOCKET, realms=[DROP])
    total, size = 2000, 16 * KIB
    with (
        Client(router.url(scheme), receive_buffer=TINY) as slow,
        Client(router.url(scheme)) as healthy,
        Client(router.url("ws")) as publisher,
    ):
        flood_id = slow.subscribe("com.flood").subscription
        slow.subscribe("com.other")
        healthy.subscribe("com.flood")
        received: list[int] = []
        reader = count_events(healthy, total, received)
        watch = MemoryWatch(router)
        publish_many(publisher, watch, total, size)
        reader.join(20)
        assert received == list(range(total))
        assert watch.growth < LIMIT + SLACK

        kept: list[int] = []

        def read() -> None:
            while (event := slow.expect(Event)).subscription == flood_id:
                kept.append(slow.args(event)[0])

        reader = in_background(read)

        def arrives() -> bool:
            publisher.publish("com.other")
            return not reader.is_alive()

        eventually(arrives, "an event comes through once the queue is read")
        assert 0 < len(kept) < total
        assert kept == list(range(len(kept)))
        assert not is_expelled(router)()


@SCHEMES
def test_with_policy_drop_requests_are_answered_although_the_queue_is_full(start: Start, scheme: str) -> None:
    """Events that nobody reads must not take the place of the replies that the session asks for."""
    router = start(WEBSOCKET, RAWSOCKET, realms=[DROP])
    with Client(router.url(scheme), receive_buffer=TINY) as slow, Client(router.url("ws")) as publisher:
        slow.subscribe("com.flood")
        publish_many(publisher, MemoryWatch(router), 2 * KERNEL // (16 * KIB), 16 * KIB)
        slow.send(Subscribe(slow.next_request(), {}, "com.other"))
        while isinstance(message := slow.receive(), Event):
            pass
        assert isinstance(message, Subscribed)


@SCHEMES
def test_every_call_to_a_callee_that_never_reads_is_answered(router: RouterProcess, scheme: str) -> None:
    """With network_failure while its queue is full; those that had a place in it with canceled when it leaves."""
    total, body = 500, "x" * 32 * KIB  # 16 MiB
    with Client(router.url("ws")) as caller, Client(router.url("ws")) as other:
        callee = Client(router.url(scheme), receive_buffer=TINY)
        callee.register("com.sink")
        watch = MemoryWatch(router)
        answers: list[str] = []

        def read() -> None:
            for _ in range(total + 1):
                answers.append(caller.expect(Error).error)

        reader = in_background(read)
        for number in range(total):
            caller.call("com.sink", body)
            if number % 50 == 0:
                watch.look()
        caller.call("com.last")  # its answer shows that the router has read all the calls before it
        eventually(lambda: "wamp.error.no_such_procedure" in answers, "the router reads all calls")
        answers.remove("wamp.error.no_such_procedure")
        assert set(answers) == {"wamp.error.network_failure"}
        watch.look()
        assert watch.growth < LIMIT + SLACK
        other.call("com.sink", body)
        assert other.expect(Error).error == "wamp.error.network_failure"

        callee.close()
        reader.join(20)
        assert len(answers) == total
        assert set(answers) == {"wamp.error.network_failure", "wamp.error.canceled"}


@SCHEMES
def test_a_caller_that_never_reads_its_results_is_expelled_and_others_are_served(
    router: RouterProcess, scheme: str
) -> None:
    body = "x" * 32 * KIB
    with (
        Client(router.url("ws")) as callee,
        Client(router.url(scheme), receive_buffer=TINY) as slow,
        Client(router.url("ws")) as other,
    ):
        callee.register("com.large")

        def serve() -> None:
            try:
                while True:
                    message = callee.receive()
                    if isinstance(message, Invocation):  # or an INTERRUPT, once the slow caller is gone
                        callee.answer(message.request, body)
            except (Closed, OSError):
                pass  # the test is over

        server = in_background(serve)
        watch = MemoryWatch(router)
        try:
            for _ in range(500):  # 16 MiB of results
                slow.call("com.large")
        except Closed:
            pass  # expelled before it had sent all
        eventually(is_expelled(router), "the slow caller is expelled")
        watch.look()
        assert watch.growth < LIMIT + SLACK
        for _ in range(10):
            other.call("com.large")
            assert other.args(other.expect(Result)) == [body]
        callee.stream.shut_down()
        server.join(20)


def flood(connection: Any, data: bytes, times: int, watch: MemoryWatch) -> None:
    """Send something again and again, until the other end has enough of it."""
    connection.stream.socket.settimeout(1)
    try:
        for _ in range(times):
            connection.stream.send(data)
            watch.look()
    except (Closed, TimeoutError):
        pass  # disconnected, or not read from any more: either bounds the memory


REQUESTS: dict[str, list[Any]] = {
    "calls of a procedure that does not exist": [Call(1, {}, "com.nowhere")],
    "acknowledged publications": [Publish(1, {"acknowledge": True}, "com.nobody")],
    "subscriptions": [Subscribe(1, {}, "com.topic")],
    "sessions": [Goodbye({}, "wamp.close.normal"), Hello("realm1", {"roles": {"caller": {}}})],
}


@SCHEMES
@pytest.mark.parametrize("requests", REQUESTS.values(), ids=REQUESTS.keys())
def test_replies_that_nobody_reads_are_bounded(router: RouterProcess, scheme: str, requests: list[Any]) -> None:
    with Client(router.url(scheme), receive_buffer=TINY) as slow:
        messages = [slow.codec.encode(request) for request in requests]
        if scheme == "ws":
            data = b"".join(client_frame(1, message) for message in messages)
        else:
            data = b"".join(len(message).to_bytes(4) + message for message in messages)
        watch = MemoryWatch(router)
        flood(slow.connection, data * 1000, 300, watch)
        assert watch.growth < LIMIT + SLACK


def test_pongs_that_nobody_reads_are_bounded(router: RouterProcess) -> None:
    """RFC 6455, section 5.5.3: a pong may be left out if a later ping is answered."""
    with Client(router.url("ws"), receive_buffer=TINY) as slow:
        watch = MemoryWatch(router)
        flood(slow.connection, client_frame(PING, b"x" * 125) * 1000, 400, watch)  # 50 MB
        assert watch.growth < LIMIT + SLACK
    assert router.log.count("disconnecting a slow consumer") <= 1


def test_rawsocket_pongs_that_nobody_reads_are_bounded(router: RouterProcess) -> None:
    with Client(router.url("rs"), receive_buffer=TINY) as slow:
        watch = MemoryWatch(router)
        ping = (1 << 24 | 60_000).to_bytes(4) + b"x" * 60_000
        flood(slow.connection, ping * 10, 80, watch)
        assert watch.growth < LIMIT + SLACK


def test_an_echo_that_nobody_reads_is_bounded(start: Start) -> None:
    router = start({"type": "echo", "endpoint": endpoint(), "options": WEBSOCKET["options"]})
    echo = WebSocket(router.url("ws"), receive_buffer=TINY)
    watch = MemoryWatch(router)
    flood(echo, client_frame(2, b"x" * 60_000) * 10, 80, watch)
    assert watch.growth < LIMIT + SLACK
    echo.close()
    eventually(lambda: open_sockets(router) <= 3, "the connection is closed")
