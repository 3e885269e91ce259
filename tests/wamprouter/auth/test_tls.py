"""TLS client certificates, made by a certificate authority of the test's own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate, CertificateBuilder, Name, NameAttribute, load_pem_x509_certificate
from cryptography.x509.oid import NameOID

from tests.support.auth import Door, House, Knock
from wamp.protocol.errors import AuthenticationDenied, AuthenticationRequired
from wamprouter.auth import Grant
from wamprouter.auth.certificates import common_name, described
from wamprouter.auth.tls import CertificateMethod, TlsPrincipal

AUTHORITY = trustme.CA()


def certificate(name: str, **more: Any) -> Certificate:
    issued = AUTHORITY.issue_cert(f"{name}@example.com", common_name=name, **more)
    return load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())


JOE, OTHER_JOE, ANNA = certificate("joe"), certificate("joe"), certificate("anna")
NAMELESS = load_pem_x509_certificate(AUTHORITY.issue_cert("x@example.com").cert_chain_pems[0].bytes())


def sha256(of: Certificate) -> str:
    return of.fingerprint(SHA256()).hex()


def sha1(of: Certificate) -> str:
    return of.fingerprint(SHA1()).hex()


def door(**records: TlsPrincipal) -> Door:
    return Door(CertificateMethod(records))


BY_HASH = {"joe": TlsPrincipal(role="user", sha256=sha256(JOE)), "anna": TlsPrincipal(role="admin", cn="anna")}


@pytest.mark.parametrize(
    "principal", [TlsPrincipal(role="user", sha256=sha256(JOE)), TlsPrincipal(role="user", sha1=sha1(JOE))]
)
def test_a_fingerprint_is_one_certificate(principal):
    """Another of the same name, of the same authority, has another."""
    assert "joe" == door(joe=principal).knock("tls", certificate=JOE).authid
    assert isinstance(door(joe=principal).knock("tls", certificate=OTHER_JOE), AuthenticationDenied)


def test_a_common_name_is_whoever_the_authority_says():
    """So that certificates can be renewed."""
    principal = TlsPrincipal(role="user", cn="joe")
    for its in (JOE, OTHER_JOE):
        assert "joe" == door(joe=principal).knock("tls", certificate=its).authid
    assert isinstance(door(joe=principal).knock("tls", certificate=ANNA), AuthenticationDenied)
    assert isinstance(door(joe=principal).knock("tls", certificate=NAMELESS), AuthenticationDenied)


def test_all_that_is_said_must_fit():
    """A name and a fingerprint."""
    both = TlsPrincipal(role="user", cn="joe", sha256=sha256(JOE))
    assert isinstance(door(joe=both).knock("tls", certificate=JOE), Grant)
    assert isinstance(door(joe=both).knock("tls", certificate=OTHER_JOE), AuthenticationDenied)
    assert isinstance(door(joe=TlsPrincipal(role="user")).knock("tls", certificate=JOE), AuthenticationDenied)


def test_the_configuration_may_write_fingerprints_as_openssl_does():
    """In capitals, with colons."""
    digits = sha256(JOE).upper()
    written = ":".join(digits[at : at + 2] for at in range(0, 64, 2))
    house = House({"tls": {"principals": {"joe": {"certificate-sha256": written, "role": "user"}}}})
    line = {"certificate": lambda: JOE}
    assert "joe" == house.connect(**line).log_in("tls").details["authid"]  # type: ignore[union-attr]  # a Welcome


def test_a_client_may_say_who_it_is():
    """Then its certificate must be that one's."""
    assert "joe" == door(**BY_HASH).knock("tls", authid="joe", certificate=JOE).authid
    for authid in ("anna", "nobody"):
        assert isinstance(door(**BY_HASH).knock("tls", authid=authid, certificate=JOE), AuthenticationDenied)


def test_without_a_certificate_another_method_is_used():
    """Or none, if the client has no other."""
    assert isinstance(door(**BY_HASH).knock("tls", authid="joe"), AuthenticationRequired)


def test_a_reload_asks_whether_the_certificate_would_still_do():
    """By all that the new configuration says of it."""
    granted = door(**BY_HASH).knock("tls", certificate=JOE)

    def still(**principal: Any) -> bool:
        return door(joe=TlsPrincipal(**{"role": "user", **principal})).gate.still_admits(granted)

    assert still(sha256=sha256(JOE))
    assert still(sha1=sha1(JOE))
    assert still(cn="joe")
    assert not still(sha256=sha256(OTHER_JOE))
    assert not still(sha1=sha1(OTHER_JOE))
    assert not still(cn="anna")
    assert not still(cn="joe", role="admin")
    assert not still(cn="joe", realm="realm1")
    assert not still()
    assert not door(anna=TlsPrincipal(role="user", cn="joe")).gate.still_admits(granted)
    assert not door(**BY_HASH).gate.still_admits(Grant("joe", "user", "tls", mark="nonsense"))


class Unreadable:
    """A certificate that OpenSSL takes, and whose names nobody can read."""

    def fingerprint(self, _algorithm: Any) -> bytes:
        return b"x"

    @property
    def subject(self) -> Any:
        raise ValueError("invalid DER")


def test_a_certificate_that_cannot_be_read_lets_nobody_in():
    """The authority may have signed strange ones."""
    assert isinstance(door(**BY_HASH).knock("tls", certificate=Unreadable()), AuthenticationDenied)


def named(*names: str) -> Certificate:
    """Return a certificate with these common names, signed by itself."""
    key = ed25519.Ed25519PrivateKey.generate()
    subject = Name([NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    now = datetime.now(UTC)
    builder = CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, None)


def test_two_common_names_are_none():
    """Which one would be meant?"""
    assert ["joe", None, None] == [common_name(named(*names)) for names in (["joe"], ["joe", "anna"], [])]


def test_an_authenticator_is_told_of_the_certificate():
    """Everything that can be compared."""
    told = described(JOE)
    assert (sha256(JOE), sha1(JOE), "joe") == (told["sha256"], told["sha1"], told["cn"])
    assert {"subject", "issuer", "serial", "not_after"} < told.keys()


def test_a_strangers_certificate_is_counted():
    """As any other wrong credential."""
    place = door(**BY_HASH)
    place.admit(Knock("tls", certificate=OTHER_JOE))
    assert 1 == place.throttle.failures
