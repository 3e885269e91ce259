"""Another configuration in a router whose clock stands still: what is left of the one before, and of one that could not be had."""

from __future__ import annotations

import copy
import gc
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogBeginner

from tests.support.process import EVERYTHING
from wamp.twisted import ApplicationSession
from wamprouter.config import validate
from wamprouter.node import CannotStart, Node


class Good(ApplicationSession):
    """Joins."""


class Bad(ApplicationSession):
    def __init__(self, config: Any) -> None:
        raise RuntimeError("no database")


def port(name: str, kind: str = "websocket", number: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": name, "endpoint": {"type": "tcp", "port": number}, **more}


def component(name: str) -> dict[str, Any]:
    return {"type": "class", "classname": f"{__name__}.{name}", "realm": "realm1", "role": "anonymous"}


PLAIN: dict[str, Any] = {
    "version": 1,
    "realms": [{"name": "realm1", "roles": [{"name": "anonymous", "permissions": EVERYTHING}]}],
    "transports": [port("ws")],
}

RICH: dict[str, Any] = {
    **PLAIN,
    "realms": [
        {
            "name": "realm1",
            "roles": [{"name": "anonymous", "authorizer": "com.judge"}, {"name": "user"}],
            "options": {"history": [{"uri": "com.log"}], "max_retained": 5},
        },
        {
            "name": "extra",
            "roles": [{"name": "user", "authorizer": "com.judge"}],
            "options": {"history": [{"uri": "com.log"}, {"uri": "com.other"}]},
        },
    ],
    "realm_template": {"roles": [{"name": "anonymous"}]},
    "transports": [
        port("ws", cookie={}, auth={"cookie": {}, "ticket": {"principals": {"joe": {"ticket": "x", "role": "user"}}}}),
        port("rs", "rawsocket"),
        port("web", "web", paths={"/": {"type": "json", "value": 1}, "ws": {"type": "websocket"}}),
    ],
    "components": [component("Good")],
    "limits": {"max_connections": 5},
}

KINDS = [
    "Alarm",
    "BoundedSite",
    "Broker",
    "Dealer",
    "DynamicRole",
    "FileCookies",
    "Good",
    "Listener",
    "LocalConnection",
    "LoopingCall",
    "MemoryCookies",
    "MemoryLog",
    "MethodGate",
    "Peer",
    "RawSocketFactory",
    "Realm",
    "Rights",
    "Role",
    "Session",
    "Subscription",
    "WebSocketServerFactory",
    "_Consulted",
    "_Form",
]


class Router:
    """A router, the clock of which stands still."""

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        self.folder = folder
        self.reactor = MemoryReactorClock()
        self.node = Node(self.read(document), self.reactor, now=self.reactor.seconds)
        self.wait()

    def read(self, document: dict[str, Any]) -> Any:
        return validate(copy.deepcopy(document), folder=self.folder, environ={})

    def reload(self, document: dict[str, Any]) -> list[str]:
        lines = self.node.reload(self.read(document))
        self.wait()
        return lines

    def refusal(self, document: dict[str, Any]) -> str:
        """Return why a configuration cannot be had."""
        try:
            self.node.reload(self.read(document))
        except CannotStart as problem:
            return str(problem)
        finally:
            self.wait()
        raise AssertionError("it can be had")

    def close(self) -> None:
        for listener in self.node.listeners:
            listener.close_at_once()

    def wait(self) -> None:
        """Let everything end that has to."""
        for _ in range(20):
            self.reactor.advance(1)

    def census(self) -> dict[str, int]:
        """Return what there is of this router."""
        globalLogBeginner._initialBuffer._buffer.clear()  # where the log keeps tracebacks as long as nobody reads it
        gc.collect()
        found = Counter(type(one).__name__ for one in gc.get_objects())
        timers = len(self.reactor.getDelayedCalls())
        gates = self.node.gates
        stores = {
            "logs": len(self.node._store._logs),
            "cookies": len(gates._cookies),
            "functions": len(gates._functions),
        }
        return {name: found[name] for name in KINDS} | stores | {"timers": timers}


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    gc.freeze()  # what other tests have left is not counted
    router = Router(tmp_path, PLAIN)
    yield router
    router.close()
    gc.unfreeze()


def test_nothing_is_left_of_what_has_gone(router: Router) -> None:
    """Neither an object, nor a timer, nor a log."""
    before = router.census()
    for _ in range(3):
        lines = router.reload(RICH)
        assert "realm extra is new" in lines
        assert router.census() != before
        lines = router.reload(PLAIN)
        assert "realm extra is closed" in lines
        assert before == router.census()
        assert ["realm1"] == list(router.node.caller._desks)


FAILURES: dict[str, dict[str, Any]] = {
    "a port is taken": {  # the number is put in by the test
        "transports": [port("ws"), port("more"), port("taken", number=1)]
    },
    "a component fails": {"components": [component("Good"), component("Bad")]},
    "a component is missing": {"components": [component("Good"), component("Missing")]},
    "a guest is missing": {"components": [component("Good"), {"type": "guest", "executable": "no-such-program"}]},
    "a folder is missing": {
        "transports": [port("ws", "web", paths={"/": {"type": "static", "directory": "no-such-folder"}})]
    },
    "cookies cannot be kept": {
        "transports": [
            port("ws"),
            port(
                "more",
                cookie={"store": {"type": "file", "filename": "no-such-folder/cookies"}},
                auth={"cookie": {}, "anonymous": {}},
            ),
        ]
    },
}


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else has."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("start", [PLAIN, RICH], ids=["from little", "from much"])
def test_nothing_is_left_of_what_could_not_be_had(
    router: Router, taken: int, start: dict[str, Any], failure: dict[str, Any]
) -> None:
    failing = copy.deepcopy({**(RICH if start is PLAIN else PLAIN), **failure})
    for transport in failing["transports"]:
        if transport["id"] == "taken":
            transport["endpoint"]["port"] = taken
    router.reload(start)
    before = router.census()
    for _ in range(3):
        assert router.refusal(failing)
        assert before == router.census()
    assert ["nothing has changed"] == router.reload(start)


def test_realms_that_are_made_on_demand_leave_no_history_behind(router: Router) -> None:
    """Clients choose their names."""
    template = {"roles": [{"name": "anonymous", "authorizer": "com.judge"}], "max_realms": 3}
    router.reload({**PLAIN, "realm_template": {**template, "options": {"history": [{"uri": "com.log"}]}}})
    for number in range(100):
        assert router.node.realms.get(f"com.realm.{number}") is not None
        router.wait()
    assert len(router.node._store._logs) <= 3
    assert router.census()["DynamicRole"] <= 3
    router.reload(PLAIN)
    assert 0 == len(router.node._store._logs)
