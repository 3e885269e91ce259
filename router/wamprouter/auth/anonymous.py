"""Anonymous admission: no credentials, one role for everybody, or whatever an authenticator says."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from wamprouter.auth import Applicant, Grant, Step
from wamprouter.auth.principals import Asked, Denied, Principal, Unknown, grant

__all__ = ["AnonymousMethod", "AskedAnonymous"]


class AnonymousMethod:
    """Admits everyone.

    ``new_authid`` makes up an id for each session, as the peer has none; a configured ``authid`` serves for all.
    """

    names: ClassVar[tuple[str, ...]] = ("anonymous",)

    def __init__(
        self, role: str, new_authid: Callable[[], str], *, authid: str | None = None, realm: str | None = None
    ) -> None:
        self._role = role
        self._authid = authid
        self._realm = realm
        self._new_authid = new_authid

    def hello(self, applicant: Applicant, name: str) -> Step:
        return Grant(self._authid or self._new_authid(), self._role, "anonymous", realm=self._realm)

    def still_admits(self, grant: Grant) -> bool:
        return (
            grant.authprovider == "static"
            and grant.role == self._role
            and grant.realm == self._realm
            and (self._authid is None or grant.authid == self._authid)
        )


class AskedAnonymous:
    """Asks an authenticator about everyone."""

    names: ClassVar[tuple[str, ...]] = ("anonymous",)

    def __init__(self, principals: Asked[Principal], new_authid: Callable[[], str]) -> None:
        self._principals = principals
        self._new_authid = new_authid

    def hello(self, applicant: Applicant, name: str) -> Step:
        def found(record: Principal | Unknown) -> Step:
            if isinstance(record, Unknown):
                raise Denied(record)
            return grant(record, self._new_authid(), "anonymous", self._principals.provider)

        return self._principals.find(applicant, applicant.details.authid, {}, found)

    def still_admits(self, grant: Grant) -> bool:
        return grant.authprovider == self._principals.provider
