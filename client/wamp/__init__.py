"""WAMP client library: what an application imports.

``wamp.twisted`` and ``wamp.asyncio`` hold the sessions of their event loops. Here are the decorators, types and exceptions that do not depend on
an event loop; importing this package loads none. ``connect``, whose session has an event loop of its own, is loaded when it is asked for.
"""

from typing import TYPE_CHECKING, Any

from wamp.app import App
from wamp.decorators import error, register, subscribe
from wamp.exception import (
    ApplicationError,
    BufferFull,
    CallTimeout,
    Error,
    InvalidUri,
    ProtocolError,
    SerializationError,
    SessionNotReady,
    TransportLost,
)
from wamp.types import (
    CallDetails,
    CallOptions,
    CallResult,
    Challenge,
    CloseDetails,
    ComponentConfig,
    EventDetails,
    PublishOptions,
    RegisterOptions,
    SessionDetails,
    SubscribeOptions,
)

if TYPE_CHECKING:
    from wamp.blocking import BlockingSession, connect

__all__ = [
    "App",
    "ApplicationError",
    "BlockingSession",
    "BufferFull",
    "CallDetails",
    "CallOptions",
    "CallResult",
    "CallTimeout",
    "Challenge",
    "CloseDetails",
    "ComponentConfig",
    "Error",
    "EventDetails",
    "InvalidUri",
    "ProtocolError",
    "PublishOptions",
    "RegisterOptions",
    "SerializationError",
    "SessionDetails",
    "SessionNotReady",
    "SubscribeOptions",
    "TransportLost",
    "connect",
    "error",
    "register",
    "subscribe",
]


def __getattr__(name: str) -> Any:
    if name not in ("BlockingSession", "connect"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wamp import blocking

    return getattr(blocking, name)
