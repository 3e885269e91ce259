"""The unit for systemd does what its page says, as far as that can be seen without systemd."""

import configparser
import shutil
import subprocess

import pytest

from tests.docs.pages import DOCS, ROOT, block
from wamprouter.cli import main
from wamprouter.config import load

PAGE = DOCS / "howto/systemd.md"
UNIT = ROOT / "config/systemd/wamprouter.service"


@pytest.fixture(scope="module")
def unit():
    # Some keys stand there twice, and add up.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNIT, "utf-8")
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_the_units_are_such_as_systemd_understands(tmp_path):
    """Every key and every value; the program is not there, so another one stands in for it."""
    file = tmp_path / UNIT.name
    file.write_text(UNIT.read_text("utf-8").replace("/opt/wamprouter/bin/wamprouter", "/bin/true"), "utf-8")
    sockets = tmp_path / "wamprouter.socket"
    sockets.write_text(block(PAGE, "ini").text, "utf-8")
    words = ["systemd-analyze", "verify", str(file), str(sockets)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("key", ["ExecStart", "ExecReload"])
def test_the_unit_uses_the_command_line_as_it_is(unit, key):
    """The commands exist and know their options."""
    _, command, *words = unit["Service"][key].split()
    main.commands[command].make_context(command, words)


def test_the_unit_and_its_page_are_about_the_same_files(unit):
    """Where the program and its configuration are."""
    page = PAGE.read_text("utf-8")
    program, _, _, file, *_ = unit["Service"]["ExecStart"].split()
    assert f"{program} check --config {file}" in page
    assert f"config/minimal.json {file}" in page
    load(ROOT / "config/minimal.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
    ],
)
def test_the_unit_gives_the_router_what_it_needs_and_no_more(unit, key, value):
    """What the page says of it."""
    assert value == unit["Service"][key]
