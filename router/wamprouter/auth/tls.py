"""TLS client certificates: the connection itself has authenticated its client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cryptography.x509 import Certificate

from wamp.protocol.errors import NoSuchPrincipal
from wamprouter.auth import Applicant, Grant, Step
from wamprouter.auth.certificates import common_name, fingerprint, sha1
from wamprouter.auth.principals import Asked, Denied, Principal, Unknown, grant

__all__ = ["AskedCertificates", "CertificateMethod", "TlsPrincipal"]


class TlsPrincipal(Principal, kw_only=True):
    """Somebody who has a certificate: its fingerprint, or the common name in it. Fingerprints in lower case, no colons."""

    sha256: str | None = None
    sha1: str | None = None
    cn: str | None = None

    def has(self, certificate: Certificate) -> bool:
        """Tell whether that certificate is this principal's. All that the configuration says of it must fit."""
        return all(
            wanted is None or wanted == found
            for wanted, found in (
                (self.sha256, fingerprint(certificate)),
                (self.sha1, sha1(certificate)),
                (self.cn, common_name(certificate)),
            )
        )


class CertificateMethod:
    """Client certificates that the configuration knows."""

    names: ClassVar[tuple[str, ...]] = ("tls",)

    def __init__(self, principals: Mapping[str, TlsPrincipal]) -> None:
        self._principals = principals

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        certificate = applicant.certificate()
        if certificate is None:
            return None
        authid = applicant.details.authid
        candidates = self._principals if authid is None else {authid: self._principals.get(authid)}
        for each, record in candidates.items():
            if record is not None and record.has(certificate):
                return grant(record, each, "tls", "static", mark=fingerprint(certificate))
        raise Denied(Unknown(NoSuchPrincipal("no principal has this certificate")))

    def still_admits(self, grant: Grant) -> bool:
        record = self._principals.get(grant.authid)
        return (
            grant.authprovider == "static"
            and record is not None
            and (record.role, record.realm) == (grant.role, grant.realm)
            and record.sha256 in (None, grant.mark)
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
