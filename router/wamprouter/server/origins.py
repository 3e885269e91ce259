"""Which web pages may connect: the patterns of ``allowed_origins`` as what Autobahn compares origins with.

An origin is a scheme, a host and a port (RFC 6454). Autobahn writes each with its port, ``https://app.example.com:443``, and a
browser leaves out the one that belongs to the scheme. So a pattern without a port means that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

__all__ = ["admits", "origin_patterns"]

_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_PORT: Final = re.compile(r":(\d+|\*)$")


def origin_patterns(allowed: Iterable[str]) -> list[re.Pattern[str]]:
    """Return a pattern for each entry. ``*`` stands for any text; without a scheme or a port of its own, for any of them."""
    return [_pattern(entry) for entry in allowed]


def _pattern(entry: str) -> re.Pattern[str]:
    scheme, separator, rest = entry.rstrip("/").partition("://")
    if not separator:
        scheme, rest = "*", scheme
    port = _PORT.search(rest)
    host = rest[: port.start()] if port else rest
    number = port[1] if port else _DEFAULT_PORTS.get(scheme.lower(), "*")
    # Autobahn writes an IPv6 address without its brackets.
    host = host.removeprefix("[").removesuffix("]")
    return re.compile(f"{_wild(scheme.lower())}://{_wild(host.lower())}:{_wild(number)}\\Z")


def _wild(text: str) -> str:
    return ".*".join(re.escape(part) for part in text.split("*"))


def admits(patterns: Iterable[re.Pattern[str]], origin: str, *, null: bool) -> bool:
    """Tell whether a page of an origin may connect, as its browser names it; ``null`` for those that have none."""
    if origin.lower() == "null" or origin.lower().startswith("file:"):  # Chrome's name for a local file
        return null
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False
    written = f"{parts.scheme}://{parts.hostname}:{port}"  # as Autobahn writes it
    return parts.hostname is not None and any(pattern.match(written) for pattern in patterns)
