"""The dealer: procedures, registrations and calls (basic profile, "Remote Procedure Calls").

Every call that is accepted is answered exactly once, whoever leaves in the meantime: by the callee's RESULT or ERROR, by
an ERROR of ours when the callee leaves or cannot be reached, or not at all if the caller itself is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import (
    Canceled,
    NoSuchProcedure,
    NoSuchRegistration,
    ProcedureAlreadyExists,
    ProtocolViolation,
    RequestError,
)
from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    Interrupt,
    Invocation,
    Register,
    Registered,
    Result,
    Unregister,
    Unregistered,
    Yield,
)
from wamp.protocol.options import CallOptions, CancelOptions, RegisterOptions, YieldOptions, read
from wamp.protocol.uris import Match, is_reserved
from wamprouter.realm import facts
from wamprouter.realm.calls import CallState, InFlight, invocation_of
from wamprouter.realm.delivery import Delivery, refusal
from wamprouter.realm.patterns import PatternIndex

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["FEATURES", "Dealer", "Registration"]

FEATURES: Final = (
    "call_canceling",
    "pattern_based_registration",
    "progressive_call_results",
)
"""What the dealer announces: exactly what works."""

_CANCELING: Final = "callee.call_canceling"
_PROGRESSIVE: Final = "callee.progressive_call_results"


class Registration:
    """A procedure, or a pattern of procedures, and who implements it."""

    __slots__ = ("callee", "id", "match", "procedure")

    def __init__(self, registration_id: int, procedure: str, match: Match, callee: Session) -> None:
        self.id = registration_id
        self.procedure = procedure
        self.match = match
        self.callee = callee


class Dealer:
    """All registrations and calls of a realm. Sessions may only send here what they were authorized for."""

    def __init__(self, *, ids: Iterator[int], tell: facts.Tell) -> None:
        self._ids = ids
        self._tell = tell
        self._index: PatternIndex[Registration] = PatternIndex()
        self.invocations = 0
        """How many calls were handed to a callee."""

    # -- registrations

    def register(self, session: Session, message: Register) -> list[Delivery]:
        """Register a procedure; raise ProcedureAlreadyExists if the realm has one of that URI and match."""
        match = read(RegisterOptions, message.options).match if message.options else Match.EXACT
        if self._index.get(message.procedure, match) is not None:
            raise ProcedureAlreadyExists(f"procedure {message.procedure} is already registered")
        registration = Registration(next(self._ids), message.procedure, match, session)
        self._index.add(message.procedure, match, registration)
        session.registrations[registration.id] = registration
        self._tell(facts.RegistrationCreated(session, registration))
        self._tell(facts.Registered(session, registration))
        return [Delivery(Registered(message.request, registration.id), (session,))]

    def unregister(self, session: Session, message: Unregister) -> list[Delivery]:
        """End a registration; raise NoSuchRegistration for an id that the session does not hold.

        Invocations that are already with the callee go on and are answered.
        """
        registration = session.registrations.get(message.registration)
        if registration is None:
            raise NoSuchRegistration(f"no registration {message.registration} of this session")
        self._remove(session, registration)
        return [Delivery(Unregistered(message.request), (session,))]

    def _remove(self, session: Session, registration: Registration) -> None:
        self._index.discard(registration.procedure, registration.match)
        del session.registrations[registration.id]
        self._tell(facts.Unregistered(session, registration))
        self._tell(facts.RegistrationDeleted(session, registration))

    # -- calls

    def call(self, caller: Session, message: Call) -> list[Delivery]:
        """Hand a call to the callee of the best matching registration; raise NoSuchProcedure if there is none."""
        if message.request in caller.calls:
            raise ProtocolViolation(f"CALL {message.request} is still in flight")
        registration = self._index.best(message.procedure)
        # A pattern must not catch calls to the router's own procedures.
        if registration is None or (registration.match is not Match.EXACT and is_reserved(message.procedure)):
            raise NoSuchProcedure(f"no callee has registered procedure {message.procedure}")
        callee = registration.callee
        details: dict[str, Any] = {} if registration.match is Match.EXACT else {"procedure": message.procedure}
        receive_progress = bool(message.options) and self._wants_progress(message, callee)
        if receive_progress:
            details["receive_progress"] = True
        invocation = next(callee.invocation_ids)
        InFlight(caller, message.request, callee, invocation, registration, receive_progress=receive_progress)
        self.invocations += 1
        request = Invocation(invocation, registration.id, details, message.args, message.kwargs)
        return [Delivery(request, (callee,), caller.codec)]

    @staticmethod
    def _wants_progress(message: Call, callee: Session) -> bool:
        """Tell whether to ask the callee for progressive results.

        It must know them and must be interruptible, else nobody could stop it when the caller leaves (advanced
        profile, "Progressive Call Results").
        """
        wanted = read(CallOptions, message.options).receive_progress
        return wanted and _PROGRESSIVE in callee.features and _CANCELING in callee.features

    def yield_(self, callee: Session, message: Yield) -> list[Delivery]:
        """Hand a result to the caller; a progressive one leaves the call open."""
        call = invocation_of(callee, message.request)
        if call is None:
            return []
        if message.options and read(YieldOptions, message.options).progress:
            return self._progress(call, message)
        is_awaited = call.state is not CallState.ABANDONED
        call.finish()
        if not is_awaited:
            return []
        return [Delivery(Result(call.request, {}, message.args, message.kwargs), (call.caller,), callee.codec)]

    @staticmethod
    def _progress(call: InFlight, message: Yield) -> list[Delivery]:
        """Hand on a progressive result, if it was asked for and nobody has cancelled the call."""
        if not call.receive_progress or call.state not in (CallState.CALLED, CallState.PROGRESSING):
            return []
        call.state = CallState.PROGRESSING
        result = Result(call.request, {"progress": True}, message.args, message.kwargs)
        return [Delivery(result, (call.caller,), call.callee.codec)]

    def error(self, callee: Session, message: Error) -> list[Delivery]:
        """Hand a callee's error to the caller; raise ProtocolViolation if it answers no invocation."""
        if message.request_type != Invocation.CODE:
            raise ProtocolViolation(f"a client sends ERROR for INVOCATION only, not for {message.request_type}")
        call = invocation_of(callee, message.request)
        if call is None:
            return []
        is_awaited = call.state is not CallState.ABANDONED
        call.finish()
        if not is_awaited:
            return []
        error = Error(Call.CODE, call.request, {}, message.error, message.args, message.kwargs)
        return [Delivery(error, (call.caller,), callee.codec)]

    def cancel(self, caller: Session, message: Cancel) -> list[Delivery]:
        """Cancel a call (advanced profile, "Call Canceling"); one that is already answered is left alone."""
        call = caller.calls.get(message.request)
        if call is None or call.state is CallState.CANCELLING:
            return []
        mode = read(CancelOptions, message.options).mode or "killnowait"
        can_interrupt = _CANCELING in call.callee.features
        deliveries = []
        if mode != "skip" and can_interrupt:
            deliveries.append(Delivery(Interrupt(call.invocation, {"mode": mode}), (call.callee,)))
        if mode == "kill" and can_interrupt:
            call.state = CallState.CANCELLING
            return deliveries
        call.answer_caller()
        return [*deliveries, refusal(caller, Call.CODE, call.request, Canceled("the call was cancelled"))]

    def undeliverable(self, callee: Session, invocation: int, error: RequestError) -> list[Delivery]:
        """Answer the caller of an invocation that could not be handed to its callee."""
        call = callee.invocations.get(invocation)
        if call is None:
            return []
        is_awaited = call.state is not CallState.ABANDONED
        call.finish()
        return [refusal(call.caller, Call.CODE, call.request, error)] if is_awaited else []

    @staticmethod
    def unanswerable(caller: Session, request: int, error: RequestError) -> list[Delivery]:
        """Give a caller an error in place of a result, or of an error, that cannot be handed to it."""
        call = caller.calls.get(request)
        stop = [] if call is None else _give_up(call)  # there is one if the result was a progressive one
        return [*stop, refusal(caller, Call.CODE, request, error)]

    def detach(self, session: Session) -> list[Delivery]:
        """Forget a session that has left; answer who waits for it and interrupt who works for it."""
        for registration in list(session.registrations.values()):
            self._remove(session, registration)
        deliveries = []
        for call in list(session.invocations.values()):
            is_awaited = call.state is not CallState.ABANDONED and call.caller is not session
            call.finish()
            if is_awaited:
                gone = Canceled("the callee has left")
                deliveries.append(refusal(call.caller, Call.CODE, call.request, gone))
        for call in list(session.calls.values()):
            deliveries += _give_up(call)
        return deliveries


def _give_up(call: InFlight) -> list[Delivery]:
    """Leave a call that nobody waits for any more; tell the callee to stop, if it can and was not told before."""
    is_told = call.state is CallState.CANCELLING
    call.answer_caller()
    if is_told or _CANCELING not in call.callee.features:
        return []
    return [Delivery(Interrupt(call.invocation, {"mode": "killnowait"}), (call.callee,))]
