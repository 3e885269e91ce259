"""Effects: what a message from the router asks of the shell around a ``ClientSession``, as data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from wamp.exception import ApplicationError, Error
from wamp.pending import Reply
from wamp.protocol import messages
from wamp.protocol.messages import Message
from wamp.request import Registration, Subscription
from wamp.types import Challenge, CloseDetails, Welcome

__all__ = [
    "Challenged",
    "Continued",
    "Effect",
    "Failed",
    "Interrupted",
    "Invoked",
    "Left",
    "Progressed",
    "Received",
    "Succeeded",
    "Undecodable",
    "Welcomed",
]

Dict = dict[str, Any]


class Effect(msgspec.Struct):
    """Base of what a message from the router asks for."""


class Welcomed(Effect):
    """Ask the application whether it agrees, then ``established`` or ``abort``."""

    welcome: Welcome


class Challenged(Effect):
    """Ask the application for an answer, then ``authenticate`` or ``abort``."""

    challenge: Challenge


class Left(Effect):
    """The session is over: send ``answer``, if any, fail the ``replies``, tell the application."""

    details: CloseDetails
    replies: list[tuple[Reply, Error]]
    answer: Message | None = None
    was_joined: bool = True
    was_asked: bool = False
    """Whether the application had said that it leaves: then every end is a good one."""


class Succeeded(Effect):
    """A request has its result."""

    reply: Reply
    value: Any


class Failed(Effect):
    """A request was refused. ``cause`` is what the exception's own class raised when it was to be built."""

    reply: Reply
    exception: BaseException
    cause: BaseException | None = None


class Progressed(Effect):
    """Call ``on_progress(*args, **kwargs)``."""

    on_progress: Callable[..., Any]
    args: list[Any]
    kwargs: Dict


class Received(Effect):
    """Run each subscription's handler on the event; if it is to be acknowledged, do so behind each."""

    message: messages.Event
    args: list[Any]
    kwargs: Dict
    subscriptions: tuple[Subscription, ...]
    acknowledge: bool = False


class Invoked(Effect, eq=False):
    """Run the endpoint, then ``complete`` or ``refuse``; in between ``progress``, if the caller wants it.

    ``running`` is the caller's, for what ``Interrupted`` has to stop.
    """

    message: messages.Invocation
    registration: Registration
    args: list[Any]
    kwargs: Dict
    running: Any = None
    was_interrupted: bool = False
    is_progressive: bool = False
    """Whether the arguments are the first part of several: the others follow as ``Continued``."""
    is_open: bool = False
    """Whether more parts are to come."""
    parts: Any = None
    """The caller's, for what ``Continued`` has to feed."""
    ended: Callable[[BaseException | None], None] | None = None
    """The caller's, for who wants to know when the endpoint has done its work, and what it has raised."""
    failure: BaseException | None = None
    """What the payload codec raised when it was to encode the answer: the caller was not told, report it."""


class Continued(Effect):
    """Give the next part of the arguments to the endpoint that runs for this invocation."""

    invoked: Invoked
    args: list[Any]
    kwargs: Dict
    is_last: bool


class Interrupted(Effect):
    """Stop the endpoint that runs for this invocation."""

    invoked: Invoked


class Undecodable(Effect):
    """A payload that cannot be read was dropped: send ``answer``, if any, and report ``exception``, which was raised ``doing``.

    ``invoked`` is the invocation that ends with it, if its endpoint runs already: stop it.
    """

    exception: ApplicationError
    doing: str
    answer: messages.Error | None = None
    invoked: Invoked | None = None
