"""What is read of a TLS client certificate."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID

__all__ = ["common_name", "described", "fingerprint", "sha1"]


def fingerprint(certificate: Certificate) -> str:
    """Return the SHA-256 fingerprint of a certificate, in hexadecimal."""
    return certificate.fingerprint(SHA256()).hex()


def sha1(certificate: Certificate) -> str:
    """Return the SHA-1 fingerprint, which Crossbar's files and authenticators know."""
    return certificate.fingerprint(SHA1()).hex()


def common_name(certificate: Certificate) -> str | None:
    """Return the common name in a certificate, if it has one and only one."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None


def described(certificate: Certificate) -> dict[str, Any]:
    """Return what authenticators are told of a certificate."""
    return {
        "sha256": fingerprint(certificate),
        "sha1": sha1(certificate),
        "cn": common_name(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": format(certificate.serial_number, "x"),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }
