"""What all paths of the HTTP bridge have in common: who may send a request, how many at once, and how errors are told."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, ClassVar, Final

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from wamp.protocol.errors import AuthenticationFailed, NotAuthorized, Unavailable
from wamp.protocol.serializers import TranscodingError
from wamprouter.auth.hashes import parse
from wamprouter.server.connections import address_of
from wamprouter.server.tls import is_secure
from wamprouter.web.cors import Pages
from wamprouter.web.exchange import BadRequest, Exchange, text_of
from wamprouter.web.headers import received
from wamprouter.web.statuses import status_of

if TYPE_CHECKING:
    from wamprouter import config
    from wamprouter.web.visitors import Asked, Entrance, Outcome

__all__ = ["NOT_FOUND", "Answering", "Bridge", "tell_error"]

NOT_FOUND: Final = "http.error.not_found"
_METHOD: Final = "http.error.method_not_allowed"


class Bridge(Resource):
    """A path whose requests enter a realm."""

    isLeaf = True
    methods: ClassVar[tuple[bytes, ...]] = (b"POST",)

    body_limit = 0

    def __init__(self, entrance: Entrance, options: config.AccessOptions, *, most: int) -> None:
        """``most``: requests that may be answered at the same time."""
        super().__init__()
        self.entrance = entrance
        self._most = most
        self._requires_tls = options.require_tls
        self._tokens = [parse(token.reveal()) for token in options.tokens]
        self._networks = [ipaddress.ip_network(one) for one in options.require_ip if one != "unix"]
        self._takes_unix = "unix" in options.require_ip
        self._pages = Pages(options.cors)

    def render(self, request: Any) -> Any:
        exchange = Exchange(request, self._leave)
        self.entrance.in_flight += 1
        try:
            self._receive(request, exchange)
        except BadRequest as problem:
            self.refuse(exchange, problem)
        except TranscodingError as problem:
            self.refuse(exchange, BadRequest(f"WAMP has no form for this: {problem}"))
        return NOT_DONE_YET

    def refuse(self, exchange: Exchange, problem: BadRequest) -> None:
        """Answer a request that is not carried out."""
        exchange.refuse(problem.status, problem.uri, str(problem))

    def _leave(self) -> None:
        self.entrance.in_flight -= 1

    def _receive(self, request: Any, exchange: Exchange) -> None:
        if not self._pages.admit(request):
            raise BadRequest("pages of this origin may not use this path", 403, NotAuthorized.uri)
        methods = self.methods_of(request)
        if request.method == b"OPTIONS":
            request.setHeader(b"allow", b", ".join((*methods, b"OPTIONS")))
            self._pages.tell_browser(request, methods)
            exchange.answer(204)
        elif request.method not in methods:
            request.setHeader(b"allow", b", ".join((*methods, b"OPTIONS")))
            raise BadRequest(f"expected {', '.join(method.decode() for method in methods)}", 405, _METHOD)
        elif self.entrance.in_flight > self._most:
            request.setHeader(b"retry-after", b"1")
            raise BadRequest(f"more than {self._most} requests at the same time", 503, Unavailable.uri)
        else:
            self._check_source(request)
            self.carry_out(request, exchange)

    def _check_source(self, request: Any) -> None:
        if self._requires_tls and not is_secure(request.channel.transport):
            raise BadRequest("this path is to be used with TLS", 403, NotAuthorized.uri)
        if self._networks or self._takes_unix:
            address = address_of(request.getClientAddress())
            if not self._is_expected(address):
                raise BadRequest("this path is not for your address", 403, NotAuthorized.uri)
        if self._tokens and not self._has_token(request):
            request.setHeader(b"www-authenticate", b"Bearer")
            raise BadRequest("expected a token that is known", 401, AuthenticationFailed.uri)

    def _has_token(self, request: Any) -> bool:
        scheme, _, token = next(iter(received(request, b"authorization")), "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        return any(
            stored.verify(token.strip()) for stored in self._tokens
        )  # each in the same time, whatever it is given

    def _is_expected(self, address: str) -> bool:
        if address == "unix":
            return self._takes_unix
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self._networks)

    def methods_of(self, request: Any) -> tuple[bytes, ...]:
        """Return the methods that an address knows; raise BadRequest if there is nothing at it."""
        if any(request.postpath or ()):
            raise BadRequest("there is nothing at this address", 404, NOT_FOUND)
        return self.methods

    def carry_out(self, request: Any, exchange: Exchange) -> None:
        """Do what is asked and answer it, now or later. Raise BadRequest or TranscodingError."""
        raise NotImplementedError


class Answering(Bridge):
    """A path whose requests may have a body, and are answered once, with what the session that they share is told."""

    def __init__(self, entrance: Entrance, options: config.BridgeOptions) -> None:
        super().__init__(entrance, options, most=options.max_requests)
        self.body_limit = options.post_body_limit
        self.timeout = options.request_timeout / 1000

    def wait(self, exchange: Exchange, asked: Asked) -> None:
        """Take back what was asked of the realm if the client does not wait for it."""
        exchange.gone = lambda: self.entrance.shared.take_back(asked)


def tell_error(exchange: Exchange, outcome: Outcome, status: int | None = None) -> None:
    """Answer with the error that a request has led to."""
    uri = outcome.error or ""
    if status is None:
        status = status_of(uri)
    if status == 503:
        exchange.request.setHeader(b"retry-after", b"1")
    exchange.refuse(status, uri, text_of(outcome.args, uri), outcome.args, outcome.kwargs)
