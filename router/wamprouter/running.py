"""A router as a process: its log, its signals, the commands that it takes, and how it comes to its end."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final, TextIO

from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevelFilterPredicate,
    globalLogBeginner,
)

from wamprouter import __version__
from wamprouter import config as configuration
from wamprouter.brevity import BriefObserver
from wamprouter.config import Checked, NodeConfig
from wamprouter.control import Command, Outcome, listen
from wamprouter.descriptors import allow_open_files
from wamprouter.farewells import Farewells
from wamprouter.guests import reap_when_told
from wamprouter.logs import log_lines
from wamprouter.node import Node
from wamprouter.realm.facts import Fact, SessionJoined, SessionLeft
from wamprouter.server.forms import CannotStart
from wamprouter.server.inherited import NOTHING, Inherited
from wamprouter.steering import Levels, Steering
from wamprouter.supervision import Supervisor, supervisor

__all__ = ["run"]

_log = Logger()

_FILES_BESIDES: Final = 200  # open files that are no connections: ports, libraries, stores, pages being sent

_CLOSING: Final = 10.0  # seconds for what follows when calls are drained: four at most, on a machine that is not busy


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
    inherited: Inherited = NOTHING,
) -> int:
    """Run a router until a signal ends it, or that many seconds; return the exit status of the process.

    Warnings are logged once it listens. ``reread`` returns the configuration as it is by then, for a reload; ``control`` is
    the socket on which commands are taken; ``inherited`` are those that a service manager has opened for the transports.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed  # its type is a module that becomes the reactor at run time
    # Until the router listens, it says nothing but why it cannot.
    predicate = LogLevelFilterPredicate()
    levels = Levels(predicate, loglevel if loglevel in ("debug", "trace") else "error")
    observer = FilteringLogObserver(BriefObserver(log_lines(log or sys.stderr, logformat), monotonic), [predicate])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)
    manager = supervisor(os.environ)
    try:
        farewells = Farewells(monotonic, lambda: levels.level in ("info", "debug", "trace"))
        node = Node(config, reactor, tell=partial(_log_fact, levels), ended=farewells.note, inherited=inherited)
        node.start()
    except CannotStart as problem:
        print(problem, file=sys.stderr)  # noqa: T201  # the one line that the operator needs, without a log's prefix
        return 1
    reloading = partial(_reload, node, reread, manager)
    node.steering = Steering(reloading, levels)
    without_control = (
        None
        if control is None
        else _take_commands(control, {"reload": reloading, **_commands(node, reactor, manager)}, reactor)
    )
    levels.level = loglevel
    if without_control is not None:
        # A router that cannot be told to reload is still a router; a signal reaches it all the same.
        _log.warn("no commands are taken at {path}: {error}", path=str(control), error=str(without_control))
    # Before anybody hears that the router is there, and may want something of it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: reactor.callFromThread(_shut_down, node, reactor, manager))
    if reread is not None:
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(reloading))
    reap_when_told(reactor)
    _allow_connections(config)
    for address in node.inherited.unused():
        _log.warn("the service manager listens on {address}, but no transport does", address=address)
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
        reactor.callLater(shutdown_after, _shut_down, node, reactor, manager)
    manager.ready(f"serving {', '.join(listener.address for listener in node.listeners)}")
    reactor.callWhenRunning(manager.keep_alive, reactor)
    reactor.run(installSignalHandlers=False)
    return 0


def _reload(
    node: Node,
    reread: Callable[[], Checked] | None,
    manager: Supervisor,
    before: Callable[[list[str]], None] = lambda _: None,
) -> Outcome:
    """Take the configuration as it is now; return whether that was done, and what to say of it.

    ``before`` is told what changes, before the first session ends by it.
    """
    if node.is_stopping:  # the service manager has been told so, which stays true
        return _attempt(node, reread, before)
    with manager.reloading() as conclude:
        is_done, lines = _attempt(node, reread, before)
        conclude(f"{'reloaded' if is_done else 'not reloaded'}: {'; '.join(lines)}")
    return is_done, lines


def _attempt(node: Node, reread: Callable[[], Checked] | None, before: Callable[[list[str]], None]) -> Outcome:
    try:
        return True, _reloaded(node, reread, before)
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


def _reloaded(node: Node, reread: Callable[[], Checked] | None, before: Callable[[list[str]], None]) -> list[str]:
    if node.is_stopping:
        raise CannotStart("the router is stopping")
    if reread is None:
        raise CannotStart("the router was started without a configuration file")
    found = reread()
    lines = node.reload(found.config, lambda lines: before([*found.warnings, *lines]))
    for warning in found.warnings:
        _log.warn("{warning}", warning=warning, is_ours=True)
    _log.info("reloaded: {changes}", changes="; ".join(lines))
    return [*found.warnings, *lines]


_UNMANAGED: Final = 'the configuration has no section "admin"'


def _commands(node: Node, reactor: Any, manager: Supervisor) -> Mapping[str, Command]:
    """Return what the control socket takes besides a reload. Only this user can ask for a ticket there."""

    def console() -> Outcome:
        address = node.console
        return address is not None, [_UNMANAGED if address is None else address]

    def management() -> Outcome:
        entrance = node.entrance
        return entrance is not None, [_UNMANAGED if entrance is None else json.dumps(entrance._asdict())]

    def status() -> Outcome:
        return True, [json.dumps(node.about() | {"sessions": sum(len(realm.sessions) for realm in node.realms)})]

    def stop() -> Outcome:
        reactor.callLater(0, _shut_down, node, reactor, manager)
        return True, [str(os.getpid())]

    return {"console": console, "management": management, "status": status, "stop": stop}


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
    for address in node.addresses():
        print(address, flush=True)  # noqa: T201  # for people and scripts that wait for it


def _shut_down(node: Node, reactor: Any, manager: Supervisor) -> None:
    is_first = not node.is_stopping
    if is_first:
        manager.stopping(node.config.drain_timeout / 1000 + _CLOSING)
    stopped = maybeDeferred(node.stop)
    if is_first:
        _log.info("stopping")
        stopped.addErrback(lambda failure: _log.failure("while stopping", failure))
        stopped.addBoth(lambda _: reactor.stop())


def _log_fact(levels: Levels, fact: Fact) -> None:
    """Log who comes and goes, where that is read: composing a line for nobody would cost each join a tenth of its time."""
    if levels.is_debug and isinstance(fact, SessionJoined | SessionLeft):
        _log.debug(
            "session {session} {verb} realm {realm} as {authid} ({role})",
            session=fact.session.id,
            verb="joined" if isinstance(fact, SessionJoined) else "left",
            realm=fact.session.realm.name,
            authid=fact.session.authid,
            role=fact.session.authrole,
        )
