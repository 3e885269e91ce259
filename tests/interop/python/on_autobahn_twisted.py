"""A party of the interop test, as an unchanged Autobahn|Python client on Twisted."""

from __future__ import annotations

import sys
from typing import Any

import txaio

txaio.use_twisted()

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession  # noqa: E402  # after choosing the framework
from autobahn.wamp import types  # noqa: E402
from autobahn.wamp.exception import ApplicationError  # noqa: E402
from autobahn.wamp.message import Cancel  # noqa: E402
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer  # noqa: E402
from party import play  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.endpoints import UNIXClientEndpoint  # noqa: E402
from twisted.internet.task import react  # noqa: E402
from twisted.internet.threads import deferToThread  # noqa: E402

__all__ = ["ApplicationError", "ApplicationSession", "types"]

CAN_DISCLOSE = False

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}


def future() -> Any:
    return Deferred()


def resolve(waiting: Any, value: Any) -> None:
    if not waiting.called:
        waiting.callback(value)


def read_line() -> Any:
    return deferToThread(sys.stdin.readline)


def newest_call(session: Any) -> int:
    """Return the request id of the call that was just made."""
    return int(max(session._call_reqs))


def cancel(session: Any, request: int, mode: str) -> None:
    """Cancel a call as the message says: Autobahn's own way has no mode."""
    session._transport.send(Cancel(request, mode))


def cut(session: Any) -> None:
    """Lose the connection, without a word to the router."""
    session._transport.transport.abortConnection()


def connect(make: Any, url: str, serializer: str | None, extra: dict[str, Any]) -> None:
    """``serializer`` is None for whatever the library offers by itself."""
    endpoint = None
    if url.startswith("rs+unix://"):
        endpoint = UNIXClientEndpoint(reactor, url.removeprefix("rs+unix://"))
        url = "rs://localhost"
    serializers = None
    if serializer is not None:
        name, _, batched = serializer.partition(".")
        serializers = [SERIALIZERS[name](batched=bool(batched))]
    runner = ApplicationRunner(url, "realm1", extra=extra, serializers=serializers)
    connected = runner.run(make, start_reactor=False, endpoint=endpoint, reactor=reactor)
    connected.addErrback(lambda failure: resolve(extra["joined"], str(failure.value)))


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(play(sys.modules[__name__])))
