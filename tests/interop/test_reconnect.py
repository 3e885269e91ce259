"""Clients that reconnect by themselves, while a router is restarted as an operator does it.

GOODBYE would stop the JavaScript clients, so the router says only that it is going away (WebSocket close code 1001).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint

HERE = Path(__file__).parent
PATIENCE = 15.0
"""Seconds for a client to come back: Autobahn's delays grow while nobody listens."""

Client = tuple[str, str]  # library, serializer or transport
Lines = dict[Client, list[dict[str, Any]]]

PYTHON = [
    (library, transport)
    for library in ("autobahn_twisted", "autobahn_asyncio", "wamp_twisted")
    for transport in ("ws", "rs")
]
JAVASCRIPT = [
    (library, serializer) for library in ("autobahn-js", "wampy.js") for serializer in ("json", "msgpack", "cbor")
]


def restart_under(folder: Path, clients: dict[Client, Callable[[RouterProcess], list[str]]]) -> Lines:
    """Return what each client says of its first session and of the one after the router's restart."""

    def configuration(*ports: int) -> dict[str, Any]:
        kinds = ("websocket", "rawsocket")
        return config(
            *({"type": kind, "endpoint": endpoint() | {"port": port}} for kind, port in zip(kinds, ports, strict=True))
        )

    environment = {**os.environ, "PYTHONPATH": str(ROOT / "client")}
    with ExitStack() as stack:
        router = stack.enter_context(RouterProcess(folder, configuration(0, 0)))
        running = {
            client: stack.enter_context(
                subprocess.Popen(
                    command(router),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    text=True,
                )
            )
            for client, command in clients.items()
        }
        for process in running.values():
            stack.callback(process.kill)
        pool = stack.enter_context(ThreadPoolExecutor(len(running)))

        def hear() -> dict[Client, dict[str, Any]]:
            lines = {client: pool.submit(process.stdout.readline) for client, process in running.items()}  # type: ignore[union-attr]  # a pipe
            return {client: json.loads(line.result(PATIENCE) or "{}") for client, line in lines.items()}

        try:
            first = hear()
            ports = router.address("ws")[1], router.address("rs")[1]
            assert router.stop() == 0
            stack.enter_context(RouterProcess(folder, configuration(*ports)))
            second = hear()
        finally:
            for process in running.values():
                process.kill()  # which also ends what still waits for a line
    return {client: [first[client], second[client]] for client in clients}


@pytest.fixture(scope="module")
def python_lines(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    def command(library: str, scheme: str) -> Callable[[RouterProcess], list[str]]:
        return lambda router: [
            sys.executable,
            str(HERE / "python/returning.py"),
            library,
            router.url(scheme).rstrip("/"),
        ]

    return restart_under(tmp_path_factory.mktemp("router"), {client: command(*client) for client in PYTHON})


@pytest.fixture(scope="module")
def javascript_lines(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    node = shutil.which("node")
    if node is None or not (ROOT / "tests/js/node_modules/wampy").is_dir():
        pytest.skip("node, or the npm packages of tests/js, are not installed")

    def command(library: str, serializer: str) -> Callable[[RouterProcess], list[str]]:
        return lambda router: [node, str(ROOT / "tests/js/returning.cjs"), router.url("ws"), library, serializer]

    return restart_under(tmp_path_factory.mktemp("router"), {client: command(*client) for client in JAVASCRIPT})


@pytest.mark.slow
@pytest.mark.parametrize("client", PYTHON, ids="-".join)
def test_python_clients_come_back(python_lines: Lines, client: Client) -> None:
    """Both sessions are good for a call."""
    assert python_lines[client] == [{"joined": True}] * 2


@pytest.mark.browser
@pytest.mark.parametrize("client", JAVASCRIPT, ids="-".join)
def test_javascript_clients_come_back(javascript_lines: Lines, client: Client) -> None:
    """Both sessions are good for a call, and the first was ended by "going away"."""
    assert javascript_lines[client] == [{"joined": True, "code": None}, {"joined": True, "code": 1001}]
