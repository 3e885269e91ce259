"""autobahn-js and wampy.js in Node against a running router, with every serializer that they have.

The facts are stated in tests/js/interop.cjs; one Node process states all of one library and serializer. A fact holds only
if none of its sessions was closed: both libraries close the connection when they see the protocol broken.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint

pytestmark = pytest.mark.browser

NODE_MODULES = ROOT / "tests/js/node_modules"
HERE = Path(__file__).parent

State = Callable[[str, str, str], dict[str, str | None]]

SERIALIZERS = ("json", "msgpack", "cbor")
CLIENTS = [
    *((library, serializer, "plain") for library in ("autobahn-js", "wampy.js") for serializer in SERIALIZERS),
    ("autobahn-js", "json", "deflate"),
    ("wampy.js", "cbor", "deflate"),
]

FACTS = {
    "join": "it is welcomed with the subprotocol it asked for, and with what it needs to know of the router's roles",
    "call": "arguments and results, positional and named, arrive as they were given",
    "call_itself": "a session may call its own procedure",
    "many_calls": "200 calls in flight are answered, each with its own result",
    "call_error": "what a procedure throws arrives with URI, arguments and keyword arguments",
    "no_such_procedure": "a call to nobody fails with the URI of the specification",
    "register_twice": "a procedure that is taken is refused to the second",
    "unregister": "a procedure is gone when it is unregistered, and may be registered again",
    "values": "numbers beyond 32 bits, fractions, Unicode and nested values are what they were",
    "bytes": "binary values are what they were",
    "large": "200 KB arrive whole",
    "events": "acknowledged events arrive in order, with every kind of value",
    "publisher_gets_no_event": "an event goes to everyone but its publisher",
    "prefix": "a prefix subscription gets what is below it, with the topic",
    "wildcard": "a wildcard subscription gets what fits, with the topic",
    "unsubscribe": "one of two subscriptions ends, the other goes on",
    "progress": "a Python callee's progressive results arrive before the result",
    "python_callee": "Python callees answer, whatever serializer they use",
    "python_gets_bytes": "what JavaScript sends as binary is bytes in Python",
    "python_error": "an ApplicationError of a Python callee arrives whole",
    "python_caller": "Python callers are answered, whatever serializer they use",
    "python_publisher": "events of Python publishers arrive, whatever serializer they use",
    "python_subscriber": "Python subscribers get its events, whatever serializer they use",
    "cancel": "a call is cancelled in each mode, whatever the Python callee makes of it, and both sessions go on",
    "cancel_uninterruptible": "so is a call of a JavaScript callee, which nobody can interrupt, and which answers too late",
    "timeout": "a call fails when its `timeout` in milliseconds is over; an answer after that is not heard",
    "progress_of_the_uninterruptible": "a JavaScript callee's progressive results, which nobody could stop, reach nobody",
    "progressive_call": "a Python procedure takes a call in several parts as an iterator; one without such a parameter refuses it",
    "pattern_registration": "a procedure registered for a pattern learns what was called; the exact one goes first",
    "shared": "several callees of one procedure take turns, or the first or last takes all",
    "disclosed": "who calls or publishes is told where it asks for that, and only there",
    "lists": "black- and whitelists choose who gets an event",
    "retained": "a retained event comes, marked as such, to who asks for it when it subscribes",
    "testament": "a testament is published when the connection is lost, or left, unless it was flushed",
    "session_events": "it is told of sessions that come and go",
    "registration_events": "it is told of a registration from its first to its last callee",
    "subscription_events": "it is told of a subscription from its first to its last subscriber",
    "meta_procedures": "sessions, registrations and subscriptions are counted, listed, found and described",
    "revoked": "what is taken away from it is gone, it is told so if it wants that, and goes on",
    "kill": "a killed session learns why, and does not come back",
    "passed_through": "a payload that the router does not look into arrives as it was given, with its options",
    "leave": "it leaves with GOODBYE and a clean close",
}

NOT_STATED = {("autobahn-js", "progressive_call"), ("autobahn-js", "passed_through")}
"""What a library does not have."""

STATED = [
    pytest.param(client, fact, id=f"{'-'.join(client)}-{fact}")
    for client in CLIENTS
    for fact in FACTS
    if (client[0], fact) not in NOT_STATED
]


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node not found")
    if not (NODE_MODULES / "wampy").is_dir():
        pytest.skip("the npm packages of tests/js are not installed")
    return found


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    """A router that hosts a Python peer."""
    hosted = {
        "type": "class",
        "classname": "python_peer.Peer",
        "realm": "realm1",
        "role": "anonymous",
        "extra": {"prefix": "com.python.hosted"},
    }
    transport = {"type": "websocket", "endpoint": endpoint(), "auth": {"anonymous": {"role": "anonymous"}}}
    configuration = config(transport, components=[hosted], pythonpath=[str(HERE)])
    with RouterProcess(tmp_path_factory.mktemp("router"), configuration) as running:
        yield running


@pytest.fixture(scope="module")
def prefixes(router: RouterProcess) -> Iterator[list[str]]:
    """Python peers: the hosted one, and one for each serializer over the network."""
    paths = os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))
    process = subprocess.Popen(
        [sys.executable, str(HERE / "python_peer.py"), router.url("ws"), *SERIALIZERS],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield [f"com.python.{name}" for name in ("hosted", *SERIALIZERS)]
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def stated(node: str, router: RouterProcess, prefixes: list[str]) -> State:
    """Return what came of the facts of one client: fact -> error or None. Each client runs once."""

    @cache
    def state(library: str, serializer: str, compression: str) -> dict[str, str | None]:
        facts = [fact for fact in FACTS if (library, fact) not in NOT_STATED]
        run = subprocess.run(
            [node, "interop.cjs", router.url("ws"), library, serializer, compression, ",".join(prefixes), *facts],
            cwd=ROOT / "tests/js",
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"fact"')]
        results = {line["fact"]: line["error"] for line in lines}
        missing = dict.fromkeys(facts, f"node ended with status {run.returncode} before:\n{run.stderr[-2000:]}")
        return missing | results

    return state


@pytest.mark.parametrize(("client", "fact"), STATED)
def test_javascript(stated: State, client: tuple[str, str, str], fact: str) -> None:
    """See FACTS."""
    error = stated(*client)[fact]
    assert error is None, f"{FACTS[fact]}:\n{error}"
