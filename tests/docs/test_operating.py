"""What the page about operating a router shows works as it stands there."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from twisted.internet.testing import MemoryReactorClock

from tests.docs.pages import DOCS, blocks, configurations
from tests.docs.programs import router
from tests.support.process import ROOT, config, endpoint
from wamprouter.config import validate
from wamprouter.management import management
from wamprouter.node import Node
from wamprouter.statistics.metrics import METRICS

PAGE = DOCS / "operating.md"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A router with the configuration of the page, on free ports."""
    (shown,) = (each for found, each in configurations() if found.page == PAGE)
    folder = tmp_path_factory.mktemp("operating")
    with router(folder, {**shown, "admin": {"endpoint": {"type": "tcp", "port": 0}}}) as process:
        yield process


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("shown", [each for each in blocks(PAGE) if each.language == "sh"], ids=lambda each: each.id)
def test_commands_do_what_they_are_for(tmp_path, running, shown):
    """Each with status 0, and something to say."""
    address, _, ticket = running.urls[-1].partition("/console/#ticket=")
    program = tmp_path / "wamprouter"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wamprouter "$@"\n')
    program.chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router"))),
        "WAMP_TICKET": ticket,
    }
    text = shown.text.replace("127.0.0.1:8090", address.removeprefix("http://"))
    done = subprocess.run(["sh", "-ec", text], capture_output=True, text=True, timeout=20, env=environ, check=False)
    assert 0 == done.returncode, done.stderr
    assert done.stdout


def test_metrics_that_are_named_exist():
    """A metric that gets another name takes the page with it."""
    named = re.findall(r"`((?:wamprouter|process)_\w+)`", PAGE.read_text("utf-8"))
    assert [] == sorted(set(named) - {name for metric in METRICS for name in metric.exposed})
    assert len(named) > 3


def test_procedures_that_are_named_are_all_that_there_are():
    """The table is complete."""
    admin = {"admin": {}}
    node = Node(validate(config({"type": "echo", "endpoint": endpoint()}, **admin), environ={}), MemoryReactorClock())
    named = set(re.findall(r"`(router\.[a-z_]+(?:\.[a-z_]+)*)`", PAGE.read_text("utf-8")))
    assert set(management(node, "admin").offers) - {"router.tap.full"} == named
