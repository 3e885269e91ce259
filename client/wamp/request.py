"""What a session hands out for a request that succeeded: registrations, subscriptions, publications."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from wamp.exception import Error

__all__ = ["Endpoint", "Handler", "Owner", "Place", "Publication", "Registration", "Subscription"]


class Owner(Protocol):
    """The session that a registration or subscription belongs to. Both methods return what its event loop awaits."""

    def _unregister(self, registration: Registration) -> Any: ...

    def _unsubscribe(self, subscription: Subscription) -> Any: ...


class Publication(msgspec.Struct, frozen=True):
    """The broker's acknowledgement of a published event."""

    id: int
    was_encrypted: bool = False


class Handler:
    """The user's function behind a subscription.

    ``details_arg`` is the name of the keyword argument that takes the details, ``arguments_of`` reads more keyword
    arguments out of the actual URI (``"com.product.<product:int>.updated"``).
    """

    __slots__ = ("arguments_of", "details_arg", "fn", "obj")

    def __init__(
        self,
        fn: Callable[..., Any],
        obj: object | None = None,
        details_arg: str | None = None,
        arguments_of: Callable[[str], dict[str, Any]] | None = None,
    ) -> None:
        self.fn = fn
        self.obj = obj
        self.details_arg = details_arg
        self.arguments_of = arguments_of


class Place(NamedTuple):
    """The parameter of a procedure that is an ``AsyncIterator``: each part of a call has one item in its place."""

    name: str
    position: int

    def item(self, args: list[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return the item of a part, as a tuple of one; of none if the part is but the end."""
        if self.name in kwargs:
            return (kwargs[self.name],)
        return (args[self.position],) if len(args) > self.position else ()

    def filled(
        self, args: list[Any], kwargs: dict[str, Any], parts: AsyncIterator[Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of the first part with the iterator where its item was."""
        at = self.position
        if self.name in kwargs or len(args) < at:
            return args, {**kwargs, self.name: parts}
        return [*args[:at], parts, *args[at + 1 :]], kwargs


class Endpoint(Handler):
    """The user's function behind a registration. ``stream`` is its parameter that takes a progressive call, if it has one."""

    __slots__ = ("stream",)

    def __init__(
        self,
        fn: Callable[..., Any],
        obj: object | None = None,
        details_arg: str | None = None,
        arguments_of: Callable[[str], dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(fn, obj, details_arg, arguments_of)
        self.stream: Place | None = None


class Registration:
    """One procedure that a session offers."""

    __slots__ = ("__weakref__", "active", "endpoint", "id", "procedure", "session")

    def __init__(self, session: Owner, registration_id: int, procedure: str, endpoint: Endpoint) -> None:
        self.session = session
        self.id = registration_id
        self.active = True
        self.procedure = procedure
        self.endpoint = endpoint

    def unregister(self) -> Any:
        """Withdraw the procedure; return an awaitable that ends when the dealer has confirmed it."""
        if not self.active:
            raise Error(f"registration {self.id} of {self.procedure} is no longer active")
        return self.session._unregister(self)

    def __repr__(self) -> str:
        return f'Registration(id={self.id}, is_active={self.active}, procedure="{self.procedure}")'


class Subscription:
    """One handler of one topic. Several handlers of a session may share a subscription id."""

    __slots__ = ("__weakref__", "active", "handler", "id", "match", "session", "topic")

    def __init__(
        self, subscription_id: int, topic: str, session: Owner, handler: Handler, match: str = "exact"
    ) -> None:
        self.id = subscription_id
        self.topic = topic
        self.active = True
        self.session = session
        self.handler = handler
        self.match = match

    def unsubscribe(self) -> Any:
        """Detach the handler; return an awaitable of the number of handlers that are left on the topic."""
        if not self.active:
            raise Error(f"subscription {self.id} to {self.topic} is no longer active")
        return self.session._unsubscribe(self)

    def __repr__(self) -> str:
        return f"Subscription(id={self.id}, is_active={self.active})"
