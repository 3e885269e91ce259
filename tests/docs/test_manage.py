"""The page about managing a router: its table has what there is, and its commands work as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from tests.docs.pages import DOCS, blocks
from tests.docs.programs import PATHS, Program, router
from tests.support.management import House
from tests.support.process import RouterProcess
from wamprouter.control import ask, socket_paths
from wamprouter.management import management

PAGE: Final = DOCS / "howto/manage.md"
COMMANDS: Final = [each for each in blocks(PAGE) if each.language == "sh"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    """A router with the page's first configuration."""
    document = next(yaml.safe_load(each.text) for each in blocks(PAGE) if each.language == "yaml")
    with router(tmp_path_factory.mktemp("router"), document) as started:
        yield started


def entrance(running: RouterProcess) -> dict[str, str]:
    """Return where the management is, and the ticket for it."""
    return dict(json.loads(ask(socket_paths(running.file), "management")[1][0]))


def bash(text: str, running: RouterProcess) -> subprocess.CompletedProcess[str]:
    """Run commands of the page, told where the router is."""
    place = entrance(running)
    login = {"WAMP_TICKET": place["ticket"]} if "WAMP_AUTHID" in text else {}
    moved = text.replace("router.yaml", running.file.name).replace("ws://127.0.0.1:8090/ws", place["url"])
    moved = moved.replace("ws://127.0.0.1:8080/", running.urls[0])
    return subprocess.run(
        ["bash", "-ec", f'wamprouter() {{ "{sys.executable}" -m wamprouter "$@"; }}\n{moved}'],
        cwd=running.folder,
        env={**os.environ, "PYTHONPATH": PATHS, **login},
        capture_output=True,
        text=True,
        timeout=50,
    )


@pytest.mark.parametrize("commands", COMMANDS, ids=lambda each: each.text.split("\n")[0])
def test_the_commands_work(running: RouterProcess, commands: Any) -> None:
    """Each block, line by line."""
    done = bash(commands.text, running)
    assert (0, "") == (done.returncode, "" if done.returncode == 0 else done.stderr)


def test_the_program_ends_sessions(tmp_path: Path, running: RouterProcess) -> None:
    """It asks each realm, and says how many sessions it has ended there."""
    place = entrance(running)
    [text] = [each.text for each in blocks(PAGE) if each.language == "python"]
    moved = text.replace("ws://127.0.0.1:8090/ws", place["url"]).replace(
        "the one of the console's address", place["ticket"]
    )
    with Program(tmp_path, moved, "") as program:
        assert (0, "realm1 0\nadmin 0\n") == program.end()[:2]


def test_the_table_has_every_procedure_with_its_arguments(house: House) -> None:
    """By name, in their order, those in brackets that may be left out."""
    offers = management(house.node, "admin").offers
    known = {uri: _arguments(offer.arguments) for uri, offer in offers.items()}
    known["router.limits.set"] = ((), ("any of the limits",))
    assert known == {
        row[1]: _written(row[2]) for row in re.findall(r"^(\| `(router\.[\w.]+)` \|(.*?)\|.*)$", _text(), re.M)
    }


def _text() -> str:
    return Path(PAGE).read_text("utf-8")


def _arguments(kind: type[msgspec.Struct]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fields = msgspec.structs.fields(kind)
    return tuple(one.name for one in fields if one.required), tuple(one.name for one in fields if not one.required)


def _written(cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    needed, _, optional = cell.replace("`", "").strip().partition("[")
    names = [[name.strip() for name in part.strip("] ").split(",") if name.strip()] for part in (needed, optional)]
    return tuple(names[0]), tuple(names[1])


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()
