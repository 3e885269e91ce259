"""What the web server answers by itself: fixed values, redirections, and the page about the router."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from twisted.web.pages import notFound
from twisted.web.resource import Resource
from twisted.web.server import Request

__all__ = ["JsonValue", "NodeInfo", "Redirection", "ServiceInfo", "Top"]

_JSON: Final = b"application/json"
_HTML: Final = b"text/html; charset=utf-8"


class Top(Resource):
    """A path whose own answer is another resource, which also has whatever is below it and is no other path."""

    def __init__(self, own: Any) -> None:
        super().__init__()
        self._own = own

    def getChild(self, path: bytes, request: Request) -> Any:
        # As if nobody had looked: whether there is anything of that name below, the resource knows.
        assert request.prepath is not None and request.postpath is not None  # noqa: PT018  # it is on its way
        request.prepath.pop()
        request.postpath.insert(0, path)
        return self._own

    def render(self, request: Request) -> Any:
        return self._own.render(request)


class Page(Resource):
    """Something without anything below it. GET and HEAD are all it knows."""

    isLeaf = True

    def render(self, request: Request) -> Any:
        return notFound().render(request) if any(request.postpath or ()) else super().render(request)


class JsonValue(Page):
    """A value that does not change."""

    def __init__(
        self, value: Any, *, is_public: bool = True, may_be_kept: bool = True, is_indented: bool = False
    ) -> None:
        super().__init__()
        text = json.dumps(value, ensure_ascii=False, indent=2) if is_indented else _compact(value)
        self._body = f"{text}\n".encode() if is_indented else text.encode()
        self._is_public = is_public
        self._may_be_kept = may_be_kept

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"content-type", _JSON)
        if self._is_public:
            request.setHeader(b"access-control-allow-origin", b"*")
        if not self._may_be_kept:
            request.setHeader(b"cache-control", b"no-store")
        return self._body


class Redirection(Page):
    """Sends a browser elsewhere."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def render_GET(self, request: Request) -> bytes:
        request.redirect(self._url.encode())
        request.setHeader(b"content-type", _HTML)
        link = html.escape(self._url, quote=True)
        return f'<!doctype html><title>Moved</title><a href="{link}">It is there.</a>\n'.encode()


class ServiceInfo(NamedTuple):
    """What speaks WAMP here, as a client needs to know it."""

    path: str
    """Empty for RawSocket, which has none."""
    transport: str
    serializers: Sequence[str]
    max_message_size: int


class NodeInfo(Page):
    """What this is and how to connect: HTML for a browser, else JSON. Realms are for those who know them."""

    def __init__(self, services: Sequence[ServiceInfo], version: str | None) -> None:
        super().__init__()
        product = "wamprouter" if version is None else f"wamprouter {version}"
        known = [
            {
                **({"path": service.path} if service.path else {}),
                "transport": service.transport,
                "subprotocols": [f"wamp.2.{name}" for name in service.serializers],
                "max_message_size": service.max_message_size,
            }
            for service in services
        ]
        self._json = _compact({"product": product, "services": known}).encode()
        self._html = _page(product, services).encode()

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"vary", b"accept")
        if b"text/html" in (request.getHeader(b"accept") or b""):  # which every browser says
            request.setHeader(b"content-type", _HTML)
            return self._html
        request.setHeader(b"content-type", _JSON)
        return self._json


def _page(product: str, services: Sequence[ServiceInfo]) -> str:
    rows = "".join(
        f"<tr><td><code>{html.escape(service.path)}</code><td>{html.escape(service.transport)}"
        f"<td>{html.escape(', '.join(service.serializers))}"
        f"<td>{service.max_message_size}"
        for service in services
    )
    table = f"<table><tr><th>path<th>transport<th>serializers<th>largest message, bytes{rows}</table>" if rows else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{product}</title>'
        f"<h1>{product}</h1><p>A router for WAMP, the Web Application Messaging Protocol.{table}\n"
    )


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
