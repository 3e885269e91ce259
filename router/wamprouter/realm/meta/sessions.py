"""Who is in a realm, and how to put somebody out (advanced profile, "Session Meta API")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import field

from wamp.protocol.errors import CLOSE_KILLED, InvalidUri, NoSuchSession
from wamp.protocol.ids import Id
from wamp.protocol.uris import is_valid
from wamprouter.realm.meta.calling import Arguments, Procedure
from wamprouter.realm.testaments import Scope

if TYPE_CHECKING:
    from wamprouter.realm.delivery import Delivery
    from wamprouter.realm.realm import Realm
    from wamprouter.session import Session

__all__ = ["Sessions", "details_of"]


class _Filter(Arguments):
    filter_authroles: list[str] | None = None


class _One(Arguments):
    session: Id


class _Kill(Arguments):
    session: Id
    reason: Any = CLOSE_KILLED
    message: str = ""


class _KillByAuthid(Arguments):
    authid: str
    reason: Any = CLOSE_KILLED
    message: str = ""


class _KillByAuthrole(Arguments):
    authrole: str
    reason: Any = CLOSE_KILLED
    message: str = ""


class _KillAll(Arguments):
    reason: Any = CLOSE_KILLED
    message: str = ""


class _AddTestament(Arguments):
    topic: str
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    publish_options: dict[str, Any] = field(default_factory=dict)
    scope: Scope = "destroyed"


class _FlushTestaments(Arguments):
    scope: Scope = "destroyed"


def details_of(session: Session) -> dict[str, Any]:
    """Return what is told of a session. Its transport is nobody's business but the operator's."""
    return {
        "session": session.id,
        "authid": session.authid,
        "authrole": session.authrole,
        "authmethod": session.authmethod,
        "authprovider": session.authprovider,
    }


class Sessions:
    """The procedures. ``effects`` takes what they lead to for others; it is delivered before the result."""

    def __init__(self, realm: Realm, effects: list[Delivery]) -> None:
        self._realm = realm
        self._effects = effects
        self.procedures = {
            "wamp.session.count": Procedure(_Filter, self._count),
            "wamp.session.list": Procedure(_Filter, self._list),
            "wamp.session.get": Procedure(_One, self._get),
            "wamp.session.kill": Procedure(_Kill, self._kill_one),
            "wamp.session.kill_by_authid": Procedure(_KillByAuthid, self._kill_by_authid),
            "wamp.session.kill_by_authrole": Procedure(_KillByAuthrole, self._kill_by_authrole),
            "wamp.session.kill_all": Procedure(_KillAll, self._kill_all),
            "wamp.session.add_testament": Procedure(_AddTestament, self._add_testament),
            "wamp.session.flush_testaments": Procedure(_FlushTestaments, self._flush_testaments),
        }

    def _count(self, _caller: Session, wanted: _Filter) -> list[Any]:
        return [len(self._ids(wanted.filter_authroles))]

    def _list(self, _caller: Session, wanted: _Filter) -> list[Any]:
        return [self._ids(wanted.filter_authroles)]

    def _ids(self, authroles: list[str] | None) -> list[int]:
        """Return who has one of these roles. An empty list is a list: nobody has."""
        sessions = self._realm.sessions
        if authroles is None:
            return list(sessions)
        return [session.id for session in sessions.values() if session.authrole in authroles]

    def _get(self, _caller: Session, wanted: _One) -> list[Any]:
        return [details_of(self._existing(wanted.session))]

    def _existing(self, session_id: int) -> Session:
        session = self._realm.sessions.get(session_id)
        if session is None:
            raise NoSuchSession(f"no session {session_id} in this realm")
        return session

    # -- killing: never the caller itself

    def _kill_one(self, caller: Session, wanted: _Kill) -> list[Any]:
        victim = self._existing(wanted.session)
        if victim is caller:
            raise NoSuchSession(f"no other session {wanted.session} in this realm")
        self._kill([victim], wanted)
        return []

    def _kill_by_authid(self, caller: Session, wanted: _KillByAuthid) -> list[Any]:
        victims = [other for other in self._others(caller) if other.authid == wanted.authid]
        self._kill(victims, wanted)
        return [[victim.id for victim in victims]]

    def _kill_by_authrole(self, caller: Session, wanted: _KillByAuthrole) -> list[Any]:
        victims = [other for other in self._others(caller) if other.authrole == wanted.authrole]
        self._kill(victims, wanted)
        return [len(victims)]

    def _kill_all(self, caller: Session, wanted: _KillAll) -> list[Any]:
        """Nobody but the caller would be left to hear of it, so nothing is told: neither events nor testaments."""
        victims = list(self._others(caller))
        self._kill(victims, wanted, quietly=True)
        return [len(victims)]

    def _others(self, caller: Session) -> Iterable[Session]:
        return (session for session in self._realm.sessions.values() if session is not caller)

    def _kill(
        self,
        victims: Iterable[Session],
        wanted: _Kill | _KillByAuthid | _KillByAuthrole | _KillAll,
        *,
        quietly: bool = False,
    ) -> None:
        if not isinstance(wanted.reason, str) or not is_valid(wanted.reason):
            raise InvalidUri(f"{wanted.reason!r} is not a valid URI for a reason")
        for victim in victims:
            self._effects += self._realm.expel(victim, wanted.reason, wanted.message, quietly=quietly)

    # -- testaments (advanced profile, "Session Testament")

    def _add_testament(self, caller: Session, wanted: _AddTestament) -> list[Any]:
        self._realm.testaments.add(
            caller, wanted.scope, wanted.topic, wanted.args, wanted.kwargs, wanted.publish_options
        )
        return []

    def _flush_testaments(self, caller: Session, wanted: _FlushTestaments) -> list[Any]:
        self._realm.testaments.flush(caller, wanted.scope)
        return []
