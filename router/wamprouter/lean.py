"""What Twisted and Autobahn import for TLS and for WAMP clients, left until something needs it.

OpenSSL with what belongs to it, and Autobahn's own WAMP, take 12 of the 74 MB that a router takes otherwise, and a fifth of the
time that it takes to start. A router that serves WebSocket and RawSocket without TLS, and runs nobody's code, has no use
for them: Twisted does without OpenSSL where that is not installed, and so it does where it cannot see it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from pydantic import BaseModel

from wamprouter import config as configuration

__all__ = ["is_enough", "make_whole", "spare"]

_OPENSSL: Final = "OpenSSL"
_CLIENTS: Final = "autobahn.twisted.wamp"

_DEMANDING: Final = (
    configuration.Tls,
    configuration.ClassComponent,
    configuration.FunctionComponent,
    configuration.Function,
    configuration.HttpComponent,
    configuration.ReverseProxyPath,
    configuration.WsgiPath,
    configuration.ResourcePath,
)
"""What has TLS, connects elsewhere or runs somebody's code, which may do both."""


def is_enough(config: configuration.NodeConfig) -> bool:
    """Tell whether a router with this configuration does without TLS."""
    return not any(isinstance(part, _DEMANDING) for part in _parts(config))


def _parts(node: object) -> Iterator[BaseModel]:
    """Yield every part of a configuration."""
    if isinstance(node, BaseModel):
        yield node
        for name in type(node).model_fields:
            yield from _parts(getattr(node, name))
    elif isinstance(node, dict):
        for value in node.values():
            yield from _parts(value)
    elif isinstance(node, tuple):
        for value in node:
            yield from _parts(value)


def spare() -> None:
    """Keep Twisted from importing OpenSSL, and Autobahn from importing its clients; in vain where that has happened."""
    if _OPENSSL in sys.modules or "autobahn" in sys.modules:
        return
    sys.modules[_OPENSSL] = None  # type: ignore[assignment]  # that is how Python says that there is no such module
    stand_in: Any = ModuleType(_CLIENTS)
    stand_in.ApplicationSession = object
    sys.modules[_CLIENTS] = stand_in
    import autobahn.twisted

    # From here on whoever asks gets the real ones.
    del sys.modules[_CLIENTS], autobahn.twisted.ApplicationSession
    autobahn.twisted.__getattr__ = _client  # type: ignore[method-assign]


def _client(name: str) -> Any:
    if name != "ApplicationSession":
        raise AttributeError(f"module 'autobahn.twisted' has no attribute {name!r}")
    return importlib.import_module(_CLIENTS).ApplicationSession


def make_whole() -> None:
    """Let Twisted have OpenSSL after all, for a configuration that is not enough any more."""
    if sys.modules.get(_OPENSSL, ...) is not None:
        return
    del sys.modules[_OPENSSL]
    # These have noted at their import that there is none. Connections that are open keep what they are.
    from autobahn.twisted import util, websocket
    from twisted.internet import endpoints, interfaces, posixbase, ssl
    from twisted.protocols import tls
    from zope.interface import classImplements

    reactor: Any = posixbase
    reactor.ssl, reactor.tls = ssl, tls
    classImplements(posixbase.PosixReactorBase, interfaces.IReactorSSL)
    importlib.reload(endpoints)
    importlib.reload(util)
    for name in ("extract_peer_certificate", "transport_channel_id"):
        setattr(websocket, name, getattr(util, name))
