"""Anonymous admission: no credentials, one role for everybody."""

from __future__ import annotations

from collections.abc import Callable

from wamp.protocol.errors import NoMatchingAuthMethod
from wamp.protocol.options import HelloDetails
from wamprouter.auth import Grant

__all__ = ["AnonymousGate"]


class AnonymousGate:
    """Admits everyone who does not insist on another method.

    ``new_authid`` makes up an id for each session, as the peer has none; a configured ``authid`` serves for all.
    """

    def __init__(self, role: str, new_authid: Callable[[], str], *, authid: str | None = None) -> None:
        self._role = role
        self._authid = authid
        self._new_authid = new_authid

    def admit(self, realm: str, details: HelloDetails) -> Grant:
        if details.authmethods and "anonymous" not in details.authmethods:
            offered = ", ".join(details.authmethods)
            raise NoMatchingAuthMethod(f"realm {realm} admits anonymous sessions here, offered were: {offered}")
        return Grant(self._authid or self._new_authid(), self._role, "anonymous")
