"""Programs written for Autobahn|Python do the same with our client when only their imports change.

Three dozen texts, a dozen in each of Autobahn's styles (``compat/session``: ApplicationSession with ApplicationRunner,
``compat/component``: Component and run, ``compat/hooks``: Session with its PEP 8 hooks), run on Twisted and on asyncio:
with Autobahn, and with their imports rewritten to ours. What they print must be the same.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.interop.compat.rewriting import LIBRARIES, LOOPS, STYLES, Program, programs
from tests.support.logins import auth
from tests.support.process import EVERYTHING, ROOT, RouterProcess, config, endpoint

HERE = Path(__file__).parent / "compat"
PROGRAMS = programs()

DISCLOSED = {
    "uri": "com.disclosed.",
    "match": "prefix",
    "allow": "all",
    "disclose": {"caller": True, "publisher": True},
}
ROLES = [{"name": name, "permissions": [*EVERYTHING, DISCLOSED]} for name in ("anonymous", "user")]


def realm(library: str, loop: str) -> str:
    """Return a realm: whoever runs at the same time does not meet the others."""
    return f"{library}.{loop}"


class Outcome(NamedTuple):
    """What a program said, its exit status, and its log."""

    said: str
    status: int
    log: str


def play(folder: Path, library: str, loop: str, urls: dict[str, str]) -> subprocess.Popen[str]:
    """Start all programs of a library and an event loop."""
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), library, loop, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **urls, "WAMP_REALM": realm(library, loop), "PYTHONPATH": str(ROOT / "client")},
    )
    assert process.stdin is not None
    json.dump([(each.id, str(each.file)) for each in PROGRAMS if each.loop == loop], process.stdin)
    process.stdin.close()
    return process


def outcomes(folder: Path, process: subprocess.Popen[str]) -> dict[str, Outcome]:
    """Wait for the end of all; return what came of each, by its id."""
    assert process.stdout is not None
    with process:
        ended = dict(map(json.loads, process.stdout))
    return {
        name: Outcome((folder / f"{name}.out").read_text(), status, (folder / f"{name}.log").read_text())
        for name, status in ended.items()
    }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Outcome]]:
    """Everything is played once, all libraries at the same time: library -> program -> what came of it."""
    folder = tmp_path_factory.mktemp("compat")
    configuration = config(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "websocket", "endpoint": endpoint(), "auth": auth()},
        realms=[{"name": realm(*each), "roles": ROLES} for each in product(LIBRARIES, LOOPS)],
    )
    with RouterProcess(folder, configuration) as router, socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        urls = {
            "WAMP_URL": router.urls[0],
            "WAMP_RAWSOCKET_URL": router.urls[1],
            "WAMP_LOGIN_URL": router.urls[2],
            "WAMP_CLOSED_URL": f"ws://127.0.0.1:{unheard.getsockname()[1]}/",
        }
        places = [(library, folder / realm(library, loop), loop) for library, loop in product(LIBRARIES, LOOPS)]
        processes = [play(place, library, loop, urls) for library, place, loop in places]
        found: dict[str, dict[str, Outcome]] = {library: {} for library in LIBRARIES}
        for (library, place, _), process in zip(places, processes, strict=True):
            found[library].update(outcomes(place, process))
        assert "Traceback" not in router.log, router.log
    return found


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_a_program_does_the_same_with_both_libraries(played: dict[str, dict[str, Outcome]], program: Program) -> None:
    """It prints the same, and ends as well with ours."""
    theirs, ours = (played[library][program.id] for library in LIBRARIES)
    assert theirs.said
    assert 0 == theirs.status, theirs.log
    assert (theirs.said, 0) == (ours.said, ours.status), ours.log


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("style", STYLES)
def test_there_are_a_dozen_programs_of_each_style(style: str, loop: str) -> None:
    """On each event loop."""
    assert 12 == len([program for program in PROGRAMS if (program.style, program.loop) == (style, loop)])
