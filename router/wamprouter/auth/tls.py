"""TLS client certificates: the connection itself has authenticated its client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from cryptography.x509 import Certificate

from wamp.protocol.errors import NoSuchPrincipal
from wamprouter.auth import Applicant, Grant, Step
from wamprouter.auth.certificates import common_name, fingerprint, sha1
from wamprouter.auth.principals import Asked, Denied, Principal, Unknown, grant

__all__ = ["AskedCertificates", "CertificateMethod", "TlsPrincipal"]


class Seen(NamedTuple):
    """What is looked at of a certificate."""

    sha256: str
    sha1: str
    cn: str | None

    @classmethod
    def of(cls, certificate: Certificate) -> Seen:
        """Look at a certificate; raise ValueError if its names cannot be read."""
        return cls(fingerprint(certificate), sha1(certificate), common_name(certificate))

    def mark(self) -> str:
        """Return it as the mark of a grant."""
        return " ".join((self.sha256, self.sha1, self.cn or ""))

    @classmethod
    def read(cls, mark: str) -> Seen | None:
        """Return what a mark says."""
        sha256, _, rest = mark.partition(" ")
        sha1, separator, cn = rest.partition(" ")
        return cls(sha256, sha1, cn or None) if separator else None


class TlsPrincipal(Principal, kw_only=True):
    """Somebody who has a certificate: its fingerprint, or the common name in it. Fingerprints in lower case, no colons."""

    sha256: str | None = None
    sha1: str | None = None
    cn: str | None = None

    def has(self, seen: Seen) -> bool:
        """Tell whether that certificate is this principal's. All that the configuration says of it must fit."""
        wanted = (self.sha256, self.sha1, self.cn)
        return any(wanted) and all(each in (None, found) for each, found in zip(wanted, seen, strict=True))


class CertificateMethod:
    """Client certificates that the configuration knows."""

    names: ClassVar[tuple[str, ...]] = ("tls",)

    def __init__(self, principals: Mapping[str, TlsPrincipal]) -> None:
        self._principals = principals

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        certificate = applicant.certificate()
        if certificate is None:
            return None
        try:
            seen = Seen.of(certificate)
        except ValueError as error:
            raise Denied(f"the certificate cannot be read: {error}") from None
        authid = applicant.details.authid
        candidates = self._principals if authid is None else {authid: self._principals.get(authid)}
        for each, record in candidates.items():
            if record is not None and record.has(seen):
                return grant(record, each, "tls", "static", mark=seen.mark())
        raise Denied(Unknown(NoSuchPrincipal("no principal has this certificate")))

    def still_admits(self, grant: Grant) -> bool:
        record = self._principals.get(grant.authid)
        seen = Seen.read(grant.mark)
        return (
            grant.authprovider == "static"
            and record is not None
            and (record.role, record.realm) == (grant.role, grant.realm)
            and seen is not None
            and record.has(seen)
        )


class AskedCertificates:
    """Client certificates that an authenticator judges, as ``details.transport.client_cert``."""

    names: ClassVar[tuple[str, ...]] = ("tls",)

    def __init__(self, principals: Asked[Principal]) -> None:
        self._principals = principals

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        if applicant.certificate() is None:
            return None

        def found(record: Principal | Unknown) -> Step:
            if isinstance(record, Unknown):
                raise Denied(record)
            return grant(record, applicant.details.authid, "tls", self._principals.provider)

        return self._principals.find(applicant, applicant.details.authid, {}, found)

    def still_admits(self, grant: Grant) -> bool:
        return grant.authprovider == self._principals.provider
