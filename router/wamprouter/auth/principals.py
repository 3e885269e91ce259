"""Who there is: principals that stand in the configuration, and those that somebody else knows.

A method asks ``find`` and gets a record of its own kind. An authenticator outside (a procedure or a Python function)
is called with ``(realm, authid, details)`` and returns a role, or a dictionary with the role and whatever the method
needs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from wamp.protocol.errors import AuthenticationDenied, AuthenticationFailed, JoinRefused, NoSuchPrincipal, WampError
from wamprouter.auth import Applicant, Grant, Later, NotReady, Step

__all__ = ["Ask", "Asked", "Denied", "Failure", "Principal", "Principals", "Static", "Unknown", "grant", "shown"]

_LONGEST_SHOWN: Final = 100  # characters


class Principal(msgspec.Struct, rename={"default_role": "default-role"}):
    """What is known of a principal, whatever the method. Those of the methods have more."""

    role: str
    authid: str | None = None
    realm: str | None = None
    extra: dict[str, Any] | None = None


RecordT = TypeVar("RecordT", bound=Principal)


class Unknown:
    """Stands for somebody whom nobody knows: the method goes on all the same, and denies at the end.

    ``like`` is the record of somebody who is known, if there is any. Whoever is unknown is asked for what that one would
    be, and checked with as much work.
    """

    __slots__ = ("like", "reason")

    def __init__(self, reason: WampError, like: Any = None) -> None:
        self.reason = reason
        self.like = like


class Denied(AuthenticationDenied):
    """The credential is not that of the principal, or there is no such principal. ``reason`` is for the operator only."""

    def __init__(self, reason: str | Unknown) -> None:
        super().__init__(str(reason.reason) if isinstance(reason, Unknown) else reason)
        self.unknown = reason.reason if isinstance(reason, Unknown) else None
        """Why nobody knows the principal, if that is the reason."""


Found = Callable[[Any], Step]
"""What a method does with a record, or with Unknown."""


class Principals(Protocol):
    """Where a method finds its principals."""

    provider: str
    """What WELCOME calls it."""

    def find(self, applicant: Applicant, authid: str | None, details: Mapping[str, Any], found: Found) -> Step:
        """Return the step that ``found`` makes of the principal's record, or of Unknown."""
        ...


class Static(Generic[RecordT]):
    """Principals that stand in the configuration.

    ``key`` decides whom somebody unknown is like: always the same one, as long as nobody can tell who that is.
    """

    provider = "static"

    def __init__(self, records: Mapping[str, RecordT], key: bytes = b"") -> None:
        self.records = records
        self._key = key
        self._some = list(records.values())

    def find(self, applicant: Applicant, authid: str | None, details: Mapping[str, Any], found: Found) -> Step:
        like = self._like(authid or "")  # looked for in any case, so that it takes the same time
        record = self.records.get(authid) if authid is not None else None
        return found(Unknown(NoSuchPrincipal(f"no principal {shown(authid)}"), like) if record is None else record)

    def _like(self, authid: str) -> RecordT | None:
        drawn = hmac.digest(self._key, authid.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return self._some[int.from_bytes(drawn[:8]) % len(self._some)] if self._some else None


class Failure(msgspec.Struct):
    """What an authenticator outside said instead of yes."""

    uri: str
    text: str = ""


def shown(authid: str | None) -> str:
    """Return an authid as lines for people have it: a client may send one that is as long as a message."""
    return repr(authid if authid is None or len(authid) <= _LONGEST_SHOWN else f"{authid[:_LONGEST_SHOWN]}…")


Answered = Callable[[object], None]
Ask = Callable[[str, str | None, dict[str, Any], Answered], None]
"""Asks an authenticator (realm, authid, details); the last argument is called with its answer, or a Failure."""

_ABSENT: Final = {"wamp.error.no_such_procedure", "wamp.error.no_such_realm", "wamp.error.no_available_callee"}
_BUSY: Final = {"wamp.error.unavailable", "wamp.error.network_failure", "wamp.error.limit_exceeded"}
_TEMPORARY: Final = {*_ABSENT, *_BUSY, "wamp.error.timeout", "wamp.error.canceled"}
_BROKEN: Final = {"wamp.error.runtime_error", "wamp.error.invalid_argument", "wamp.error.payload_size_exceeded"}


class Asked(Generic[RecordT]):
    """Principals that somebody else knows: a procedure or a function.

    ``complain`` is told, for the operator's log, what an authenticator did that it should not.
    """

    def __init__(
        self, ask: Ask, kind: type[RecordT], method: str, *, provider: str, complain: Callable[[str], None]
    ) -> None:
        self.provider = provider
        self._ask = ask
        self._kind = kind
        self._method = method
        self._complain = complain
        self._like: RecordT | None = (
            None  # the first one that was found; another one each time would tell who is unknown
        )

    def find(self, applicant: Applicant, authid: str | None, details: Mapping[str, Any], found: Found) -> Step:
        later = Later()

        def answered(answer: object) -> None:
            try:
                later.settle(found(self._read(answer)))
            except WampError as refusal:
                later.settle(refusal)
            except ValueError as error:  # of the method, for which the record has impossible values
                self._complain(f"the answer for {self._method} is not usable: {error}")
                later.settle(AuthenticationFailed("the authenticator failed"))

        asked = {
            "session": applicant.session,
            "transport": _transport(applicant),
            "authmethod": self._method,
            "authextra": applicant.details.authextra,
            **details,
        }
        self._ask(applicant.realm, authid, asked, answered)
        return later

    def _read(self, answer: object) -> RecordT | Unknown:
        if isinstance(answer, Failure):
            return self._refused(answer)
        try:
            record = msgspec.convert({"role": answer} if isinstance(answer, str) else answer, self._kind, strict=True)
        except msgspec.ValidationError as error:
            # Its text names fields and types, never values: secrets may be among them.
            self._complain(f"the answer for {self._method} is not usable: {error}")
            raise AuthenticationFailed("the authenticator failed") from None
        self._like = self._like or record
        return record

    def _refused(self, failure: Failure) -> Unknown:
        if failure.uri in _TEMPORARY:
            self._complain(f"no answer for {self._method}: {failure.uri}")
            raise NotReady("the authenticator is not there")
        if failure.uri in _BROKEN:
            self._complain(f"it raised for {self._method}: {failure.uri}")
            raise AuthenticationFailed("the authenticator failed")
        return Unknown(Refused(failure.uri, failure.text), self._like)


class Refused(JoinRefused):
    """What an authenticator outside said: its own URI and words."""

    def __init__(self, uri: str, text: str) -> None:
        super().__init__(text or "refused by the authenticator")
        self.uri = uri  # type: ignore[misc]  # the one error whose URI is not its class's


def grant(
    record: Principal,
    authid: str | None,
    method: str,
    provider: str,
    *,
    mark: str = "",
    extra: Mapping[str, Any] | None = None,
) -> Grant:
    """Return what a principal is granted. A record's own authid, realm and extra come before what was asked for."""
    named = record.authid or authid
    if not named:
        raise AuthenticationDenied("no authid was given, and none is known")
    told = {**(record.extra or {}), **(extra or {})}
    return Grant(named, record.role, method, provider, record.realm, told or None, mark)


def mark(*parts: object) -> str:
    """Return a short text that changes when one of the parts does, and does not tell them."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def still_admits(principals: Principals, granted: Grant, mark_of: Callable[[Any], str]) -> bool:
    """Tell whether a grant would be given again: with those who are asked outside, nobody but they can know."""
    if granted.authprovider != principals.provider:
        return False
    if not isinstance(principals, Static):
        return True
    record = principals.records.get(granted.authid)
    return (
        record is not None
        and record.role == granted.role
        and record.realm == granted.realm
        and mark_of(record) == granted.mark
    )


def _transport(applicant: Applicant) -> dict[str, Any]:
    """Return what authenticators are told of the connection."""
    certificate = applicant.certificate()
    if certificate is None:
        return applicant.described()
    from wamprouter.auth import certificates

    return {**applicant.described(), "client_cert": certificates.described(certificate)}
