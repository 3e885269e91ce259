"""What a script of a user's sees of the library: its own output and logging, and how much is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BOTH = pytest.mark.parametrize("loop", ["asyncio", "twisted"])


def run(script: str) -> tuple[str, str]:
    """Run a script; return what it prints and what it logs."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "client")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False, env=environment
    )
    return done.stdout, done.stderr


PRINTING = """
from wamp.{loop} import Component, run

component = Component(transports={{"url": "memory://nowhere", "max_retries": 0}})
component.on_connectfailure(lambda *_: print("printed"))
{before}
run(component{arguments})
"""

OWN_LOGGING = {
    "asyncio": 'import logging; logging.basicConfig(format="mine: %(levelname)s", level="INFO")',
    "twisted": """
import sys
from twisted.logger import FileLogObserver, globalLogBeginner
observer = FileLogObserver(sys.stderr, lambda event: f"mine: {event['log_level'].name.upper()}\\n")
globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
""",
}


@BOTH
def test_a_script_prints_what_it_prints(loop: str) -> None:
    """Whatever the level of the log that ``run`` is given."""
    output, log = run(PRINTING.format(loop=loop, before="", arguments=', log_level="warn"'))
    assert "printed\n" == output, log


@BOTH
def test_logging_that_is_set_up_stays_as_it_is(loop: str) -> None:
    """``run`` adds no handler of its own, and changes no level."""
    _, log = run(PRINTING.format(loop=loop, before=OWN_LOGGING[loop], arguments=""))
    assert "mine: " in log
    assert "a component has failed" not in log  # as a handler of run's own would write it


HEAVY = {"autobahn", "cryptography", "numpy", "pydantic", "twisted", "websockets", "wamprouter"}


# Twisted itself loads cryptography with its endpoints, where TLS is installed.
@pytest.mark.parametrize(("loop", "loaded"), [("asyncio", set()), ("twisted", {"twisted", "cryptography"})])
def test_only_what_is_needed_is_loaded(loop: str, loaded: set[str]) -> None:
    """No cryptography before somebody logs in, no WebSocket before somebody connects by it, nothing of the router."""
    output, log = run(f"import sys, wamp.{loop}\nprint(*{{name.partition('.')[0] for name in sys.modules}})")
    assert loaded == HEAVY & set(output.split()), log
