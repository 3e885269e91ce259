"""What a shell gets to complete words with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT
from tests.wamprouter.cli.commands import Clients


def completed(*words: str, **environ: str) -> list[str]:
    """Return what the last word may become, as bash asks for it."""
    command = [sys.executable, "-m", "wamprouter"]
    asked = {"_WAMPROUTER_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    path = os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": path, **asked, **environ}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=10)
    assert "" == done.stderr
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


def test_commands_and_options_are_completed() -> None:
    assert ["publish"] == completed("wamprouter", "pub")
    assert ["--acknowledge"] == completed("wamprouter", "publish", "--ackn")


def test_procedures_of_the_router_are_completed(clients: Clients, echo: None) -> None:
    """That at $WAMP_URL, in the realm that the line names."""
    assert ["com.example.echo"] == completed("wamprouter", "call", "com.example.ec", WAMP_URL=clients.url)
    assert [] == completed("wamprouter", "call", "--realm", "realm2", "com.example.ec", WAMP_URL=clients.url)


def test_meta_procedures_are_completed_once(clients: Clients) -> None:
    assert ["wamp.session.count"] == completed("wamprouter", "call", "wamp.session.cou", WAMP_URL=clients.url)


def test_without_the_variable_nobody_is_asked() -> None:
    """Because the default might be somebody else's router."""
    assert [] == completed("wamprouter", "call", "wamp.")


@pytest.mark.parametrize("environ", [{}, {"WAMP_AUTHMETHOD": "ticket", "WAMP_AUTHID": "joe"}])
def test_a_router_that_is_not_there_completes_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    """Nor is a secret asked for."""
    assert [] == completed("wamprouter", "call", "wamp.", WAMP_URL=f"unix://{tmp_path}/none.sock", **environ)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(clients: Clients, shell: str) -> None:
    result = clients.run("completion", shell)
    assert 0 == result.exit_code
    assert f"_WAMPROUTER_COMPLETE={shell}_complete" in result.stdout


def test_bash_reads_the_script(clients: Clients) -> None:
    text = clients.run("completion", "bash").stdout
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
