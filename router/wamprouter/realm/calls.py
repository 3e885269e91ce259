"""Calls in flight: one object for each, known by the caller's and by the callee's request id.

::

    called ──RESULT/ERROR──▶ done
      │  ├─ERROR unavailable──▶ called (another callee has it now: "Call Re-Routing")
      │  └─progressive RESULT─▶ progressing ─┐
      ├──CANCEL kill──▶ cancelling ──RESULT/ERROR──▶ done
      └──CANCEL skip, killnowait; time-out; caller gone──▶ abandoned ──RESULT/ERROR──▶ done (nobody is told)

A call is *open* for its caller until it gets its one RESULT or ERROR, and open for its callee until that answers or
leaves. Of an abandoned call nothing is kept, except where the callee has limited its concurrency and is still at work: an
answer to an invocation that is not known any more is discarded anyway, and memory must not depend on it ever coming.

What only advanced features need is in the call's plan, which most calls do not have.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.options import CallOptions

if TYPE_CHECKING:
    from wamp.protocol.messages import Call
    from wamprouter.realm.deadlines import Deadlines
    from wamprouter.realm.registrations import Endpoint, Registration
    from wamprouter.session import Session

__all__ = ["CallState", "InFlight", "Plan", "invocation_of", "is_over"]

# Progressive calls that a session is remembered to have had while it did not know yet that they were over.
_REMEMBERED: Final = 256


class CallState(enum.Enum):
    CALLED = enum.auto()
    PROGRESSING = enum.auto()
    CANCELLING = enum.auto()
    """The callee was interrupted and the caller waits for what it says (mode ``kill``)."""
    ABANDONED = enum.auto()
    """The caller has its answer, or is gone; the callee's answer will be discarded."""
    DONE = enum.auto()


class Plan:
    """How a call is carried out for which a caller and a callee are not enough to know."""

    __slots__ = (
        "asked_at",
        "deadlines",
        "details",
        "endpoint",
        "is_continued",
        "is_open",
        "message",
        "needs",
        "options",
        "procedure",
        "timeout",
        "tried",
    )

    def __init__(self, procedure: str, options: CallOptions, needs: frozenset[str], endpoint: Endpoint) -> None:
        self.procedure = procedure
        self.options = options
        self.needs = needs
        """Features that the callee must have announced."""
        self.endpoint = endpoint
        endpoint.running += 1
        self.details: dict[str, Any] = {}
        """INVOCATION.Details, but for ``progress``."""
        self.message: Call | None = None
        """The CALL, if it may have to go to another callee."""
        self.tried: frozenset[int] = frozenset()
        """Endpoints that were unavailable, by their numbers."""
        self.is_open = options.progress
        """Whether the caller will go on sending (advanced profile, "Progressive Call Invocations")."""
        self.is_continued = False
        """Whether it has."""
        self.asked_at = 0.0
        self.timeout = 0.0
        """Seconds to the next result; 0 for no limit."""
        self.deadlines: Deadlines[InFlight] | None = None
        """Where the call is, if there is a limit."""


class InFlight:
    """One call between its CALL and its last answer."""

    __slots__ = (
        "callee",
        "caller",
        "invocation",
        "plan",
        "registration",
        "request",
        "since",
        "state",
    )

    def __init__(
        self,
        caller: Session,
        request: int,
        callee: Session,
        invocation: int,
        registration: Registration,
        plan: Plan | None = None,
    ) -> None:
        self.caller = caller
        self.request = request
        self.callee = callee
        self.invocation = invocation
        self.registration = registration
        self.plan = plan
        self.state = CallState.CALLED
        moment = registration.timing.moment
        self.since = moment.time or moment.look()
        """When it was handed to a callee."""
        caller.calls[request] = self
        callee.invocations[invocation] = self

    @property
    def takes_progress(self) -> bool:
        """Whether a progressive result is what the caller has asked for, and still wants."""
        asked = self.plan is not None and "receive_progress" in self.plan.details
        return asked and self.state in (CallState.CALLED, CallState.PROGRESSING)

    def goes_on_with(self, message: Call) -> bool:
        """Tell whether a CALL with this one's id is its next part. If not, it has an id that is in use."""
        return self.plan is not None and self.plan.is_open and self.plan.procedure == message.procedure

    def move(self, plan: Plan, endpoint: Endpoint) -> None:
        """Give the call to another callee."""
        self._leave_callee(plan)
        plan.endpoint = endpoint
        endpoint.running += 1
        self.callee = endpoint.callee
        self.invocation = next(self.callee.invocation_ids)
        self.callee.invocations[self.invocation] = self

    def abandon(self, *, is_told: bool) -> None:
        """Let the call go on without its caller, who has its answer or is gone.

        ``is_told``: the callee has been told not to answer, or to answer to nobody (mode ``killnowait``).
        """
        if self.plan is None or self.plan.endpoint.concurrency is None or is_told:
            self.finish()
        else:
            self._leave_caller(self.plan)
            self.state = CallState.ABANDONED

    def finish(self) -> bool:
        """Take the call off both tables; tell whether the caller has been waiting till now."""
        is_awaited = self.state is not CallState.ABANDONED  # else the caller may have used the request's id again
        if self.plan is None:  # as for nearly every call, so with no more ado
            del self.caller.calls[self.request]
            del self.callee.invocations[self.invocation]
        else:
            if is_awaited:
                self._leave_caller(self.plan)
            self._leave_callee(self.plan)
        self.state = CallState.DONE
        timing = self.registration.timing
        if timing.since is self.since and timing.until is timing.moment.time:  # that is, of the same reads: see there
            timing.again += 1
        else:
            timing.note(self.since)
        return is_awaited

    def _leave_caller(self, plan: Plan) -> None:
        del self.caller.calls[self.request]
        if plan.deadlines is not None:
            plan.deadlines.clear(self)
        if plan.is_open:
            _remember(self.caller, self.request)

    def _leave_callee(self, plan: Plan) -> None:
        del self.callee.invocations[self.invocation]
        plan.endpoint.running -= 1


def invocation_of(callee: Session, invocation: int) -> InFlight | None:
    """Return the call that a callee answers; None if it was answered or abandoned before.

    Raise ProtocolViolation for an id that this session was never given: nobody answers another's invocation. A late
    answer is no violation (basic profile, "Calling and Invocations": a dealer is prepared to discard it).
    """
    call = callee.invocations.get(invocation)
    if call is None and invocation > callee.invocation_ids.last:
        raise ProtocolViolation(f"an answer to invocation {invocation}, which was never sent")
    return call


def _remember(caller: Session, request: int) -> None:
    if caller.completed is None:
        caller.completed = {}
    caller.completed[request] = None
    if len(caller.completed) > _REMEMBERED:
        del caller.completed[next(iter(caller.completed))]


def is_over(caller: Session, message: Call, *, refused: bool = False) -> bool:
    """Tell whether a CALL goes on with a progressive call that is over: it is discarded.

    The caller sends on until it hears of the end (advanced profile, "Continuations on Completed Calls"). With its last
    CALL it has, or will have, done so, and the id is forgotten. ``refused``: if not, it is over from now on.
    """
    goes_on = message.options.get("progress", False)
    if caller.completed is not None and message.request in caller.completed:
        if not goes_on:
            del caller.completed[message.request]
        return True
    if refused and goes_on:
        _remember(caller, message.request)
    return False
