"""A party of the interop test, with this project's own client on Twisted."""

from __future__ import annotations

import sys
from typing import Any

from party import play
from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

from wamp import ApplicationError, types
from wamp.protocol.messages import Cancel
from wamp.twisted import ApplicationRunner, ApplicationSession

__all__ = ["ApplicationError", "ApplicationSession", "types"]

CAN_DISCLOSE = True


def future() -> Any:
    return Deferred()


def resolve(waiting: Any, value: Any) -> None:
    if not waiting.called:
        waiting.callback(value)


def read_line() -> Any:
    return deferToThread(sys.stdin.readline)


def newest_call(session: Any) -> int:
    """Return the request id of the call that was just made."""
    return int(max(session._wamp._pending))


def cancel(session: Any, request: int, mode: str) -> None:
    """Cancel a call as the message says: as with Autobahn, cancelling a Deferred has no mode."""
    session.transport.send(Cancel(request, {"mode": mode}))


def cut(session: Any) -> None:
    """Lose the connection, without a word to the router."""
    session.transport.abort()


def connect(make: Any, url: str, serializer: str | None, extra: dict[str, Any]) -> None:
    """``serializer`` is None for whatever the library offers by itself."""
    serializers = None if serializer is None else [serializer]
    runner = ApplicationRunner(url, "realm1", extra=extra, serializers=serializers)
    connected = runner.run(make, start_reactor=False)
    assert connected is not None
    connected.addErrback(lambda failure: resolve(extra["joined"], str(failure.value)))


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(play(sys.modules[__name__])))
