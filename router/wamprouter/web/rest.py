"""Addresses that stand for procedures and topics: the path ``rest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.serializers import TranscodingError
from wamprouter.web.bridge import NOT_FOUND, Answering, tell_error
from wamprouter.web.exchange import BadRequest, Exchange, body_of, json_body, parameters
from wamprouter.web.routing import Routes, arguments
from wamprouter.web.statuses import status_of
from wamprouter.web.visitors import packed

if TYPE_CHECKING:
    from wamprouter import config
    from wamprouter.web.visitors import Entrance, Outcome

__all__ = ["Rest"]

_HEAD: Final = "HEAD"


class Rest(Answering):
    """A path below which are the addresses."""

    def __init__(self, entrance: Entrance, path: config.RestPath) -> None:
        super().__init__(entrance, path.options)
        self._routes = Routes(path.routes)
        self._errors = path.errors

    def methods_of(self, request: Any) -> tuple[bytes, ...]:
        methods = [method.encode() for method in self._routes.match(_parts(request))]
        if not methods:
            raise BadRequest("there is nothing at this address", 404, NOT_FOUND)
        return (*methods, b"HEAD") if b"GET" in methods else tuple(methods)

    def carry_out(self, request: Any, exchange: Exchange) -> None:
        method = request.method.decode()
        route, values = self._routes.match(_parts(request))["GET" if method == _HEAD else method]
        body = body_of(request)
        value = json_body(request, body) if body else None
        kwargs = arguments(route, values, parameters(request), value)
        if route.procedure is not None:
            self._call(exchange, route, route.procedure, kwargs)
        else:
            self._publish(exchange, route, str(route.topic), kwargs)

    def _call(self, exchange: Exchange, route: config.Route, procedure: str, kwargs: dict[str, Any]) -> None:
        def answer(outcome: Outcome) -> None:
            if outcome.error is not None:
                self._tell_error(exchange, route, outcome)
                return
            try:
                exchange.json(route.status or 200, _value(outcome))
            except TranscodingError as problem:
                exchange.refuse(500, "wamp.error.invalid_payload", f"JSON has no form for the result: {problem}")

        shared = self.entrance.shared
        self.wait(exchange, shared.call(procedure, packed([], kwargs), {}, answer, timeout=self.timeout))

    def _publish(self, exchange: Exchange, route: config.Route, topic: str, kwargs: dict[str, Any]) -> None:
        def answer(outcome: Outcome) -> None:
            if outcome.error is not None:
                self._tell_error(exchange, route, outcome)
            else:
                exchange.json(route.status or 202, {"id": outcome.id})

        shared = self.entrance.shared
        self.wait(exchange, shared.publish(topic, packed([], kwargs), {}, answer, timeout=self.timeout))

    def _tell_error(self, exchange: Exchange, route: config.Route, outcome: Outcome) -> None:
        uri = outcome.error or ""
        tell_error(exchange, outcome, route.errors.get(uri) or self._errors.get(uri) or status_of(uri))


def _parts(request: Any) -> list[str]:
    """Return the parts of an address below the path; raise BadRequest if they are not text."""
    try:
        parts = [part.decode() for part in request.postpath or ()]
    except UnicodeDecodeError:
        raise BadRequest("the address is not UTF-8") from None
    return parts[:-1] if parts and not parts[-1] else parts


def _value(outcome: Outcome) -> Any:
    """Return a result as one value: the positional one, the named ones, or both if there are more."""
    args, kwargs = outcome.args, outcome.kwargs
    if args and (kwargs or len(args) > 1):
        return {"args": args, "kwargs": kwargs}
    return args[0] if args else kwargs or None
