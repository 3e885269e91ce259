"""What the routing core answers: messages, and who gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from wamp.protocol.codec import Codec
from wamp.protocol.errors import RequestError
from wamp.protocol.messages import Error, Message

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["Delivery", "refusal"]


class Delivery(msgspec.Struct, gc=False):
    """One message for one or more sessions, who may speak different serializers.

    ``source`` is the codec whose bytes the message's payload is in; None if it has no payload. Whoever delivers
    encodes once for each serializer among the recipients.
    """

    message: Message
    to: Sequence[Session]
    source: Codec | None = None


def refusal(session: Session, request_type: int, request: int, error: RequestError) -> Delivery:
    """Return the ERROR that answers a request, with the error's text for a human as its argument, and count it."""
    session.realm.tally.fail(error.uri)
    text = str(error)
    message = Error(request_type, request, {}, error.uri)
    if text:
        message.args = session.codec.serializer.pack([text])
    return Delivery(message, (session,), session.codec)
