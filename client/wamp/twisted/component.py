"""``Component`` and ``run`` for Twisted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from wamp.component import ComponentBase
from wamp.twisted.deferreds import gathered
from wamp.twisted.endpoints import Dialer, ReactorClock
from wamp.twisted.runner import Running, begin_logging, stop_reactor
from wamp.twisted.session import Session
from wamp.types import ComponentConfig

__all__ = ["Component", "run"]

_log = Logger()


class Component(ComponentBase):
    __doc__ = ComponentBase.__doc__
    log = Logger()
    _running: Running | None = None

    def _default_session(self, config: ComponentConfig) -> Session:
        return Session(config)

    def _gather(self, results: list[Any]) -> Deferred[list[Any]]:
        return gathered(results)

    def start(self, reactor: Any = None) -> Deferred[None]:
        """Connect, and connect again as long as it is of use; the Deferred fires when the component is done, or fails.

        Started twice, it is the same run.
        """
        if reactor is None:
            from twisted.internet import reactor
        done: Deferred[None] = Deferred()
        if self._running is not None and not self._running.ended.called:
            self._running.ended.addBoth(_passed_on, done)
            return done
        running = self._running = Running(self._connect(reactor, ReactorClock(reactor), Dialer(reactor)), reactor)
        running.ended.addBoth(_passed_on, done)
        begun = maybeDeferred(self.fire, "start", reactor, self)
        begun.addCallbacks(lambda _: running.start().addErrback(lambda _: None), running.ended.errback)
        return done

    def stop(self) -> Deferred[None]:
        """Leave the realm and do not connect again; the Deferred fires when the connection is closed."""
        return succeed(None) if self._running is None else self._running.stop()


def run(
    components: Component | Sequence[Component],
    log_level: str | None = "info",
    stop_at_close: bool = True,
    reactor: Any = None,
) -> None:
    """Run components until all are done, then exit: with status 1 if one has failed, else 0.

    With ``stop_at_close`` the others are stopped as soon as one has failed. ``log_level`` is for standard error and only if nobody
    has set up logging yet; None leaves it alone.
    """
    each = [components] if isinstance(components, Component) else list(components)
    if reactor is None:
        from twisted.internet import reactor
    if log_level is not None:
        begin_logging(log_level)
    failures: list[Failure] = []

    def failed(failure: Failure) -> None:
        failures.append(failure)
        _log.failure("a component has failed", failure)
        if stop_at_close:
            for component in each:
                component.stop()

    def start() -> None:
        done = [component.start(reactor).addErrback(failed) for component in each]
        DeferredList(done).addCallback(lambda _: stop_reactor(reactor))

    reactor.callWhenRunning(start)
    reactor.run()
    sys.exit(1 if failures else 0)


def _passed_on(result: Any, done: Deferred[None]) -> Any:
    if isinstance(result, Failure):
        done.errback(result)
        return None
    done.callback(None)
    return result
