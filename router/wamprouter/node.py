"""The composition root: the one place that makes the router's parts and connects them.

Everyone else is given what it needs. ``run`` is what the command line calls; tests make a ``Node`` of their own.
"""

from __future__ import annotations

import gc
import random
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import Any, Final, NamedTuple, TextIO

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
)

from wamp.protocol.ids import GlobalIds
from wamp.protocol.uris import Match, UriCheck
from wamprouter import __version__
from wamprouter import config as configuration
from wamprouter.auth.gate import MethodGate
from wamprouter.authz import AnyRole
from wamprouter.authz.configured import disclosed, static_role
from wamprouter.authz.dynamic import DynamicRole, noticing_authorizers
from wamprouter.brevity import BriefObserver
from wamprouter.callers import Caller
from wamprouter.config import Checked, NodeConfig
from wamprouter.control import Command, Outcome, listen
from wamprouter.descriptors import allow_open_files
from wamprouter.gates import Gates, load
from wamprouter.guests import Guest, reap_when_told
from wamprouter.inbox import refused_publication
from wamprouter.local import LocalConnection, made
from wamprouter.logs import log_lines
from wamprouter.realm.facts import Fact, SessionJoined, SessionKilled, SessionLeft
from wamprouter.realm.realm import Realm
from wamprouter.realm.settings import HistoryRule, Settings
from wamprouter.realms import Realms
from wamprouter.reloading import FAREWELL, reload
from wamprouter.server.admission import Admission, AdmissionLimits
from wamprouter.server.alarm import Alarm
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.listeners import CannotStart, Listener
from wamprouter.server.peer import Lobby, Peer
from wamprouter.server.turns import Turns
from wamprouter.session import Session
from wamprouter.store.memory import MemoryStore

__all__ = ["CannotStart", "Node", "run"]

_log = Logger()

_FILES_BESIDES: Final = 200  # open files that are no connections: ports, libraries, stores, pages being sent
_PATIENCE: Final = 3.0  # seconds for what components do before they go; service managers wait longer


class Behaviour(NamedTuple):
    """What a realm can be told anew while it runs."""

    roles: dict[str, AnyRole]
    settings: Settings
    tell: Callable[[Fact], None]

    def retire(self) -> None:
        """Let go of what the roles hold outside of the realm."""
        for role in self.roles.values():
            if isinstance(role, DynamicRole):
                role.retire()


class Node:
    """One router: realms, listeners and hosted components."""

    def __init__(
        self,
        config: NodeConfig,
        reactor: Any,
        *,
        now: Callable[[], float] = monotonic,
        tell: Callable[[Fact], None] = lambda _: None,
    ) -> None:
        self.reactor = reactor
        self.now = now
        self.dispatcher = Dispatcher(lambda action: reactor.callLater(0, action))
        self.turns = Turns(lambda action: reactor.callLater(0, action), now, reactor.callLater)
        self.admission = Admission(AdmissionLimits(**config.limits.model_dump()), now)
        # Publications need to be unlikely to collide, sessions also hard to guess.
        publications = GlobalIds(random.Random(secrets.randbits(128)).getrandbits)
        session_ids = GlobalIds(secrets.randbits)
        store = MemoryStore()

        self.caller = Caller(lambda name: self.realms.existing(name), session_ids, self.dispatcher, reactor.callLater)

        self.config = config
        self._publications = publications
        self._session_ids = session_ids
        self._store = store
        self._tell = _carrying_out(tell)
        self.realms = Realms(self.make_realm, self.end_realm)
        self.realms.replace({realm.name: self.make_realm(realm) for realm in config.realms}, config.realm_template)
        self.lobby = Lobby(self.realms, session_ids, self.dispatcher, reactor.callLater, now, self.admission)
        self.gates = Gates(reactor, now, self.caller)
        self.listeners = [Listener(transport, self) for transport in config.transports]
        self.hosted: list[tuple[configuration.Component, LocalConnection]] = []
        self.guests = [
            (one, Guest(one, reactor)) for one in config.components if isinstance(one, configuration.GuestComponent)
        ]
        self.parting: list[Guest] = []
        """Guests that have been told to end, because the configuration has them no longer."""
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

    def reload(self, config: NodeConfig) -> list[str]:
        """Take another configuration; return what has changed, in words. Raise CannotStart: then nothing has."""
        return reload(self, config)

    def host(
        self, component: configuration.ClassComponent | configuration.FunctionComponent
    ) -> Callable[[], LocalConnection]:
        """Make a component's session; return what lets it join. Both raise CannotStart if it does not come up."""
        name = component.name
        session_class = _session_class(component)
        with _coming_up(name):
            session = made(session_class, realm=component.realm, extra=component.extra)

        def join() -> LocalConnection:
            connection = LocalConnection(
                self.lobby, lambda action: self.reactor.callLater(0, action), name, component.role
            )
            with _coming_up(name):
                connection.open(session)
            return connection

        return join

    def stop(self) -> Deferred[Any]:
        """Let calls in flight come to their end, then tell everyone, and cut who is still there a second later.

        From the beginning nobody comes in any more, and no new call is taken. Called again, it waits neither for calls nor
        for components.
        """
        if self._stopped is not None:
            self._is_hurried = True
            return self._stopped
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
            for connection in listener.connections:
                connection.go_away("the router is shutting down")
        for _, component in self.hosted:
            component.leave()
        self.dispatcher.flush()
        clients = self._wait_for(self._are_clients_gone, self.now() + FAREWELL)
        clients.addCallback(lambda _: self._cut())
        components = self._wait_for(self._are_components_gone, self.now() + _PATIENCE)
        return DeferredList([clients, components, *guests], consumeErrors=True)

    def _are_clients_gone(self) -> bool:
        return not any(listener.connections for listener in self.listeners)

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


def _carrying_out(tell: Callable[[Fact], None]) -> Callable[[Fact], None]:
    """Return what tells a fact, and stops reading who was killed before anything else of it is read."""

    def carry_out(fact: Fact) -> None:
        if type(fact) is SessionKilled:
            peer = fact.session.link.owner
            if isinstance(peer, Peer):
                peer.await_goodbye()
        tell(fact)

    return carry_out


def _transport_of(session: Session) -> dict[str, Any]:
    """Return what authorizers are told of a connection: no headers, which have secrets in them."""
    peer = session.link.owner
    described = peer.transport() if isinstance(peer, Peer) else {}
    return {key: described[key] for key in ("type", "peer", "is_secure") if key in described}


def _log_fact(fact: Fact) -> None:
    """Log who comes and goes."""
    if isinstance(fact, SessionJoined | SessionLeft):
        _log.debug(
            "session {session} {verb} realm {realm} as {authid} ({role})",
            session=fact.session.id,
            verb="joined" if isinstance(fact, SessionJoined) else "left",
            realm=fact.session.realm.name,
            authid=fact.session.authid,
            role=fact.session.authrole,
        )


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


_LEVELS: Final = {"none": "critical", "trace": "debug"}  # Crossbar's names


def run(
    config: NodeConfig,
    *,
    loglevel: str = "info",
    warnings: Sequence[str] = (),
    log: TextIO | None = None,
    logformat: str = "standard",
    shutdown_after: float | None = None,
    reread: Callable[[], Checked] | None = None,
    control: Path | None = None,
) -> int:
    """Run a router until a signal ends it, or that many seconds; return the exit status of the process.

    Warnings are logged once it listens. ``reread`` returns the configuration as it is by then, for a reload; ``control`` is
    the socket on which commands are taken.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed  # its type is a module that becomes the reactor at run time
    # Until the router listens, it says nothing but why it cannot.
    loglevel = _LEVELS.get(loglevel, loglevel)
    levels = LogLevelFilterPredicate(LogLevel.levelWithName("debug" if loglevel == "debug" else "error"))
    observer = FilteringLogObserver(BriefObserver(log_lines(log or sys.stderr, logformat), monotonic), [levels])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)
    try:
        # Composing a line that nobody reads would cost each join a tenth of its time.
        node = Node(config, reactor, tell=_log_fact) if loglevel == "debug" else Node(config, reactor)
        node.start()
    except CannotStart as problem:
        print(problem, file=sys.stderr)  # noqa: T201  # the one line that the operator needs, without a log's prefix
        return 1
    reloading = partial(_reload, node, reread)
    without_control = None if control is None else _take_commands(control, {"reload": reloading}, reactor)
    levels.setLogLevelForNamespace("", LogLevel.levelWithName(loglevel))
    if without_control is not None:
        # A router that cannot be told to reload is still a router; a signal reaches it all the same.
        _log.warn("no commands are taken at {path}: {error}", path=str(control), error=str(without_control))
    if loglevel != "debug":
        # A peer that breaks off a handshake is no news, and a thousand of them must not fill the log.
        levels.setLogLevelForNamespace("autobahn", LogLevel.error)
    # Before anybody hears that the router is there, and may want something of it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: reactor.callFromThread(_shut_down, node, reactor))
    if reread is not None:
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(reloading))
    reap_when_told(reactor)
    _allow_connections(config)
    for warning in warnings:
        _log.warn("{warning}", warning=warning, is_ours=True)
    _announce(node)
    for _, guest in node.guests:
        _log.info("guest {name} runs as process {pid}", name=guest.name, pid=guest.pid)
    _log.info("wamprouter {version} is ready; Ctrl-C ends it", version=__version__)
    # What start-up has made stays until the end: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    if shutdown_after is not None:
        reactor.callLater(shutdown_after, _shut_down, node, reactor)
    reactor.run(installSignalHandlers=False)
    return 0


def _reload(node: Node, reread: Callable[[], Checked] | None) -> Outcome:
    """Take the configuration as it is now; return whether that was done, and what to say of it."""
    try:
        return True, _reloaded(node, reread)
    except configuration.ConfigError as error:
        problems = error.problems
    except CannotStart as problem:
        problems = [str(problem)]
    except Exception:  # noqa: BLE001  # the outermost loop: a bug of ours, which must not end the router
        _log.failure("while reloading")
        return False, ["the router failed to reload; its log has more"]
    for line in problems:
        _log.error("not reloaded, nothing has changed: {line}", line=line, is_ours=True)
    return False, problems


def _reloaded(node: Node, reread: Callable[[], Checked] | None) -> list[str]:
    if node.is_stopping:
        raise CannotStart("the router is stopping")
    if reread is None:
        raise CannotStart("the router was started without a configuration file")
    found = reread()
    lines = node.reload(found.config)
    for warning in found.warnings:
        _log.warn("{warning}", warning=warning, is_ours=True)
    _log.info("reloaded: {changes}", changes="; ".join(lines))
    return [*found.warnings, *lines]


def _take_commands(path: Path, commands: Mapping[str, Command], reactor: Any) -> Exception | None:
    """Take commands on a socket; return why not, if that is not possible."""
    try:
        listen(path, commands, reactor)
    except (CannotListenError, OSError) as error:
        return error
    return None


def _allow_connections(config: NodeConfig) -> None:
    """Get the open files that the configured connections take, or say that there may not be enough."""
    most = [transport.max_connections for transport in config.transports]
    allowed = allow_open_files(sum(most) + _FILES_BESIDES)
    if most and allowed < max(most):
        _log.warn(
            "{allowed} open files are allowed, but a transport may have {most} connections: raise the limit (ulimit -n)",
            allowed=allowed,
            most=max(most),
        )


def _announce(node: Node) -> None:
    """Print the addresses to open."""
    for listener in node.listeners:
        for address in listener.addresses():
            print(address, flush=True)  # noqa: T201  # for people and scripts that wait for it


def _shut_down(node: Node, reactor: Any) -> None:
    is_first = not node.is_stopping
    stopped = maybeDeferred(node.stop)
    if is_first:
        _log.info("stopping")
        stopped.addErrback(lambda failure: _log.failure("while stopping", failure))
        stopped.addBoth(lambda _: reactor.stop())
