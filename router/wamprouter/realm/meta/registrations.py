"""What is registered in a realm, and by whom (advanced profile, "Registration Meta API")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wamp.protocol.errors import NoSuchRegistration, NoSuchSession
from wamp.protocol.ids import Id
from wamp.protocol.uris import Match
from wamprouter.realm.meta.calling import Arguments, Procedure
from wamprouter.realm.meta.entries import Matching, Nothing, ids_by_match, timestamp

if TYPE_CHECKING:
    from wamprouter.realm.dealer import Registration
    from wamprouter.realm.delivery import Delivery
    from wamprouter.realm.realm import Realm
    from wamprouter.session import Session

__all__ = ["Registrations", "details_of"]


class _Lookup(Arguments):
    procedure: str
    options: Matching = Matching()


class _Uri(Arguments):
    procedure: str


class _One(Arguments):
    registration: Id


class _RemoveCallee(Arguments):
    registration: Id
    callee: Id
    reason: str = ""


def details_of(registration: Registration) -> dict[str, Any]:
    """Return what is told of a registration."""
    return {
        "id": registration.id,
        "created": timestamp(registration.created),
        "uri": registration.procedure,
        "match": registration.match.value,
        "invoke": registration.invoke,
    }


class Registrations:
    """The procedures. ``effects`` takes what they lead to for others; it is delivered before the result."""

    def __init__(self, realm: Realm, effects: list[Delivery]) -> None:
        self._realm = realm
        self._effects = effects
        self.by_id: dict[int, Registration] = {}
        """All registrations of the realm: who takes the facts keeps it."""
        self.procedures = {
            "wamp.registration.list": Procedure(Nothing, self._list),
            "wamp.registration.lookup": Procedure(_Lookup, self._lookup),
            "wamp.registration.match": Procedure(_Uri, self._match),
            "wamp.registration.get": Procedure(_One, self._get),
            "wamp.registration.list_callees": Procedure(_One, self._list_callees),
            "wamp.registration.count_callees": Procedure(_One, self._count_callees),
            "wamp.registration.remove_callee": Procedure(_RemoveCallee, self._remove_callee),
        }

    def _list(self, _caller: Session, _arguments: Nothing) -> list[Any]:
        return [ids_by_match(self.by_id.values())]

    def _lookup(self, _caller: Session, wanted: _Lookup) -> list[Any]:
        found = self._realm.dealer.lookup(wanted.procedure, wanted.options.match or Match.EXACT)
        return [None if found is None else found.id]

    def _match(self, _caller: Session, wanted: _Uri) -> list[Any]:
        found = self._realm.dealer.best(wanted.procedure)
        return [None if found is None else found.id]

    def _existing(self, registration_id: int) -> Registration:
        registration = self.by_id.get(registration_id)
        if registration is None:
            raise NoSuchRegistration(f"no registration {registration_id} in this realm")
        return registration

    def _get(self, _caller: Session, wanted: _One) -> list[Any]:
        return [details_of(self._existing(wanted.registration))]

    def _list_callees(self, _caller: Session, wanted: _One) -> list[Any]:
        return [[callee.id for callee in self._existing(wanted.registration).callees]]

    def _count_callees(self, _caller: Session, wanted: _One) -> list[Any]:
        return [len(self._existing(wanted.registration).callees)]

    def _remove_callee(self, _caller: Session, wanted: _RemoveCallee) -> list[Any]:
        """Revoke a registration (advanced profile, "Registration Revocation"). The router's own cannot be."""
        registration = self._existing(wanted.registration)
        callee = self._realm.sessions.get(wanted.callee)
        if callee is None or registration.id not in callee.registrations:
            raise NoSuchSession(f"session {wanted.callee} has not registered {registration.procedure}")
        self._effects += self._realm.dealer.revoke(registration, callee, wanted.reason)
        return []
