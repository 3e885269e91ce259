"""The dealer: calls and their answers (basic profile, "Remote Procedure Calls").

Every call that is accepted is answered exactly once, whoever leaves in the meantime: by the callee's RESULT or ERROR, by
an ERROR of ours when the callee leaves, is late or cannot be reached, or not at all if the caller is gone, or has
cancelled and is known to hear nothing more of that.

``wamprouter.realm.registrations`` has the procedures, ``wamprouter.realm.calls`` the states of a call,
``wamprouter.realm.invocations`` what its options mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import (
    CallTimeout,
    Canceled,
    FeatureNotSupported,
    InvalidArgument,
    LimitExceeded,
    NoAvailableCallee,
    NoSuchProcedure,
    ProtocolViolation,
    RequestError,
    Unavailable,
)
from wamp.protocol.messages import Call, Cancel, Error, Interrupt, Invocation, Register, Result, Unregister, Yield
from wamp.protocol.options import CallOptions, CancelOptions, read
from wamp.protocol.uris import Match, is_reserved
from wamprouter.realm import facts, passthru
from wamprouter.realm.calls import CallState, InFlight, Plan, invocation_of, is_over
from wamprouter.realm.deadlines import Deadlines
from wamprouter.realm.delivery import Delivery, refusal
from wamprouter.realm.invocations import CANCELING, details_of, key_of, needs_of, timeouts
from wamprouter.realm.policies import Choose
from wamprouter.realm.registrations import REROUTING, Registration, Registrations
from wamprouter.realm.settings import Settings

if TYPE_CHECKING:
    from wamprouter.session import Session
    from wamprouter.statistics.tally import Tally

__all__ = ["FEATURES", "Dealer", "Registration"]

FEATURES: Final = (
    "call_canceling",
    "call_reroute",
    "call_timeout",
    "call_trustlevels",
    "caller_identification",
    "pattern_based_registration",
    "payload_passthru_mode",
    "progressive_call_invocations",
    "progressive_call_results",
    "registration_revocation",
    "sharded_registration",
    "shared_registration",
)
"""What the dealer announces: exactly what works."""

_DEFAULT_OPTIONS: Final = CallOptions()


class Dealer:
    """All calls of a realm. Sessions may only send here what they were authorized for."""

    def __init__(
        self,
        *,
        ids: Iterator[int],
        tell: facts.Tell,
        tally: Tally,
        settings: Settings,
        now: Callable[[], float],
        wall_clock: Callable[[], float],
        choose: Choose,
        wake: Callable[[float], None],
    ) -> None:
        """``now`` is in seconds and never goes back, ``wall_clock`` is in seconds since 1970.

        ``wake`` is told when ``expire`` must be called earlier than it was known to be.
        """
        self._now = now
        self._choose = choose
        self._wake = wake
        self._registrations = Registrations(ids=ids, tell=tell, tally=tally, wall_clock=wall_clock)
        self._index = self._registrations.index  # asked for every call
        self._deadlines: Deadlines[InFlight] = Deadlines()
        self._tally = tally
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Take new settings. Calls in flight keep the time that they were given."""
        self._settings = settings
        self._registrations.limit = settings.max_registrations
        self._max_calls = settings.max_calls
        self._limits_time = settings.max_call_timeout > 0

    # -- registrations

    def register(self, session: Session, message: Register) -> list[Delivery]:
        """Register a procedure; raise ProcedureAlreadyExists if whoever has it does not share it."""
        return self._registrations.register(session, message)

    def unregister(self, session: Session, message: Unregister) -> list[Delivery]:
        """End a registration; raise NoSuchRegistration for an id that the session does not hold."""
        return self._registrations.unregister(session, message)

    def revoke(self, registration: Registration, callee: Session, reason: str) -> list[Delivery]:
        """Take a registration from one of its callees; return what it hears of that."""
        return self._registrations.revoke(registration, callee, reason)

    def lookup(self, procedure: str, match: Match) -> Registration | None:
        """Return the registration of exactly this procedure or pattern."""
        return self._index.get(procedure, match)

    def best(self, procedure: str) -> Registration | None:
        """Return the registration that a call to a procedure goes to."""
        registration = self._index.best(procedure)
        return registration if registration is not None and _is_for(registration, procedure) else None

    # -- calls

    def call(self, caller: Session, message: Call) -> list[Delivery]:
        """Hand a call to a callee of the best matching registration; raise NoSuchProcedure if there is none."""
        request = message.request
        calls = caller.calls
        if request in calls:
            return self._continue(calls[request], message)
        if caller.completed and is_over(caller, message):
            self._tally.calls_ignored += 1
            return []
        if len(calls) >= self._max_calls and not caller.is_own:
            raise LimitExceeded(f"a session has at most {self._max_calls} calls in flight")
        registration = self._index.best(message.procedure)
        if registration is None:
            raise _unknown(message)
        callee = registration.plain_callee
        if callee is None or message.options or self._limits_time or caller.role.trustlevel is not None:
            return self._call_with_care(caller, message, registration)
        invocation = next(callee.invocation_ids)
        InFlight(caller, request, callee, invocation, registration)
        self._tally.invoked += 1
        plain = Invocation(invocation, registration.id, {}, message.args, message.kwargs)
        return [Delivery(plain, (callee,), caller.codec)]

    def _call_with_care(self, caller: Session, message: Call, registration: Registration) -> list[Delivery]:
        if not _is_for(registration, message.procedure):
            raise _unknown(message)
        options = read(CallOptions, message.options) if message.options else _DEFAULT_OPTIONS
        if options.timeout < 0:
            raise InvalidArgument(f"a timeout is 0 or more, not {options.timeout}")
        needs = needs_of(caller, message, options)
        endpoint = registration.choose(needs, frozenset(), key_of(options), self._choose)
        if endpoint is None:
            raise _nobody(registration, message, needs)
        callee = endpoint.callee
        invocation = next(callee.invocation_ids)
        if not (message.options or endpoint.needs_plan or self._limits_time):
            details = details_of(caller, message, options, registration, endpoint)
            call = InFlight(caller, message.request, callee, invocation, registration)
        else:
            plan = Plan(message.procedure, options, needs, endpoint)
            details = self._arrange(plan, caller, message, registration)
            call = InFlight(caller, message.request, callee, invocation, registration, plan)
            if options.timeout or self._limits_time:
                plan.asked_at = self._now()
                self._limit(call, plan, plan.asked_at)
            if endpoint.reroutes:
                plan.message = message
        self._tally.invoked += 1
        return [_invocation(call, details, message)]

    def _arrange(self, plan: Plan, caller: Session, message: Call, registration: Registration) -> dict[str, Any]:
        """Work out what the planned endpoint is told, and how long it has; return the details of its INVOCATION."""
        details = plan.details = details_of(caller, message, plan.options, registration, plan.endpoint)
        if plan.options.timeout or self._limits_time:
            forwarded, plan.timeout = timeouts(plan.options, plan.endpoint, self._settings)
            if forwarded:
                details["timeout"] = forwarded
        return {**details, "progress": True} if plan.is_open else details

    def _continue(self, call: InFlight, message: Call) -> list[Delivery]:
        """Hand on the next part of a progressive call (advanced profile, "Progressive Call Invocations").

        Of its options only ``progress`` counts: the others are those of the first CALL.
        """
        plan = call.plan
        if plan is None or not call.goes_on_with(message):
            raise ProtocolViolation(f"CALL {message.request} is still in flight")
        if "enc_algo" in message.options and "enc_algo" not in plan.details:
            raise ProtocolViolation(f"CALL {message.request} began with a payload that was not encrypted")
        plan.is_open = message.options.get("progress", False)
        plan.is_continued = True
        plan.message = None  # another callee would lack what came before
        if call.state is CallState.CANCELLING:
            self._tally.calls_ignored += 1
            return []
        self._tally.calls_continued += 1
        details = {**plan.details, "progress": True} if plan.is_open else plan.details
        return [_invocation(call, details, message)]

    @staticmethod
    def refuse(caller: Session, message: Call, error: RequestError) -> list[Delivery]:
        """Answer a CALL with an error. If it goes on with another one, that one is over."""
        call = caller.calls.get(message.request)
        if call is None:
            return (
                [] if is_over(caller, message, refused=True) else [refusal(caller, Call.CODE, message.request, error)]
            )
        if not call.goes_on_with(message):
            raise ProtocolViolation(f"CALL {message.request} is still in flight")
        return [*_give_up(call), _refuse(call, error)]

    # -- answers

    def yield_(self, callee: Session, message: Yield) -> list[Delivery]:
        """Hand a result to the caller; a progressive one leaves the call open."""
        call = invocation_of(callee, message.request)
        if message.options:
            return self._yield_with_options(callee, call, message)
        if call is None or not call.finish():
            return self._discard_late()
        return [Delivery(Result(call.request, {}, message.args, message.kwargs), (call.caller,), callee.codec)]

    def _discard_late(self) -> list[Delivery]:
        """Do nothing about a result that nobody waits for any more, but count it."""
        self._tally.late_yields += 1
        return []

    def _yield_with_options(self, callee: Session, call: InFlight | None, message: Yield) -> list[Delivery]:
        options = message.options
        passthru.check_sender(callee, "callee", options)
        if call is None:
            return self._discard_late()
        is_progress = options.get("progress", False)
        if is_progress and not call.takes_progress:
            return self._discard_late()
        if _is_foreign(call.caller, options):
            self._tally.late_yields += 1
            return self._replace_answer(call, is_progress=is_progress)
        details = passthru.carried(options)
        if is_progress:
            details["progress"] = True
            self._progress(call)
        elif not call.finish():
            return self._discard_late()
        return [Delivery(Result(call.request, details, message.args, message.kwargs), (call.caller,), callee.codec)]

    def _progress(self, call: InFlight) -> None:
        """Note a progressive result: the time to the next one begins (advanced profile, "Progressive Call Results")."""
        call.state = CallState.PROGRESSING
        if call.plan is not None and call.plan.timeout:
            self._limit(call, call.plan, self._now())

    def error(self, callee: Session, message: Error) -> list[Delivery]:
        """Hand a callee's error to the caller; raise ProtocolViolation if it answers no invocation.

        A callee that is unavailable is asked instead of answered for: see ``_reroute``.
        """
        if message.request_type != Invocation.CODE:
            raise ProtocolViolation(f"a client sends ERROR for INVOCATION only, not for {message.request_type}")
        call = invocation_of(callee, message.request)
        passthru.check_sender(callee, "callee", message.details)
        if call is None:
            return []
        if message.error == Unavailable.uri and call.state is CallState.CALLED and REROUTING in callee.features:
            return self._reroute(call)
        if _is_foreign(call.caller, message.details):
            return self._replace_answer(call, is_progress=False)
        if not call.finish():
            return []
        self._tally.fail(message.error)
        details = passthru.carried(message.details)
        error = Error(Call.CODE, call.request, details, message.error, message.args, message.kwargs)
        return [Delivery(error, (call.caller,), callee.codec)]

    def _replace_answer(self, call: InFlight, *, is_progress: bool) -> list[Delivery]:
        """End a call whose caller would not understand what it is sent (advanced profile, "Payload Passthru Mode").

        The specification has the callee told, by an ERROR for its YIELD. That message is unknown to clients, who close at
        it; so it is the caller who hears that there is no answer for it.
        """
        problem = FeatureNotSupported(f"the answer is in {passthru.FEATURE}, which this caller has not announced")
        if is_progress:
            return [*_give_up(call), _refuse(call, problem)]
        return [_refuse(call, problem)] if call.finish() else []

    def _reroute(self, call: InFlight) -> list[Delivery]:
        """Ask another callee, by the same policy, each one once (advanced profile, "Call Re-Routing")."""
        plan = call.plan
        endpoint = None
        if plan is not None and plan.message is not None:
            plan.tried |= {plan.endpoint.number}
            endpoint = call.registration.choose(plan.needs, plan.tried, key_of(plan.options), self._choose)
        if plan is None or plan.message is None or endpoint is None:
            call.finish()
            return [_refuse(call, NoAvailableCallee("no callee is available"))]
        call.move(plan, endpoint)
        details = self._arrange(plan, call.caller, plan.message, call.registration)
        self._limit(call, plan, plan.asked_at)
        self._tally.reinvoked += 1
        return [_invocation(call, details, plan.message)]

    # -- ends

    def cancel(self, caller: Session, message: Cancel) -> list[Delivery]:
        """Cancel a call (advanced profile, "Call Canceling"); one that is already answered is left alone.

        A caller that waits for a killed call may still cancel it by another mode, and has its answer then.
        """
        call = caller.calls.get(message.request)
        if call is None:
            return []
        mode = read(CancelOptions, message.options).mode or "killnowait"
        if mode == "kill":
            if call.state is CallState.CANCELLING:
                return []
            if CANCELING in call.callee.features:
                call.state = CallState.CANCELLING
                return [Delivery(Interrupt(call.invocation, {"mode": mode}), (call.callee,))]
        deliveries = []
        if mode == "skip":
            call.abandon(is_told=False)
        else:
            deliveries = _give_up(call)
        if mode == "kill" or not self._is_quiet(caller):
            deliveries.append(_refuse(call, Canceled("the call was cancelled")))
        return deliveries

    def _is_quiet(self, caller: Session) -> bool:
        """Tell whether a caller hears nothing of a call that it cancels without waiting for the callee.

        autobahn-js forgets such a call at once, and takes its ERROR for a protocol violation. Mode ``kill`` it waits for.
        """
        reply = self._settings.cancel_reply
        return reply == "quiet" or (reply == "auto" and caller.is_autobahn_js)

    def _limit(self, call: InFlight, plan: Plan, since: float) -> None:
        """Let a call end if nothing comes in time."""
        if plan.timeout:
            plan.deadlines = self._deadlines
            if self._deadlines.set(call, since + plan.timeout):
                self._wake(since + plan.timeout)
        else:
            self._deadlines.clear(call)

    def next_deadline(self) -> float | None:
        """Return when ``expire`` has something to do, None if no call has a deadline."""
        return self._deadlines.next()

    def expire(self, now: float) -> list[Delivery]:
        """End the calls whose time is over (advanced profile, "Call Timeouts")."""
        deliveries = []
        for call in self._deadlines.expired(now):
            deliveries += _give_up(call)
            deliveries.append(_refuse(call, CallTimeout("the callee has not answered in time")))
        return deliveries

    def undeliverable(self, callee: Session, invocation: int, error: RequestError) -> list[Delivery]:
        """Answer the caller of an invocation that could not be handed to its callee."""
        call = callee.invocations.get(invocation)
        if call is None:
            return []
        if call.plan is not None and call.plan.is_continued and call.state is not CallState.ABANDONED:
            return [*_give_up(call), _refuse(call, error)]  # the callee has got what came before
        return [_refuse(call, error)] if call.finish() else []

    @staticmethod
    def unanswerable(caller: Session, request: int, error: RequestError) -> list[Delivery]:
        """Give a caller an error in place of a result, or of an error, that cannot be handed to it."""
        call = caller.calls.get(request)
        stop = [] if call is None else _give_up(call)  # there is one if the result was a progressive one
        return [*stop, refusal(caller, Call.CODE, request, error)]

    def detach(self, session: Session) -> list[Delivery]:
        """Forget a session that has left; answer who waits for it and interrupt who works for it."""
        self._registrations.detach(session)
        deliveries = []
        for call in list(session.invocations.values()):
            if call.finish() and call.caller is not session:
                deliveries.append(_refuse(call, Canceled("the callee has left")))
        for call in list(session.calls.values()):
            deliveries += _give_up(call)
        return deliveries


def _is_for(registration: Registration, procedure: str) -> bool:
    """Tell whether a registration gets a call that it matches: a pattern catches none to the router's own procedures."""
    return registration.match is Match.EXACT or not is_reserved(procedure)


def _unknown(message: Call) -> NoSuchProcedure:
    return NoSuchProcedure(f"no callee has registered procedure {message.procedure}")


def _nobody(registration: Registration, message: Call, needs: frozenset[str]) -> RequestError:
    if not registration.is_able(needs):
        return FeatureNotSupported(f"no callee of {message.procedure} has announced {', '.join(sorted(needs))}")
    return NoAvailableCallee(f"the callees of {message.procedure} have as many calls as they want")


def _invocation(call: InFlight, details: dict[str, Any], message: Call) -> Delivery:
    invocation = Invocation(call.invocation, call.registration.id, details, message.args, message.kwargs)
    return Delivery(invocation, (call.callee,), call.caller.codec)


def _give_up(call: InFlight) -> list[Delivery]:
    """Leave a call that its caller waits for no more; tell the callee to stop, if it can and was not told before."""
    can_tell = call.state is not CallState.CANCELLING and CANCELING in call.callee.features
    call.abandon(is_told=can_tell)
    if not can_tell:
        return []
    return [Delivery(Interrupt(call.invocation, {"mode": "killnowait"}), (call.callee,))]


def _refuse(call: InFlight, error: RequestError) -> Delivery:
    return refusal(call.caller, Call.CODE, call.request, error)


def _is_foreign(caller: Session, options: dict[str, Any]) -> bool:
    """Tell whether a caller could not read an answer with these options."""
    return passthru.is_passed_through(options) and f"caller.{passthru.FEATURE}" not in caller.features
