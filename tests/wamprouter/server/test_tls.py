"""From files to a TLS context: what is wrong with them, what is agreed with a client, what both ends know of each other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from autobahn.twisted.util import transport_channel_id
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from tests.support.certificates import Authority
from tests.support.process import ROOT
from tests.support.sockets import Socket
from wamprouter.config import Tls
from wamprouter.server.tls import channel_binding, is_secure, peer_certificate
from wamprouter.server.tls_context import TlsContext, TlsProblem, load, problems_of, warnings_of
from wamprouter.server.tls_transport import TlsFactory


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def files(authority: Authority, tmp_path: Path) -> dict[str, Path]:
    """A key and its certificate, for a test to spoil."""
    issued = authority.issue()
    made = {}
    for what, path in issued.items():
        made[what] = tmp_path / Path(path).name
        made[what].write_bytes(Path(path).read_bytes())
    return made


# -- what is wrong


def with_password(key: bytes) -> bytes:
    loaded = load_pem_private_key(key, None)
    return loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


SPOILT: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "a key that is empty": ("key", lambda _: b"", "TLS key {key}: it holds no private key in PEM form"),
    "a key that is no PEM": ("key", lambda _: b"\x30\x82\0", "TLS key {key}: it holds no private key in PEM form"),
    "a key that is cut off": ("key", lambda pem: pem[:100], "TLS key {key}: it holds no private key in PEM form"),
    "a key with a password": (
        "key",
        with_password,
        "TLS key {key}: it is encrypted with a password, expected a key without one",
    ),
    "a certificate that is empty": (
        "certificate",
        lambda _: b"",
        "TLS certificate {certificate}: it holds no certificate in PEM form",
    ),
    "a certificate that is cut off": (
        "certificate",
        lambda pem: pem[:200],
        "TLS certificate {certificate}: it holds no certificate in PEM form",
    ),
}


@pytest.mark.parametrize(("which", "spoil", "expected"), SPOILT.values(), ids=SPOILT.keys())
def test_a_file_of_the_wrong_content_is_named(
    files: dict[str, Path], which: str, spoil: Callable[[bytes], bytes], expected: str
) -> None:
    files[which].write_bytes(spoil(files[which].read_bytes()))
    assert [expected.format(**files)] == problems_of(Tls(**files))


@pytest.mark.parametrize("which", ["key", "certificate"])
def test_a_file_that_is_missing_is_named(files: dict[str, Path], which: str) -> None:
    files[which].unlink()
    assert [f"TLS {which} {files[which]}: cannot be read: No such file or directory"] == problems_of(Tls(**files))


@pytest.mark.parametrize("field", ["chain_certificates", "ca_certificates"])
def test_a_folder_is_no_file_of_certificates(files: dict[str, Path], tmp_path: Path, field: str) -> None:
    [problem] = problems_of(Tls(**files, **{field: (tmp_path,)}))
    assert f"{tmp_path}: cannot be read: Is a directory" in problem


def test_key_and_certificate_swapped_are_two_problems(files: dict[str, Path]) -> None:
    """All that is wrong is told at once."""
    problems = problems_of(Tls(key=files["certificate"], certificate=files["key"]))
    assert ["no private key", "no certificate"] == [problem.split("holds ")[1].split(" in ")[0] for problem in problems]


def test_a_key_of_another_certificate_is_told(files: dict[str, Path], authority: Authority) -> None:
    other = authority.issue("other")
    problem = f"TLS key {other['key']}: it does not belong to the certificate in {files['certificate']}"
    assert [problem] == problems_of(Tls(key=Path(other["key"]), certificate=files["certificate"]))


def test_ciphers_that_nobody_knows_are_told(files: dict[str, Path]) -> None:
    assert ['TLS ciphers: no cipher of TLS 1.2 matches "ROT13"'] == problems_of(Tls(**files, ciphers="ROT13"))


@pytest.mark.parametrize("content", [b"", b"-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n"])
def test_a_dhparam_that_is_none_is_told(files: dict[str, Path], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dh.pem").write_bytes(content)
    [problem] = problems_of(Tls(**files, dhparam=tmp_path / "dh.pem"))
    assert problem.endswith("dh.pem: expected Diffie-Hellman parameters of at least 2048 bits")


def test_a_key_that_is_too_short_for_openssl_is_told(authority: Authority, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=1))
    (tmp_path / "c.pem").write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "k.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    [problem] = problems_of(Tls(key=tmp_path / "k.pem", certificate=tmp_path / "c.pem"))
    assert problem == f"TLS certificate {tmp_path / 'c.pem'}: OpenSSL refuses it: ee key too small"


def test_what_is_in_order_has_no_problems(files: dict[str, Path], authority: Authority) -> None:
    tls = Tls(**files, chain_certificates=(authority.file,), ca_certificates=(authority.file,))
    assert [] == problems_of(tls)
    assert [] == warnings_of(tls)


def test_loading_raises_what_checking_tells(files: dict[str, Path]) -> None:
    files["key"].unlink()
    with pytest.raises(TlsProblem) as refused:
        load(Tls(**files))
    assert problems_of(Tls(**files)) == refused.value.problems


def test_an_expired_certificate_is_a_warning(authority: Authority) -> None:
    """The router starts: its own clients may not care, and a router that is down helps nobody."""
    tls = Tls(**authority.issue("old", not_before=datetime(2020, 1, 1), not_after=datetime(2021, 2, 3)))
    assert [] == problems_of(tls)
    assert [f"TLS certificate {tls.certificate}: it expired on 2021-02-03, clients will refuse it"] == warnings_of(tls)


def test_a_certificate_of_the_future_is_a_warning(files: dict[str, Path]) -> None:
    [warning] = warnings_of(Tls(**files), datetime(1999, 1, 1, tzinfo=UTC))
    assert "it is valid from" in warning


def test_what_cannot_be_read_is_no_warning(files: dict[str, Path]) -> None:
    files["certificate"].unlink()
    assert [] == warnings_of(Tls(**files))


def test_checking_needs_no_reactor() -> None:
    """So that a command can check, and a program can choose its reactor afterwards."""
    program = "import sys, wamprouter.server.tls_context; sys.exit('twisted.internet.reactor' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": f"{ROOT / 'client'}:{ROOT / 'router'}"}, check=False
    )
    assert 0 == done.returncode


def test_a_router_without_tls_does_not_load_it() -> None:
    """Autobahn does load OpenSSL where that is installed; what we have besides is for who wants TLS."""
    program = (
        "import sys, wamprouter.server.websocket, wamprouter.server.rawsocket, wamprouter.server.tls\n"
        "from wamprouter.server import listeners\n"
        "sys.exit('wamprouter.server.tls_context' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": f"{ROOT / 'client'}:{ROOT / 'router'}"}, check=False
    )
    assert 0 == done.returncode


# -- what is agreed


class Nobody(Protocol):
    """Neither says nor hears anything."""


@implementer(IOpenSSLClientConnectionCreator)
class ClientContext:
    def __init__(self, context: SSL.Context) -> None:
        self.context = context

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        return SSL.Connection(self.context, None)


class Line:
    """A router's and a client's end of a TLS connection, in memory."""

    def __init__(self, router: TlsContext, client: SSL.Context | None = None) -> None:
        factory = Factory.forProtocol(Nobody)
        client = client or SSL.Context(SSL.TLS_CLIENT_METHOD)
        self.client = TLSMemoryBIOFactory(ClientContext(client), True, factory, Clock()).buildProtocol(None)
        self.router = TlsFactory(router, factory, Clock()).buildProtocol(None)
        self.sockets = Socket(), Socket()
        for end, socket in zip(self.ends, self.sockets, strict=True):
            socket.protocol = end
            end.makeConnection(socket)
        self.exchange()

    @property
    def ends(self) -> tuple[Any, Any]:
        return self.client, self.router

    def exchange(self) -> None:
        """Carry everything to the other end, until there is nothing more."""
        for _ in range(6):
            for sender, receiver in ((0, 1), (1, 0)):
                socket = self.sockets[sender]
                socket.drain()
                data, socket.sent = socket.sent, b""
                if data and not self.sockets[receiver].is_closed:
                    self.ends[receiver].dataReceived(data)

    @property
    def is_open(self) -> bool:
        return not any(socket.is_closed or socket.is_aborted for socket in self.sockets)

    @property
    def agreed(self) -> SSL.Connection:
        return self.router.getHandle()

    @property
    def certificate(self) -> Any:
        """What the client has seen."""
        return self.client.getHandle().get_peer_certificate(as_cryptography=True)


def client_context(maximum: int | None = None, ciphers: bytes | None = None, **certificate: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if maximum is not None:
        context.set_max_proto_version(maximum)
    if ciphers is not None:
        context.set_cipher_list(ciphers)
    if certificate:
        context.use_certificate_file(certificate["certificate"])
        context.use_privatekey_file(certificate["key"])
    return context


def router_context(authority: Authority, **more: Any) -> TlsContext:
    return TlsContext(load(Tls(**authority.issue(), **more)))


def test_tls_1_3_is_spoken_where_the_client_can(authority: Authority) -> None:
    assert "TLSv1.3" == Line(router_context(authority)).agreed.get_protocol_version_name()


def test_tls_1_2_is_spoken_with_forward_secrecy(authority: Authority) -> None:
    line = Line(router_context(authority), client_context(SSL.TLS1_2_VERSION))
    assert "TLSv1.2" == line.agreed.get_protocol_version_name()
    assert str(line.agreed.get_cipher_name()).startswith("ECDHE")


@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_older_versions_are_refused(authority: Authority, version: int) -> None:
    context = client_context(version, b"ALL:@SECLEVEL=0")
    context.set_min_proto_version(version)
    assert not Line(router_context(authority), context).is_open


@pytest.mark.parametrize("cipher", [b"AES128-SHA", b"ECDHE-ECDSA-AES128-SHA", b"AES256-GCM-SHA384"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(authority: Authority, cipher: bytes) -> None:
    assert not Line(router_context(authority), client_context(SSL.TLS1_2_VERSION, cipher)).is_open


def test_the_minimum_version_can_be_raised(authority: Authority) -> None:
    context = router_context(authority, minimum_version="1.3")
    assert Line(context).is_open
    assert not Line(context, client_context(SSL.TLS1_2_VERSION)).is_open


def test_the_ciphers_can_be_chosen(authority: Authority) -> None:
    context = router_context(authority, ciphers="ECDHE+CHACHA20")
    line = Line(context, client_context(SSL.TLS1_2_VERSION))
    assert "CHACHA20" in str(line.agreed.get_cipher_name())
    assert not Line(context, client_context(SSL.TLS1_2_VERSION, b"ECDHE+AESGCM")).is_open


def test_the_routers_order_of_ciphers_decides(authority: Authority) -> None:
    context = router_context(authority, ciphers="ECDHE+CHACHA20:ECDHE+AESGCM")
    line = Line(context, client_context(SSL.TLS1_2_VERSION, b"ECDHE+AESGCM:ECDHE+CHACHA20"))
    assert "CHACHA20" in str(line.agreed.get_cipher_name())


# -- exchanging the certificate


def test_new_connections_get_the_new_certificate_and_old_ones_live_on(authority: Authority) -> None:
    context = TlsContext(load(Tls(**authority.issue("before"))))
    old = Line(context)
    context.replace(load(Tls(**authority.issue("after"))))
    new = Line(context)
    assert ["CN=before", "CN=after"] == [each.certificate.subject.rfc4514_string().split(",")[0] for each in (old, new)]
    old.client.write(b"still here")
    old.exchange()
    assert old.is_open


# -- client certificates


def test_a_client_may_be_asked_for_a_certificate(authority: Authority) -> None:
    """Who has one is known by it."""
    context = router_context(authority, ca_certificates=(authority.file,))
    line = Line(context, client_context(**authority.issue("alice")))
    certificate = peer_certificate(line.router)
    assert is_secure(line.router)
    assert certificate is not None
    assert "CN=alice" in certificate.subject.rfc4514_string()


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
@pytest.mark.parametrize(("client_certificate", "is_open"), [("required", False), ("optional", True)])
def test_a_client_without_certificate(
    authority: Authority, client_certificate: str, is_open: bool, version: int
) -> None:
    context = router_context(authority, ca_certificates=(authority.file,), client_certificate=client_certificate)
    line = Line(context, client_context(version))
    assert is_open is line.is_open
    if is_open:
        assert peer_certificate(line.router) is None


@pytest.mark.parametrize("client_certificate", ["required", "optional"])
def test_a_certificate_of_another_authority_is_refused(
    authority: Authority, stranger: Authority, client_certificate: str
) -> None:
    """Also where none is required: who shows a wrong one does not know what it does."""
    context = router_context(authority, ca_certificates=(authority.file,), client_certificate=client_certificate)
    assert not Line(context, client_context(**stranger.issue("mallory"))).is_open


def test_an_expired_client_certificate_is_refused(authority: Authority) -> None:
    old = authority.issue("bob", not_before=datetime(2020, 1, 1), not_after=datetime(2021, 1, 1))
    context = router_context(authority, ca_certificates=(authority.file,))
    assert not Line(context, client_context(**old)).is_open


def test_nobody_is_asked_without_authorities(authority: Authority) -> None:
    line = Line(router_context(authority), client_context(**authority.issue("alice")))
    assert line.is_open
    assert peer_certificate(line.router) is None


def test_a_connection_in_the_clear_has_no_certificate() -> None:
    assert not is_secure(Socket())
    assert peer_certificate(Socket()) is None


def test_a_connection_that_is_lost_has_no_certificate(authority: Authority) -> None:
    line = Line(router_context(authority))
    line.sockets[1].lose()
    assert peer_certificate(line.router) is None
    assert channel_binding(line.router, "tls-unique") is None


# -- channel bindings


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_tls_unique_is_what_autobahn_has_at_the_other_end(authority: Authority, version: int) -> None:
    line = Line(router_context(authority), client_context(version))
    theirs = transport_channel_id(line.client, False, "tls-unique")
    assert theirs == channel_binding(line.router, "tls-unique")
    assert theirs is not None
    assert 32 == len(theirs)


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_tls_exporter_is_the_same_at_the_other_end(authority: Authority, version: int) -> None:
    """RFC 9266: 32 octets for this label and an empty context."""
    line = Line(router_context(authority), client_context(version))
    theirs = line.client.getHandle().export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
    assert theirs == channel_binding(line.router, "tls-exporter")


@pytest.mark.parametrize("kind", ["tls-unique", "tls-exporter"])
def test_each_connection_has_its_own(authority: Authority, kind: str) -> None:
    context = router_context(authority)
    assert channel_binding(Line(context).router, kind) != channel_binding(Line(context).router, kind)


def test_there_is_none_of_an_unknown_kind(authority: Authority) -> None:
    assert channel_binding(Line(router_context(authority)).router, "tls-server-end-point") is None


def test_there_is_none_in_the_clear() -> None:
    assert channel_binding(Socket(), "tls-unique") is None


def test_there_is_none_before_the_handshake(authority: Authority) -> None:
    router = TlsFactory(router_context(authority), Factory.forProtocol(Nobody), Clock()).buildProtocol(None)
    router.makeConnection(Socket())
    assert channel_binding(router, "tls-unique") is None
    assert channel_binding(router, "tls-exporter") is None
