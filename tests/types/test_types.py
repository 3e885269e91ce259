"""What type checkers say of users' programs: nothing of those that are right, and of the others exactly what is marked there.

A wrong line ends with ``# error:`` and what mypy calls it, then what pyright does. Both check in strict mode, as far as it goes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYRIGHT = ROOT / "tests/js/node_modules/pyright/index.js"
PROGRAMS = sorted([*HERE.glob("right/*.py"), *HERE.glob("wrong/*.py")])
MARK = re.compile(r"# error: (.+)$")

Errors = dict[int, set[str]]
"""Line -> the names of what is wrong there."""


def name(program: Path) -> str:
    return f"{program.parent.name}/{program.stem}"


def marked(program: Path, *, is_pyright: bool) -> Errors:
    """Return the errors that are written beside the lines of a program."""
    marks = enumerate(map(MARK.search, program.read_text("utf-8").splitlines()), 1)
    found: Errors = defaultdict(set)
    for line, each in ((line, each) for line, mark in marks if mark is not None for each in mark[1].split(", ")):
        if each.startswith("report") == is_pyright:
            found[line].add(each)
    return found


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Both checkers, at the same time. The router is left out: what users see of it is the client library's."""
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--output=json", "--follow-imports=silent"]
    commands = {"mypy": [*mypy, f"--cache-dir={ROOT / '.mypy_cache/programs'}", *map(str, PROGRAMS)]}
    if PYRIGHT.is_file():
        commands["pyright"] = ["node", str(PYRIGHT), "--outputjson", "--pythonpath", sys.executable, "-p", str(HERE)]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "client"), "PYTHONPATH": str(ROOT / "client")}
    started = {
        checker: subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for checker, command in commands.items()
    }
    yield started
    for process in started.values():
        with process:
            process.kill()


@pytest.fixture(scope="module")
def mypy(running: dict[str, subprocess.Popen[str]]) -> dict[Path, Errors]:
    """Program -> what mypy says of it."""
    output, complaint = running["mypy"].communicate()
    assert not complaint
    found: dict[Path, Errors] = defaultdict(lambda: defaultdict(set))
    for each in map(json.loads, output.splitlines()):
        if each["severity"] == "error":
            found[ROOT / each["file"]][each["line"]].add(each["code"])
    return found


@pytest.fixture(scope="module")
def pyright(running: dict[str, subprocess.Popen[str]]) -> dict[Path, Errors]:
    """Program -> what pyright says of it."""
    if "pyright" not in running:
        pytest.skip("pyright is not installed: the npm packages of tests/js are missing")
    output, complaint = running["pyright"].communicate()
    assert not complaint
    found: dict[Path, Errors] = defaultdict(lambda: defaultdict(set))
    for each in json.loads(output)["generalDiagnostics"]:
        found[Path(each["file"])][each["range"]["start"]["line"] + 1].add(each.get("rule", each["message"]))
    return found


@pytest.mark.parametrize("program", PROGRAMS, ids=name)
def test_mypy_says_what_is_marked(mypy: dict[Path, Errors], program: Path) -> None:
    """And nothing else."""
    assert marked(program, is_pyright=False) == mypy[program]


@pytest.mark.browser
@pytest.mark.parametrize("program", PROGRAMS, ids=name)
def test_pyright_says_what_is_marked(pyright: dict[Path, Errors], program: Path) -> None:
    """And nothing of other lines; that the rest of a wrong line is unknown then, need not be marked."""
    expected, found = marked(program, is_pyright=True), pyright[program]
    assert expected == {line: rules & expected.get(line, rules) for line, rules in found.items()}


def test_right_programs_have_no_marks() -> None:
    """All that is wrong is in the other folder, where every program has something."""
    wrong = [program for program in PROGRAMS if marked(program, is_pyright=False)]
    assert sorted(HERE.glob("wrong/*.py")) == wrong
