"""What clients log in with, and how it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from wamp.protocol.auth.cra import Salting, keys
from wamprouter.auth.hashes import Plain, parse
from wamprouter.config.audit.view import Login, View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.auth import CraUser, ScramPrincipal, TicketJwt, TicketPrincipal, TlsPrincipal
from wamprouter.config.problems import Place, printed

__all__ = ["WEAKNESSES", "stored"]

_SHORTEST: Final = 16  # characters: random ones of letters and digits have 95 bits then
_ITERATIONS: Final = 100_000  # of PBKDF2, as `wamprouter credential` makes them for WAMP-CRA
_WORK: Final = 16 * 1024**2  # bytes that a memory-hard function fills: half of what `wamprouter credential` asks for
_LEEWAY: Final = 120  # seconds


class Stored(NamedTuple):
    """A secret of a principal, and where it stands."""

    login: Login
    place: Place
    secret: str
    is_password: bool
    """Whether it is what the client types, and not what is derived from it."""


def stored(view: View) -> Iterator[Stored]:
    """Yield what the configuration has of every principal."""
    for login in view.logins:
        match login.principal:
            case TicketPrincipal():
                ticket = login.principal.ticket.reveal()
                yield Stored(login, (*login.place, "ticket"), ticket, isinstance(parse(ticket), Plain))
            case CraUser():
                secret = login.principal.secret.reveal()
                yield Stored(login, (*login.place, "secret"), secret, not _is_derived(login.principal))
            case ScramPrincipal():
                yield Stored(login, (*login.place, "stored-key"), login.principal.stored_key, is_password=False)


def _is_derived(user: CraUser) -> bool:
    """Tell whether a secret can be the key that is derived from a password."""
    if user.salt is None:
        return False
    return len(keys(user.secret.reveal(), Salting(user.salt, 1, user.keylen))) > 1


def is_written(view: View, one: Stored) -> bool:
    """Tell whether a secret stands in the file as it is, and not as a variable."""
    return view.written(one.place) == one.secret


def _plain_ticket(view: View) -> Iterator[Spot]:
    for one in stored(view):
        if one.login.method == "ticket" and one.is_password and is_written(view, one):
            yield Spot(
                one.place,
                f"the ticket of {one.login.authid} stands in the file as it is",
                "write its hash, which `wamprouter credential ticket` prints",
            )


def _plain_password(view: View) -> Iterator[Spot]:
    for one in stored(view):
        user = one.login.principal
        if isinstance(user, CraUser) and user.salt is not None and one.is_password:
            yield Spot(
                one.place,
                f"the password of {one.login.authid} stands where the key derived from it belongs",
                "write what `wamprouter credential wampcra` prints",
            )


def _unsalted_secret(view: View) -> Iterator[Spot]:
    for one in stored(view):
        user = one.login.principal
        if isinstance(user, CraUser) and user.salt is None:
            yield Spot(
                one.place,
                f"the secret of {one.login.authid} has no salt: who records a login can try passwords fast",
                "write what `wamprouter credential wampcra` prints",
            )


def _short_secret(view: View) -> Iterator[Spot]:
    for one in stored(view):
        if one.is_password and len(one.secret) < _SHORTEST:
            yield Spot(
                one.place,
                f"the secret of {one.login.authid} has {len(one.secret)} characters",
                f"take one of {_SHORTEST} or more, such as `wamprouter credential {one.login.method} --generate` makes",
            )


def _cheap_derivation(view: View) -> Iterator[Spot]:
    for login in view.logins:
        principal, again = login.principal, f"make it again with `wamprouter credential {login.method}`"
        match principal:
            case CraUser() if principal.salt is not None and principal.iterations < _ITERATIONS:
                weak = f"{principal.iterations} iterations for {login.authid}, fewer than {_ITERATIONS}"
                yield Spot((*login.place, "iterations"), weak, again)
            case ScramPrincipal(kdf="pbkdf2") if principal.iterations < _ITERATIONS:
                weak = f"{principal.iterations} iterations for {login.authid}, fewer than {_ITERATIONS}"
                yield Spot((*login.place, "iterations"), weak, again)
            case ScramPrincipal() if principal.memory and principal.memory * 1024 * principal.iterations < _WORK:
                weak = f"{principal.memory} KiB and {principal.iterations} iterations for {login.authid}"
                yield Spot((*login.place, "memory"), f"{weak}, less than {_WORK >> 20} MiB in all", again)
            case TicketPrincipal():
                work = parse(principal.ticket.reveal()).work
                if 0 < work < _WORK:
                    weak = (
                        f"the hash of the ticket of {login.authid} costs {work >> 10} KiB, less than {_WORK >> 20} MiB"
                    )
                    yield Spot((*login.place, "ticket"), weak, again)


def _shared_secret(view: View) -> Iterator[Spot]:
    first: dict[str, tuple[str | None, Place]] = {}  # secret or key -> whose it is first
    for authid, place, secret in _secrets(view):
        owner, where = first.setdefault(secret, (authid, place))
        if owner != authid:
            yield Spot(
                place,
                f"{authid} has the same as {owner} ({printed(where)})",
                "give each its own, so that one can be taken back",
            )


def _secrets(view: View) -> Iterator[tuple[str | None, Place, str]]:
    for one in stored(view):
        yield one.login.authid, one.place, one.secret
    for login in view.logins:
        for number, key in enumerate(getattr(login.principal, "authorized_keys", ())):
            yield login.authid, (*login.place, "authorized_keys", number), key.lower()


def _sha1_fingerprint(view: View) -> Iterator[Spot]:
    for login in view.logins:
        principal = login.principal
        if isinstance(principal, TlsPrincipal) and principal.certificate_sha1 and not principal.certificate_sha256:
            yield Spot(
                (*login.place, "certificate-sha1"),
                f"{login.authid} is known by a SHA-1 fingerprint only",
                "write certificate-sha256 instead",
            )


def _names_principals(view: View) -> Iterator[Spot]:
    for door in view.doors:
        if door.service.auth.name_unknown_principals:
            yield Spot(
                (*door.place, "auth", "name_unknown_principals"),
                "it is true: strangers learn which authids there are",
                "leave it out",
            )


def _long_leeway(view: View) -> Iterator[Spot]:
    for door in view.doors:
        method = door.service.auth.ticket
        if isinstance(method, TicketJwt) and method.leeway > _LEEWAY:
            yield Spot(
                (*door.place, "auth", "ticket", "leeway"),
                f"tokens are taken {method.leeway} seconds after they have expired",
                "set the clocks, and write 30",
            )


WEAKNESSES: Final = (
    Weakness(
        "plain-ticket",
        Severity.MEDIUM,
        "A ticket stands in the file as it is.",
        "Write its hash, or a variable or `${file:…}`.",
        _plain_ticket,
    ),
    Weakness(
        "plain-password",
        Severity.MEDIUM,
        "A salted WAMP-CRA user has the password where the derived key belongs.",
        "Write what `wamprouter credential wampcra` prints.",
        _plain_password,
    ),
    Weakness(
        "unsalted-secret",
        Severity.LOW,
        "A WAMP-CRA user has no salt.",
        "Write what `wamprouter credential wampcra` prints.",
        _unsalted_secret,
    ),
    Weakness(
        "short-secret",
        Severity.HIGH,
        "A ticket, secret or password that is known has fewer than 16 characters.",
        "Generate one.",
        _short_secret,
    ),
    Weakness(
        "cheap-derivation",
        Severity.MEDIUM,
        "Fewer than 100,000 iterations of PBKDF2 for WAMP-CRA or SCRAM, or less than 16 MiB for Argon2 or scrypt.",
        "Make the credential again.",
        _cheap_derivation,
    ),
    Weakness(
        "shared-secret",
        Severity.MEDIUM,
        "Two principals have the same ticket, secret or key.",
        "Give each its own.",
        _shared_secret,
    ),
    Weakness(
        "sha1-fingerprint",
        Severity.LOW,
        "A client certificate is known by its SHA-1 fingerprint only.",
        "`certificate-sha256`.",
        _sha1_fingerprint,
    ),
    Weakness(
        "names-principals",
        Severity.MEDIUM,
        "Strangers are told which authids there are.",
        "Leave `name_unknown_principals` out.",
        _names_principals,
    ),
    Weakness(
        "long-leeway",
        Severity.LOW,
        "JSON Web Tokens are good for more than two minutes after they have expired.",
        "`leeway: 30`.",
        _long_leeway,
    ),
)
