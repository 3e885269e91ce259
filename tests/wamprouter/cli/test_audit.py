"""`wamprouter check --audit`: lines, exit status, and what it asks of the machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP192R1, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from tests.support.certificates import Authority
from tests.wamprouter.config.documents import changed
from wamprouter.cli import main
from wamprouter.cli.audit import Computer
from wamprouter.config import Tls

STRONG = {
    "version": 1,
    "realms": [
        {"name": "realm1", "roles": [{"name": "visitor", "permissions": [{"uri": "com.*", "allow": {"call": True}}]}]}
    ],
    "transports": [
        {
            "type": "websocket",
            "endpoint": {"type": "tcp", "port": 8080},
            "max_connections": 10,
            "auth": {"anonymous": {"role": "visitor"}},
            "options": {"allowed_origins": ["http://localhost:8080"], "allow_null_origin": False},
        }
    ],
}


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def checked(document: dict[str, Any], *arguments: str) -> Result:
    file = Path("router.json")
    file.write_text(json.dumps(document, indent=2))
    file.chmod(0o640)
    return run("check", "--config", "router.json", "--audit", *arguments)


def test_a_configuration_without_weak_spots_is_status_0() -> None:
    """The last line says that it was looked for."""
    result = checked(STRONG)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "router.json: no weak spots")


def test_a_weak_spot_is_a_line_with_its_position_and_status_1() -> None:
    """On standard output, after what the file sets up, from the top of the file to its end."""
    result = checked(
        changed(("limits.joins_per_second", 0), ("transports.0.trusted_proxies", ["0.0.0.0/0"]), base=STRONG)
    )
    assert (result.exit_code, result.stderr) == (1, "")
    ok, setup, first, second, third, total = result.stdout.splitlines()
    assert (ok, setup.partition(",")[0]) == ("router.json: ok", "1 realm")
    assert first.startswith("router.json:34:18: transports[0].options.message_rate: 0 lets anonymous peers ")
    assert second == (
        "router.json:41:9: transports[0].trusted_proxies[0]: 0.0.0.0/0 is nearly everybody, and each may say in "
        "X-Forwarded-For to be somebody else; name the addresses of your proxies [high: trusts-everybody]"
    )
    assert third.startswith("router.json:46:25: limits.joins_per_second: 0 lets one address try to join ")
    assert total == "router.json: 3 weak spots: 1 high, 1 medium, 1 low"


def test_without_audit_nothing_of_it_is_said() -> None:
    """A weak configuration is one that works."""
    Path("router.json").write_text(json.dumps(changed(("limits.joins_per_second", 0))))
    result = run("check", "--config", "router.json")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)


def test_what_is_accepted_is_not_told() -> None:
    """So that a script can go on with what is meant so."""
    weak = changed(("limits.joins_per_second", 0), ("transports.0.trusted_proxies", ["10.1.1.1"]), base=STRONG)
    assert checked(weak, "--accept", "no-join-limit", "--accept", "no-message-rate").exit_code == 0
    assert checked(weak, "--accept", "no-join-limit").exit_code == 1


def test_an_unknown_name_is_not_accepted() -> None:
    """A misspelt one must not look as if it had an effect."""
    result = checked(STRONG, "--accept", "no-join-limits")
    assert result.exit_code == 2
    assert 'no weakness is called "no-join-limits"; did you mean "no-join-limit"?' in result.stderr


def test_accept_without_audit_is_a_mistake() -> None:
    """It would do nothing."""
    Path("router.json").write_text(json.dumps(STRONG))
    result = run("check", "--config", "router.json", "--accept", "no-join-limit")
    assert (result.exit_code, "--accept: only with --audit" in result.stderr) == (2, True)


@pytest.mark.parametrize(("content", "status"), [("{", 2), ('{"version": 1}', 1)])
def test_a_file_with_mistakes_is_told_as_without_the_audit(content: str, status: int) -> None:
    """There is no configuration to look at."""
    Path("router.json").write_text(content)
    with_audit, without = (run("check", "--config", "router.json", *more) for more in (["--audit"], []))
    assert (with_audit.exit_code, with_audit.output) == (status, without.output)


def test_what_init_writes_is_told_to_be_open_to_web_pages() -> None:
    """It is for the first steps on one's own machine, and this is what must not stay so."""
    run("init")
    result = run("check", "--config", "router.json", "--audit")
    names = [line.rpartition(": ")[2].rstrip("]") for line in result.stdout.splitlines() if line.endswith("]")]
    assert (result.exit_code, names) == (1, ["any-origin-inside"])


# -- the machine


def test_the_mode_of_a_file_is_that_of_the_file() -> None:
    """A configuration with a credential in it that everybody may read."""
    auth = {
        "scram": {"principals": {"eve": {"kdf": "pbkdf2", "iterations": 600_000, "salt": "5c" * 16, "role": "visitor"}}}
    }
    auth["scram"]["principals"]["eve"] |= {"stored-key": "ab" * 32, "server-key": "cd" * 32}
    document = changed(("transports.0.auth", auth), base=STRONG)
    assert checked(document).exit_code == 0
    Path("router.json").chmod(0o644)
    result = run("check", "--config", "router.json", "--audit")
    assert "(mode 0644); chmod o-r [high: readable-secrets]" in result.stdout


def test_a_file_that_is_not_there_has_no_mode() -> None:
    """The router makes it."""
    assert Computer().mode(Path("nowhere/at/all")) is None


def test_a_machine_has_memory_and_a_time() -> None:
    """What a machine can have."""
    assert Computer().memory() > 64 * 1024**2
    assert Computer().now().tzinfo is UTC


def made(folder: Path, key: Any, days: float) -> Tls:
    """Write a certificate that expires in so many days."""
    name = Name([NameAttribute(NameOID.COMMON_NAME, "router")])
    now = datetime.now(UTC)
    builder = CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - timedelta(days=90)).not_valid_after(now + timedelta(days=days))
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    private.chmod(0o600)
    return Tls(key=str(private), certificate=str(certificate))


def test_certificates_are_read(tmp_path: Path) -> None:
    """When it expires, and that nothing is wrong with it."""
    found = Computer().certificate(made(tmp_path, generate_private_key(SECP256R1()), 30))
    assert found is not None
    assert found.warnings == found.flaws == []
    assert 29 <= (found.expires - datetime.now(UTC)).days <= 30


def test_an_expired_certificate_is_told_as_at_a_start(tmp_path: Path) -> None:
    """The same words, once for the start and once for the audit."""
    found = Computer().certificate(made(tmp_path, generate_private_key(SECP256R1()), -1))
    assert found is not None
    assert [warning for warning in found.warnings if "it expired on" in warning]


@pytest.mark.parametrize(
    ("key", "flaw"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "key has 1024 bits"),
        (lambda: generate_private_key(SECP192R1()), "key has 192 bits"),
    ],
    ids=["RSA", "EC"],
)
def test_a_short_key_is_a_flaw(tmp_path: Path, key: Any, flaw: str) -> None:
    """Whether or not this machine's OpenSSL would take it."""
    found = Computer().certificate(made(tmp_path, key(), 30))
    assert found is not None
    assert found.flaws == [flaw]


def test_a_certificate_that_cannot_be_read_is_not_told_twice(tmp_path: Path) -> None:
    """`check` has a line about it before the audit begins."""
    (tmp_path / "cert.pem").write_text("none")
    assert Computer().certificate(Tls(key="key.pem", certificate=str(tmp_path / "cert.pem"))) is None


@pytest.mark.parametrize(
    ("ciphers", "weak"),
    [
        ("ECDHE+AESGCM:ECDHE+CHACHA20", False),
        ("DHE+AESGCM", False),
        ("AES128-GCM-SHA256", True),  # no forward secrecy
        ("ECDHE-RSA-AES128-SHA", True),  # no authenticated encryption
        ("ALL", True),
    ],
)
def test_openssl_tells_which_ciphers_a_list_has(ciphers: str, weak: bool) -> None:
    """Those of TLS 1.3, which are in every list, do not count."""
    found = Computer().weak_ciphers(ciphers)
    assert bool(found) is weak
    assert [name for name in found if name.startswith("TLS_")] == []


def test_a_file_with_tls_is_audited(tmp_path: Path) -> None:
    """From the files of a real certificate to the line."""
    tls = Authority(tmp_path).issue()
    Path(tls["key"]).chmod(0o644)
    document = changed(("transports.0.endpoint.tls", tls), base=STRONG)
    result = checked(document)
    assert (
        f"the private key {tls['key']} may be read by every user of this machine (mode 0644); chmod o-r"
        in result.stdout
    )
    assert "[low: old-tls]" in result.stdout
