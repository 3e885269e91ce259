"""Registrations and subscriptions that outlive a connection: what to ask for in each new session.

It knows no event loop: a session is asked, and what it returns is awaited by whoever asked.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from wamp.decorators import Pattern, Target
from wamp.handlers import marked_endpoints, marked_handlers
from wamp.protocol.uris import Match
from wamp.request import Endpoint, Handler, Registration, Subscription
from wamp.shell import Shell
from wamp.types import RegisterOptions, SubscribeOptions

__all__ = ["Kept", "KeptRegistration", "KeptSubscription", "registrations", "subscriptions"]

_H = TypeVar("_H", bound=Handler)
_O = TypeVar("_O", RegisterOptions, SubscribeOptions)


class Kept(Generic[_H, _O]):
    """The user's function behind a URI, whatever the session."""

    held: Registration | Subscription | None = None
    """What the last session that was asked has given."""
    asked: Any = None
    """What that session has returned, which whoever asked awaits."""

    def __init__(self, uri: str, handler: _H, options: _O | None) -> None:
        self.uri = uri
        self.handler = handler
        self.options: _O | None = options

    @abstractmethod
    def ask(self, session: Shell) -> Any:
        """Ask a session for it; return an awaitable, after which ``held`` is to be set to its result."""

    @property
    def is_active(self) -> bool:
        """Whether calls or events arrive now."""
        return self.held is not None and self.held.active

    def give_back(self) -> Any:
        """Ask the session that holds it to drop it; return an awaitable, or None if no session does."""
        if self.held is None or not self.held.active:
            return None
        return self.held.unregister() if isinstance(self.held, Registration) else self.held.unsubscribe()


class KeptRegistration(Kept[Endpoint, RegisterOptions]):
    """A procedure."""

    def ask(self, session: Shell) -> Any:
        return session._register(self.uri, self.handler, self.options)


class KeptSubscription(Kept[Handler, SubscribeOptions]):
    """A topic's handler."""

    def ask(self, session: Shell) -> Any:
        return session._subscribe(self.uri, self.handler, self.options)


def registrations(
    target: Any, uri: str | None, options: RegisterOptions | None, *, check_types: bool
) -> Iterator[KeptRegistration]:
    """Yield what ``register(target, uri, options)`` stands for: a function, or an object's decorated methods.

    URIs may have named components. Raise ValueError for a function without URI, or an object without decorated methods.
    """
    if callable(target):
        uri, handler, chosen = _of_function(Endpoint, RegisterOptions, target, uri, options, check_types=check_types)
        yield KeptRegistration(uri, handler, chosen)
        return
    for uri, endpoint, chosen in _some(target, marked_endpoints(target, options), "register"):
        yield KeptRegistration(uri, _typed(endpoint, check_types=check_types), chosen)


def subscriptions(
    target: Any, topic: str | None, options: SubscribeOptions | None, *, check_types: bool
) -> Iterator[KeptSubscription]:
    """Yield what ``subscribe(target, topic, options)`` stands for, as ``registrations`` does."""
    if callable(target):
        topic, handler, chosen = _of_function(
            Handler, SubscribeOptions, target, topic, options, check_types=check_types
        )
        yield KeptSubscription(topic, handler, chosen)
        return
    for topic, handler, chosen in _some(target, marked_handlers(target, options), "subscribe"):
        yield KeptSubscription(topic, _typed(handler, check_types=check_types), chosen)


def _some(target: Any, marked: Iterator[Any], verb: str) -> list[Any]:
    found = list(marked)
    if not found:
        kind = type(target).__name__
        raise ValueError(f"{verb}: {kind} is neither a function nor an object with methods decorated with @wamp.{verb}")
    return found


def _of_function(
    kind: type[_H],
    options_class: type[_O],
    function: Callable[..., Any],
    uri: str | None,
    options: _O | None,
    *,
    check_types: bool,
) -> tuple[str, _H, _O | None]:
    if uri is None:
        raise ValueError(f"{getattr(function, '__name__', function)} needs the URI that it is for")
    pattern = None
    if "<" in uri:  # a prefix may end with a dot, which is no pattern with an empty component
        pattern = Pattern(uri, Target.ENDPOINT)
        uri = pattern.wire_uri
        if options is None:
            options = options_class(match=Match.WILDCARD.value)
    handler = kind(
        function,
        None,
        None if options is None else options.details_arg,
        None if pattern is None else pattern.arguments_of,
    )
    return uri, _typed(handler, check_types=check_types), options


def _typed(handler: _H, *, check_types: bool) -> _H:
    """Let a handler check its arguments and results against its type hints, if that is asked for."""
    if check_types:
        # With what it knows of types it takes as long to load as all of this.
        from wamp.typed import typed

        handler.fn = typed(handler.fn, details_arg=handler.details_arg)
    return handler
