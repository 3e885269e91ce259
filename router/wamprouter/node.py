"""The composition root: the one place that makes the router's parts and connects them.

Everyone else is given what it needs. ``run`` is what the command line calls; tests make a ``Node`` of their own.
"""

from __future__ import annotations

import os
import platform
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic, time
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import (
    Logger,
    LogLevel,
)

from wamp.protocol.ids import GlobalIds
from wamp.protocol.uris import Match, UriCheck
from wamprouter import __version__
from wamprouter import config as configuration
from wamprouter.auth.gate import MethodGate
from wamprouter.authz import AnyRole
from wamprouter.authz.configured import disclosed, static_role
from wamprouter.authz.dynamic import DynamicRole, noticing_authorizers
from wamprouter.callers import Caller
from wamprouter.config import NodeConfig
from wamprouter.gates import Gates, load
from wamprouter.guests import Guest
from wamprouter.inbox import refused_publication
from wamprouter.local import Handler, LocalConnection, made
from wamprouter.realm.facts import Fact, SessionKilled
from wamprouter.realm.realm import Realm
from wamprouter.realm.settings import HistoryRule, Settings
from wamprouter.realms import Realms
from wamprouter.reloading import FAREWELL, Behaviour, reload
from wamprouter.server.admission import Admission, AdmissionLimits
from wamprouter.server.alarm import Alarm
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.forms import CannotStart
from wamprouter.server.inherited import NOTHING, Inherited
from wamprouter.server.listeners import Listener
from wamprouter.server.peer import Lobby, Peer
from wamprouter.server.turns import Turns
from wamprouter.session import Session
from wamprouter.statistics import Statistics
from wamprouter.statistics.attendance import Ending
from wamprouter.statistics.process import LoopWatch
from wamprouter.statistics.sources import connect
from wamprouter.steering import Steering
from wamprouter.store.memory import MemoryStore

__all__ = ["CannotStart", "Node"]

_log = Logger()

_PATIENCE: Final = 3.0  # seconds for what components do before they go; service managers wait longer


class Entrance(NamedTuple):
    """Where the management is."""

    url: str
    realm: str
    ticket: str | None
    """The ticket of authid "admin"; None if the configuration has other credentials."""


class Node:
    """One router: realms, listeners and hosted components."""

    def __init__(
        self,
        config: NodeConfig,
        reactor: Any,
        *,
        now: Callable[[], float] = monotonic,
        tell: Callable[[Fact], None] = lambda _: None,
        inherited: Inherited = NOTHING,
        ended: Callable[[Ending], None] | None = None,
    ) -> None:
        """``tell`` is told all facts of all realms, ``ended`` of each session that has ended."""
        self.reactor = reactor
        self.now = now
        self.inherited = inherited
        self.statistics = Statistics(now, time, procedures=_watched(config))
        self.dispatcher = Dispatcher(lambda action: reactor.callLater(0, action), self.statistics.moment)
        self.turns = Turns(lambda action: reactor.callLater(0, action), now, reactor.callLater)
        self.admission = Admission(AdmissionLimits(**config.limits.model_dump()), now)
        # Publications need to be unlikely to collide, sessions also hard to guess.
        publications = GlobalIds(random.Random(secrets.randbits(128)).getrandbits)
        session_ids = GlobalIds(secrets.randbits)
        store = MemoryStore()

        self.caller = Caller(lambda name: self.realms.existing(name), session_ids, self.dispatcher, reactor.callLater)

        self._ticket = secrets.token_urlsafe(24)
        self.started_at = time()
        self.config = config = config.expanded(self._ticket)
        self._publications = publications
        self._session_ids = session_ids
        self._store = store
        self.watchers: list[Callable[[Fact], None]] = []
        """Who wants to hear of all facts for a while."""
        self._tell = _carrying_out(tell, self.watchers, self.statistics.attendance.note)
        self.realms = Realms(self.make_realm, self.end_realm)
        self.realms.replace({realm.name: self.make_realm(realm) for realm in config.realms}, config.realm_template)
        self.lobby = Lobby(
            self.realms,
            session_ids,
            self.dispatcher,
            reactor.callLater,
            now,
            self.admission,
            self.statistics.attendance,
            ended,
        )
        self.gates = Gates(reactor, now, self.caller)
        self.listeners = [Listener(transport, self) for transport in config.transports]
        self.hosted: list[tuple[configuration.SessionComponent, LocalConnection]] = []
        self.guests = [
            (one, Guest(one, reactor)) for one in config.components if isinstance(one, configuration.GuestComponent)
        ]
        self.parting: list[Guest] = []
        """Guests that have been told to end, because the configuration has them no longer."""
        self.steering: Steering | None = None
        """What the process around it can do; None where the router is part of another program."""
        self._loop_watch = LoopWatch(reactor.callLater, now)
        connect(self, self._loop_watch)
        self._stopped: Deferred[Any] | None = None
        self._is_hurried = False

    def make_realm(self, realm: configuration.Realm) -> Realm:
        """Return a realm as it is configured, with nobody in it."""
        behaviour = self.behaviour(realm)
        alarm = Alarm(self.dispatcher, self.reactor.callLater, self.now)
        alarm.realm = made = Realm(
            realm.name,
            behaviour.roles,
            publications=self._publications,
            tell=behaviour.tell,
            now=self.now,
            wall_clock=time,
            choose=random.randrange,
            wake=alarm.wake,
            store=self._store,
            refuse_publication=refused_publication,
            settings=behaviour.settings,
            tally=self.statistics.tallies.of(realm.name),
        )
        made.open_meta_api(next(self._session_ids))
        return made

    def end_realm(self, realm: Realm) -> None:
        """Let go of what a realm holds elsewhere. Nobody is in it any more."""
        for role in realm.roles.values():
            if isinstance(role, DynamicRole):
                role.retire()
        realm.close()
        self.caller.leave(realm)

    def behaviour(self, realm: configuration.Realm) -> Behaviour:
        """Return what the configuration says of a realm that exists."""
        roles = {role.name: self._make_role(role, realm) for role in realm.roles}
        dynamic = [role for role in roles.values() if isinstance(role, DynamicRole)]
        tell = noticing_authorizers(dynamic, self._tell) if dynamic else self._tell
        return Behaviour(roles, _settings(realm.options), tell)

    def _make_role(self, role: configuration.Role, realm: configuration.Realm) -> AnyRole:
        uri_check = UriCheck(realm.options.uri_check)
        if role.authorizer is None:
            return static_role(role, uri_check)
        return DynamicRole(
            role.name,
            role.authorizer,
            realm=realm.name,
            describe=_transport_of,
            ask=partial(self.caller.call, realm.name, role.authorizer, timeout=role.authorizer_timeout / 1000),
            hear=partial(self.caller.subscribe, realm.name, f"{role.authorizer}.changed"),
            deliver=self.dispatcher.deliver,
            later=self.reactor.callLater,
            now=self.now,
            report=lambda line: _log.error("{line}", line=line),
            uri_check=uri_check,
            trustlevel=role.trustlevel,
            disclose=disclosed(role.disclose),
            cache_ttl=role.authorizer_cache_ttl,
        )

    def gate(self, auth: configuration.Auth, cookie: configuration.Cookie | None = None) -> MethodGate:
        """Return what admits sessions on a transport; raise CannotStart if that is not possible."""
        return self.gates.make(auth, cookie)

    def start(self) -> None:
        """Start the components, then listen, then start guests; raise CannotStart if one of them is impossible."""
        for component in self.config.components:
            if not isinstance(component, configuration.GuestComponent):
                self.hosted.append((component, self.host(component)()))
        for listener in self.listeners:
            listener.listen()
        try:
            for _, guest in self.guests:
                guest.start()
        except CannotStart:
            for _, guest in self.guests:
                guest.stop()
            raise

    def reload(self, config: NodeConfig, before: Callable[[list[str]], None] = lambda _: None) -> list[str]:
        """Take another configuration; return what has changed, in words. Raise CannotStart: then nothing has.

        ``before`` is told what will have changed, once nothing can fail any more.
        """
        return reload(self, config.expanded(self._ticket), before)

    def limit(self, limits: configuration.RouterLimits) -> None:
        """Have other limits of the router as a whole. Who is in stays in."""
        self.admission.limits = AdmissionLimits(**limits.model_dump())
        self.config = self.config.model_copy(update={"limits": limits})

    def addresses(self) -> list[str]:
        """Return the addresses to print: where clients connect, and where the console is."""
        found: list[str] = []
        for listener in self.listeners:
            if not isinstance(listener.transport, configuration.AdminTransport):
                found += listener.addresses()
        return found if self.console is None else [*found, self.console]

    @property
    def console(self) -> str | None:
        """The address of the console, with the ticket for it if it has one; None without a section "admin"."""
        admin, listener = self.config.admin, self._admin_listener
        if admin is None or listener is None:
            return None
        page = listener.base + ("/console/" if admin.console else "/")
        return page if admin.auth is not None else f"{page}#ticket={self._ticket}"

    @property
    def entrance(self) -> Entrance | None:
        """How programs of whoever runs the router reach its management; None without a section "admin"."""
        admin, listener = self.config.admin, self._admin_listener
        if admin is None or listener is None:
            return None
        scheme, _, place = listener.base.partition("://")
        scheme = scheme.replace("http", "ws")
        url = f"{scheme}://{place}:/ws" if "unix" in scheme else f"{scheme}://{place}/ws"
        return Entrance(url, admin.realm, None if admin.auth is not None else self._ticket)

    @property
    def _admin_listener(self) -> Listener | None:
        found = (one for one in self.listeners if isinstance(one.transport, configuration.AdminTransport))
        return next(found, None)

    @property
    def desk(self) -> Session | None:
        """The router's own session in the admin realm; None if there is none."""
        found = (one for component, one in self.hosted if isinstance(component, configuration.ManagementComponent))
        connection = next(found, None)
        return None if connection is None else connection.session

    def obstacles(self) -> list[str]:
        """Return why clients should not be sent here now; nothing if they may be."""
        found = ["the router is stopping"] if self.is_stopping else []
        found += [
            f"component {component.name} is not there"
            for component, connection in self.hosted
            if not connection.is_open()
        ]
        return found + [f"guest {one.name} is not there" for _, one in self.guests if not one.is_there]

    def about(self) -> dict[str, Any]:
        """Return what runs here, for those who run it."""
        return {
            "product": "wamprouter",
            "version": __version__,
            "python": platform.python_version(),
            "pid": os.getpid(),
            "started_at": self.started_at,
            "uptime": time() - self.started_at,
            "realms": [realm.name for realm in self.realms],
            "transports": [
                {"id": listener.transport.id, "type": listener.transport.type, "address": listener.address}
                for listener in self.listeners
            ],
        }

    def host(self, component: configuration.SessionComponent) -> Callable[[], LocalConnection]:
        """Make a component's session; return what lets it join. Both raise CannotStart if it does not come up."""
        name = component.name
        session = self._session_of(component)

        def join() -> LocalConnection:
            connection = LocalConnection(
                self.lobby, lambda action: self.reactor.callLater(0, action), name, component.role
            )
            with _coming_up(name):
                connection.open(session)
            return connection

        return join

    def _session_of(self, component: configuration.SessionComponent) -> Handler:
        if isinstance(component, configuration.ManagementComponent):
            from wamprouter.management import management

            return management(self, component.realm)
        if isinstance(component, configuration.HttpComponent):
            from wamprouter.outbound.session import HttpSession

            return HttpSession(component, self.reactor)
        session_class = _session_class(component)
        with _coming_up(component.name):
            return made(session_class, realm=component.realm, extra=component.extra)

    def stop(self) -> Deferred[Any]:
        """Let calls in flight come to their end, then tell everyone, and cut who is still there a second later.

        From the beginning nobody comes in any more, and no new call is taken. Called again, it waits neither for calls nor
        for components.
        """
        if self._stopped is not None:
            self._is_hurried = True
            return self._stopped
        self._loop_watch.stop()
        drained_until = self.now() + self.config.drain_timeout / 1000
        closing = [listener.stop_listening() for listener in self.listeners]
        self.lobby.is_closed = True
        for realm in self.realms:
            realm.drain()
        self._stopped = done = DeferredList([port for port in closing if port is not None], consumeErrors=True)
        done.addCallback(lambda _: self._wait_for(lambda: self._is_hurried or self._is_drained(), drained_until))
        done.addCallback(lambda _: self._say_farewell())
        return done

    @property
    def is_stopping(self) -> bool:
        return self._stopped is not None

    def _is_drained(self) -> bool:
        """Tell whether no call is in flight, nor waits for its authorization."""
        return not any(
            session.calls or session.waiting is not None for realm in self.realms for session in realm.sessions.values()
        )

    def _say_farewell(self) -> Deferred[Any]:
        guests = [guest.stop() for guest in (*self.parting, *(guest for _, guest in self.guests))]
        for listener in self.listeners:
            listener.go_away("the router is shutting down")
        for _, component in self.hosted:
            component.leave()
        self.dispatcher.flush()
        clients = self._wait_for(self._are_clients_gone, self.now() + FAREWELL)
        clients.addCallback(lambda _: self._cut())
        components = self._wait_for(self._are_components_gone, self.now() + _PATIENCE)
        return DeferredList([clients, components, *guests], consumeErrors=True)

    def _are_clients_gone(self) -> bool:
        return all(listener.is_deserted for listener in self.listeners)

    def _are_components_gone(self) -> bool:
        """Tell whether no component has anything to do before it goes, or nobody wants to wait for that."""
        return self._is_hurried or not any(component.is_open() for _, component in self.hosted)

    def _cut(self) -> None:
        for listener in self.listeners:
            listener.cut("the router stops")

    def _wait_for(self, condition: Callable[[], bool], until: float) -> Deferred[None]:
        finished: Deferred[None] = Deferred()

        def look() -> None:
            if condition() or self.now() >= until:
                finished.callback(None)
            else:
                self.reactor.callLater(0.02, look)

        look()
        return finished


@contextmanager
def _coming_up(name: str) -> Iterator[None]:
    """Make one line for the operator of whatever a component raises."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # user code: anything may come
        _log.failure("component {name} failed to start", level=LogLevel.debug, name=name)
        raise CannotStart(f"component {name} failed to start: {error!r}") from None


def _carrying_out(
    tell: Callable[[Fact], None], watchers: list[Callable[[Fact], None]], count: Callable[[Fact], None]
) -> Callable[[Fact], None]:
    """Return what counts and tells a fact, and stops reading who was killed before anything else of it is read."""

    def carry_out(fact: Fact) -> None:
        count(fact)
        if type(fact) is SessionKilled:
            peer = fact.session.link.owner
            if isinstance(peer, Peer):
                peer.await_goodbye()
        tell(fact)
        for watch in watchers:
            watch(fact)

    return carry_out


def _watched(config: NodeConfig) -> tuple[str, ...]:
    """Return the procedures whose calls are always shown by themselves."""
    return () if config.admin is None else config.admin.procedures


def _transport_of(session: Session) -> dict[str, Any]:
    """Return what authorizers are told of a connection: no headers, which have secrets in them."""
    peer = session.link.owner
    described = peer.described() if isinstance(peer, Peer) else {}
    return {key: described[key] for key in ("type", "peer", "is_secure") if key in described}


def _settings(options: configuration.RealmOptions) -> Settings:
    return Settings(
        drop_events=options.slow_subscriber == "drop",
        may_disclose=options.disclose_me == "allow",
        call_timeout_unit=options.call_timeout_unit,
        max_call_timeout=options.max_call_timeout,
        cancel_reply=options.cancel_reply,
        strict_request_ids=options.strict_request_ids,
        history=tuple(
            HistoryRule(rule.uri, Match(rule.match), rule.limit, rule.limit_bytes) for rule in options.history
        ),
        max_retained=options.max_retained,
        max_retained_bytes=options.max_retained_bytes,
        max_subscriptions=options.max_subscriptions,
        max_registrations=options.max_registrations,
        max_calls=options.max_calls,
        max_testaments=options.max_testaments,
    )


def _session_class(component: configuration.ClassComponent | configuration.FunctionComponent) -> type[Any]:
    """Return the class of a component's session; raise CannotStart if it cannot be had."""
    if isinstance(component, configuration.FunctionComponent):
        from wamprouter.callbacks import session_class as session_of  # with the client library, which few routers need

        wanted = component.callbacks.model_dump(exclude_none=True)
        functions = {event: _load(name) for event, name in wanted.items()}
        for event, function in functions.items():
            if not callable(function):
                raise CannotStart(f"component {wanted[event]} is not a function")
        return session_of(functions)
    found = _load(component.classname)
    if not isinstance(found, type):
        raise CannotStart(f"component {component.classname} is not a class")
    return found


def _load(name: str) -> Any:
    """Return what has that name; raise CannotStart if there is no such thing."""
    try:
        return load(name)
    except CannotStart as problem:
        raise CannotStart(f"component {problem}") from None
