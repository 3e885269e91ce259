"""The audit of one file on this machine: asks the machine what the audit wants to know, and writes its lines."""

from __future__ import annotations

import os
import ssl
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wamprouter.config import Checked, Tls
from wamprouter.config.audit import WEAKNESSES, Certificate, Machine, View, audit, count
from wamprouter.config.problems import Place, Problem

__all__ = ["NAMES", "Computer", "report", "view"]

NAMES: Final = tuple(weakness.name for weakness in WEAKNESSES)

_SHORTEST_RSA: Final = 2048  # bits
_SHORTEST_CURVE: Final = 224
_BROKEN: Final = ("md5", "sha1")


def report(file: Path, found: Checked, *, accepted: Collection[str] = ()) -> tuple[int, list[str]]:
    """Return how many weak spots a file has, and the lines that tell of them."""
    findings = audit(view(file, found, Computer()), accepted=accepted)
    lines = found.lines(finding.problem for finding in findings)
    return len(findings), [*lines, f"{file}: {count(findings)}"]


def view(file: Path, found: Checked, machine: Machine) -> View:
    """Return what the audit looks at."""

    def origin(place: Place) -> Place:
        return found.original(Problem(place, "")).place

    return View(found.config, machine, found.document, origin, file.absolute())


class Computer:
    """This machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def memory(self) -> int:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def mode(self, path: Path) -> int | None:
        try:
            return path.stat().st_mode
        except OSError:
            return None

    def certificate(self, tls: Tls) -> Certificate | None:
        from cryptography.x509 import load_pem_x509_certificates

        from wamprouter.server.tls_context import warnings_of

        try:
            ours = load_pem_x509_certificates(tls.certificate.read_bytes())[0]
        except (OSError, ValueError):  # told when the file is checked
            return None
        return Certificate(ours.not_valid_after_utc, warnings_of(tls), _flaws(ours))

    def weak_ciphers(self, ciphers: str) -> list[str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.set_ciphers(ciphers)
        except ssl.SSLError:  # told when the file is checked
            return []
        # OpenSSL's names; those of TLS 1.3 are no part of the list, and always in it.
        listed = [each for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"]
        return [each["name"] for each in listed if not (each["aead"] and each["name"].startswith(("ECDHE-", "DHE-")))]


def _flaws(certificate: object) -> list[str]:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate as X509

    assert isinstance(certificate, X509)
    key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    flaws = []
    if isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        least = _SHORTEST_RSA if isinstance(key, RSAPublicKey) else _SHORTEST_CURVE
        if key.key_size < least:
            flaws.append(f"key has {key.key_size} bits")
    if digest is not None and digest.name in _BROKEN:
        flaws.append(f"signature uses {digest.name.upper()}")
    return flaws
