"""`keygen` and `credential`: what is printed lets the client in, and nothing else is shown."""

import json
import stat
import sys
from pathlib import Path

import pytest
from autobahn.wamp import auth as autobahn
from autobahn.wamp.types import Challenge as AutobahnChallenge
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wamp.auth import CryptosignKey
from wamp.protocol.auth import cra, cryptosign, scram
from wamprouter.auth import hashes
from wamprouter.cli import credentials, main

ISSUED = b"\xaa" * 32
SECRET = "correct horse battery"


def run(*arguments: str, typed: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=typed)


def credential(method: str, *arguments: str, typed: str = f"{SECRET}\n") -> dict[str, object]:
    """The entry of joe that is made from a secret on standard input."""
    result = run("credential", method, "joe", "--password-stdin", *arguments, typed=typed)
    assert (0, "") == (result.exit_code, result.stderr)
    return entry(result, method)


def entry(result: Result, method: str) -> dict[str, object]:
    """What is printed for joe, out of Crossbar's form."""
    table = json.loads(result.stdout)["auth"][method]
    assert {"type", "users" if method == "wampcra" else "principals"} == set(table)
    assert "static" == table.pop("type")
    ((principals),) = table.values()
    assert ["joe"] == list(principals)
    return principals["joe"]


def cheap(kdf: str) -> list[str]:
    """Options that make a scram credential quickly."""
    cost = ["--iterations", "4096"] if kdf == "pbkdf2" else ["--iterations", "2", "--memory", "8192"]
    return ["--kdf", kdf, *cost]


def test_the_choices_are_those_of_the_modules() -> None:
    """They stand in the command line too, so that `--help` imports nothing."""
    assert {*hashes.ALGORITHMS, "none"} == set(credentials.HASHES)
    assert set(scram.KDFS) == set(credentials.KDFS)


# -- ticket


@pytest.mark.parametrize(
    ("options", "prefix"),
    [
        ([], "$scrypt$ln=15,r=8,p=1$"),
        (["--hash", "sha256"], "$sha256$"),
        (["--hash", "argon2id"], "$argon2id$v=19$m=65536,t=3,p=1$"),
        (["--hash", "none"], SECRET),
    ],
)
def test_a_ticket_is_hashed(options: list[str], prefix: str) -> None:
    """By default slowly, as people have chosen it."""
    made = credential("ticket", *options, "--role", "frontend")
    assert {"ticket", "role"} == set(made)
    assert "frontend" == made["role"]
    assert str(made["ticket"]).startswith(prefix)
    assert hashes.parse(str(made["ticket"])).verify(SECRET)


def test_a_generated_ticket_is_shown_once_and_hashed_fast() -> None:
    """On standard error, so that the entry can be redirected into a file."""
    result = run("credential", "ticket", "joe", "--generate")
    shown, advice = result.stderr.splitlines()
    ticket = shown.removeprefix("ticket: ")
    assert 32 == len(ticket)
    assert ticket.isalnum()
    assert "not shown again" in advice
    assert ticket not in result.stdout
    stored = str(entry(result, "ticket")["ticket"])
    assert stored.startswith("$sha256$")
    assert hashes.parse(stored).verify(ticket)


def test_two_runs_make_different_secrets_and_salts() -> None:
    """Nothing is fixed but what was asked for."""
    generated = [run("credential", "ticket", "joe", "--generate").stderr for _ in range(2)]
    assert generated[0] != generated[1]
    for method in ("ticket", "wampcra"):
        assert credential(method) != credential(method)
    assert credential("scram", *cheap("pbkdf2")) != credential("scram", *cheap("pbkdf2"))


def test_a_secret_is_asked_for_without_being_shown() -> None:
    """Twice, and the questions do not go to standard output."""
    result = run("credential", "ticket", "joe", "--hash", "sha256", typed=f"{SECRET}\n{SECRET}\n")
    assert 0 == result.exit_code
    assert hashes.parse(str(entry(result, "ticket")["ticket"])).verify(SECRET)
    assert "Ticket" in result.stderr
    assert SECRET not in result.output


def test_a_line_end_is_not_part_of_the_secret_but_all_else_is() -> None:
    """Whatever made the file: `echo`, or an editor of Windows'."""
    for typed, secret in (("s \n", "s "), ("s\r\n", "s"), ("s", "s"), ("a\nb\n", "a\nb")):
        stored = credential("ticket", "--hash", "none", typed=typed)
        assert secret == stored["ticket"]


@pytest.mark.parametrize("typed", [b"", b"\n", b"\xff\n"])
def test_an_empty_or_unreadable_secret_is_refused(typed: bytes) -> None:
    """With one line and exit status 1."""
    result = run("credential", "ticket", "joe", "--password-stdin", typed=typed)
    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr in ("the ticket is empty\n", "the ticket on standard input is not UTF-8\n")


def test_a_ticket_that_looks_like_a_hash_must_be_hashed() -> None:
    """The router would not take it as it is."""
    result = run("credential", "ticket", "joe", "--hash", "none", "--password-stdin", typed="$ecret")
    assert (1, "ticket credential for joe: a ticket that begins with $ must be hashed: choose a --hash\n") == (
        result.exit_code,
        result.stderr,
    )


# -- wampcra


def test_a_wampcra_secret_is_stored_derived() -> None:
    """The password is not in the entry, and an Autobahn client logs in with it."""
    made = credential("wampcra", "--iterations", "1000")
    assert {"secret", "salt", "iterations", "keylen", "role"} == set(made)
    assert (1000, 32) == (made["iterations"], made["keylen"])
    salting = cra.Salting(str(made["salt"]), 1000, 32)
    text = cra.challenge_text(authid="joe", authrole="r", authprovider="p", nonce="n", timestamp="t", session=1)
    client = autobahn.AuthWampCra(authid="joe", secret=SECRET)
    signature = client.on_challenge(None, AutobahnChallenge("wampcra", cra.Challenge(text, salting).extra()))
    assert cra.verify((str(made["secret"]),), text, signature)
    assert SECRET not in json.dumps(made)


# -- scram


def test_a_scram_credential_is_autobahns_by_default() -> None:
    """It has no other that works; RFC 9106 says what Argon2 costs."""
    made = credential("scram")
    assert ("argon2id-13", 3, 65536) == (made["kdf"], made["iterations"], made["memory"])
    expected = scram.derive_credential(
        SECRET, bytes.fromhex(str(made["salt"])), "argon2id-13", iterations=3, memory=65536
    )
    assert expected == scram.Credential.read(made)


@pytest.mark.parametrize("kdf", scram.KDFS)
def test_a_scram_credential_is_of_the_kind_asked_for(kdf: str) -> None:
    """A client proves the password against it."""
    made = scram.Credential.read(credential("scram", *cheap(kdf)))
    salted = scram.salted_password(SECRET, made.salt, kdf, iterations=made.iterations, memory=made.memory)
    exchange = scram.Exchange("joe", "bm9u", made.challenge("bm9uY2Vz"))
    proof = scram.client_proof(salted, exchange.auth_message(scram.Dialect.SPECIFICATION))
    assert scram.verify(made, exchange, scram.base64_text(proof)) is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kdf", "pbkdf2", "--memory", "8192"], "--memory is for Argon2"),
        (["--kdf", "pbkdf2", "--iterations", "1"], "1 iterations of PBKDF2, expected 4096"),
        (["--memory", "9999999"], "KiB of memory"),
    ],
)
def test_a_cost_that_clients_refuse_is_refused_here(arguments: list[str], said: str) -> None:
    """Not at the first login."""
    result = run("credential", "scram", "joe", "--password-stdin", *arguments, typed=SECRET)
    assert 1 == result.exit_code
    assert said in result.stderr
    assert 1 == len(result.stderr.splitlines())


def test_a_password_or_name_that_saslprep_refuses_is_told_without_showing_it() -> None:
    """Nobody could log in with it."""
    result = run("credential", "scram", "joe", "--password-stdin", *cheap("pbkdf2"), typed="geheim\a")
    assert (1, "") == (result.exit_code, result.stdout)
    assert "U+0007 is a control character" in result.stderr
    assert "geheim" not in result.stderr
    assert 1 == run("credential", "scram", "jo\ae", "--password-stdin", *cheap("pbkdf2"), typed="x").exit_code


def test_without_argon2_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """For scram and for a ticket."""
    monkeypatch.setitem(sys.modules, "argon2.low_level", None)
    for arguments in (["scram", "joe"], ["ticket", "joe", "--hash", "argon2id"]):
        result = run("credential", *arguments, "--password-stdin", typed=SECRET)
        assert 1 == result.exit_code
        assert 'pip install "wamprouter[scram]"' in result.stderr


# -- cryptosign


def test_a_new_key_pair_is_shown_and_its_public_half_configured() -> None:
    """The private key on standard error, once."""
    result = run("credential", "cryptosign", "joe", "--generate")
    private = result.stderr.splitlines()[0].removeprefix("private key: ")
    assert private not in result.stdout
    (public,) = entry(result, "cryptosign")["authorized_keys"]
    answer = cryptosign.answer(bytes.fromhex(private), ISSUED)
    assert cryptosign.verify(bytes.fromhex(public), ISSUED, answer)


def test_a_public_key_is_taken_in_hexadecimal_or_openssh_form() -> None:
    """As an argument, or typed."""
    public = cryptosign.public_key(b"\x01" * 32)
    line = Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    for text in (public.hex(), public.hex().upper(), line, f"{line} joe@desk"):
        for result in (
            run("credential", "cryptosign", "joe", "--public-key", text),
            run("credential", "cryptosign", "joe", typed=f"{text}\n"),
        ):
            assert {"authorized_keys": [public.hex()], "role": "user"} == entry(result, "cryptosign")


@pytest.mark.parametrize("text", ["00", "zz" * 32, "ssh-ed25519 AAAA", "ssh-rsa AAAA"])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    """With one line."""
    result = run("credential", "cryptosign", "joe", "--public-key", text)
    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("not a public key: ")


# -- usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tickets", "joe"], "'tickets' is not one of"),
        (["ticket"], "Missing argument 'AUTHID'"),
        (["ticket", ""], "AUTHID is empty"),
        (["ticket", "joe", "--kdf", "pbkdf2"], "--kdf is for scram, not for ticket"),
        (["cryptosign", "joe", "--iterations", "5"], "--iterations is for wampcra and scram, not for cryptosign"),
        (["scram", "joe", "--public-key", "00"], "--public-key is for cryptosign, not for scram"),
        (["ticket", "joe", "--generate", "--password-stdin"], "give one of them"),
        (["cryptosign", "joe", "--generate", "--public-key", "00"], "give one of them"),
        (["cryptosign", "joe", "--password-stdin"], "cryptosign has no password"),
        (["wampcra", "joe", "--iterations", "0"], "0 is not in the range"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], said: str) -> None:
    """Exit status 2, and nothing is asked or made."""
    result = run("credential", *arguments)
    assert (2, "") == (result.exit_code, result.stdout)
    assert said in result.stderr


@pytest.mark.parametrize("command", [["keygen", "--authid"], ["credential", "ticket", "--generate"]])
def test_a_name_that_no_text_file_can_hold_is_refused(command: list[str]) -> None:
    """As Python gives us bytes of a command line that are not UTF-8."""
    result = run(*command, "jo\udcff")
    assert (1, "") == (result.exit_code, result.stdout)
    assert "the authid or the role is not UTF-8" in result.stderr


def test_a_name_in_another_script_stays_readable() -> None:
    """JSON is UTF-8."""
    assert '"Jürgen": {' in run("keygen", "--authid", "Jürgen").stdout


# -- keygen


def test_keygen_prints_a_pair_and_its_entry() -> None:
    """Another one each time."""
    output = run("keygen", "--authid", "anna", "--role", "device").stdout
    public_line, private_line, _, *rest = output.splitlines()
    public = public_line.removeprefix("public key:  ")
    private = private_line.removeprefix("private key: ")
    assert public == cryptosign.public_key(bytes.fromhex(private)).hex()
    principals = {"anna": {"authorized_keys": [public], "role": "device"}}
    assert {"auth": {"cryptosign": {"type": "static", "principals": principals}}} == json.loads("\n".join(rest))
    assert output != run("keygen").stdout


def test_keygen_writes_the_private_key_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    """And does not show it. The client reads the file as it is."""
    file = tmp_path / "joe.key"
    result = run("keygen", "--out", str(file))
    assert 0 == result.exit_code
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert file.read_text().strip() not in result.output
    public = CryptosignKey.from_file(file).public_key()
    assert result.stdout.startswith(f"public key:  {public}\nprivate key: in {file}\n")


def test_keygen_overwrites_nothing(tmp_path: Path) -> None:
    """The key that is there may be the only copy."""
    file = tmp_path / "joe.key"
    file.write_text("precious")
    result = run("keygen", "--out", str(file))
    assert (1, "", f"{file}: not written: File exists\n") == (result.exit_code, result.stdout, result.stderr)
    assert "precious" == file.read_text()
