"""Calls in flight: one object for each, known by the caller's and by the callee's request id.

::

    called ──RESULT/ERROR──▶ done
      │  └─progressive RESULT─▶ progressing ─┐
      ├──CANCEL kill──▶ cancelling ──RESULT/ERROR──▶ done
      └──CANCEL skip, killnowait; caller gone──▶ abandoned ──RESULT/ERROR──▶ done (nobody is told)

A call is *open* for its caller until it gets its one RESULT or ERROR, and open for its callee until that answers or
leaves. An abandoned call stays in the callee's table, so that its late answer is known for what it is.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from wamp.protocol.errors import ProtocolViolation

if TYPE_CHECKING:
    from wamprouter.realm.dealer import Registration
    from wamprouter.session import Session

__all__ = ["CallState", "InFlight", "invocation_of"]


class CallState(enum.Enum):
    CALLED = enum.auto()
    PROGRESSING = enum.auto()
    CANCELLING = enum.auto()
    """The callee was interrupted and the caller waits for what it says (mode ``kill``)."""
    ABANDONED = enum.auto()
    """The caller has its answer, or is gone; the callee's answer will be discarded."""
    DONE = enum.auto()


class InFlight:
    """One call between its CALL and its last answer."""

    __slots__ = (
        "callee",
        "caller",
        "invocation",
        "receive_progress",
        "registration",
        "request",
        "state",
    )

    def __init__(
        self,
        caller: Session,
        request: int,
        callee: Session,
        invocation: int,
        registration: Registration,
        *,
        receive_progress: bool,
    ) -> None:
        self.caller = caller
        self.request = request
        self.callee = callee
        self.invocation = invocation
        self.registration = registration
        self.receive_progress = receive_progress
        self.state = CallState.CALLED
        caller.calls[request] = self
        callee.invocations[invocation] = self

    def answer_caller(self) -> None:
        """Take the call off the caller's table: it has its answer, or is gone."""
        del self.caller.calls[self.request]
        self.state = CallState.ABANDONED

    def finish(self) -> None:
        """Take the call off both tables."""
        if self.state is not CallState.ABANDONED:  # else the caller may have used the request's id again
            del self.caller.calls[self.request]
        del self.callee.invocations[self.invocation]
        self.state = CallState.DONE


def invocation_of(callee: Session, invocation: int) -> InFlight | None:
    """Return the call that a callee answers; None if it was answered before.

    Raise ProtocolViolation for an id that this session was never given: nobody answers another's invocation. A late
    answer is no violation (basic profile, "Calling and Invocations": a dealer is prepared to discard it).
    """
    call = callee.invocations.get(invocation)
    if call is None and invocation > callee.invocation_ids.last:
        raise ProtocolViolation(f"an answer to invocation {invocation}, which was never sent")
    return call
