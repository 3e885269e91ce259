"""``Component`` without an event loop: transports, sessions and observers, as Autobahn's has them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from wamp.app import App
from wamp.connector import Clock, Connector, Dial
from wamp.observable import ObservableMixin
from wamp.shell import Shell
from wamp.targets import Target, targets
from wamp.types import ComponentConfig, RegisterOptions, SubscribeOptions

__all__ = ["ComponentBase"]

_F = TypeVar("_F", bound=Callable[..., Any])


class ComponentBase(ObservableMixin):
    """A WAMP application component: what to connect to, and what to do there.

    ``main(reactor_or_loop, session)`` runs once the session has joined; when it returns, the component leaves and is done. What it raises
    ends the component. ``transports`` is a URL, a dictionary with Autobahn's keys, or a list of them, which are tried in turn.
    ``authentication`` maps methods to the arguments of their authenticators (``wamp.auth``), or to authenticators.
    ``is_fatal(exception)`` says which failures another attempt would meet again; by default these are the ones that are: no such realm,
    denied, a broken protocol, an exception in the component's own code.

    Events: ``start(reactor_or_loop, component)``, ``connect(session, transport)``, ``join(session, details)``, ``ready(session)``,
    ``leave(session, details)``, ``disconnect(session, was_clean=…)``, ``connectfailure(component, exception)``.
    """

    _valid_events = ("start", "connect", "join", "ready", "leave", "disconnect", "connectfailure")
    session_factory: Callable[[ComponentConfig], Any] | None = None
    log: ClassVar[Any]

    def __init__(
        self,
        main: Callable[[Any, Any], Any] | None = None,
        transports: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None = None,
        config: Any = None,
        realm: str = "realm1",
        extra: Any = None,
        authentication: Mapping[str, Any] | None = None,
        session_factory: Callable[[ComponentConfig], Any] | None = None,
        is_fatal: Callable[[Exception], bool] | None = None,
    ) -> None:
        for name, function in (("main", main), ("is_fatal", is_fatal)):
            if function is not None and not callable(function):
                raise ValueError(f"{name} is {function!r}, expected a callable or None")
        self._main = main
        self._targets = targets(transports)
        self._authentication = dict(authentication or {})
        self._fatal = is_fatal
        self._realm = realm
        self._extra = extra
        self._connector: Connector | None = None
        self._running_on: Any = None
        self._has_run = False
        if session_factory is not None:
            self.session_factory = session_factory

    def redirect(
        self,
        *,
        ways: Sequence[Target] | None = None,
        realm: str | None = None,
        authentication: Mapping[str, Any] | None = None,
    ) -> None:
        """Let it connect elsewhere, or as somebody else, when it is started next; what is not given stays.

        ``ways`` are what ``wamp.targets.target`` returns.
        """
        if ways is not None:
            self._targets = list(ways)
        if realm is not None:
            self._realm = realm
        if authentication is not None:
            self._authentication = dict(authentication)

    # -- decorators

    def register(
        self, uri: str, options: RegisterOptions | None = None, check_types: bool = False
    ) -> Callable[[_F], _F]:
        """Register the decorated function whenever a session has joined."""

        def decorate(function: _F) -> _F:
            self.on(
                "join",
                lambda session, _: session.register(function, uri, options=options, check_types=check_types),
            )
            return function

        return decorate

    def subscribe(
        self, topic: str, options: SubscribeOptions | None = None, check_types: bool = False
    ) -> Callable[[_F], _F]:
        """Subscribe the decorated function whenever a session has joined."""

        def decorate(function: _F) -> _F:
            self.on(
                "join",
                lambda session, _: session.subscribe(function, topic, options=options, check_types=check_types),
            )
            return function

        return decorate

    def include(self, app: App) -> None:
        """Offer what an app offers, whenever a session has joined."""
        self.on("join", lambda session, _: app.join(session))

    def on_connect(self, function: _F) -> _F:
        """Call the decorated function with each session and its transport, when it is connected."""
        return self._observe("connect", function)

    def on_join(self, function: _F) -> _F:
        """Call the decorated function with each session and its details, when it has joined."""
        return self._observe("join", function)

    def on_ready(self, function: _F) -> _F:
        """Call the decorated function with each session, when all that happens at joining is done."""
        return self._observe("ready", function)

    def on_leave(self, function: _F) -> _F:
        """Call the decorated function with each session and why, when it has left."""
        return self._observe("leave", function)

    def on_disconnect(self, function: _F) -> _F:
        """Call the decorated function with each session and ``was_clean``, when its connection is closed."""
        return self._observe("disconnect", function)

    def on_connectfailure(self, function: _F) -> _F:
        """Call the decorated function with the component and an exception, when a connection fails or is lost."""
        return self._observe("connectfailure", function)

    def _observe(self, event: str, function: _F) -> _F:
        self.on(event, function)
        return function

    # -- running

    @abstractmethod
    def _default_session(self, config: ComponentConfig) -> Any:
        """Return a session for a component without a factory."""

    def _connect(self, running_on: Any, clock: Clock, dial: Dial) -> Connector:
        """Make what connects; ``running_on`` is the reactor or loop, as the user's functions get it."""
        self._running_on = running_on
        self._has_run = False
        self._connector = Connector(
            self._targets, self._session, clock, dial, self.log, is_persistent=True, fatal=self._fatal
        )
        self._connector.on_failure = self._failed
        return self._connector

    def _session(self) -> Any:
        config = ComponentConfig(self._realm, self._extra)
        session: Shell = (self.session_factory or self._default_session)(config)
        # Inside the session first: its own observers have registered what those of the component may call.
        session._parent = self
        if self._authentication:
            from wamp.auth import authenticators

            for authenticator in authenticators(self._authentication):
                session.add_authenticator(authenticator)
        if self._main is not None:
            session.on("ready", self._run_main)
        return session

    async def _run_main(self, session: Any) -> None:
        assert self._main is not None
        result = self._main(self._running_on, session)
        if hasattr(result, "__await__"):
            await result
        if session.is_attached():
            session.leave()

    def _failed(self, exception: Exception, delay: float | None) -> None:
        try:
            self.fire("connectfailure", self, exception)
        except Exception as error:  # noqa: BLE001  (an observer of the user's)
            self.log.error("an observer of connectfailure raised {error}", error=repr(error))
