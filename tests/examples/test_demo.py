"""examples/demo.py, hosted by the router and in a process of its own; and what its page says about it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint

DEMO = ROOT / "examples/demo.py"
WEB = ROOT / "examples/web"
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))}
TRANSPORT = {"type": "websocket", "endpoint": endpoint(), "auth": {"anonymous": {"role": "anonymous"}}}
HOSTED = {"type": "class", "classname": "demo.Demo", "realm": "realm1", "role": "anonymous"}

CALLER = """
import json, sys
from twisted.internet.defer import Deferred
from wamp import ApplicationError, CallOptions
from wamp.twisted import ApplicationRunner, ApplicationSession

class Caller(ApplicationSession):
    async def onJoin(self, details):
        tick = Deferred()
        await self.subscribe(lambda time, uptime: tick.called or tick.callback(uptime), "com.example.tick")
        told = {"uptime": await tick, "add": await self.call("com.example.add", 2, 3)}
        try:
            await self.call("com.example.divide", 1, 0)
        except ApplicationError as error:
            told["divide"] = [error.error, *error.args]
        steps = []
        told["end"] = await self.call("com.example.countdown", 2, options=CallOptions(on_progress=steps.append))
        told["steps"] = steps
        self.publish("com.example.said", "hello", name="Otter")
        told["history"] = await self.call("com.example.history")
        print(json.dumps(told))
        self.leave()

ApplicationRunner(sys.argv[1], "realm1").run(Caller)
"""

EXPECTED = {
    "add": 5,
    "divide": ["com.example.error.division_by_zero", "cannot divide 1 by zero"],
    "end": "lift-off",
    "steps": [2, 1],
    "history": [{"text": "hello", "name": "Otter"}],
}


def ask(url: str) -> dict[str, object]:
    """Return what a client hears of the demo, without its uptime."""
    run = subprocess.run(
        [sys.executable, "-c", CALLER, url], env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=True
    )
    told = json.loads(run.stdout)
    assert told.pop("uptime") >= 0
    return dict(told)


def test_hosted_demo_answers_and_ticks(tmp_path: Path) -> None:
    """As config/router.json runs it: inside the router."""
    configuration = config(TRANSPORT, components=[HOSTED], pythonpath=[str(DEMO.parent)])
    with RouterProcess(tmp_path, configuration) as router:
        assert ask(router.url("ws")) == EXPECTED


def test_demo_in_a_process_of_its_own_answers_and_ticks(tmp_path: Path) -> None:
    """`python examples/demo.py URL`, against a router that hosts nothing."""
    with RouterProcess(tmp_path, config(TRANSPORT)) as router:
        demo = subprocess.Popen(
            [sys.executable, str(DEMO), router.url("ws")], env=ENVIRONMENT, stderr=subprocess.DEVNULL, cwd=tmp_path
        )
        try:
            # A client that subscribes to the ticks waits for the demo by itself.
            assert ask(router.url("ws")) == EXPECTED
        finally:
            demo.terminate()
            demo.wait(10)


def test_page_shows_the_code_of_the_demo() -> None:
    """The Python that the page prints beside a call is the demo's own; an ellipsis leaves something out."""
    demo = " ".join(DEMO.read_text("utf-8").split())
    snippets = re.findall(r"""python: (["'])(.*?)\1,\n""", (WEB / "app.js").read_text("utf-8"))
    assert len(snippets) == 4
    lines = [line.strip() for _, snippet in snippets for line in snippet.split("\\n")]
    assert [line for line in lines if not all(part in demo for part in line.split("…"))] == []


@pytest.mark.parametrize("name", ["index.html", "style.css", "app.js"])
def test_page_refers_to_no_other_host(name: str) -> None:
    """A router in a cellar without internet serves the whole page."""
    text = (WEB / name).read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text) == []
