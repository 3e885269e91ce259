"""Autobahn|Python does not know RawSocket's PING. It must not lose its connection when it is silent for a while."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import RouterProcess, config, endpoint

# Joins over RawSocket, is silent for several intervals of pings, and then calls.
CLIENT = """
import asyncio, sys
from autobahn.{flavour}.wamp import ApplicationRunner, ApplicationSession

class Silent(ApplicationSession):
    async def onJoin(self, details):
        await self.register(lambda: "alive", "com.alive")
        {sleep}
        print(await self.call("com.alive"), flush=True)
        self.leave()

    def onDisconnect(self):
        {stop}

ApplicationRunner(sys.argv[1], "realm1").run(Silent)
"""
FLAVOURS = {
    "asyncio": {"sleep": "await asyncio.sleep(3)", "stop": "asyncio.get_event_loop().stop()"},
    "twisted": {
        "sleep": "from autobahn.twisted.util import sleep; await sleep(3)",
        "stop": "from twisted.internet import reactor; reactor.running and reactor.stop()",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_silent_client_stays(tmp_path: Path, flavour: str) -> None:
    options = {"auto_ping_interval": 1000, "auto_ping_timeout": 1000}
    transport = {"type": "rawsocket", "endpoint": endpoint(), "options": options}
    script = tmp_path / "client.py"
    script.write_text(CLIENT.format(flavour=flavour, **FLAVOURS[flavour]))
    with RouterProcess(tmp_path, config(transport)) as router:
        done = subprocess.run(
            [sys.executable, str(script), router.url("rs")], capture_output=True, text=True, timeout=40, check=False
        )
    assert "alive" in done.stdout + done.stderr
    assert "NotImplementedError" not in done.stderr
