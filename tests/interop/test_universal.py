"""Unchanged clients on one port of all protocols: Autobahn in Python and JavaScript, wampy.js, our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint

HERE = Path(__file__).parent
UNIVERSAL = {"type": "universal", "endpoint": endpoint(), "rawsocket": {}, "websocket": {"ws": {}}}


def first_words(folder: Path, commands: list[list[str]]) -> list[object]:
    """Start clients at a universal port, all at once; return what each says when it has called itself."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "client")}
    with ExitStack() as stack:
        router = stack.enter_context(RouterProcess(folder, config(UNIVERSAL)))
        clients = []
        for command in commands:
            filled = [{"RS": router.url("rs"), "WS": router.url("ws")}.get(word, word) for word in command]
            clients.append(
                stack.enter_context(
                    subprocess.Popen(filled, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
                )
            )
            stack.callback(clients[-1].kill)
        return [json.loads(client.stdout.readline() or "{}")["joined"] for client in clients if client.stdout]


def test_python_clients(tmp_path: Path) -> None:
    """By WebSocket and by RawSocket."""
    libraries = ("autobahn_twisted", "autobahn_asyncio", "wamp_twisted")
    script = str(HERE / "python/returning.py")
    commands = [[sys.executable, script, library, where] for library in libraries for where in ("WS", "RS")]
    assert first_words(tmp_path, commands) == [True] * 6


@pytest.mark.browser
def test_javascript_clients(tmp_path: Path) -> None:
    """With JSON, and with a binary serializer."""
    node = shutil.which("node")
    if node is None or not (ROOT / "tests/js/node_modules/wampy").is_dir():
        pytest.skip("node, or the npm packages of tests/js, are not installed")
    script = str(ROOT / "tests/js/returning.cjs")
    commands = [[node, script, "WS", "autobahn-js", "json"], [node, script, "WS", "wampy.js", "cbor"]]
    assert first_words(tmp_path, commands) == [True] * 2
