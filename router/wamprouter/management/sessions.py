"""Sessions of all realms: who is here, what each one has, and how to put somebody out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, Literal

from twisted.logger import Logger

from wamp.protocol.errors import CLOSE_KILLED, InvalidUri, NoSuchSession
from wamp.protocol.ids import Id
from wamp.protocol.uris import is_valid
from wamprouter.management import accounts
from wamprouter.management.desk import Caller, Offer
from wamprouter.management.finding import MOST, Limit, Offset, best, existing_realm, realms, sliced
from wamprouter.realm.meta.calling import Arguments

if TYPE_CHECKING:
    from wamprouter.node import Node
    from wamprouter.realm.realm import Realm
    from wamprouter.session import Session

__all__ = ["offers"]

_log = Logger()

_Order = Literal["joined", "queued", "received", "sent", "calls"]

_ORDERS: Final[Mapping[_Order, Callable[[Session], float]]] = {
    "joined": accounts.joined,
    "queued": lambda session: session.link.queued,
    "received": accounts.received,
    "sent": accounts.sent,
    "calls": lambda session: len(session.calls),
}


class _List(Arguments):
    realm: str | None = None
    search: str | None = None
    order: _Order = "joined"
    descending: bool = True
    offset: Offset = 0
    limit: Limit = 50


class _One(Arguments):
    realm: str
    session: Id


class _Kick(Arguments):
    realm: str
    session: Id
    reason: str = CLOSE_KILLED
    message: str = ""


class _KickByAuthid(Arguments):
    realm: str
    authid: str
    reason: str = CLOSE_KILLED
    message: str = ""


def offers(node: Node) -> Mapping[str, Offer]:
    """Return the procedures by their URIs."""
    return {
        "router.session.list": Offer(_List, partial(_list, node)),
        "router.session.get": Offer(_One, partial(_get, node)),
        "router.session.kick": Offer(_Kick, partial(_kick, node)),
        "router.session.kick_by_authid": Offer(_KickByAuthid, partial(_kick_by_authid, node)),
    }


def _list(node: Node, _caller: Caller, wanted: _List) -> dict[str, Any]:
    chosen = realms(node, wanted.realm)
    total = sum(len(realm.sessions) for realm in chosen)
    found: Iterable[Session] = chain.from_iterable(realm.sessions.values() for realm in chosen)
    if wanted.search:
        found = _matching(found, wanted.search)
        total = len(found)
    page = _page(found, wanted, is_ordered=len(chosen) == 1, total=total)
    return {"total": total, "sessions": [accounts.details_of(session, node) for session in page]}


def _page(found: Iterable[Session], wanted: _List, *, is_ordered: bool, total: int) -> Iterable[Session]:
    if wanted.order == "joined" and is_ordered:  # a realm has its sessions in the order of their joining
        if not wanted.descending:
            return sliced(found, wanted.offset, wanted.limit)
        end = max(total - wanted.offset, 0)
        return [*islice(found, max(end - wanted.limit, 0), end)][::-1]
    key = _ORDERS[wanted.order]
    return best(found, key, wanted.offset, wanted.limit, descending=wanted.descending)


def _matching(sessions: Iterable[Session], words: str) -> list[Session]:
    address_of = accounts.address_of
    return [
        one
        for one in sessions
        if words in one.authid or words in one.role.name or words in str(one.id) or words in address_of(one)
    ]


def _existing(node: Node, realm: str, session: int) -> Session:
    found = existing_realm(node, realm).sessions.get(session)
    if found is None:
        raise NoSuchSession(f"no session {session} in realm {realm}")
    return found


def _get(node: Node, _caller: Caller, wanted: _One) -> dict[str, Any]:
    session = _existing(node, wanted.realm, wanted.session)
    subscriptions = [
        {"subscription": one.id, "topic": one.topic, "match": one.match.value}
        for one in islice(session.subscriptions.values(), MOST)
    ]
    registrations = [
        {"registration": one.id, "procedure": one.procedure, "match": one.match.value, "invoke": one.invoke}
        for one in islice(session.registrations.values(), MOST)
    ]
    return accounts.details_of(session, node) | {
        "subscriptions": subscriptions,
        "subscriptions_total": len(session.subscriptions),
        "registrations": registrations,
        "registrations_total": len(session.registrations),
        "features": sorted(session.features)[:MOST],
        "features_total": len(session.features),
    }


# -- ending sessions: never the caller's own


def _kick(node: Node, caller: Caller, wanted: _Kick) -> None:
    victim = _existing(node, wanted.realm, wanted.session)
    if victim.id == caller.session:
        raise NoSuchSession(f"no other session {wanted.session} in realm {wanted.realm}")
    _expel(node, caller, [victim], wanted)


def _kick_by_authid(node: Node, caller: Caller, wanted: _KickByAuthid) -> list[int]:
    everybody = existing_realm(node, wanted.realm).sessions.values()
    victims = [one for one in everybody if one.authid == wanted.authid and one.id != caller.session]
    _expel(node, caller, victims, wanted)
    return [victim.id for victim in victims]


def _expel(node: Node, caller: Caller, victims: list[Session], wanted: _Kick | _KickByAuthid) -> None:
    if not is_valid(wanted.reason):
        raise InvalidUri(f"{wanted.reason!r} is not a valid URI for a reason")
    for victim in victims:
        realm: Realm = victim.realm
        node.dispatcher.deliver(realm.expel(victim, wanted.reason, wanted.message))
        _log.info(
            "session {session} ({authid}) of realm {realm} was ended by {caller}",
            session=victim.id,
            authid=victim.authid,
            realm=realm.name,
            caller=caller,
        )
    node.dispatcher.flush_soon()
