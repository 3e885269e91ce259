"""Signatures of requests: who has the secret can tell that a request is ours, is whole, and is not an old one."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

__all__ = ["signatures"]


def signatures(secret: str, timestamp: int, method: str, url: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the headers that sign a request; ``timestamp`` is in seconds since 1970.

    ``X-Hub-Signature-256`` is that of GitHub, which covers the body alone. ``X-Wamp-Signature`` covers this text, lines
    separated by a line feed: the timestamp, the method, the URL, and the body.
    """
    signed = f"{timestamp}\n{method}\n{url}\n".encode() + body
    yield "X-Hub-Signature-256", _mac(secret, body)
    yield "X-Wamp-Timestamp", str(timestamp)
    yield "X-Wamp-Signature", _mac(secret, signed)


def _mac(secret: str, data: bytes) -> str:
    return f"sha256={hmac.digest(secret.encode(), data, 'sha256').hex()}"
