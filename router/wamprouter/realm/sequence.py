"""Request ids in their sequence, for realms that insist on it (basic profile, "IDs"; setting ``strict_request_ids``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.ids import following
from wamp.protocol.messages import Call, Publish, Register, Subscribe, Unregister, Unsubscribe

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["RequestSequence"]

_REQUESTS: Final = (Publish, Subscribe, Unsubscribe, Call, Register, Unregister)


class RequestSequence:
    """The requests of one session: 1, 2, 3, and so on, whatever they ask for."""

    __slots__ = ("_watermark",)

    def __init__(self) -> None:
        self._watermark = 0

    def check(self, session: Session, message: Any) -> None:
        """Raise ProtocolViolation if a message of this session has not the request id that is due.

        A CALL may go on with an earlier one: one that is in flight, which the dealer looks at, or that was (advanced
        profile, "Verification of CALL Request IDs").
        """
        if not isinstance(message, _REQUESTS):
            return
        due = following(self._watermark)
        if message.request == due:
            self._watermark = due
            return
        is_call = isinstance(message, Call)
        if is_call and (message.request in session.calls or message.request in (session.completed or ())):
            return
        raise ProtocolViolation(f"request {message.request}, where {due} is the next one")
