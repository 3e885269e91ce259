"""What hostile clients do to a router, each as a burst of bounded size: ``ATTACKS``.

Used by tests/hostile, which look at what must hold, and by benchmarks/hostile.py, which measures what others feel of it.
An attacker reads what it is sent, unless not reading is the attack: else the router's queues would end it early.
"""

from __future__ import annotations

import select
import socket
import zlib
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Final, NamedTuple

from tests.support.raw import (
    BINARY,
    CONTINUATION,
    PING,
    TEXT,
    Client,
    Closed,
    RawSocket,
    RefusedHandshake,
    Stream,
    WebSocket,
    client_frame,
    handshake_request,
)
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Call, Goodbye, Hello, Message, Publish, Register, Subscribe

__all__ = ["ATTACKS", "Attack", "Target", "bomb", "half_open", "pour"]

_JSON: Final = CODECS["json"]
_MSGPACK: Final = CODECS["msgpack"]
_HELLO: Final = Hello("realm1", {"roles": {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}})
_PATIENCE: Final = 20.0  # seconds without any progress, after which an attack gives up


class Target(NamedTuple):
    """Where the router is."""

    ws: str
    rs: str
    http: str
    path: str
    """A WebSocket on a path of the web server."""


Attack = Callable[[Target], None]


def pour(streams: Sequence[Stream], data: bytes, octets: int) -> None:
    """Send ``data`` again and again, so many octets on each stream; read all that comes, until each is closed.

    At its end each says so. The router closes a stream then, but only when it has read, and so handled, everything.
    """
    left = {stream.socket: memoryview(data * max(1, octets // len(data))) for stream in streams}
    for each in left:
        each.setblocking(False)
    while left:
        sending = [each for each, rest in left.items() if rest]
        readable, writable, _ = select.select(left, sending, [], _PATIENCE)
        assert readable or writable, "the router neither reads nor answers"
        for each in {*readable, *writable}:
            try:
                if each in readable and not each.recv(1 << 18):
                    del left[each]
                    continue
                if each in writable:
                    left[each] = left[each][each.send(left[each][:65536]) :]
                    if not left[each]:
                        each.shutdown(socket.SHUT_WR)
            except BlockingIOError:
                pass
            except OSError:  # it has been cut off
                left.pop(each, None)


def _close(streams: Sequence[Stream]) -> None:
    for stream in streams:
        try:
            stream.reset()
        except OSError:
            pass  # closed already


def _text(message: Message) -> bytes:
    return client_frame(TEXT, _JSON.encode(message))


def _sessions(url: str, count: int) -> list[Stream]:
    return [Client(url).stream for _ in range(count)]


def _pour_messages(target: Target, messages: Sequence[Message], octets: int, *, attackers: int = 4) -> None:
    """Send messages, over WebSocket and RawSocket."""
    packed = [_JSON.encode(message) for message in messages]
    streams = _sessions(target.ws, attackers // 2)
    pour(streams, b"".join(client_frame(TEXT, message) for message in packed), octets)
    _close(streams)
    streams = _sessions(target.rs, attackers // 2)
    pour(streams, b"".join(len(message).to_bytes(4) + message for message in packed), octets)
    _close(streams)


def pings(target: Target) -> None:
    """Control frames as small as can be."""
    websockets = [WebSocket(target.ws, "wamp.2.json").stream for _ in range(2)]
    pour(websockets, client_frame(PING, b"") * 1000, 300_000)
    rawsockets = [RawSocket(target.rs).stream for _ in range(2)]
    pour(rawsockets, b"\x01\0\0\0" * 1000, 300_000)
    _close(websockets + rawsockets)


def empty_fragments(target: Target) -> None:
    streams = _sessions(target.ws, 3)
    for stream in streams:
        stream.send(client_frame(TEXT, b"[1,", fin=False))
    pour(streams, client_frame(CONTINUATION, b"", fin=False) * 1000, 300_000)
    _close(streams)


def octets_one_by_one(target: Target) -> None:
    """A large message in fragments of one octet."""
    streams = _sessions(target.ws, 2)
    for stream in streams:
        stream.send(client_frame(TEXT, b" ", fin=False))
    pour(streams, client_frame(CONTINUATION, b" ", fin=False) * 1000, 400_000)
    _close(streams)


def calls_of_nothing(target: Target) -> None:
    _pour_messages(target, [Call(number, {}, "com.nothing") for number in range(1, 100)], 400_000)


def publications_for_nobody(target: Target) -> None:
    _pour_messages(target, [Publish(number, {}, f"com.nobody.{number}") for number in range(1, 100)], 400_000)


def publications_for_oneself(target: Target) -> None:
    """Each one comes back, to all the attackers."""
    messages: list[Message] = [Subscribe(1, {"match": "prefix"}, "com.flood.")]
    messages += [Publish(number, {"exclude_me": False}, "com.flood.a") for number in range(2, 100)]
    _pour_messages(target, messages, 200_000)


def subscriptions(target: Target) -> None:
    """As many as one session may have, and more; of every kind."""
    kinds = cycle(("exact", "prefix", "wildcard"))
    messages = [Subscribe(n, {"match": next(kinds)}, f"com.hoard.{'x' * 60}.{n}") for n in range(1, 11_000)]
    _hoard(target, messages)


def registrations(target: Target) -> None:
    kinds = cycle(("exact", "prefix", "wildcard"))
    messages = [Register(n, {"match": next(kinds)}, f"com.hoard.{'x' * 60}.{n}") for n in range(1, 11_000)]
    _hoard(target, messages)


def _hoard(target: Target, messages: Sequence[Message]) -> None:
    streams = _sessions(target.ws, 1)
    data = b"".join(_text(message) for message in messages)
    pour(streams, data, len(data))
    _close(streams)


def calls_in_flight(target: Target) -> None:
    """To a callee that takes them all and never answers."""
    callee = Client(target.rs)
    callee.register("com.hoard.silent", invoke="roundrobin")
    messages = [
        Call(number, {"timeout": 3_600_000}, "com.hoard.silent", callee.pack(["x" * 50])) for number in range(1, 11_000)
    ]
    streams = _sessions(target.ws, 1)
    data = b"".join(_text(message) for message in messages)
    pour([*streams, callee.stream], data, len(data))
    _close([*streams, callee.stream])


def joins_and_leaves(target: Target) -> None:
    """Sessions one after the other on the same connection."""
    data = _text(_HELLO) + _text(Goodbye({}, "wamp.close.normal"))
    streams = [WebSocket(target.ws, "wamp.2.json").stream for _ in range(2)]
    pour(streams, data * 100, 100_000)
    _close(streams)


def connections(target: Target) -> None:
    """Opened and cut again, at each stage."""
    beginnings = (b"", handshake_request(target.ws, "wamp.2.json"), handshake_request(target.ws, "wamp.2.json")[:-3])
    for number in range(300):
        stream = Stream((target.ws, target.rs, target.http)[number % 3])
        stream.send(beginnings[number % len(beginnings)])
        stream.reset()


def half_open(url: str, count: int) -> list[Stream]:
    """Return so many connections that have begun, and do not go on."""
    beginning = handshake_request(url, "wamp.2.json")[:-1]
    streams = []
    for number in range(count):
        stream = Stream(url)
        stream.send(beginning if number % 2 else b"")
        streams.append(stream)
    return streams


def refused_handshakes(target: Target) -> None:
    for _ in range(150):
        for url in (target.ws, target.path):
            try:
                WebSocket(url, "chat").close()
            except RefusedHandshake:
                pass


def pipelined_requests(target: Target) -> None:
    """HTTP requests that nobody waits for the answers of."""
    page = b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n"
    nothing = b"HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
    streams = [Stream(target.http) for _ in range(3)]
    pour(streams, (page + nothing) * 100, 60_000)
    _close(streams)


def bomb(size: int = 300 << 20) -> bytes:
    """Return what inflates to ``size`` octets: about a thousandth of it."""
    deflater = zlib.compressobj(9, wbits=-15)
    block = bytes(1 << 20)
    data = b"".join(deflater.compress(block) for _ in range(size >> 20)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    return data[:-4]


def bombs(target: Target) -> None:
    """Compressed messages that would fill the memory, in one frame and in many."""
    data = bomb(64 << 20)
    in_one = client_frame(BINARY, data, rsv=4)
    parts = [data[at : at + 500] for at in range(0, len(data), 500)]
    in_many = client_frame(BINARY, parts[0], fin=False, rsv=4)
    in_many += b"".join(client_frame(CONTINUATION, part, fin=False) for part in parts[1:])
    for frames in (in_one, in_many) * 5:
        websocket = WebSocket(target.ws, "wamp.2.msgpack", extensions="permessage-deflate")
        try:
            websocket.stream.send(frames)
        except Closed:
            pass  # it had enough before the end
        assert websocket.closing().code in (1009, 1006)
        websocket.close()


def large_messages(target: Target) -> None:
    """As large as they may be, to somebody with another serializer."""
    with Client(target.rs, "cbor") as subscriber, Client(target.ws, "msgpack") as publisher:
        subscriber.subscribe("com.large")
        value = [{"key": number, "text": "x" * 20, "nested": [[1.5, None]]} for number in range(12_000)]
        payload = _MSGPACK.serializer.pack(value)
        for _ in range(5):
            publisher.send(Publish(publisher.next_request(), {}, "com.large", payload))
            subscriber.receive()


def malformed_messages(target: Target) -> None:
    """Each one ends its connection."""
    bad = (
        b"[",
        b"[1]",
        b'[48,"x",{},"y"]',
        b"[999]",
        b"{}",
        b'["\\ud800"]',
        b"[" * 5000,
        b"\xff",
        b"[1,2,3,4,5,6,7,8]",
    )
    for number in range(300):
        client = Client(target.ws)
        client.connection.send(bad[number % len(bad)])
        client.closing()
        client.close()


ATTACKS: Final[dict[str, Attack]] = {
    attack.__name__.replace("_", " "): attack
    for attack in (
        pings,
        empty_fragments,
        octets_one_by_one,
        calls_of_nothing,
        publications_for_nobody,
        publications_for_oneself,
        subscriptions,
        registrations,
        calls_in_flight,
        joins_and_leaves,
        connections,
        refused_handshakes,
        pipelined_requests,
        bombs,
        large_messages,
        malformed_messages,
    )
}
