"""Programs of others that answer requests in this process: WSGI applications, and resources of twisted.web."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool
from twisted.web.resource import Resource
from twisted.web.server import Request
from twisted.web.wsgi import WSGIResource
from zope.interface import implementer

from wamprouter import config
from wamprouter.gates import load
from wamprouter.server.forms import CannotStart

__all__ = ["WsgiApplication", "own_resource"]

_log = Logger()

_BUSY: Final = b"the application has as many requests as it can take\n"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiApplication(Resource):
    """A WSGI application with threads of its own, which end with ``close``, and at the latest with the process.

    Requests that find no thread wait, and there is a bound to how many do. A client that does not read holds its thread.
    """

    isLeaf = True

    def __init__(self, path: config.WsgiPath, reactor: Any) -> None:
        super().__init__()
        self._application: Wsgi = load(f"{path.module}.{path.object}")
        if not callable(self._application):
            raise CannotStart(f"{path.module}.{path.object} is no WSGI application: it cannot be called")
        self.body_limit = path.body_limit
        self.in_hand = 0
        """Requests that a thread works on, or that wait for one."""
        self.refused = 0
        """Requests that found neither a thread nor a place to wait for one."""
        self._most = path.maxthreads + path.max_waiting
        self._reactor = reactor
        self._pool = _CountedPool(path.minthreads, path.maxthreads, f"wsgi {path.module}", self._ended)
        self._is_running = False

    def render(self, request: Any) -> Any:
        if self.in_hand >= self._most:
            self.refused += 1
            request.setResponseCode(503)
            request.setHeader(b"retry-after", b"1")
            return _BUSY
        if not self._is_running:
            self._is_running = True
            self._pool.start()
        self.in_hand += 1
        _tidy(request)
        flow = _Flow(request, self._reactor, self._application)
        return WSGIResource(self._reactor, self._pool, flow).render(request)

    def _ended(self) -> None:
        self._reactor.callFromThread(self._count_off)

    def _count_off(self) -> None:
        self.in_hand -= 1

    def close(self) -> None:
        """End the threads once they have nothing to do any more. No request comes after this."""
        if self._is_running:
            self._is_running = False
            # It waits for them, which the reactor must not.
            threading.Thread(target=self._pool.stop, name="the end of a pool", daemon=True).start()


def _tidy(request: Any) -> None:
    """Make of a request what an application may rely on."""
    headers = request.requestHeaders
    for name, _ in list(headers.getAllRawHeaders()):
        # To an application X_Y is the same as X-Y, which a proxy in front may have set, and Proxy a setting of its own.
        if b"_" in name or name.lower() == b"proxy":
            headers.removeHeader(name)
    # However the body came, it is complete.
    headers.removeHeader(b"transfer-encoding")
    headers.setRawHeaders(b"content-length", [b"%d" % len(request.content.getvalue())])
    # Twisted asks both ends for their ports, which Unix sockets have not.
    if not hasattr(request.getClientAddress(), "port"):
        request.getClientAddress = lambda: IPv4Address("TCP", "", 0)
    if not hasattr(request.getHost(), "port"):
        request.getHost = lambda: IPv4Address("TCP", "localhost", 443 if request.isSecure() else 80)


class _Thread(threading.Thread):
    """A thread that does not keep the process from ending: an application may never answer."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments, daemon=True)


class _CountedPool(ThreadPool):
    """Threads that tell the end of each piece of work."""

    threadFactory: type[threading.Thread] = _Thread

    def __init__(self, minthreads: int, maxthreads: int, name: str, ended: Callable[[], None]) -> None:
        super().__init__(minthreads, maxthreads, name)
        self._ended = ended

    def callInThread(self, func: Callable[..., object], *args: Any, **kw: Any) -> None:
        def work() -> None:
            try:
                func(*args, **kw)
            finally:
                self._ended()

        super().callInThread(work)


@implementer(IPushProducer)
class _Flow:
    """A WSGI application for one request, whose thread waits while the client does not read."""

    def __init__(self, request: Request, reactor: Any, application: Wsgi) -> None:
        self._request = request
        self._reactor = reactor
        self._application = application
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        self._is_over = False  # the client may leave at any moment
        request.notifyFinish().addBoth(self._end)
        request.registerProducer(self, True)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        try:
            result = self._application(environ, start_response)
            try:
                for piece in result:
                    yield piece
                    self._may_go_on.wait()
            finally:
                close = getattr(result, "close", None)
                if close is not None:
                    close()
        finally:
            # In line before the end of the answer.
            self._reactor.callFromThread(self._finish)

    def _finish(self) -> None:
        if not self._is_over:
            self._request.unregisterProducer()

    def _end(self, _: object) -> None:
        self._is_over = True

    def pauseProducing(self) -> None:
        self._may_go_on.clear()

    def resumeProducing(self) -> None:
        self._may_go_on.set()

    def stopProducing(self) -> None:
        self._may_go_on.set()


def own_resource(path: config.ResourcePath) -> Any:
    """Return the resource of somebody's own class; raise CannotStart if it cannot be had."""
    found = load(path.classname)
    if not isinstance(found, type):
        raise CannotStart(f"{path.classname} is not a class")
    try:
        made: Any = found(path.extra)
    except Exception as error:  # noqa: BLE001  # user code: whatever it raises becomes one line for the operator
        raise CannotStart(f"{path.classname} cannot be made: {error!r}") from None
    if not callable(getattr(made, "render", None)):
        raise CannotStart(f"{path.classname} is no resource of twisted.web: it has no render")
    made.body_limit = path.body_limit
    return made
