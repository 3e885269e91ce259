"""Which web pages may use a path of the HTTP bridge (Fetch standard, "CORS protocol").

A browser lets a page of another origin read an answer only if the answer says so, and yet sends many requests without asking. So
a request from a page that is neither of the same origin nor allowed is refused, before it can have an effect. Programs that are
no browsers have no origin and are not concerned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wamprouter.server.origins import admits, origin_patterns
from wamprouter.web.headers import received

if TYPE_CHECKING:
    from wamprouter.config import Cors

__all__ = ["Pages"]


class Pages:
    """The pages that may use a path."""

    def __init__(self, options: Cors | None) -> None:
        """None for pages of the same origin only."""
        self._options = options
        self._patterns = origin_patterns(() if options is None else options.allowed_origins)

    def admit(self, request: Any) -> bool:
        """Tell whether the page that a request comes from may send it, and tell its browser so."""
        origins = received(request, b"origin")
        if self._options is not None:
            request.responseHeaders.addRawHeader(b"vary", b"origin")
        if not origins:
            return True
        if len(origins) > 1:
            return False
        if self._options is not None and admits(self._patterns, origins[0], null=self._options.allow_null_origin):
            request.setHeader(b"access-control-allow-origin", origins[0].encode("latin-1"))
            if self._options.allow_credentials:
                request.setHeader(b"access-control-allow-credentials", b"true")
            return True
        # Behind a proxy that speaks TLS the scheme is another one.
        host = next(iter(received(request, b"host")), "")
        return bool(host) and origins[0].lower().partition("://")[2] == host.lower()

    def tell_browser(self, request: Any, methods: Iterable[bytes]) -> None:
        """Answer what a browser asks before it lets a page of another origin send a request."""
        if self._options is None:
            return
        request.setHeader(b"access-control-allow-methods", b", ".join(methods))
        request.setHeader(b"access-control-allow-headers", b"authorization, content-type, last-event-id")
        request.setHeader(b"access-control-max-age", b"%d" % self._options.max_age)
