"""Another web server behind a path: requests are handed on, and its answers come back as they arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import TimeoutError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import Agent, FileBodyProducer, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from wamprouter import config
from wamprouter.web.upstream import bounded_pool, cause_of, cut, single_pool

__all__ = ["ReverseProxy"]

_log = Logger()

_CONNECTING: Final = 10.0  # seconds
_PER_HOP: Final = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade "
    b"content-length expect".split()
)
"""Headers that concern one connection only (RFC 9110, section 7.6.1), and those that say how long a body is."""
_OURS: Final = frozenset(
    b"host forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-forwarded-server x-real-ip proxy".split()
)
"""Headers that say for whom a request is made: the server behind believes them, so a client must not say them."""
_REPEATABLE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))
_SEPARATORS: Final = re.compile(rb"[/\\]")
_NAME: Final = b"wamprouter"  # in the header Via, which only servers see
_MOST_HOPS: Final = 8  # routers that a request passes one after the other, before that is taken for a circle
_IDLE: Final = 16  # connections that are kept


class ReverseProxy(Resource):
    """The path. Requests are bounded in number and length, and an answer is read no faster than the client reads it."""

    isLeaf = True

    def __init__(
        self, path: config.ReverseProxyPath, *, reactor: Any, depth: int, port: int | None, scheme: str
    ) -> None:
        """``depth`` is how many segments the path has itself; ``port`` and ``scheme`` are what clients connect to."""
        super().__init__()
        self.body_limit = path.body_limit
        self.in_hand = 0
        """Requests that are not answered yet."""
        self.refused = 0
        """Requests beyond what is handed on at a time."""
        self._depth = depth
        self._host = f"[{path.host}]" if ":" in path.host else path.host
        self._base = f"http://{self._host}:{path.port}".encode()
        self._prefix = b"/" + path.path.strip("/").encode() if path.path.strip("/") else b""
        self._most = path.max_connections
        self._patience = path.timeout / 1000
        self._port = path.forwarded_port or port
        self._scheme = path.forwarded_proto or scheme
        self._reactor = reactor
        self._pool = bounded_pool(reactor, min(path.max_connections, _IDLE))
        patience = min(_CONNECTING, self._patience)
        self._agent = Agent(reactor, connectTimeout=patience, pool=self._pool)
        self._careful = Agent(reactor, connectTimeout=patience, pool=single_pool(reactor))

    def render(self, request: Any) -> Any:
        uri = self._uri(request.uri)
        if uri is None:
            return _refuse(request, 400, b"this path leads nowhere\n")
        if sum(each.count(_NAME) for each in request.requestHeaders.getRawHeaders(b"via", ())) >= _MOST_HOPS:
            return _refuse(request, 508, b"this path leads back to itself\n")
        if request.requestHeaders.hasHeader(b"upgrade"):
            return _refuse(request, 501, b"WebSocket does not pass here\n")
        if self.in_hand >= self._most:
            self.refused += 1
            request.setHeader(b"retry-after", b"1")
            return _refuse(request, 503, b"the server behind this path has as many requests as it can take\n")
        self.in_hand += 1
        body = request.content.getvalue()
        agent = self._agent if request.method in _REPEATABLE and not body else self._careful
        try:
            answer = agent.request(
                request.method,
                self._base + uri,
                Headers(dict(self._headers(request))),
                FileBodyProducer(BytesIO(body)) if body else None,
            )
        except ValueError:  # a method, or an address, that no request may have
            self.in_hand -= 1
            return _refuse(request, 400, b"this request cannot be handed on\n")
        _Exchange(self, request, answer, self._patience, self._reactor)
        return NOT_DONE_YET

    def _uri(self, uri: bytes) -> bytes | None:
        """Return the address at the server behind, spelled as the client spells it; None if it would lead elsewhere."""
        path, separator, query = uri.partition(b"?")
        if not path.startswith(b"/"):  # a whole address, as for a proxy that leads everywhere
            return None
        below = path.split(b"/")[1 + self._depth :]
        # Some servers decode a path before they look for its parts.
        if any(part in (b".", b"..") for segment in below for part in _SEPARATORS.split(unquote_to_bytes(segment))):
            return None
        return self._prefix + b"/" + b"/".join(below) + separator + query

    def _headers(self, request: Any) -> Iterator[tuple[bytes, list[bytes]]]:
        named = b",".join(request.requestHeaders.getRawHeaders(b"connection", ()))
        dropped = _PER_HOP | _OURS | {name.strip().lower() for name in named.split(b",")}
        for name, values in request.requestHeaders.getAllRawHeaders():
            # To many programs X_Y is the same as X-Y.
            if name.lower().replace(b"_", b"-") not in dropped:
                yield name, values
        yield b"host", [self._base.partition(b"://")[2]]
        yield b"via", [*request.requestHeaders.getRawHeaders(b"via", ()), b"1.1 " + _NAME]
        if (client := getattr(request.getClientAddress(), "host", None)) is not None:  # a Unix socket has none
            yield b"x-forwarded-for", [client.encode()]
        yield b"x-forwarded-proto", [self._scheme.encode()]
        if (host := request.getHeader(b"host")) is not None:
            yield b"x-forwarded-host", [host]
        if self._port is not None:
            yield b"x-forwarded-port", [b"%d" % self._port]

    def close(self) -> None:
        """Close the connections that wait for another request. No request comes after this."""
        self._pool.closeCachedConnections()


class _Exchange(Protocol):
    """One request on its way, and the answer on its way back.

    A client that leaves ends it. A server that fails before its answer begins is a 502 or a 504, one that fails later cuts the
    client's connection: a part must not be taken for the whole.
    """

    transport: Any

    def __init__(self, proxy: ReverseProxy, request: Any, answer: Deferred[Any], patience: float, reactor: Any) -> None:
        self._proxy = proxy
        self._request = request
        self._answer = answer
        self._patience = patience
        self._is_over = False
        self._is_late = False
        self._alarm = reactor.callLater(patience, self._give_up)
        request.notifyFinish().addErrback(lambda _: self._end(is_client_gone=True))
        answer.addCallbacks(self._begin, self._fail)

    # -- the head of the answer

    def _begin(self, response: Any) -> None:
        if self._is_over:
            return
        request = self._request
        if not 200 <= response.code < 600:
            response.deliverBody(_Unwanted())
            self._complain(f"its answer has the status {response.code}")
            return
        request.setResponseCode(response.code, b" ".join(response.phrase.split()))
        request.defaultContentType = None  # an answer without a type stays without
        for name, values in response.headers.getAllRawHeaders():
            if name.lower() not in _PER_HOP:
                request.responseHeaders.setRawHeaders(name, values)
        if response.length is not UNKNOWN_LENGTH and request.method != b"HEAD":
            request.setHeader(b"content-length", b"%d" % response.length)
        self._alarm.reset(self._patience)
        response.deliverBody(self)

    def _fail(self, failure: Failure) -> None:
        if self._is_over:
            return
        if self._is_late or failure.check(TimeoutError):
            self._apologize(504, b"the server behind this path does not answer in time\n")
        else:
            self._complain(cause_of(failure))

    def _complain(self, error: str) -> None:
        _log.warn("{proxy}: {error}", proxy=self._proxy._base.decode(), error=error)
        self._apologize(502, b"the server behind this path cannot be reached\n")

    def _apologize(self, code: int, text: bytes) -> None:
        self._end()
        self._request.write(_refuse(self._request, code, text))
        self._request.finish()

    # -- its body

    def connectionMade(self) -> None:
        self._request.registerProducer(self.transport, True)

    def dataReceived(self, data: bytes) -> None:
        if not self._is_over:
            self._alarm.reset(self._patience)
            self._request.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._is_over:
            return
        self._request.unregisterProducer()
        self._end()
        if reason.check(ResponseDone, PotentialDataLoss):  # the latter: an answer that ends with its connection
            self._request.finish()
        else:
            self._request.channel.forceAbortClient()

    # -- ends

    def _give_up(self) -> None:
        self._is_late = True
        if self.transport is None:
            self._answer.cancel()
        else:
            cut(self.transport)
            self.connectionLost(Failure(CancelledError()))

    def _end(self, *, is_client_gone: bool = False) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._proxy.in_hand -= 1
        if self._alarm.active():
            self._alarm.cancel()
        if is_client_gone:
            if self.transport is None:
                self._answer.cancel()
            else:
                cut(self.transport)


class _Unwanted(Protocol):
    """Cuts an answer off."""

    def connectionMade(self) -> None:
        cut(self.transport)


def _refuse(request: Any, code: int, text: bytes) -> bytes:
    request.setResponseCode(code)
    request.setHeader(b"content-type", b"text/plain; charset=utf-8")
    return text
