"""What a program leaves behind that does not close its session."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))}

FORGETS = """
import atexit, threading
seen = []
atexit.register(lambda: print(seen[-1]))
import wamp
from wamp.testing import Router
router = Router()
router.watch(lambda session, message: seen.append(type(message).__name__))
session = wamp.connect(router.url)
session.register(lambda: 5, "com.example.five")
print(session.call("com.example.five"))
"""

IS_STUCK = (
    FORGETS
    + """
import time
session.register(lambda: time.sleep(1000), "com.example.sleep")
session.start_call("com.example.sleep")
session.call("com.example.five")
"""
)

FORKS = """
import os, sys, warnings
import wamp
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, for forks with threads
session = wamp.connect(sys.argv[1])
number = session.session_details.session
if child := os.fork():
    os.waitpid(child, 0)
    assert [number] == session.call("wamp.session.list")
    print("parent")
else:
    session.call("wamp.session.count")
    print("child", flush=True)
"""


def run(program, *arguments):
    """Run a program with all warnings; return what it prints, and what it complains of."""
    command = [sys.executable, "-W", "always", "-c", program, *arguments]
    ran = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False)
    return ran.stdout.split(), ran.stderr


@pytest.mark.parametrize("program", [FORGETS, IS_STUCK], ids=["idle", "in a procedure"])
def test_a_program_that_ends_leaves_the_realm(program):
    assert (["5", "Goodbye"], "") == run(program)


def test_a_child_that_ends_leaves_the_realm_for_itself_only(process):
    """Both end as programs do, with everything collected."""
    assert (["child", "parent"], "") == run(FORKS, process.url("ws"))
