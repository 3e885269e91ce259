"""Random octets, and real traffic that was cut, changed and mixed, on every kind of port and in every serializer.

Each case says its seed when it fails: ``HOSTILE_SEED=… pytest tests/hostile/test_traffic.py`` runs the same again, and
``HOSTILE_ROUNDS`` more of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import cbor2
import msgspec
import pytest

from tests.hostile.mutation import mutated_message, mutated_octets
from tests.hostile.siege import Siege
from tests.support.raw import BINARY, CLOSE, TEXT, Client, Closed, Stream, client_frame, handshake_request
from wamp.protocol.messages import (
    Cancel,
    Invocation,
    Publish,
    Result,
    Unregister,
    Unsubscribe,
    Yield,
)

SEED = int(os.environ.get("HOSTILE_SEED", "6455"))
ROUNDS = int(os.environ.get("HOSTILE_ROUNDS", "250"))
SERIALIZERS = ("json", "msgpack", "cbor")


@contextmanager
def repeatable(seed: object) -> Iterator[None]:
    """Say with which seed a failure comes again."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(f"seed {seed}")
        raise


def send_and_see_the_end(url: str, random: Random, data: bytes) -> bytes:
    """Send in one piece or in some, say that there is no more, and return what comes until the router has closed."""
    stream = Stream(url)
    try:
        at = 0
        while at < len(data):
            end = at + random.choice((1, 7, 100, 10_000, len(data)))
            stream.send(data[at:end])
            at = end
        stream.socket.shutdown(1)
    except (Closed, OSError):
        pass  # it has closed already
    answer = stream.read_to_end()
    stream.close()
    return answer


def record(url: str, serializer: str, hello: dict[str, Any] | None = None) -> bytes:
    """Have a conversation with the router, and return all that the client has said."""
    said: list[bytes] = []
    client = Client(url, serializer, join=False)
    if url.startswith("rs"):
        said.append(bytes((0x7F, 0xF0 | client.codec.serializer.rawsocket_id, 0, 0)))
    else:
        said.append(handshake_request(url, f"wamp.2.{serializer}"))
    send = client.stream.send

    def send_and_record(data: bytes) -> None:
        said.append(data)
        send(data)

    client.stream.send = send_and_record  # type: ignore[method-assign]  # the tape
    client.join()
    subscription = client.subscribe("com.tape.topic", match="prefix").subscription
    registration = client.register("com.tape.procedure", invoke="roundrobin", concurrency=10).registration
    client.send(
        Publish(client.next_request(), {"exclude_me": False}, "com.tape.topic.a", client.pack(["é", 1, {"a": [None]}]))
    )
    client.receive()
    client.publish_acknowledged("com.tape.other", "x" * 300)
    client.call("com.tape.procedure", 1, 2.5, True, receive_progress=True, timeout=60_000)
    invocation = client.expect(Invocation)
    client.send(Yield(invocation.request, {"progress": True}, client.pack([1])))
    client.expect(Result)
    client.answer(invocation.request, "done")
    client.expect(Result)
    client.call("wamp.session.count")
    client.expect(Result)
    request = client.call("com.tape.procedure")
    client.expect(Invocation)
    client.send(Cancel(request, {"mode": "skip"}))
    client.receive()
    client.send(Unregister(client.next_request(), registration))
    client.receive()
    client.send(Unsubscribe(client.next_request(), subscription))
    client.receive()
    client.leave()
    if not url.startswith("rs"):
        send_and_record(client_frame(CLOSE, b"\x03\xe8"))
    client.close()
    return b"".join(said)


PORTS: dict[str, Callable[[Siege], str]] = {
    "WebSocket": lambda siege: siege.ws,
    "RawSocket": lambda siege: siege.rs,
    "HTTP": lambda siege: siege.http,
    "WebSocket on a path": lambda siege: siege.path,
}
PORT = pytest.mark.parametrize("port", PORTS.values(), ids=PORTS.keys())


@PORT
def test_random_octets(siege: Siege, port: Callable[[Siege], str]) -> None:
    beginnings = (
        b"",
        b"\x7f",
        b"\x7f\xf1\0\0",
        b"GET ",
        b"GET / HTTP/1.1\r\n",
        handshake_request(port(siege), "wamp.2.json"),
    )
    with siege.attack():
        for number in range(ROUNDS // 2):
            random = Random(f"{SEED} octets {number}")
            with repeatable(f"{SEED} octets {number}"):
                data = random.choice(beginnings) + random.randbytes(random.choice((1, 10, 100, 5000)))
                answer = send_and_see_the_end(port(siege), random, data)
                assert b"Traceback" not in answer
        siege.pair.go_on()


@pytest.fixture(scope="module")
def tapes(siege: Siege) -> dict[str, bytes]:
    """What clients really say, to each kind of port."""
    tapes = {
        f"{name}, {serializer}": record(port(siege), serializer)
        for name, port in PORTS.items()
        if name != "HTTP"
        for serializer in SERIALIZERS
    }
    page = b'GET /index.html HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nCookie: a=b\r\nIf-None-Match: "x"\r\n\r\n'
    head = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-10\r\n\r\n"
    body = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"
    chunked = b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    return {**tapes, "HTTP, pages": page * 2 + head + page, "HTTP, bodies": page + body, "HTTP, chunks": head + chunked}


TAPES = [f"{name}, {serializer}" for name in PORTS if name != "HTTP" for serializer in SERIALIZERS]
TAPES += ["HTTP, pages", "HTTP, bodies", "HTTP, chunks"]


@pytest.mark.parametrize("name", TAPES)
def test_changed_traffic(siege: Siege, tapes: dict[str, bytes], name: str) -> None:
    url = PORTS[name.split(",")[0]](siege)
    tape = tapes[name]
    others = list(tapes.values())
    assert b"Traceback" not in send_and_see_the_end(url, Random(0), tape), "the tape itself"
    with siege.attack():
        for number in range(ROUNDS):
            random = Random(f"{SEED} {name} {number}")
            with repeatable(f"{SEED} {name} {number}"):
                data = mutated_octets(random, tape, random.choice(others))
                answer = send_and_see_the_end(url, random, data)
                assert b"Traceback" not in answer


# -- well-formed frames with messages that are not what they should be

MESSAGES: list[list[Any]] = [
    [1, "realm1", {"roles": {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}}],
    [3, {"message": "no"}, "wamp.close.normal"],
    [5, "signature", {}],
    [6, {}, "wamp.close.normal"],
    [8, 68, 1, {}, "com.error", ["what"], {"k": 1}],
    [16, 1, {"acknowledge": True}, "com.mutant.topic", ["x", 1], {"k": [1]}],
    [16, 1, {"exclude_me": False, "retain": True}, "com.mutant.topic"],
    [32, 1, {"match": "prefix"}, "com.mutant."],
    [34, 1, 1],
    [48, 1, {"timeout": 1000, "receive_progress": True}, "com.mutant.echo", [1, "x"], {"k": {"l": None}}],
    [48, 1, {}, "com.mutant.echo", [1]],
    [48, 1, {}, "wamp.session.list"],
    [48, 1, {}, "wamp.session.get", [1]],
    [48, 1, {}, "wamp.registration.match", ["com.mutant.echo"]],
    [48, 1, {}, "wamp.subscription.lookup", ["com.mutant.", {"match": "prefix"}]],
    [48, 1, {}, "wamp.session.add_testament", ["com.mutant.topic", [], {}]],
    [49, 1, {"mode": "kill"}],
    [64, 1, {"invoke": "roundrobin"}, "com.mutant.mine"],
    [66, 1, 1],
    [70, 1, {"progress": True}, [1], {}],
]
DUMPS: dict[str, Callable[[Any], bytes]] = {
    "json": lambda value: msgspec.json.encode(_for_json(value)),
    "msgpack": msgspec.msgpack.encode,
    "cbor": cbor2.dumps,
}


def _for_json(value: Any) -> Any:
    """Return a value with bytes in WAMP's form for JSON."""
    if isinstance(value, bytes):
        return "\0" + value.hex()
    if isinstance(value, list):
        return [_for_json(each) for each in value]
    if isinstance(value, dict):
        return {key: _for_json(each) for key, each in value.items()}
    return value


class Bystanders:
    """A subscriber and a callee for what mutants send, in a serializer: they must be able to read all that reaches them."""

    def __init__(self, url: str, serializer: str) -> None:
        import threading

        self.client = Client(url, serializer)
        self.client.subscribe("com.mutant.", match="prefix")
        self.client.register("com.mutant.echo", invoke="roundrobin")
        self.failure: BaseException | None = None
        self.heard = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        client = self.client
        try:
            while True:
                message = client.receive()
                self.heard += 1
                client.args(message) if hasattr(message, "args") else None
                if isinstance(message, Invocation):
                    client.send(Yield(message.request, {}, message.args, message.kwargs))
        except Closed:
            pass
        except BaseException as failure:  # noqa: BLE001  # raised in the test's own thread
            self.failure = failure

    def stop(self) -> None:
        """See that it is still served, and end it."""
        assert self._thread.is_alive(), self.failure or "the router has ended its connection"
        self.client.stream.shut_down()
        self._thread.join(5)
        self.client.close()
        if self.failure is not None:
            raise self.failure


def packed(serializer: str, value: Any) -> bytes | None:
    """Return the octets, or None for what this serializer has no form for."""
    try:
        return DUMPS[serializer](value)
    except (OverflowError, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        return None


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("transport", ["WebSocket", "RawSocket"])
def test_changed_messages(siege: Siege, transport: str, serializer: str) -> None:
    """Types, ids, nesting, numbers and keys that nobody expects, before and within a session."""
    url = PORTS[transport](siege)
    with siege.attack():
        others = [Bystanders(siege.ws, other) for other in SERIALIZERS]
        hello = packed(serializer, MESSAGES[0])
        assert hello is not None
        for number in range(ROUNDS):
            random = Random(f"{SEED} {transport} {serializer} {number}")
            messages = [] if random.random() < 0.1 else [hello]
            for _ in range(random.choice((1, 3, 10))):
                message = random.choice(MESSAGES)
                data = packed(serializer, mutated_message(random, message) if random.random() < 0.7 else message)
                messages += [] if data is None else [data]
            if transport == "RawSocket":
                data = bytes((0x7F, 0xF0 | SERIALIZERS.index(serializer) + 1, 0, 0))
                data += b"".join(len(message).to_bytes(4) + message for message in messages)
            else:
                data = handshake_request(url, f"wamp.2.{serializer}")
                data += b"".join(client_frame(TEXT if serializer == "json" else BINARY, each) for each in messages)
            with repeatable(f"{SEED} {transport} {serializer} {number}"):
                assert b"Traceback" not in send_and_see_the_end(url, random, data)
        for other in others:
            other.stop()
        assert sum(other.heard for other in others) > ROUNDS // 10, "nothing came through, so nothing was tested"
