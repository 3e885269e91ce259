"""WAMP over HTTP requests (advanced profile, "HTTP Longpoll Transport"), the part that is HTTP.

Below its path, ``open`` opens a connection, and ``<id>/receive``, ``<id>/send`` and ``<id>/close`` are its requests. What
they do is in ``wamprouter.server.polling``. Pages of other origins may use it with their cookies if ``allowed_origins``
names them.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec
from twisted.web.error import UnsupportedMethod
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from wamprouter.config import LongPollOptions
from wamprouter.server.admission import NoRoom
from wamprouter.server.connections import address_of
from wamprouter.server.cookies import HandshakeCookies
from wamprouter.server.origins import admits, origin_patterns
from wamprouter.server.polling import Client, PollConnection, PollService
from wamprouter.server.tls import is_secure, peer_certificate
from wamprouter.web.headers import received

__all__ = ["LongPoll"]

_JSON: Final = b"application/json"
_BINARY: Final = b"application/octet-stream"
_TEXT: Final = b"text/plain; charset=utf-8"
_METHODS: Final = (b"POST", b"OPTIONS")
_PREFLIGHT_AGE: Final = b"600"  # seconds for which a browser need not ask again; the most that Chromium takes is 7200


class _Wanted(msgspec.Struct):
    """What a client offers to speak."""

    protocols: list[str]


class _Reply:
    """Answers a request, now or later, unless its client has gone."""

    def __init__(self, request: Any, content_type: bytes = _TEXT) -> None:
        self._request = request
        self._content_type = content_type
        request.setHeader(b"cache-control", b"no-store")

    def __call__(self, status: int, body: bytes) -> None:
        request = self._request
        if request.channel is None:
            return
        request.setResponseCode(status)
        if status != 204:
            request.setHeader(b"content-type", self._content_type if status == 200 else _TEXT)
            request.setHeader(b"content-length", b"%d" % len(body))
        request.write(body)
        request.finish()


class LongPoll(Resource):
    """A path, and what is below it."""

    isLeaf = True

    def __init__(self, service: PollService, options: LongPollOptions, cookies: HandshakeCookies | None) -> None:
        super().__init__()
        self.body_limit = options.max_message_size
        self._service = service
        self._cookies = cookies
        self._origins = origin_patterns(options.allowed_origins)
        self._admits_null = options.allow_null_origin

    def render(self, request: Any) -> Any:
        reply = _Reply(request)
        if not self._admit_origin(request):
            reply(403, b"pages of this origin may not connect\n")
        elif request.method == b"OPTIONS":
            _tell_browser(request)
            reply(204, b"")
        elif request.method != b"POST":
            raise UnsupportedMethod(_METHODS)
        else:
            self._carry_out(request, reply)
        return NOT_DONE_YET

    def _admit_origin(self, request: Any) -> bool:
        """Tell whether the page may use the path, and tell its browser. Programs that are no browsers have no origin."""
        origins = received(request, b"origin")
        if not origins:
            return True
        request.setHeader(b"vary", b"origin")
        if len(origins) > 1 or not admits(self._origins, origins[0], null=self._admits_null):
            return False
        request.setHeader(b"access-control-allow-origin", origins[0].encode("latin-1"))
        request.setHeader(b"access-control-allow-credentials", b"true")
        return True

    def _carry_out(self, request: Any, reply: _Reply) -> None:
        match request.postpath:
            case [b"open"]:
                self._open(request, reply)
                return
            case [name, (b"receive" | b"send" | b"close") as action]:
                connection = self._service.table.get(name.decode("ascii", "replace"))
            case _:
                connection = None
        if connection is None:
            reply(404, b"there is no such connection, or it is closed\n")
        elif action == b"receive":
            _receive(request, connection)
        elif action == b"send":
            connection.send(request.content.read(), reply)
        else:
            connection.close_by_client()
            reply(204, b"")

    def _open(self, request: Any, reply: _Reply) -> None:
        service = self._service
        try:
            wanted = msgspec.json.decode(request.content.read(), type=_Wanted)
        except msgspec.DecodeError as error:
            reply(400, f'this is not {{"protocols": [...]}}: {error}\n'.encode())
            return
        subprotocol = next((name for name in wanted.protocols if name in service.subprotocols), None)
        if subprotocol is None:
            reply(400, f"offer one of these protocols: {', '.join(service.subprotocols)}\n".encode())
        elif service.lobby.is_closed:
            reply(503, b"the router is shutting down\n")
        else:
            try:
                connection = service.open(subprotocol, self._client(request))
            except NoRoom as refusal:
                reply(refusal.status, f"{refusal}\n".encode())
                return
            answer = {"protocol": subprotocol, "transport": connection.id}
            _Reply(request, _JSON)(200, json.dumps(answer).encode())

    def _client(self, request: Any) -> Client:
        transport = request.channel.transport
        socket, address = request.client, address_of(request.getClientAddress())
        peer = f"{socket.host}:{socket.port}" if hasattr(socket, "host") else "unix"
        headers = {
            name.decode("latin-1").lower(): ", ".join(value.decode("latin-1") for value in values)
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        cookie, has_new_cookie = None, False
        if self._cookies is not None:
            cookie, header = self._cookies.present(headers.get("cookie", ""), is_secure=is_secure(transport))
            has_new_cookie = header is not None
            if header is not None:
                request.responseHeaders.addRawHeader(b"set-cookie", header.encode())
        return Client(
            address,
            peer if address_of(socket) == address else f"{address} through {peer}",
            is_secure(transport),
            headers,
            peer_certificate(transport),
            cookie,
            has_new_cookie,
        )


def _receive(request: Any, connection: PollConnection) -> None:
    reply = _Reply(request, _BINARY if connection.codec.serializer.binary else _JSON)
    request.notifyFinish().addErrback(lambda _lost: connection.abandon(reply))
    connection.receive(reply)


def _tell_browser(request: Any) -> None:
    """Tell a browser what it asks before it lets a page of another origin send a request."""
    request.setHeader(b"allow", b", ".join(_METHODS))
    request.setHeader(b"access-control-allow-methods", b"POST")
    request.setHeader(b"access-control-allow-headers", b"content-type")
    request.setHeader(b"access-control-max-age", _PREFLIGHT_AGE)
