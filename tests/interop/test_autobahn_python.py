"""Unchanged Autobahn|Python clients and our own, on Twisted and on asyncio: each with each, through a real router.

Every library has a process of its own (Autobahn's flavours cannot share one) with a session for each transport and
serializer. The pairs of caller and callee are chosen so that every library, transport and serializer of the one meets
every one of the other. What a pair does is in ``python/party.py``.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.certificates import Authority
from tests.support.process import EVERYTHING, ROOT, RouterProcess, config, endpoint

HERE = Path(__file__).parent / "python"

LIBRARIES = ("autobahn_twisted", "autobahn_asyncio", "wamp_twisted", "wamp_asyncio")
SERIALIZERS = ("default", "json", "msgpack", "cbor")
BATCHED = ("json.batched", "msgpack.batched", "cbor.batched")
TRANSPORTS = {
    "ws": (*SERIALIZERS, *BATCHED),
    "wss": SERIALIZERS,
    "web": ("default",),
    "rs": SERIALIZERS,
    "rss": SERIALIZERS,
    "rs+unix": SERIALIZERS,
}


DISCLOSED = {
    "uri": "com.disclosed.",
    "match": "prefix",
    "allow": "all",
    "disclose": {"caller": True, "publisher": True},
}
REALM = {"name": "realm1", "roles": [{"name": "anonymous", "permissions": [*EVERYTHING, DISCLOSED]}]}


class Place(NamedTuple):
    """Where a session is."""

    library: str
    transport: str
    serializer: str

    @property
    def name(self) -> str:
        """The prefix of its procedures."""
        return f"com.{self.library}.{self.transport.replace('+', '_')}.{self.serializer.replace('.', '_')}"


PLACES = [
    Place(library, transport, serializer)
    for library in LIBRARIES
    for transport, serializers in TRANSPORTS.items()
    for serializer in serializers
]
BY_NAME = {place.name: place for place in PLACES}


def choose_pairs() -> list[tuple[Place, Place]]:
    """Return few pairs of caller and callee in which every two values of (any field, any field) meet."""

    def meetings(caller: Place, callee: Place) -> set[tuple[tuple[int, str], tuple[int, str]]]:
        return set(itertools.product(enumerate(caller), enumerate(callee)))

    candidates = {pair: meetings(*pair) for pair in itertools.permutations(PLACES, 2)}
    names = list(candidates)
    random.Random(0).shuffle(names)  # the same every time, and not always the first library
    missing = set().union(*candidates.values())
    pairs = []
    while missing:
        best = max(names, key=lambda pair: len(candidates[pair] & missing))
        missing -= candidates[best]
        pairs.append(best)
    used = {place for pair in pairs for place in pair}
    unused = [place for place in PLACES if place not in used]
    return pairs + list(zip(unused, unused[1:] + unused[:1], strict=True))


PAIRS = choose_pairs()


class Process:
    """A library's process, and the lines it says."""

    def __init__(self, library: str, urls: dict[str, str], authority: Authority) -> None:
        places = [
            {
                "name": place.name,
                "url": urls[place.transport],
                "serializer": None if place.serializer == "default" else place.serializer,
            }
            for place in PLACES
            if place.library == library
        ]
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / f"on_{library}.py"), json.dumps(places)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # OpenSSL's own way to say whom to trust, so that the clients need no option for it.
            env={**os.environ, "PYTHONPATH": str(ROOT / "client"), "SSL_CERT_FILE": str(authority.file)},
        )
        self.errors = ""
        self._drain = threading.Thread(target=self._read_errors, daemon=True)
        self._drain.start()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.errors += line

    def tell(self, value: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    def hear(self, key: str) -> Any:
        """Return the next line, which must have that key."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._drain.join(5)
            pytest.fail(f"{self._process.args!r} has ended:\n{self.errors}")
        return json.loads(line)[key] if key else json.loads(line)

    def end(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._drain.join(5)
            for stream in (self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()


class Outcome(NamedTuple):
    """What all processes said."""

    failures: dict[tuple[str, str], dict[str, str]]
    left: dict[str, str]
    statuses: dict[str, int]
    errors: dict[str, str]
    router_log: str
    router_status: int


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Everything is played once, all processes at the same time; the tests look at what came of it."""
    options = {"max_message_size": 1024 * 1024}
    authority = Authority(tmp_path_factory.mktemp("authority"))
    configuration = config(
        {"type": "websocket", "endpoint": endpoint(), "options": options},
        {"type": "rawsocket", "endpoint": endpoint(), "options": options},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}, "options": options},
        {"type": "web", "endpoint": endpoint(), "paths": {"ws": {"type": "websocket"}}},
        {"type": "websocket", "endpoint": authority.endpoint(), "options": options},
        {"type": "rawsocket", "endpoint": authority.endpoint(), "options": options},
        realms=[REALM],
    )
    with RouterProcess(tmp_path_factory.mktemp("router"), configuration) as router:
        names = ("ws", "rs", "rs+unix", "web", "wss", "rss")
        urls = dict(zip(names, (url.rstrip("/") for url in router.urls), strict=True))
        processes = {library: Process(library, urls, authority) for library in LIBRARIES}
        statuses: dict[str, int] = {}
        try:
            for process in processes.values():
                process.hear("joined")
            for library, process in processes.items():
                process.tell([(caller.name, callee.name) for caller, callee in PAIRS if caller.library == library])
            failures = {}
            for process in processes.values():
                while "done" not in (line := process.hear("")):
                    failures[line["caller"], line["callee"]] = line["failures"]
            left: dict[str, str] = {}
            for process in processes.values():
                process.tell("leave")
                left.update(process.hear("left"))
        finally:
            for library, process in processes.items():
                statuses[library] = process.end()
        status = router.stop()
    errors = {library: process.errors for library, process in processes.items()}
    return Outcome(failures, left, statuses, errors, router.log, status)


@pytest.mark.slow
@pytest.mark.parametrize(("caller", "callee"), PAIRS, ids=lambda place: "-".join(place))
def test_caller_and_callee_understand_each_other(outcome: Outcome, caller: Place, callee: Place) -> None:
    failures = outcome.failures[caller.name, callee.name]
    assert not failures, "\n".join(f"{step}: {trace}" for step, trace in failures.items())


@pytest.mark.slow
def test_every_session_leaves_in_order(outcome: Outcome) -> None:
    assert set(outcome.left) == set(BY_NAME)
    orderly = {"wamp.close.goodbye_and_out", "wamp.close.normal"}
    astray = {name: reason for name, reason in outcome.left.items() if reason not in orderly}
    assert not astray, "\n".join((outcome.router_log, *outcome.errors.values()))
    assert set(outcome.statuses.values()) == {0}, outcome.errors


@pytest.mark.slow
def test_the_router_has_nothing_to_complain_about(outcome: Outcome) -> None:
    assert outcome.router_status == 0
    assert "Traceback" not in outcome.router_log
    assert "error" not in outcome.router_log.lower()


def test_the_printed_addresses_are_what_autobahn_takes(tmp_path: Path) -> None:
    """What the router prints can be pasted into a client."""
    from autobahn.rawsocket.util import parse_url as parse_rawsocket
    from autobahn.websocket.util import parse_url as parse_websocket

    configuration = config({"type": "websocket", "endpoint": endpoint()}, {"type": "rawsocket", "endpoint": endpoint()})
    with RouterProcess(tmp_path, configuration) as router:
        assert parse_websocket(router.url("ws"))[1] == "127.0.0.1"
        assert parse_rawsocket(router.url("rs"))[1] == "127.0.0.1"


def test_every_value_meets_every_other() -> None:
    """The pairs that were chosen are as many as are needed, and not many more."""
    assert {place for pair in PAIRS for place in pair} == set(PLACES)
    for serializers in itertools.product((*SERIALIZERS, *BATCHED), repeat=2):
        assert any((caller.serializer, callee.serializer) == serializers for caller, callee in PAIRS)
    assert len(PAIRS) < 110
