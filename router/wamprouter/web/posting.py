"""Publish an event or call a procedure with a POST of JSON: the paths ``publisher`` and ``caller``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from wamp.protocol.errors import AuthenticationFailed, Unavailable
from wamp.protocol.ids import Id
from wamp.protocol.serializers import TranscodingError
from wamprouter.web.bridge import Answering, tell_error
from wamprouter.web.exchange import BadRequest, Exchange, body_of, json_body
from wamprouter.web.signing import Full, Refused, Seen, Signature
from wamprouter.web.statuses import status_of
from wamprouter.web.visitors import packed

if TYPE_CHECKING:
    from wamprouter import config
    from wamprouter.web.visitors import Entrance, Outcome

__all__ = ["Caller", "Publisher"]

OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)


class _PublishOptions(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The options of a publication that make sense for one who is not in the realm for long."""

    acknowledge: bool = True
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


class _CallOptions(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The options of a call that make sense for one who waits for one result."""

    timeout: int = 0
    disclose_me: bool = False
    rkey: str | int | None = None
    runmode: str | None = None


class _Payload(msgspec.Struct, Generic[OptionsT], forbid_unknown_fields=True, kw_only=True):
    args: list[Any] | None = None
    kwargs: dict[str, Any] | None = None
    options: OptionsT | None = None


class _Publication(_Payload[_PublishOptions]):
    topic: str


class _Procedure(_Payload[_CallOptions]):
    procedure: str


PayloadT = TypeVar("PayloadT", _Publication, _Procedure)


class _Posting(Answering):
    """What takes JSON, signed where the configuration has a secret."""

    methods = (b"POST", b"PUT")

    def __init__(
        self, entrance: Entrance, options: config.SignedOptions, seen: Seen, wall_clock: Callable[[], float]
    ) -> None:
        """``seen`` is what is remembered of signed requests; ``wall_clock`` returns seconds since 1970."""
        super().__init__(entrance, options)
        self._seen = seen
        self._wall_clock = wall_clock
        self._signature: Signature | None = None
        if options.key is not None and options.secret is not None:
            self._signature = Signature(
                options.key,
                options.secret.reveal(),
                tolerance=options.timestamp_delta_limit,
                most=options.max_remembered,
            )

    def read(self, request: Any, kind: type[PayloadT]) -> PayloadT:
        """Return what a body says, once its signature is right; raise BadRequest."""
        body = body_of(request)
        self._check_signature(request, body)
        value = json_body(request, body)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise BadRequest(f"the body is not as expected: {error}") from None

    def _check_signature(self, request: Any, body: bytes) -> None:
        if self._signature is None:
            return
        try:
            self._signature.check(request.args, body, self._seen, self._wall_clock())
        except Refused as refusal:
            if refusal.status == 401:
                request.setHeader(b"www-authenticate", b"HMAC-SHA256")
            raise BadRequest(str(refusal), refusal.status, AuthenticationFailed.uri) from None
        except Full as problem:
            request.setHeader(b"retry-after", b"10")
            raise BadRequest(str(problem), 503, Unavailable.uri) from None


class Publisher(_Posting):
    """``{"topic": …, "args": […], "kwargs": {…}, "options": {…}}`` becomes an event; the answer is its id."""

    def carry_out(self, request: Any, exchange: Exchange) -> None:
        wanted = self.read(request, _Publication)
        options = msgspec.to_builtins(wanted.options) if wanted.options is not None else {}

        def answer(outcome: Outcome) -> None:
            if outcome.error is None:
                exchange.json(200, {"id": outcome.id})
            else:
                tell_error(exchange, outcome)

        payload = packed(wanted.args or [], wanted.kwargs or {})
        self.wait(exchange, self.entrance.shared.publish(wanted.topic, payload, options, answer, timeout=self.timeout))


class Caller(_Posting):
    """``{"procedure": …, "args": […], "kwargs": {…}, "options": {…}}`` becomes a call; the answer is its whole result."""

    def __init__(
        self, entrance: Entrance, options: config.CallerOptions, seen: Seen, wall_clock: Callable[[], float]
    ) -> None:
        super().__init__(entrance, options, seen, wall_clock)
        self._error_status = options.error_status

    def carry_out(self, request: Any, exchange: Exchange) -> None:
        wanted = self.read(request, _Procedure)
        options = msgspec.to_builtins(wanted.options) if wanted.options is not None else {}

        def answer(outcome: Outcome) -> None:
            if outcome.error is not None:
                tell_error(exchange, outcome, status_of(outcome.error, application=self._error_status))
                return
            try:
                exchange.json(200, {"args": outcome.args, "kwargs": outcome.kwargs})
            except TranscodingError as problem:
                exchange.refuse(500, "wamp.error.invalid_payload", f"JSON has no form for the result: {problem}")

        payload = packed(wanted.args or [], wanted.kwargs or {})
        self.wait(exchange, self.entrance.shared.call(wanted.procedure, payload, options, answer, timeout=self.timeout))
