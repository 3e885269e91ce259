"""The page about credentials: its commands run, its entry has the form that they print, and its session logs in."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.docs.pages import DOCS, block, blocks
from tests.wamp.doubles import WELCOME, ScriptedTransport
from wamp.protocol import messages as m
from wamp.protocol.auth import scram
from wamp.types import ComponentConfig
from wamprouter.auth import hashes
from wamprouter.cli import main

PAGE = DOCS / "howto/credentials.md"
COMMANDS = [line for each in blocks(PAGE) if each.language == "sh" for line in each.text.splitlines()]


def run(line):
    """Run a command of the page as a shell would; a secret comes from standard input in any case."""
    words = shlex.split(line.partition(" <")[0])
    assert "wamprouter" == words[0]
    words = [Path("sensor-7.pub").read_text() if word.startswith("$(cat") else word for word in words]
    return CliRunner().invoke(main, words[1:], input="secret\n" * (1 if "<" in line else 2))


@pytest.fixture(autouse=True)
def _with_a_public_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    (tmp_path / "sensor-7.pub").write_bytes(public + b" sensor-7\n")


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_runs(line):
    """And prints an entry."""
    result = run(line)
    assert 0 == result.exit_code, result.output
    assert '"auth": {' in result.stdout


def test_the_entry_on_the_page_has_the_form_of_a_real_one():
    """The same fields in the same order, and but for secret and salt the same values."""
    shown, real = json.loads(block(PAGE, "text").text), json.loads(run(COMMANDS[0]).stdout)
    ours = real["auth"]["wampcra"]["users"]["joe"]
    theirs = shown["auth"]["wampcra"]["users"]["joe"]
    assert list(theirs) == list(ours)
    assert {name: len(theirs[name]) for name in ("secret", "salt")} == {
        name: len(ours[name]) for name in ("secret", "salt")
    }
    ours.update(secret=theirs["secret"], salt=theirs["salt"])
    assert shown == real


def test_the_table_of_tickets_shows_what_new_hashes_look_like():
    """With their costs."""
    text = PAGE.read_text("utf-8")
    for algorithm in hashes.ALGORITHMS:
        made = hashes.make("ticket", algorithm, b"0123456789abcdef")
        assert f"`{re.sub(r'[^$]+[$][^$]+$', 'SALT$HASH', made)}`" in text


def test_the_session_on_the_page_logs_in_and_refuses_a_false_router():
    """From CHALLENGE to WELCOME, with the router's functions on the other end."""
    names = {}
    exec(compile(block(PAGE, "python", "create_authenticator").text, "page", "exec"), names)
    for knows_the_password in (True, False):
        session = names["Sensor"](ComponentConfig("realm1", {"password": "secret"}))
        transport = ScriptedTransport()
        session.onOpen(transport)
        (hello,) = transport.take()
        assert (["scram"], "anna") == (hello.details["authmethods"], hello.details["authid"])

        credential = scram.derive_credential("secret", b"0123456789abcdef", iterations=4096)
        nonce = scram.read_client_nonce(hello.details["authextra"])
        exchange = scram.Exchange("anna", nonce, credential.challenge(nonce + "c2VydmVy"))
        session.onMessage(m.Challenge("scram", exchange.server_first.extra()))
        (answer,) = transport.take()
        proven = scram.verify(credential, exchange, answer.signature, answer.extra)
        assert proven is not None

        authextra = scram.welcome_extra(proven if knows_the_password else bytes(32))
        session.onMessage(m.Welcome(77, {**WELCOME.details, "authextra": authextra}))
        assert knows_the_password is session.is_attached()
