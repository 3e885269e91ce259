"""Options and details that the protocol gives a meaning, as typed structs.

A message keeps its options as the dictionary that the wire had, unknown keys included, because most messages have
none and nobody should pay for them. The codec has checked a non-empty one against the struct named here, so that
``read`` cannot fail later. A value of ``null`` (or JavaScript's ``undefined``) counts as absent: the codec has
removed such keys.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from wamp.protocol.ids import Id
from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    Event,
    Goodbye,
    Hello,
    Interrupt,
    Invocation,
    Message,
    Publish,
    Register,
    Result,
    Subscribe,
    Welcome,
    Yield,
)
from wamp.protocol.uris import MAX_LENGTH, Match

__all__ = [
    "OPTIONS",
    "CallOptions",
    "CancelMode",
    "CancelOptions",
    "EventDetails",
    "ForwardedFor",
    "HelloDetails",
    "InvocationDetails",
    "InvokePolicy",
    "PayloadOptions",
    "PublishOptions",
    "RegisterOptions",
    "ResultDetails",
    "SubscribeOptions",
    "YieldOptions",
    "read",
]

InvokePolicy = Literal["single", "first", "last", "roundrobin", "random"]
CancelMode = Literal["skip", "kill", "killnowait"]
_EncryptionAlgorithm = Annotated[str, msgspec.Meta(pattern="^(cryptobox|mqtt|xbr|x_[a-z][0-9a-z_]+)$")]
"""Those that every Autobahn client knows, and an application's own."""


class _Options(msgspec.Struct, omit_defaults=True, gc=False):
    """Base: unknown keys are ignored (basic profile, "Extensibility")."""


class ForwardedFor(_Options):
    """One hop of a router-to-router link."""

    session: Id
    authid: str | None = None
    authrole: str | None = None


class PayloadOptions(_Options):
    """What describes a payload that the router must not look into (advanced profile, "Payload Passthru Mode").

    ``enc_*`` is the older form that Autobahn's clients send.
    """

    ppt_scheme: str | None = None
    ppt_serializer: str | None = None
    ppt_cipher: str | None = None
    ppt_keyid: str | None = None
    enc_algo: _EncryptionAlgorithm | None = None
    enc_serializer: str | None = None
    enc_key: str | None = None
    transaction_hash: str | None = None
    forward_for: list[ForwardedFor] = []


class HelloDetails(_Options):
    roles: dict[str, dict[str, Any]] = {}
    agent: str | None = None
    authmethods: list[str] = []
    authid: str | None = None
    authrole: str | None = None
    authextra: dict[str, Any] = {}


class GoodbyeDetails(_Options):
    message: str | None = None


class PublishOptions(PayloadOptions):
    acknowledge: bool = False
    exclude_me: bool = True
    exclude: list[Id] | None = None
    exclude_authid: list[str] | None = None
    exclude_authrole: list[str] | None = None
    eligible: list[Id] | None = None
    eligible_authid: list[str] | None = None
    eligible_authrole: list[str] | None = None
    retain: bool = False
    disclose_me: bool = False
    rkey: str | None = None


class SubscribeOptions(_Options):
    match: Match = Match.EXACT
    get_retained: bool = False
    nkey: Annotated[str, msgspec.Meta(max_length=MAX_LENGTH)] | None = None
    x_acknowledged_delivery: bool = False
    forward_for: list[ForwardedFor] = []


class EventDetails(PayloadOptions):
    publisher: Id | None = None
    publisher_authid: str | None = None
    publisher_authrole: str | None = None
    topic: str | None = None
    retained: bool = False
    trustlevel: int | None = None
    x_acknowledged_delivery: bool = False


class CallOptions(PayloadOptions):
    timeout: int = 0
    forward_timeout: bool = False
    receive_progress: bool = False
    progress: bool = False
    disclose_me: bool = False
    runmode: str | None = None
    rkey: str | int | None = None


class CancelOptions(_Options):
    mode: CancelMode | None = None
    reason: str | None = None
    forward_for: list[ForwardedFor] = []


class ResultDetails(PayloadOptions):
    progress: bool = False
    callee: Id | None = None
    callee_authid: str | None = None
    callee_authrole: str | None = None


class RegisterOptions(_Options):
    match: Match = Match.EXACT
    invoke: InvokePolicy = "single"
    concurrency: int | None = None
    force_reregister: bool = False
    forward_timeout: bool = False
    disclose_caller: bool = False
    forward_for: list[ForwardedFor] = []


class InvocationDetails(PayloadOptions):
    procedure: str | None = None
    timeout: int = 0
    receive_progress: bool = False
    progress: bool = False
    caller: Id | None = None
    caller_authid: str | None = None
    caller_authrole: str | None = None
    trustlevel: int | None = None


class YieldOptions(PayloadOptions):
    progress: bool = False


class ErrorDetails(PayloadOptions):
    callee: Id | None = None
    callee_authid: str | None = None
    callee_authrole: str | None = None


OPTIONS: dict[type[Message], type[_Options]] = {
    Hello: HelloDetails,
    Welcome: _Options,
    Goodbye: GoodbyeDetails,
    Error: ErrorDetails,
    Publish: PublishOptions,
    Subscribe: SubscribeOptions,
    Event: EventDetails,
    Call: CallOptions,
    Cancel: CancelOptions,
    Result: ResultDetails,
    Register: RegisterOptions,
    Invocation: InvocationDetails,
    Interrupt: CancelOptions,
    Yield: YieldOptions,
}
"""Message -> what its options or details must look like."""

_T = TypeVar("_T", bound=_Options)


def read(kind: type[_T], options: dict[str, Any]) -> _T:
    """Return the typed form of a message's options; absent ones have their default."""
    return msgspec.convert(options, kind)
