"""A web server whose paths are files and WebSocket services, on one port."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from autobahn.twisted.resource import WebSocketResource
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import connectionDone
from twisted.web.error import UnsupportedMethod
from twisted.web.http import HTTPChannel, Request
from twisted.web.pages import notFound
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.server import Request as ServerRequest
from twisted.web.static import File

from wamprouter.server.admission import NoRoom
from wamprouter.server.connections import Connections, address_of
from wamprouter.server.websocket import is_utf8
from wamprouter.web.headers import AnswerHeaders, received
from wamprouter.web.pages import Top

__all__ = ["BoundedSite", "Unavailable", "WebSocketPath", "static_files", "tree"]


_ONCE: Final = (b"host", b"origin", b"sec-websocket-key", b"sec-websocket-version")
"""Headers of an opening handshake that must not come twice (RFC 6455, sections 4.1 and 11.3)."""


class StaticFiles(File):
    """The files below a folder. What is not there is a 404 and never leads out of the folder."""

    def __init__(self, path: str, *, list_folders: bool, cache_timeout: int, **arguments: Any) -> None:
        super().__init__(path, **arguments)
        self.list_folders = list_folders
        self.cache_timeout = cache_timeout

    def createSimilarFile(self, path: str) -> StaticFiles:
        similar = type(self)(path, list_folders=self.list_folders, cache_timeout=self.cache_timeout)
        similar.processors = self.processors
        similar.indexNames = self.indexNames[:]
        similar.childNotFound = self.childNotFound
        similar.contentTypes = self.contentTypes
        return similar

    def getChild(self, path: bytes, request: Request) -> Any:
        # No file can have such a name, and Twisted would put a traceback in the log for it.
        if b"\0" in path or not is_utf8(path):
            return self.childNotFound
        return super().getChild(path, request)

    def directoryListing(self) -> Resource:
        listing: Resource = super().directoryListing() if self.list_folders else self.childNotFound
        return listing

    def render_GET(self, request: Request) -> Any:
        caching = f"max-age={self.cache_timeout}" if self.cache_timeout else "no-cache"
        request.setHeader(b"cache-control", caching.encode())
        try:
            return super().render_GET(request)
        except OSError:  # no open file is left for it, or it has gone meanwhile
            request.setResponseCode(503)
            request.setHeader(b"retry-after", b"10")
            return b""

    render_HEAD = render_GET


def static_files(
    directory: Path, *, list_folders: bool, default_file: str, cache_timeout: int, mime_types: Mapping[str, str]
) -> StaticFiles:
    """Return what serves the files of a folder."""
    files = StaticFiles(str(directory), list_folders=list_folders, cache_timeout=cache_timeout)
    files.indexNames = [default_file]
    files.contentTypes = {**files.contentTypes, **{suffix.lower(): kind for suffix, kind in mime_types.items()}}
    return files


class WebSocketPath(WebSocketResource):
    """The path that becomes a WebSocket. From there on the connection does not count as one of HTTP."""

    def render(self, request: Any) -> Any:
        if any(request.postpath):
            return notFound().render(request)
        if request.requestHeaders.getRawHeaders(b"upgrade") is None:
            request.setResponseCode(426)
            request.setHeader(b"upgrade", b"websocket")
            request.setHeader(b"content-type", b"text/plain")
            return b"this path speaks WebSocket only\n"
        if request.clientproto != b"HTTP/1.1" or any(
            len(request.requestHeaders.getRawHeaders(name, ())) > 1 for name in _ONCE
        ):
            # Autobahn is given the request anew, as HTTP/1.1 and with one header of each name: it would not notice.
            request.setResponseCode(400)
            request.setHeader(b"content-type", b"text/plain")
            return b"this is no opening handshake of WebSocket\n"
        channel = request.channel
        # What the client has sent behind its request is WebSocket already: Autobahn passes it on like a body.
        request.content = BytesIO(channel.clearLineBuffer())
        request.site.release(channel, "upgraded")
        channel.transport.unregisterProducer()  # the channel was one; the WebSocket's queue will be
        # The channel's own time-out would end the connection that it no longer has.
        channel.setTimeout(None)
        return super().render(request)


class Unavailable(Resource):
    """What this version does not have: every request, on whatever path below, is answered with one line."""

    isLeaf = True

    def __init__(self, what: str) -> None:
        super().__init__()
        self._text = f"this version of the router has no {what}\n".encode()

    def render(self, request: Any) -> bytes:
        request.setResponseCode(501)
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return self._text


def tree(root: Any, children: Mapping[str, Any]) -> Any:
    """Return the resource of the root path with the other paths below it."""
    top: Any = notFound() if root is None else root
    if top.isLeaf and children:
        top = Top(top)
    for name, resource in children.items():
        top.putChild(name.encode(), resource)
    return top


class HttpRequest(ServerRequest):
    """One request. Twisted's own writes a line, or a traceback, into the log for some that are strange but harmless.

    It knows the client behind a trusted proxy, too: the access log asks it.
    """

    site: BoundedSite
    room = 0
    """How many bytes of a body are still taken; negative where it was longer than may be."""

    def gotLength(self, length: int | None) -> None:
        self.content = BytesIO()  # Twisted's own would be a file if it is long; here it is short

    def handleContentChunk(self, data: bytes) -> None:
        self.room -= len(data)
        if self.room >= 0:
            super().handleContentChunk(data)

    def process(self) -> None:
        if self.room < 0:
            self.setResponseCode(413)
            self.setHeader(b"connection", b"close")
            self.channel.persistent = False
            self._answer(b"")
        elif self.uri.isascii():
            super().process()
        else:  # RFC 3986 knows no others; Twisted's pages cannot name such a path
            self.setResponseCode(400)
            self._answer(b"")

    def render(self, resource: Any) -> None:
        try:
            body = resource.render(self)
        except UnsupportedMethod as problem:
            self.setHeader(b"allow", b", ".join(problem.allowedMethods))
            self.setResponseCode(405)
            body = b""
        if body is not NOT_DONE_YET:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if body or self.method != b"HEAD":  # else a file has said how long it is
            self.setHeader(b"content-length", b"%d" % len(body))
        self.write(b"" if self.method == b"HEAD" else body)
        self.finish()

    def finish(self) -> None:
        if not self._disconnected:  # else Twisted's own would raise, although nobody can know when a client leaves
            super().finish()

    def getClientAddress(self) -> Any:
        peer = super().getClientAddress()
        address = address_of(peer)
        forwarded_for = ", ".join(received(self, b"x-forwarded-for"))
        client = self.site.client(address, forwarded_for)
        if client == address:
            return peer
        return (IPv6Address if ":" in client else IPv4Address)("TCP", client, 0)


class HttpConnection(HTTPChannel):
    """One HTTP connection.

    The head of a request must be complete in time, however its lines come, and so must its body. A body is taken where the site
    says so, and no longer than it says. Requests that are sent before the answer to the
    one before is there are answered one in each turn: there may be thousands in one read.
    """

    site: BoundedSite
    place: str | None = None

    def connectionMade(self) -> None:
        self.site.channels[self] = None
        self._is_in_head = True
        self._is_waiting = False  # for its next turn
        self._deadline: Any = None
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        if self._is_in_head and self._deadline is None:
            self._deadline = self.callLater(self.timeOut, self.forceAbortClient)
        super().dataReceived(data)

    def allHeadersReceived(self) -> None:
        self._is_in_head = False
        self._cancel_deadline()
        limit = self.site.body_limit(self._path)
        is_refused = self.length != 0 and (limit == 0 or (self.length or 0) > limit)
        if is_refused:  # it is not read, so the connection cannot go on behind it
            self.length = 0
            self.requests[-1].requestHeaders.removeHeader(b"expect")
            self.requests[-1].setHeader(b"connection", b"close")
        elif self.length != 0:
            self._deadline = self.callLater(self.timeOut, self.forceAbortClient)
        self.requests[-1].room = -1 if is_refused and limit else limit
        super().allHeadersReceived()
        self.persistent = self.persistent and not is_refused and not self.site.is_retired

    def allContentReceived(self) -> None:
        self._cancel_deadline()
        super().allContentReceived()

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        self.site.headers.apply(headers)
        super().writeHeaders(version, code, reason, headers)

    def requestDone(self, request: Request) -> None:
        self._is_in_head = True
        self.paused = True  # the reading of lines, not of the socket
        super().requestDone(request)
        if self.persistent and self._buffer:
            self._is_waiting = True
            self._networkProducer.pauseProducing()
            self.site.turns.add(self)
        else:
            self.paused = False

    def go_on(self) -> None:
        """Read the request that waits."""
        if self._is_waiting:
            self._is_waiting = self.paused = False
            if not self._waitingForTransport:
                self._networkProducer.resumeProducing()
            self.dataReceived(b"")

    def retire(self) -> None:
        """Close as soon as no request is being answered."""
        self.persistent = False
        if not self.requests:
            self.loseConnection()

    def drop(self, reason: str) -> None:
        self.forceAbortClient()

    def connectionLost(self, reason: Any = connectionDone) -> None:
        self._is_waiting = False
        self.site.release(self)
        self._cancel_deadline()
        super().connectionLost(reason)

    def _cancel_deadline(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()


class SitePages(NamedTuple):
    """What a site serves, and how."""

    root: Any
    bodies: Mapping[str, int]
    """How many bytes the body of a request may have, by the path that takes one, and what is below it."""
    timeout: int
    access_log: bool
    headers: AnswerHeaders


class BoundedSite(Site):
    """A site that turns connections away when there are too many. WebSockets that began here count as well."""

    protocol: Any = HttpConnection  # without Twisted's wrapper, which would choose HTTP/2 by TLS

    def __init__(self, pages: SitePages, connections: Connections) -> None:
        super().__init__(pages.root, requestFactory=HttpRequest)
        self.client = connections.client
        self._parsePOSTFormSubmission = False  # a body is what its path makes of it
        self.displayTracebacks = False
        self.noisy = False
        self._connections = connections
        self._traffic = connections.transports.of("http")
        self.turns = connections.turns
        self.channels: dict[HttpConnection, None] = {}
        """Connections that speak HTTP: those that have become WebSockets are gone from here."""
        self.is_retired = False
        self.serve(pages)

    def serve(self, pages: SitePages) -> None:
        """Serve these pages from now on, also to who is connected already."""
        self.resource = pages.root
        self._bodies = {path.rstrip("/").encode(): limit for path, limit in pages.bodies.items()}
        self.timeOut = pages.timeout
        self.headers = pages.headers
        self._access_log = pages.access_log

    def body_limit(self, uri: bytes) -> int:
        """Return how many bytes the body of a request to an address may have; 0 where none is taken."""
        path = uri.partition(b"?")[0].rstrip(b"/")
        while path and path not in self._bodies:
            path = path.rpartition(b"/")[0]
        return self._bodies.get(path, 0)

    def retire(self) -> None:
        """Serve nothing any more. Answers that have begun go on."""
        self.is_retired = True
        self.resource = notFound()
        self._bodies = {}
        for channel in list(self.channels):
            channel.retire()

    def cut(self) -> None:
        """Cut whoever is still connected."""
        for channel in list(self.channels):
            channel.drop("its transport is closed")

    def buildProtocol(self, addr: Any) -> Any:
        try:
            place = self._connections.enter(address_of(addr))
        except NoRoom:
            return None
        channel = super().buildProtocol(addr)
        channel.place = place
        self._traffic.opened += 1
        return channel

    def release(self, channel: HttpConnection, reason: str = "peer") -> None:
        """Count a connection no longer: it is closed, or has become a WebSocket, which counts itself."""
        self.channels.pop(channel, None)
        place, channel.place = channel.place, None
        if place is not None:
            self._traffic.close(reason, is_shaken=True)
            self._connections.leave(place)

    def log(self, request: Request) -> None:
        if self._access_log:
            super().log(request)
