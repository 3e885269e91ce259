"""From the shared options to a session."""

from __future__ import annotations

import os
import ssl
from typing import Any

from wamp.asyncio.connecting import Connecting, connect
from wamp.urls import parse_url
from wamprouter.cli.login import authenticators
from wamprouter.cli.options import Connection

__all__ = ["arguments_of_connect", "connect", "connecting", "tls_context"]


def connecting(where: Connection, **more: Any) -> Connecting:
    """Return what connects; raise ValueError for options that contradict each other, and for files."""
    return connect(**arguments_of_connect(where), **more)


def arguments_of_connect(where: Connection, *, may_ask: bool = True) -> dict[str, Any]:
    """Return the arguments of ``wamp.asyncio.connect`` that the options stand for; raise as ``connecting`` does.

    A secret that is nowhere is asked for at the terminal, if ``may_ask``.
    """
    return {
        "url": where.url,
        "realm": where.realm,
        "wait": where.wait or 0.0,
        "serializers": [where.serializer] if where.serializer else None,
        "tls": tls_context(where),
        "auth": authenticators(where, os.environ, may_ask=may_ask),
    }


def tls_context(where: Connection) -> ssl.SSLContext | None:
    """Return what checks the router's certificate, unless the platform's authorities are right and we have none of our own."""
    if where.cert_key is not None and where.cert is None:
        raise ValueError("--cert-key without --cert")
    if where.ca is None and where.cert is None:
        return None
    if not parse_url(where.url).is_secure:
        raise ValueError(f"--ca and --cert are for TLS, and {where.url} is without it: use wss:// or rss://")
    try:
        context = ssl.create_default_context(cafile=where.ca)
    except OSError as error:  # an SSLError is one
        raise ValueError(f"{where.ca}: {_reason(error)}") from None
    if where.cert is not None:
        try:
            context.load_cert_chain(where.cert, where.cert_key)
        except OSError as error:
            raise ValueError(f"{where.cert}: {_reason(error)}") from None
    return context


def _reason(error: OSError) -> str:
    return (
        "no certificate or key that can be used"
        if isinstance(error, ssl.SSLError)
        else f"cannot be read: {error.strerror}"
    )
