"""autobahn-js over HTTP long-poll, in Node: everything a session does, its end, and a restart of the router."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint
from tests.support.raw import Client
from wamp.protocol.messages import Invocation, Yield

pytestmark = pytest.mark.browser


def configuration(port: int = 0) -> dict[str, Any]:
    paths = {"ws": {"type": "websocket"}, "lp": {"type": "longpoll"}}
    return config({"type": "web", "endpoint": endpoint() | {"port": port}, "paths": paths})


def count(callee: Client) -> None:
    """Answer one call with progressive results."""
    invocation = callee.expect(Invocation)
    assert invocation.details["receive_progress"] is True
    for number in (1, 2, 3):
        callee.send(Yield(invocation.request, {"progress": True}, callee.pack([number])))
    callee.answer(invocation.request, 4)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """What ``longpoll.cjs`` says, with a restart of the router in between."""
    node = shutil.which("node")
    if node is None or not (ROOT / "tests/js/node_modules/autobahn").is_dir():
        pytest.skip("node, or the npm packages of tests/js, are not installed")
    folder = tmp_path_factory.mktemp("router")
    with ExitStack() as stack:
        router = stack.enter_context(RouterProcess(folder, configuration()))
        callee = stack.enter_context(Client(router.url("ws")))
        callee.register("com.count")
        command = [node, str(ROOT / "tests/js/longpoll.cjs"), router.urls[1]]
        script = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(script.kill)
        assert script.stdout is not None
        count(callee)
        lines = [json.loads(script.stdout.readline() or "{}") for _ in range(3)]
        port = router.address("http")[1]
        callee.close()
        assert router.stop() == 0
        stack.enter_context(RouterProcess(folder, configuration(port)))
        while "called" not in lines[-1]:
            lines.append(json.loads(script.stdout.readline() or '{"called": "never"}'))
        yield lines


def test_calls_are_answered(lines: list[Any]) -> None:
    """Three at once, and one that fails."""
    assert (lines[0]["sums"], lines[0]["failure"]) == ([11, 12, 13], "com.error")


def test_progressive_results_come_in_order(lines: list[Any]) -> None:
    """Each is fetched by a request of its own."""
    assert (lines[0]["progress"], lines[0]["counted"]) == ([1, 2, 3], 4)


def test_events_come_in_order(lines: list[Any]) -> None:
    """The publisher waits for each to be acknowledged: it has no other way to keep their order."""
    assert lines[0]["events"] == [1, 2, 3]


def test_a_session_ends_in_good_order(lines: list[Any]) -> None:
    """GOODBYE is answered, and then the connection is closed."""
    assert lines[1] == {"reason": "closed", "uri": "wamp.close.goodbye_and_out"}


def test_a_client_comes_back_when_the_router_is_started_again(lines: list[Any]) -> None:
    """It is told that the connection is lost and tries until it has a session, which is good for a call."""
    assert {"reason": "lost", "returns": True} == lines[3]
    assert lines[-1] == {"called": "back"}
