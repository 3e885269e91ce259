"""The cookie that the WebSocket handshake sets, by which a browser is known when it comes again (RFC 6265)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from wamprouter.config import Cookie

__all__ = ["HandshakeCookies"]

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LONGEST: Final = 64  # characters of a value that could be ours


class HandshakeCookies:
    """Finds or makes the cookie of one service. ``is_known`` tells whether a value stands for an authentication."""

    def __init__(self, cookie: Cookie, is_known: Callable[[str], bool]) -> None:
        self._cookie = cookie
        self._is_known = is_known

    def present(self, header: str, *, is_secure: bool) -> tuple[str, str | None]:
        """Return the value for a connection whose Cookie header is this, and the Set-Cookie header if it is a new one."""
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            value = value.strip('"')
            if name == self._cookie.name and 0 < len(value) <= _LONGEST and self._is_known(value):
                return value, None
        value = "".join(secrets.choice(_ALPHABET) for _ in range(self._cookie.length))
        return value, self._header(value, is_secure=is_secure)

    def _header(self, value: str, *, is_secure: bool) -> str:
        cookie = self._cookie
        parts = [f"{cookie.name}={value}", "Path=/", f"Max-Age={cookie.max_age}"]
        parts.append(f"SameSite={cookie.same_site.capitalize()}")
        if cookie.http_strict:
            parts.append("HttpOnly")
        if is_secure if cookie.secure is None else cookie.secure:
            parts.append("Secure")
        return "; ".join(parts)
