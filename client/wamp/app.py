"""``App``: procedures and handlers under a common prefix, written down before there is any session to offer them.

It knows no event loop: a client or a component asks it for what is to be registered, and says when a session has joined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

from wamp.exception import SessionNotReady
from wamp.types import RegisterOptions, SubscribeOptions

if TYPE_CHECKING:
    from wamp.auth import Auth
    from wamp.durations import Duration
    from wamp.kept import Kept, KeptRegistration, KeptSubscription

__all__ = ["App"]

_F = TypeVar("_F", bound=Callable[..., Any])
_Entry = Callable[[str], "Iterator[KeptRegistration] | Iterator[KeptSubscription]"]


class How(TypedDict, total=False):
    """How to connect: arguments of ``wamp.asyncio.connect`` that ``App.run`` hands on."""

    auth: Auth
    timeout: Duration | None
    serializers: Sequence[str] | None
    tls: Any
    headers: Mapping[str, str] | None
    proxy: Mapping[str, Any] | None
    offline_publishes: int
    reconnect: bool


class App:
    """What a service offers. URIs are written without ``prefix``, to which a dot is added.

    With ``check_types`` the arguments and results of all its functions are checked against their type hints; a mismatch is answered
    with ``wamp.error.invalid_argument`` before the function runs.
    """

    def __init__(self, prefix: str = "", *, check_types: bool = False) -> None:
        self.prefix = prefix.rstrip(".")
        self._check_types = check_types
        self._entries: list[_Entry] = []
        self._included: list[tuple[str, App]] = []
        self._at_join: list[Callable[[Any], Any]] = []
        self._session: Any = None

    # -- what it offers

    def register(
        self,
        uri: str | None = None,
        *,
        options: RegisterOptions | None = None,
        match: str | None = None,
        invoke: str | None = None,
        concurrency: int | None = None,
        details: bool | None = None,
        check_types: bool | None = None,
    ) -> Callable[[_F], _F]:
        """Offer the decorated function as a procedure; without ``uri`` under its own name.

        ``options`` says all there is to say; the other keywords say the most usual of it. Raise ValueError for both.
        """
        chosen = _options(
            RegisterOptions, options, match=match, invoke=invoke, concurrency=concurrency, details=details
        )

        def decorate(function: _F) -> _F:
            def entry(prefix: str) -> Iterator[KeptRegistration]:
                from wamp.kept import registrations

                is_checked = self._check_types if check_types is None else check_types
                return registrations(function, _joined(prefix, _name(uri, function)), chosen, check_types=is_checked)

            self._entries.append(entry)
            return function

        return decorate

    def subscribe(
        self,
        topic: str | None = None,
        *,
        options: SubscribeOptions | None = None,
        match: str | None = None,
        get_retained: bool | None = None,
        details: bool | None = None,
        check_types: bool | None = None,
    ) -> Callable[[_F], _F]:
        """Let the decorated function handle a topic's events; without ``topic`` those of its own name."""
        chosen = _options(SubscribeOptions, options, match=match, get_retained=get_retained, details=details)

        def decorate(function: _F) -> _F:
            def entry(prefix: str) -> Iterator[KeptSubscription]:
                from wamp.kept import subscriptions

                is_checked = self._check_types if check_types is None else check_types
                return subscriptions(function, _joined(prefix, _name(topic, function)), chosen, check_types=is_checked)

            self._entries.append(entry)
            return function

        return decorate

    def on_join(self, function: _F) -> _F:
        """Call the decorated function with each session that has joined, once everything is registered in it.

        What it raises ends the session.
        """
        self._at_join.append(function)
        return function

    def include(self, app: App, prefix: str = "") -> None:
        """Offer what another app offers as well, under this app's prefix, ``prefix`` and its own.

        Raise ValueError if it is this app, or includes it.
        """
        if self in app._all():
            raise ValueError(f"the app {app.prefix!r} cannot be included: it is this app, or includes it")
        self._included.append((prefix.strip("."), app))

    # -- in a session

    @property
    def session(self) -> Any:
        """The session that joined last; raise SessionNotReady if there was none."""
        if self._session is None:
            raise SessionNotReady("the app is in no session yet")
        return self._session

    def kept(self, prefix: str = "") -> Iterator[Kept[Any, Any]]:
        """Yield what is to be registered and subscribed; ``prefix`` stands before that of the app."""
        own = _joined(prefix, self.prefix)
        for entry in self._entries:
            yield from entry(own)
        for between, app in self._included:
            yield from app.kept(_joined(own, between))

    async def joined(self, session: Any) -> None:
        """Let the app know a session in which everything is registered."""
        for app in self._all():
            app._session = session
        for app in self._all():
            for function in app._at_join:
                result = function(session)
                if hasattr(result, "__await__"):
                    await result

    async def join(self, session: Any) -> None:
        """Register everything in a session of either event loop that has joined, then call ``on_join``."""
        asked = [(kept, kept.ask(session)) for kept in self.kept()]
        await session._all([reply for _, reply in asked])
        await self.joined(session)

    def _all(self) -> list[App]:
        return [self, *(each for _, app in self._included for each in app._all())]

    # -- by itself

    def run(
        self,
        url: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] = "ws://127.0.0.1:8080/ws",
        realm: str = "realm1",
        *,
        wait: Duration = math.inf,
        log_level: str | None = "info",
        **how: Unpack[How],
    ) -> None:
        """Connect on asyncio and serve until SIGINT, SIGTERM or a reason that another attempt would meet again, which is raised.

        The other arguments are those of ``wamp.asyncio.connect``. ``log_level`` is for standard error and only if nobody has
        set up logging yet; None leaves it alone.
        """
        from wamp.asyncio.connecting import serve

        serve(url, realm, log_level=log_level, wait=wait, app=self, **how)


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _name(uri: str | None, function: Callable[..., Any]) -> str:
    return function.__name__ if uri is None else uri


_O = TypeVar("_O", RegisterOptions, SubscribeOptions)


def _options(kind: type[_O], options: _O | None, **said: Any) -> _O | None:
    """Return the options that were given, as one object or as keywords."""
    chosen = {name: value for name, value in said.items() if value is not None}
    if options is not None and chosen:
        raise ValueError(f"give options= or {', '.join(f'{name}=' for name in chosen)}, not both")
    return kind(**chosen) if chosen else options
