"""The headers of every answer, whatever answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twisted.web.http_headers import Headers

__all__ = ["AnswerHeaders", "received"]

# Why each of them: see `headers` in `wamprouter.config.web`, which documents them for operators.
_DEFAULTS: Final = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"SAMEORIGIN",
    b"referrer-policy": b"strict-origin-when-cross-origin",
}


def received(request: Any, name: bytes) -> list[str]:
    """Return the values of a header as text, whatever bytes they are: Twisted would raise for what is not UTF-8."""
    return [value.decode("latin-1") for value in request.requestHeaders.getRawHeaders(name, ())]


class AnswerHeaders:
    """Our defaults, changed by what the operator has chosen."""

    def __init__(self, chosen: Mapping[str, str | None], *, hsts: int | None = None, server: str | None = None) -> None:
        """Use ``hsts`` for the seconds to come back with TLS only, ``server`` for the name to give; None leaves them out."""
        self._server = server
        wanted: dict[bytes, bytes | None] = dict(_DEFAULTS)
        if hsts is not None:
            wanted[b"strict-transport-security"] = b"max-age=%d" % hsts
        for name, value in chosen.items():
            wanted[name.lower().encode()] = None if value is None else value.encode()
        self._values = {name: value for name, value in wanted.items() if value is not None}

    def apply(self, headers: Headers) -> None:
        """Set them, in place of what the answer says itself. Twisted's own name and version never leave."""
        if self._server is None:
            headers.removeHeader(b"server")
        else:
            headers.setRawHeaders(b"server", [self._server.encode()])
        for name, value in self._values.items():
            headers.setRawHeaders(name, [value])
