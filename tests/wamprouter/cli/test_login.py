"""Who a command logs in as, by its options, files and environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.logins import KEY, PUBLIC
from wamp.auth import Authenticator, compute_totp
from wamp.types import Challenge
from wamprouter.cli.login import authenticators
from wamprouter.cli.options import Connection

NOTHING = Connection(**dict.fromkeys(Connection._fields))._replace(url="ws://localhost/")


class Unchallenged:
    transport_details = None


def login(environ: Mapping[str, str] | None = None, **options: Any) -> Authenticator:
    (found,) = authenticators(NOTHING._replace(**options), environ or {})
    return found


def ticket_of(found: Authenticator) -> Any:
    return found.on_challenge(Unchallenged(), Challenge("ticket"))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("open sesame\n")
    return file


def test_without_anything_there_is_nothing_to_say() -> None:
    """Which is how a client is anonymous."""
    assert [] == authenticators(NOTHING, {})


def test_a_name_without_credentials_is_anonymous() -> None:
    found = login(authid="joe")
    assert ("anonymous", "joe") == (found.name, found.authid)


def test_a_ticket_comes_from_the_environment() -> None:
    found = login({"WAMP_TICKET": "open sesame"}, authid="joe")
    assert ("ticket", "joe", "open sesame") == (found.name, found.authid, ticket_of(found))


def test_a_ticket_comes_from_a_file_without_its_line_end(secret: Path) -> None:
    assert "open sesame" == ticket_of(login(authid="joe", ticket_file=secret))


@pytest.mark.parametrize("method", ["wampcra", "scram", "wamp-scram"])
def test_a_secret_serves_the_method_that_is_chosen(method: str, secret: Path) -> None:
    assert method == login(authmethod=method, authid="joe", secret_file=secret).name


def test_a_secret_alone_is_for_wampcra() -> None:
    assert "wampcra" == login({"WAMP_SECRET": "open sesame"}, authid="joe").name


def test_totp_is_a_ticket_made_of_the_secret_and_the_time() -> None:
    """The time at which the router asks, so that it can ask again."""
    found = login({"WAMP_SECRET": "GEZDGNBVGY3TQOJQ"}, authmethod="totp", authid="joe")
    before = compute_totp("GEZDGNBVGY3TQOJQ")
    assert ticket_of(found) in (before, compute_totp("GEZDGNBVGY3TQOJQ"))


TAGGED = f"A key of a node.\n\nprivate-key-ed25519: {KEY}\n"


@pytest.mark.parametrize("content", [KEY.encode(), f"{KEY}\n".encode(), bytes.fromhex(KEY), TAGGED.encode()])
def test_a_key_file_may_have_every_form(content: bytes, tmp_path: Path) -> None:
    """Digits, bytes, Crossbar's tags."""
    (tmp_path / "key").write_bytes(content)
    assert PUBLIC == login(key_file=tmp_path / "key").authextra["pubkey"]


def test_a_key_file_may_be_of_openssh(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEY))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (tmp_path / "id_ed25519").write_bytes(pem)
    assert PUBLIC == login(key_file=tmp_path / "id_ed25519").authextra["pubkey"]


def test_a_certificate_alone_logs_in_by_tls(tmp_path: Path) -> None:
    assert "tls" == login(cert=tmp_path / "joe.pem").name


def test_channel_binding_is_asked_for() -> None:
    with pytest.raises(ValueError, match="--channel-binding is for cryptosign, and the method is anonymous"):
        login(channel_binding="tls-exporter")


@pytest.mark.parametrize(
    ("environ", "options", "problem"),
    [
        (
            {"WAMP_TICKET": "a", "WAMP_SECRET": "b"},
            {},
            "there are credentials for ticket and wampcra: choose with --authmethod",
        ),
        ({"WAMP_TICKET": "a"}, {}, "ticket needs --authid"),
        ({}, {"authmethod": "cryptosign"}, "cryptosign needs --key-file"),
        ({}, {"ticket_file": Path("none"), "authid": "joe"}, "none: cannot be read: No such file or directory"),
        ({}, {"key_file": Path("none")}, "none: cannot be read: No such file or directory"),
        (
            {},
            {"authmethod": "ticket", "authid": "joe"},
            "no ticket: expected --ticket-file, $WAMP_TICKET, or a terminal to ask at",
        ),
    ],
)
def test_what_is_missing_is_told(
    environ: dict[str, str], options: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r".") as refusal:
        login(environ, **options)
    assert problem == str(refusal.value)


def test_no_secret_is_in_what_is_told(tmp_path: Path) -> None:
    """A key that is none was meant to be one."""
    (tmp_path / "key").write_text("open sesame")
    with pytest.raises(ValueError, match="expected a key") as refusal:
        login(key_file=tmp_path / "key")
    assert "sesame" not in str(refusal.value)
