"""Tickets: a password or token, sent as it is (advanced profile, "Ticket-based Authentication"). Use them over TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from wamprouter.auth import Applicant, Challenge, Grant, InThread, Step
from wamprouter.auth.hashes import Plain, Stored
from wamprouter.auth.principals import Asked, Denied, Principal, Static, Unknown, grant, mark, still_admits

__all__ = ["LONGEST", "AskedTickets", "StaticTickets", "TicketPrincipal"]

LONGEST: Final = 16 * 1024  # characters; a token of any kind is shorter, and hashing a megabyte takes its time


_NOBODY: Final = Plain("nobody")


class TicketPrincipal(Principal, kw_only=True):
    """Somebody who has a ticket. ``secret`` compares, whether the configuration has the ticket or its hash."""

    secret: Stored
    ticket: str


class StaticTickets:
    """Tickets that stand in the configuration, as they are or hashed."""

    names: ClassVar[tuple[str, ...]] = ("ticket",)

    def __init__(self, principals: Static[TicketPrincipal], in_thread: InThread) -> None:
        self._principals = principals
        self._in_thread = in_thread

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        authid = applicant.details.authid
        if authid is None:
            return None
        return Challenge(name, {}, lambda signature, _extra: self._answer(applicant, authid, signature))

    def _answer(self, applicant: Applicant, authid: str, signature: str) -> Step:
        def found(record: TicketPrincipal | Unknown) -> Step:
            # Somebody unknown is compared with the ticket of somebody known, and refused whatever comes of it.
            known: TicketPrincipal | None = record.like if isinstance(record, Unknown) else record
            secret: Stored = _NOBODY if known is None else known.secret

            def decide(is_right: bool) -> Step:
                if isinstance(record, Unknown):
                    raise Denied(record)
                if not is_right:
                    raise Denied("wrong ticket")
                return grant(record, authid, "ticket", "static", mark=mark(record.ticket))

            if len(signature) > LONGEST:
                return decide(False)
            if secret.is_slow:
                return self._in_thread(lambda: secret.verify(signature), decide)
            return decide(secret.verify(signature))

        return self._principals.find(applicant, authid, {}, found)

    def still_admits(self, grant: Grant) -> bool:
        return still_admits(self._principals, grant, lambda record: mark(record.ticket))


class AskedTickets:
    """Tickets that an authenticator judges."""

    names: ClassVar[tuple[str, ...]] = ("ticket",)

    def __init__(self, principals: Asked[Principal]) -> None:
        self._principals = principals

    def hello(self, applicant: Applicant, name: str) -> Step:
        return Challenge(name, {}, lambda signature, extra: self._answer(applicant, signature, extra))

    def _answer(self, applicant: Applicant, signature: str, extra: Mapping[str, Any]) -> Step:
        def found(record: Principal | Unknown) -> Step:
            if isinstance(record, Unknown):
                raise Denied(record)
            return grant(record, applicant.details.authid, "ticket", self._principals.provider)

        if len(signature) > LONGEST:
            raise Denied("the ticket is too long")
        return self._principals.find(applicant, applicant.details.authid, {"ticket": signature}, found)

    def still_admits(self, grant: Grant) -> bool:
        return grant.authprovider == self._principals.provider
