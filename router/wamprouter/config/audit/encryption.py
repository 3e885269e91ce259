"""TLS, and what goes over the network without it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from wamprouter.config.audit.view import View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.problems import shown

__all__ = ["WEAKNESSES"]

_SOON: Final = timedelta(days=14)  # authorities that renew by themselves do so thirty days ahead

# What somebody who listens gets from each method; the others give nothing away.
_READABLE: Final = {
    "ticket": "tickets can be read on the way",
    "cookie": "cookies can be read on the way",
    "wampcra": "passwords can be guessed from what is sent",
}
_TLS: Final = 'give the endpoint "tls", or let it listen on "127.0.0.1" behind a proxy that has it'


def _credentials_in_the_clear(view: View) -> Iterator[Spot]:
    for door in view.doors:
        if door.front.is_public and door.front.tls is None:
            for name in door.methods:
                if name in _READABLE:
                    address = door.front.endpoint.address
                    yield Spot((*door.place, "auth", name), f"{address} has no TLS: {_READABLE[name]}", _TLS)


def _no_tls(view: View) -> Iterator[Spot]:
    told = [spot.place for spot in _credentials_in_the_clear(view)]
    for front in view.fronts:
        is_told = any(place[: len(front.place)] == front.place for place in told)
        if front.is_public and front.tls is None and not is_told:
            weak = f"{front.endpoint.address} has no TLS: what is sent can be read and changed on the way"
            yield Spot((*front.place, "endpoint"), weak, _TLS)


def _refused_certificate(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        found = view.machine.certificate(front.tls) if front.tls is not None else None
        for warning in found.warnings if found else ():
            yield Spot(
                (*front.place, "endpoint", "tls", "certificate"), warning, "replace it, then `wamprouter reload`"
            )


def _expiring_certificate(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        found = view.machine.certificate(front.tls) if front.tls is not None else None
        if front.tls is not None and found and not found.warnings and found.expires - view.machine.now() < _SOON:
            yield Spot(
                (*front.place, "endpoint", "tls", "certificate"),
                f"TLS certificate {front.tls.certificate}: it expires on {found.expires.date()}",
                "renew it by a timer, then `wamprouter reload`",
            )


def _weak_certificate(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        found = view.machine.certificate(front.tls) if front.tls is not None else None
        for flaw in found.flaws if found else ():
            yield Spot(
                (*front.place, "endpoint", "tls", "certificate"),
                f"its {flaw}",
                "make a new one, with an elliptic curve or RSA of 2048 bits, signed with SHA-256",
            )


def _old_tls(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        if front.tls is not None and front.tls.minimum_version == "1.2":
            yield Spot(
                (*front.place, "endpoint", "tls", "minimum_version"),
                "TLS 1.2 is spoken as well, which shows the certificates of both ends on the way",
                'write "1.3" if all clients know it',
            )


def _weak_ciphers(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        if front.tls is not None and front.tls.ciphers is not None and front.tls.minimum_version == "1.2":
            weak = view.machine.weak_ciphers(front.tls.ciphers)
            if weak:
                yield Spot(
                    (*front.place, "endpoint", "tls", "ciphers"),
                    f"{shown(front.tls.ciphers)} has {len(weak)} without forward secrecy or without authenticated encryption, "
                    f"such as {weak[0]}",
                    "leave ciphers out",
                )


def _optional_certificates(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        doors = [door for door in view.doors if door.front == front]
        methods = {name for door in doors for name in door.methods}
        if front.tls is not None and front.tls.client_certificate == "optional" and methods == {"tls"}:
            yield Spot(
                (*front.place, "endpoint", "tls", "client_certificate"),
                'it is "optional", and nobody can log in without one',
                'write "required", so that others get no further than the handshake',
            )


def _no_hsts(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        if front.web is not None and front.tls is not None and not front.web[1].hsts:
            yield Spot(
                (*front.web[0], "hsts"),
                "browsers are not told to come with TLS only",
                "write true, with a short hsts_max_age at first",
            )


WEAKNESSES: Final = (
    Weakness(
        "credentials-in-the-clear",
        Severity.HIGH,
        "Tickets, cookies or WAMP-CRA on a port that other machines reach, without TLS.",
        "TLS at the endpoint, or loopback behind a proxy that has it.",
        _credentials_in_the_clear,
    ),
    Weakness(
        "no-tls",
        Severity.MEDIUM,
        "A port that other machines reach has no TLS.",
        "TLS at the endpoint, or loopback behind a proxy that has it.",
        _no_tls,
    ),
    Weakness(
        "refused-certificate",
        Severity.HIGH,
        "The certificate has expired, or is not valid yet.",
        "Replace it and reload.",
        _refused_certificate,
    ),
    Weakness(
        "expiring-certificate",
        Severity.MEDIUM,
        "The certificate expires within 14 days.",
        "Renew it by a timer, and reload.",
        _expiring_certificate,
    ),
    Weakness(
        "weak-certificate",
        Severity.MEDIUM,
        "The certificate has a short key, or is signed with SHA-1 or MD5.",
        "Make a new one.",
        _weak_certificate,
    ),
    Weakness("old-tls", Severity.LOW, "TLS 1.2 is spoken.", '`minimum_version: "1.3"`.', _old_tls),
    Weakness(
        "weak-ciphers",
        Severity.MEDIUM,
        "`ciphers` has some without forward secrecy or without authenticated encryption.",
        "Leave `ciphers` out.",
        _weak_ciphers,
    ),
    Weakness(
        "optional-certificates",
        Severity.LOW,
        "Client certificates are optional, although the only method is `tls`.",
        "`client_certificate: required`.",
        _optional_certificates,
    ),
    Weakness(
        "no-hsts",
        Severity.LOW,
        "A web transport with TLS does not tell browsers to keep to it.",
        "`hsts: true`.",
        _no_hsts,
    ),
)
