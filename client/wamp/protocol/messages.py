"""Every WAMP message as a struct, in the order of the specification's table of message codes.

A message is what the wire says and nothing else: the codec has checked its shape, so that whoever holds one may
trust the types written here. The application payload (``args``, ``kwargs``) stays in the bytes of the serializer
that it came in: ``ABSENT`` if the message has none. Basic profile, "Messages"; advanced profile, "Additional
Messages".
"""

from __future__ import annotations

import enum
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Raw

from wamp.protocol.ids import MAX_ID, Id

__all__ = [
    "ABSENT",
    "MESSAGES",
    "Abort",
    "Authenticate",
    "Call",
    "Cancel",
    "Challenge",
    "Error",
    "Event",
    "EventReceived",
    "Goodbye",
    "Hello",
    "Interrupt",
    "Invocation",
    "Message",
    "Publish",
    "Published",
    "Raw",
    "Register",
    "Registered",
    "Result",
    "Sender",
    "Subscribe",
    "Subscribed",
    "Unregister",
    "Unregistered",
    "Unsubscribe",
    "Unsubscribed",
    "Welcome",
    "Yield",
]

ABSENT = Raw(b"")
"""No payload. It is compared by identity: every message without a payload holds this object."""

Dict = dict[str, Any]

IdOrZero = Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]
"""The request of a revocation is 0: nobody asked for it."""


class Sender(enum.Flag):
    """Which end of a session may send a message."""

    CLIENT = enum.auto()
    ROUTER = enum.auto()
    BOTH = CLIENT | ROUTER


class Message(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """Base of all messages. On the wire it is a list whose first element is ``CODE``."""

    CODE: ClassVar[int]
    SENDER: ClassVar[Sender]


class Hello(Message, tag=1):
    SENDER = Sender.CLIENT
    realm: str
    details: Dict


class Welcome(Message, tag=2):
    SENDER = Sender.ROUTER
    session: Id
    details: Dict


class Abort(Message, tag=3):
    SENDER = Sender.BOTH
    details: Dict
    reason: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Challenge(Message, tag=4):
    SENDER = Sender.ROUTER
    method: str
    extra: Dict


class Authenticate(Message, tag=5):
    SENDER = Sender.CLIENT
    signature: str
    extra: Dict


class Goodbye(Message, tag=6):
    SENDER = Sender.BOTH
    details: Dict
    reason: str


class Error(Message, tag=8):
    SENDER = Sender.BOTH
    request_type: int
    request: Id
    details: Dict
    error: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Publish(Message, tag=16):
    SENDER = Sender.CLIENT
    request: Id
    options: Dict
    topic: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Published(Message, tag=17):
    SENDER = Sender.ROUTER
    request: Id
    publication: Id


class Subscribe(Message, tag=32):
    SENDER = Sender.CLIENT
    request: Id
    options: Dict
    topic: str


class Subscribed(Message, tag=33):
    SENDER = Sender.ROUTER
    request: Id
    subscription: Id


class Unsubscribe(Message, tag=34):
    SENDER = Sender.CLIENT
    request: Id
    subscription: Id


class Unsubscribed(Message, tag=35):
    """``request`` is 0 and ``details`` are given where the router revokes a subscription."""

    SENDER = Sender.ROUTER
    request: IdOrZero
    details: Dict = {}


class Event(Message, tag=36):
    SENDER = Sender.ROUTER
    subscription: Id
    publication: Id
    details: Dict
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Call(Message, tag=48):
    SENDER = Sender.CLIENT
    request: Id
    options: Dict
    procedure: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Cancel(Message, tag=49):
    SENDER = Sender.CLIENT
    request: Id
    options: Dict


class Result(Message, tag=50):
    SENDER = Sender.ROUTER
    request: Id
    details: Dict
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Register(Message, tag=64):
    SENDER = Sender.CLIENT
    request: Id
    options: Dict
    procedure: str


class Registered(Message, tag=65):
    SENDER = Sender.ROUTER
    request: Id
    registration: Id


class Unregister(Message, tag=66):
    SENDER = Sender.CLIENT
    request: Id
    registration: Id


class Unregistered(Message, tag=67):
    """``request`` is 0 and ``details`` are given where the router revokes a registration."""

    SENDER = Sender.ROUTER
    request: IdOrZero
    details: Dict = {}


class Invocation(Message, tag=68):
    SENDER = Sender.ROUTER
    request: Id
    registration: Id
    details: Dict
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Interrupt(Message, tag=69):
    SENDER = Sender.ROUTER
    request: Id
    options: Dict


class Yield(Message, tag=70):
    SENDER = Sender.CLIENT
    request: Id
    options: Dict
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class EventReceived(Message, tag=337):
    """Acknowledges an event to the router (``x_acknowledged_event_delivery``); it has no answer."""

    SENDER = Sender.CLIENT
    publication: Id


MESSAGES: dict[int, type[Message]] = {}
"""Message code -> struct."""

for _message in Message.__subclasses__():
    _tag = _message.__struct_config__.tag
    assert isinstance(_tag, int)
    _message.CODE = _tag
    MESSAGES[_tag] = _message
