"""Clients that say nothing for longer than the router likes: they answer its pings, or get none that they do not know."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint

SCRIPT = Path(__file__).parent / "python/idle.py"
SILENCE = 2.0  # seconds
PINGS = {"auto_ping_interval": 200, "auto_ping_timeout": 1000}  # milliseconds: both are over in that silence

Client = tuple[str, str]  # library, transport
CLIENTS = [
    (library, transport)
    for library in ("autobahn_twisted", "autobahn_asyncio", "wamp_twisted")
    for transport in ("ws", "rs")
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[Client, tuple[str, str]]:
    """What each client said, and what it complained of."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "client")}
    configuration = config(
        {"type": "websocket", "endpoint": endpoint(), "options": PINGS},
        {"type": "rawsocket", "endpoint": endpoint(), "options": PINGS},
    )
    with RouterProcess(tmp_path_factory.mktemp("router"), configuration) as router:
        running = {
            (library, scheme): subprocess.Popen(
                [sys.executable, str(SCRIPT), library, router.url(scheme).rstrip("/"), str(SILENCE)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                text=True,
            )
            for library, scheme in CLIENTS
        }
        try:
            return {client: process.communicate(timeout=15) for client, process in running.items()}
        finally:
            for process in running.values():
                process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("client", CLIENTS, ids="-".join)
def test_silence_is_no_reason_to_close(outcomes: dict[Client, tuple[str, str]], client: Client) -> None:
    said, complaints = outcomes[client]
    words = [json.loads(line)["outcome"] for line in said.splitlines() if line.startswith('{"outcome"')]
    assert words == ["still here"], complaints
