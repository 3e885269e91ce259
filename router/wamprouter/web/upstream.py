"""What the router needs of Twisted's HTTP client where it asks other servers: bounds, and causes in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from twisted.internet.defer import CancelledError
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS, HTTP11ClientProtocol, ParseError
from twisted.web.client import HTTPConnectionPool

__all__ = ["bounded_pool", "cause_of", "cut", "single_pool", "was_cancelled"]

_LONGEST_HEAD: Final = 65_536  # bytes of status line and headers; web servers send up to 32 KiB
_IDLE: Final = 4  # seconds; most servers close a connection after 5 or more, and who closes first loses no request


def bounded_pool(reactor: Any, most: int) -> HTTPConnectionPool:
    """Return a pool that keeps so many idle connections to a server, each for a few seconds.

    A request without a body whose kept connection turns out to be closed is sent again on a new one.
    """
    pool = HTTPConnectionPool(reactor, persistent=True)
    pool.maxPersistentPerHost = most
    pool.cachedConnectionTimeout = _IDLE
    pool._factory = _Factory  # type: ignore[assignment]  # the place that Twisted has for it, though it calls it private
    return pool


def single_pool(reactor: Any) -> HTTPConnectionPool:
    """Return a pool that keeps no connection: for requests that must not be sent twice, and so never on one that may be closed."""
    pool = HTTPConnectionPool(reactor, persistent=False)
    pool._factory = _Factory  # type: ignore[assignment]  # see above
    return pool


def cut(transport: Any) -> None:
    """Cut the connection of an answer that nobody wants any more, also if its server reads no request to its end."""
    connection = getattr(transport, "_producer", None)  # what Twisted hands out knows only the polite way
    if connection is not None:
        connection.abortConnection()


def cause_of(failure: Failure) -> str:
    """Return in one line why a request has failed."""
    return "; ".join(" ".join(str(one).split()) or type(one).__name__ for one in _reasons(failure))


def was_cancelled(failure: Failure) -> bool:
    """Tell whether a request has failed because it was cancelled; where it was on its way, Twisted wraps that."""
    return any(isinstance(one, CancelledError) for one in _reasons(failure))


def _reasons(failure: Failure) -> list[BaseException]:
    reasons: Iterable[Any] = getattr(failure.value, "reasons", ()) or (failure,)
    return [getattr(one, "value", one) for one in reasons]


class _BoundedClient(HTTP11ClientProtocol):
    """Ends the connection to a server whose headers do not end. Twisted would collect them as long as they come."""

    _head = 0

    def request(self, request: Any) -> Any:
        self._head = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        parser = self._parser
        if parser is not None and parser.state in (STATUS, HEADER):
            self._head += len(data)
            if self._head > _LONGEST_HEAD:
                self._giveUp(Failure(ParseError("its headers are too long", b"")))


class _Factory(Factory):
    """Makes these connections, for ``HTTPConnectionPool``."""

    noisy = False

    def __init__(self, is_idle: Callable[[Any], None], metadata: str) -> None:
        self._is_idle = is_idle
        self._metadata = metadata

    def __repr__(self) -> str:
        return f"HTTP client, {self._metadata}"

    def buildProtocol(self, addr: Any) -> HTTP11ClientProtocol:
        return _BoundedClient(self._is_idle)
