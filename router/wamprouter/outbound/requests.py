"""One HTTP request to another server, and its answer as a whole, within a time and a size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import TimeoutError as ConnectingTookTooLong
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from wamprouter import config
from wamprouter.server.forms import CannotStart
from wamprouter.web.upstream import bounded_pool, cause_of, cut, was_cancelled

__all__ = ["Answer", "HttpClient", "NoAnswer", "Outgoing", "with_headers"]

_KEPT: Final = 4  # connections to one server that wait for another request


class Outgoing(NamedTuple):
    """A request."""

    method: str
    url: str
    headers: Iterable[tuple[str, str]]
    body: bytes | None
    timeout: float
    """Seconds in which the answer must be complete."""
    limit: int
    """Bytes of the answer's body that are read at most."""


class Answer(NamedTuple):
    """An answer."""

    status: int
    headers: Headers
    body: bytes
    is_whole: bool
    """Whether the body is not longer than what was read."""

    def header(self, name: str) -> str | None:
        """Return the last header of a name, as text."""
        values = self.headers.getRawHeaders(name)
        return values[-1] if values else None


class NoAnswer(Exception):
    """A request has no answer: nobody was there, the connection broke, or it took too long."""

    def __init__(self, text: str, *, is_late: bool = False) -> None:
        super().__init__(text)
        self.is_late = is_late


class HttpClient:
    """Connections to other servers, kept for a while. Certificates are always checked, redirections never followed."""

    def __init__(self, component: config.HttpComponent, reactor: Any) -> None:
        self._reactor = reactor
        self._pool = bounded_pool(reactor, _KEPT)
        policy = BrowserLikePolicyForHTTPS(_trusted(component))
        self._agent = Agent(reactor, policy, connectTimeout=10.0, pool=self._pool)

    def send(self, request: Outgoing) -> Deferred[Answer]:
        """Send a request; the Deferred fails with NoAnswer. Cancelling it ends the request."""
        headers = Headers()
        for name, value in request.headers:
            headers.addRawHeader(name, value)
        body = None if request.body is None else _Body(request.body)
        answer: Deferred[Any] = self._agent.request(request.method.encode(), request.url.encode(), headers, body)
        answer.addCallback(_read, request.limit)
        alarm = self._reactor.callLater(request.timeout, answer.cancel)
        return answer.addBoth(_settled, alarm)

    def close(self) -> None:
        """Close the connections that wait for another request."""
        self._pool.closeCachedConnections()


def with_headers(own: Mapping[str, str], rule: config.HttpTarget) -> list[tuple[str, str]]:
    """Return the headers of a rule, and those of our own that it does not have."""
    chosen = {name.lower() for name in rule.headers}
    kept = [(name, value) for name, value in own.items() if name.lower() not in chosen]
    return kept + [(name, value.reveal()) for name, value in rule.headers.items()]


def _read(response: Any, limit: int) -> Deferred[Answer]:
    collector = _Collector(response, limit)
    response.deliverBody(collector)
    return collector.answer


def _settled(result: Any, alarm: Any) -> Any:
    """Say in words why there is no answer, if there is none."""
    is_late = alarm.called
    if not is_late:
        alarm.cancel()
    if not isinstance(result, Failure):
        return result
    if was_cancelled(result):
        problem: Exception = NoAnswer("it took too long", is_late=True) if is_late else CancelledError()
    else:
        problem = NoAnswer(cause_of(result), is_late=result.check(ConnectingTookTooLong) is not None)
    return Failure(problem)


class _Collector(Protocol):
    """Reads the body of an answer, up to a limit."""

    transport: Any

    def __init__(self, response: Any, limit: int) -> None:
        self.answer: Deferred[Answer] = Deferred(lambda _: self._stop())
        self._response = response
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        self._pieces.append(data[: self._limit - self._size])
        self._size += len(data)
        if self._size > self._limit:
            self._stop()
            self._finish(is_whole=False)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if reason.check(ResponseDone, PotentialDataLoss):  # the latter: an answer that ends with its connection
            self._finish(is_whole=True)
        elif not self.answer.called:
            self.answer.errback(reason)

    def _finish(self, *, is_whole: bool) -> None:
        if not self.answer.called:
            response = self._response
            self.answer.callback(Answer(response.code, response.headers, b"".join(self._pieces), is_whole))

    def _stop(self) -> None:
        self._size = self._limit  # what still comes is not wanted
        cut(self.transport)


@implementer(IBodyProducer)
class _Body:
    """The body of a request, which is in memory."""

    def __init__(self, data: bytes) -> None:
        self.length = len(data)
        self._data = data

    def startProducing(self, consumer: Any) -> Deferred[None]:
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """It has all been written."""

    def resumeProducing(self) -> None:
        """See ``pauseProducing``."""

    def stopProducing(self) -> None:
        """See ``pauseProducing``."""


def _trusted(component: config.HttpComponent) -> Any:
    """Return who is trusted to sign certificates; raise CannotStart if the file is no good."""
    from twisted.internet.ssl import Certificate, platformTrust, trustRootFromCertificates

    path = component.ca_certificates
    if path is None:
        return platformTrust()
    try:
        parts = path.read_bytes().split(b"-----END CERTIFICATE-----")
        found = [Certificate.loadPEM(part + b"-----END CERTIFICATE-----\n") for part in parts[:-1]]
    except Exception as error:  # noqa: BLE001  # OpenSSL's errors have no common class that is public
        raise CannotStart(f"component {component.name}: cannot read {path}: {error}") from None
    if not found:
        raise CannotStart(f"component {component.name}: {path} has no certificate")
    return trustRootFromCertificates(found)
