"""TLS: from the files of a configuration to an OpenSSL context that can be exchanged while the router runs.

Knows certificates and keys, not sockets; it needs no reactor, so that ``wamprouter check`` finds the same mistakes as a
start does. ``load`` changes nothing and either returns a context or says what is wrong; who has one puts it in place with
``TlsContext.replace``. What speaks TLS on a connection is in ``tls_transport``, what is known of one in ``tls``.

No session is ever resumed, neither by ticket nor from a cache. A WAMP connection lives for hours, so there is little to
save. In return a recorded conversation stays secret even if the router's memory leaks later (a ticket's key would open
it), a client certificate is checked on every connection against the authorities of now, and each handshake is a full one,
which is what channel bindings rely on, at both ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface import implementer

from wamprouter.config import Tls

__all__ = ["TlsContext", "TlsProblem", "load", "problems_of", "warnings_of"]

_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
_WITH_DHPARAM: Final = ":DHE+AESGCM:DHE+CHACHA20"
_VERSIONS: Final = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_OPTIONS: Final = (
    SSL.OP_NO_COMPRESSION  # it would tell an eavesdropper what a secret resembles (CRIME)
    | SSL.OP_NO_RENEGOTIATION  # nobody needs it, and it costs the server much more than the client
    | SSL.OP_NO_TICKET
    | SSL.OP_CIPHER_SERVER_PREFERENCE
    | SSL.OP_SINGLE_DH_USE
    | SSL.OP_SINGLE_ECDH_USE
)

_T = TypeVar("_T")


class TlsProblem(Exception):
    """TLS cannot be had like this. ``problems`` has a line for each thing to mend, with the name of its file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Material(NamedTuple):
    """What the files of a configuration hold."""

    key: Any
    certificates: list[x509.Certificate]
    """Ours, then its chain."""
    authorities: list[x509.Certificate]


def load(tls: Tls) -> SSL.Context:
    """Return a context for new connections; raise TlsProblem if there is anything wrong, and change nothing."""
    material = _read(tls)
    try:
        return _context(tls, material)
    except (SSL.Error, crypto.Error) as error:
        # With the files in order, this is about what OpenSSL's security level does not accept: a short RSA key.
        raise TlsProblem([f"TLS certificate {tls.certificate}: OpenSSL refuses it: {_reason(error)}"]) from None


def problems_of(tls: Tls) -> list[str]:
    """Return a line for everything that would keep a listener from using this, with the name of the file."""
    try:
        load(tls)
    except TlsProblem as problem:
        return problem.problems
    return []


def warnings_of(tls: Tls, now: datetime | None = None) -> list[str]:
    """Return a line for what works and yet makes clients refuse us; nothing about files that cannot be used."""
    try:
        certificates = _certificates(tls.certificate, "certificate")
    except TlsProblem:
        return []
    now = now or datetime.now(UTC)
    ours = certificates[0]
    if ours.not_valid_after_utc < now:
        until = ours.not_valid_after_utc.date()
        return [f"TLS certificate {tls.certificate}: it expired on {until}, clients will refuse it"]
    if ours.not_valid_before_utc > now:
        since = ours.not_valid_before_utc.date()
        return [f"TLS certificate {tls.certificate}: it is valid from {since} on, until then clients will refuse it"]
    return []


# -- files


def _read(tls: Tls) -> _Material:
    """Return what the files hold; raise TlsProblem with all that is wrong with any of them."""
    problems: list[str] = []

    def attempt(read: Callable[[Path, str], _T], path: Path, what: str) -> _T | None:
        try:
            return read(path, what)
        except TlsProblem as problem:
            problems.extend(problem.problems)
            return None

    key = attempt(_key, tls.key, "key")
    certificates = attempt(_certificates, tls.certificate, "certificate") or []
    if key is not None and certificates and key.public_key() != certificates[0].public_key():
        problems.append(f"TLS key {tls.key}: it does not belong to the certificate in {tls.certificate}")
    for path in tls.chain_certificates:
        certificates.extend(attempt(_certificates, path, "chain") or [])
    authorities: list[x509.Certificate] = []
    for path in tls.ca_certificates:
        authorities.extend(attempt(_certificates, path, "authority") or [])
    if tls.dhparam is not None:
        attempt(_check_dhparam, tls.dhparam, "dhparam")
    if tls.ciphers is not None and not _is_cipher_list(tls.ciphers):
        problems.append(f'TLS ciphers: no cipher of TLS 1.2 matches "{tls.ciphers}"')
    if problems:
        raise TlsProblem(problems)
    return _Material(key, certificates, authorities)


def _content(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsProblem([f"TLS {what} {path}: cannot be read: {error.strerror}"]) from None


def _key(path: Path, what: str) -> Any:
    content = _content(path, what)
    try:
        return load_pem_private_key(content, None)
    except TypeError:
        reason = "it is encrypted with a password, expected a key without one"
    except (ValueError, UnsupportedAlgorithm):
        reason = "it holds no private key in PEM form"
    raise TlsProblem([f"TLS {what} {path}: {reason}"])


def _certificates(path: Path, what: str) -> list[x509.Certificate]:
    """Return the certificates of a file, at least one."""
    content = _content(path, what)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise TlsProblem([f"TLS {what} {path}: it holds no certificate in PEM form"]) from None


def _check_dhparam(path: Path, what: str) -> None:
    _content(path, what)
    try:
        SSL.Context(SSL.TLS_SERVER_METHOD).load_tmp_dh(str(path))
    except SSL.Error:  # no such parameters, or shorter than OpenSSL's security level wants
        raise TlsProblem([f"TLS {what} {path}: expected Diffie-Hellman parameters of at least 2048 bits"]) from None


def _is_cipher_list(ciphers: str) -> bool:
    try:
        SSL.Context(SSL.TLS_SERVER_METHOD).set_cipher_list(ciphers.encode())
    except SSL.Error:
        return False
    return True


# -- OpenSSL


def _context(tls: Tls, material: _Material) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(_VERSIONS[tls.minimum_version])
    context.set_options(_OPTIONS)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # 32 KiB less for each connection that is idle
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_cipher_list((tls.ciphers or _CIPHERS + (_WITH_DHPARAM if tls.dhparam else "")).encode())
    if tls.dhparam is not None:
        context.load_tmp_dh(str(tls.dhparam))
    ours, *chain = material.certificates
    context.use_certificate(ours)
    for certificate in chain:
        context.add_extra_chain_cert(certificate)
    context.use_privatekey(material.key)
    if material.authorities:
        _ask_for_certificate(context, material.authorities, is_required=tls.client_certificate == "required")
    return context


def _ask_for_certificate(context: SSL.Context, authorities: list[x509.Certificate], *, is_required: bool) -> None:
    store = context.get_cert_store()
    assert store is not None
    for authority in authorities:
        store.add_cert(crypto.X509.from_cryptography(authority))
        context.add_client_ca(authority)
    context.set_verify(SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if is_required else 0))


def _reason(error: Exception) -> str:
    """Return OpenSSL's own words, which come as (library, function, reason) for each level of its stack."""
    stack = error.args[0] if error.args else ()
    return str(stack[-1][-1]) if stack else "no reason given"


@implementer(IOpenSSLServerConnectionCreator)
class TlsContext:
    """The context that new connections of a listener get. Those that are open keep theirs."""

    def __init__(self, context: SSL.Context) -> None:
        self.replace(context)

    def replace(self, context: SSL.Context) -> None:
        """Use another context from the next connection on."""
        self._context = context
        certificate = SSL.Connection(context, None).get_certificate()
        assert certificate is not None, "a server has one"
        self.expires = certificate.to_cryptography().not_valid_after_utc.timestamp()
        """When clients will refuse its certificate, in seconds since 1970."""

    def serverConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        return SSL.Connection(self._context, None)
