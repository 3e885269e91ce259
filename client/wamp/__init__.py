"""WAMP client library: what an application imports.

``wamp.twisted`` and ``wamp.asyncio`` hold the sessions of their event loops. Here are the decorators, types and exceptions that do not depend on
an event loop; importing this package loads none.
"""

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

__all__ = [
    "App",
    "ApplicationError",
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
    "error",
    "register",
    "subscribe",
]
