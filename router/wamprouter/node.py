"""The composition root: the one place that makes the router's parts and connects them.

Everyone else is given what it needs. ``run`` is what the command line calls; tests make a ``Node`` of their own.
"""

from __future__ import annotations

import gc
import random
import secrets
import signal
import sys
from collections.abc import Callable
from functools import partial
from time import monotonic, time
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
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
from wamprouter.inbox import refused_publication
from wamprouter.local import LocalConnection, host
from wamprouter.realm.facts import Fact, SessionJoined, SessionKilled, SessionLeft
from wamprouter.realm.realm import Realm
from wamprouter.realm.settings import HistoryRule, Settings
from wamprouter.realms import Realms
from wamprouter.server.alarm import Alarm
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.listeners import CannotStart, Listener
from wamprouter.server.peer import Lobby, Peer
from wamprouter.store import EventStore
from wamprouter.store.memory import MemoryStore

__all__ = ["CannotStart", "Node", "run"]

_log = Logger()

_FAREWELL: Final = 1.0  # seconds that clients have to answer a close frame before their connections are cut


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
        # Publications need to be unlikely to collide, sessions also hard to guess.
        publications = GlobalIds(random.Random(secrets.randbits(128)).getrandbits)
        session_ids = GlobalIds(secrets.randbits)
        store = MemoryStore()

        self.caller = Caller(lambda name: self.realms.existing(name), session_ids, self.dispatcher, reactor.callLater)

        def make(realm: configuration.Realm) -> Realm:
            made = self._make_realm(realm, publications, _carrying_out(tell), store)
            made.open_meta_api(next(session_ids))
            return made

        self.realms = Realms(config.realms, config.realm_template, make)
        self.lobby = Lobby(self.realms, session_ids, self.dispatcher, reactor.callLater, now)
        self.gates = Gates(reactor, now, self.caller)
        self.listeners = [Listener(transport, self) for transport in config.transports]
        self._components = config.components
        self.hosted: list[LocalConnection] = []
        self.is_stopping = False

    def _make_realm(
        self,
        realm: configuration.Realm,
        publications: GlobalIds,
        tell: Callable[[Fact], None],
        store: EventStore,
    ) -> Realm:
        roles = {role.name: self._make_role(role, realm) for role in realm.roles}
        dynamic = [role for role in roles.values() if isinstance(role, DynamicRole)]
        alarm = Alarm(self.dispatcher, self.reactor.callLater, self.now)
        alarm.realm = made = Realm(
            realm.name,
            roles,
            publications=publications,
            tell=noticing_authorizers(dynamic, tell) if dynamic else tell,
            now=self.now,
            wall_clock=time,
            choose=random.randrange,
            wake=alarm.wake,
            store=store,
            refuse_publication=refused_publication,
            settings=_settings(realm.options),
        )
        return made

    def _make_role(self, role: configuration.Role, realm: configuration.Realm) -> AnyRole:
        uri_check = UriCheck(realm.options.uri_check)
        if role.authorizer is None:
            return static_role(role, uri_check)
        return DynamicRole(
            role.name,
            role.authorizer,
            realm=realm.name,
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
        """Start the components, then listen; raise CannotStart if one of them is impossible."""
        for component in self._components:
            self._host(component)
        for listener in self.listeners:
            listener.listen()

    def _host(self, component: configuration.Component) -> None:
        name = component.id or component.classname
        session_class = _load_class(component.classname)
        connection = LocalConnection(self.lobby, lambda action: self.reactor.callLater(0, action), name, component.role)
        self.hosted.append(connection)
        try:
            host(connection, session_class, realm=component.realm, extra=component.extra)
        except Exception as error:  # noqa: BLE001  # user code: whatever it raises becomes one line for the operator
            _log.failure("component {name} failed to start", level=LogLevel.debug, name=name)
            raise CannotStart(f"component {name} failed to start: {error!r}") from None

    def stop(self) -> Deferred[Any]:
        """Close the ports, tell everyone, cut who is still there a second later."""
        closing = [listener.stop_listening() for listener in self.listeners]
        for listener in self.listeners:
            for connection in listener.connections:
                connection.go_away()
        for component in self.hosted:
            component.leave()
        self.dispatcher.flush()
        done: Deferred[Any] = DeferredList([port for port in closing if port is not None], consumeErrors=True)
        done.addCallback(lambda _: self._wait_for_farewells(self.now() + _FAREWELL))
        return done

    def _wait_for_farewells(self, until: float) -> Deferred[None]:
        finished: Deferred[None] = Deferred()

        def look() -> None:
            remaining = [connection for listener in self.listeners for connection in listener.connections]
            if remaining and self.now() < until:
                self.reactor.callLater(0.02, look)
                return
            for connection in remaining:
                connection.drop("the router stops")
            finished.callback(None)

        look()
        return finished


def _carrying_out(tell: Callable[[Fact], None]) -> Callable[[Fact], None]:
    """Return what tells a fact, and stops reading who was killed before anything else of it is read."""

    def carry_out(fact: Fact) -> None:
        if type(fact) is SessionKilled:
            peer = fact.session.link.owner
            if isinstance(peer, Peer):
                peer.await_goodbye()
        tell(fact)

    return carry_out


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
        history=tuple(HistoryRule(rule.uri, Match(rule.match), rule.limit) for rule in options.history),
        max_retained=options.max_retained,
        max_subscriptions=options.max_subscriptions,
        max_registrations=options.max_registrations,
        max_calls=options.max_calls,
        max_testaments=options.max_testaments,
    )


def _load_class(classname: str) -> type[Any]:
    """Return the class of that name; raise CannotStart if there is none."""
    try:
        found = load(classname)
    except CannotStart as problem:
        raise CannotStart(f"component {problem}") from None
    if not isinstance(found, type):
        raise CannotStart(f"component {classname} is not a class")
    return found


def run(config: NodeConfig, *, loglevel: str = "info") -> int:
    """Run a router until a signal ends it; return the exit status of the process."""
    from twisted.internet import reactor as installed

    reactor: Any = installed  # its type is a module that becomes the reactor at run time
    # Until the router listens, it says nothing but why it cannot.
    levels = LogLevelFilterPredicate(LogLevel.levelWithName("debug" if loglevel == "debug" else "error"))
    observer = FilteringLogObserver(textFileLogObserver(sys.stderr), [levels])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)
    try:
        # Composing a line that nobody reads would cost each join a tenth of its time.
        node = Node(config, reactor, tell=_log_fact) if loglevel == "debug" else Node(config, reactor)
        node.start()
    except CannotStart as problem:
        print(problem, file=sys.stderr)  # noqa: T201  # the one line that the operator needs, without a log's prefix
        return 1
    levels.setLogLevelForNamespace("", LogLevel.levelWithName(loglevel))
    if loglevel != "debug":
        # A peer that breaks off a handshake is no news, and a thousand of them must not fill the log.
        levels.setLogLevelForNamespace("autobahn", LogLevel.error)
    _announce(node)
    _log.info("wamprouter {version} is ready; Ctrl-C ends it", version=__version__)
    # What start-up has made stays until the end: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: reactor.callFromThread(_shut_down, node, reactor))
    reactor.run(installSignalHandlers=False)
    return 0


def _announce(node: Node) -> None:
    """Print the addresses to open."""
    for listener in node.listeners:
        for address in listener.addresses():
            print(address, flush=True)  # noqa: T201  # for people and scripts that wait for it


def _shut_down(node: Node, reactor: Any) -> None:
    if node.is_stopping:
        return
    node.is_stopping = True
    _log.info("stopping")
    stopped = maybeDeferred(node.stop)
    stopped.addErrback(lambda failure: _log.failure("while stopping", failure))
    stopped.addBoth(lambda _: reactor.stop())
