"""The taps of a router: who may have one, whom it watches, when it tells, and when it ends."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import count, islice
from time import time
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import Logger

from wamp.protocol.errors import InvalidArgument, LimitExceeded, NoSuchSession, NotAuthorized
from wamp.protocol.messages import MESSAGES
from wamp.protocol.uris import Match
from wamprouter.authz import Action, Decision
from wamprouter.management.desk import Caller, Desk, Offer
from wamprouter.management.finding import existing_realm
from wamprouter.management.tap.records import name_of
from wamprouter.management.tap.tap import Seen, Tap, Wanted
from wamprouter.management.tap.watch import Watches
from wamprouter.realm.facts import Fact, SessionJoined, SessionLeft
from wamprouter.realm.meta.calling import Arguments

if TYPE_CHECKING:
    from wamprouter.node import Node
    from wamprouter.session import Session

__all__ = ["FULL", "MOST_TAPS", "Taps"]

_log = Logger()

FULL: Final = "router.tap.full"
"""The procedure that a role must be allowed to call to see payloads as they are."""

MOST_TAPS: Final = 10

_PERIOD: Final = 0.1  # seconds between two events of a tap
_LOOK: Final = 1.0  # seconds between two looks at whether it should end
_UNHEARD: Final = 10.0  # seconds for which its owner need not have subscribed
_SLICE: Final = 200  # sessions that begin to be watched in one turn: some milliseconds
_PRESSURE: Final = 4  # of the owner's queue, this part may be full of what he has not read

_TYPES: Final = frozenset(name_of(kind) for kind in MESSAGES.values())


class _Nothing(Arguments):
    pass


class _Stop(Arguments):
    tap: int


class Taps:
    """All taps. Without one, nobody is told of anything."""

    def __init__(self, node: Node, desk: Desk, realm: str) -> None:
        self._node = node
        self._desk = desk
        self._realm = realm
        self._ids = count(1)
        self._taps: dict[int, Tap] = {}
        self._watches = Watches(self._hear)
        self._due: dict[Tap, Any] = {}  # tap with something to tell -> timer
        self._timer: Any = None
        self._beginning: dict[Tap, Iterator[Session]] = {}  # tap -> sessions that it does not watch yet

    def offers(self) -> Mapping[str, Offer]:
        """Return the procedures by their URIs."""
        return {
            "router.tap.start": Offer(Wanted, self._start),
            "router.tap.stop": Offer(_Stop, self._stop),
            "router.tap.list": Offer(
                _Nothing, lambda _caller, _arguments: [_details(tap) for tap in self._taps.values()]
            ),
            FULL: Offer(_Nothing, lambda _caller, _arguments: True),
        }

    # -- Part

    def start(self) -> None:
        """Nothing to do: taps come by their own procedure."""

    def stop(self) -> None:
        """End all taps, because the management ends."""
        for tap in list(self._taps.values()):
            self._end(tap, "the management of the router ends")

    # -- procedures

    def _start(self, caller: Caller, wanted: Wanted) -> dict[str, Any]:
        realm = existing_realm(self._node, wanted.realm)
        unknown = {*wanted.types} - _TYPES if wanted.types is not None else None
        if unknown:
            raise InvalidArgument(f"no such types of messages: {', '.join(sorted(unknown))}")
        gone = [number for number in wanted.sessions or () if number not in realm.sessions]
        if gone:
            raise NoSuchSession(f"no session {gone[0]} in realm {wanted.realm}")
        if wanted.payload == "full" and not self._may_see_all(caller):
            raise NotAuthorized(f"role {caller.authrole} may not call {FULL}, as who wants to see payloads must")
        if len(self._taps) >= MOST_TAPS:
            raise LimitExceeded(f"there are {MOST_TAPS} taps already, as many as there may be")
        tap = Tap(next(self._ids), caller.session, wanted, self._node.now(), random.random)
        self._begin(tap, [one for one in realm.sessions.values() if tap.concerns(realm.name, one.id)])
        _log.info(
            "{caller} taps realm {realm}: {what}, payloads {payload}",
            caller=caller,
            realm=wanted.realm,
            what=_what(wanted),
            payload=wanted.payload,
        )
        return {"tap": tap.id, "topic": tap.topic}

    def _stop(self, caller: Caller, wanted: _Stop) -> None:
        tap = self._taps.get(wanted.tap)
        if tap is None:
            raise InvalidArgument(f"there is no tap {wanted.tap}")
        self._end(tap, f"stopped by {caller}")

    def _may_see_all(self, caller: Caller) -> bool:
        session = self._session(caller.session)
        decision = None if session is None else session.role.known(Action.CALL, FULL, Match.EXACT)
        return decision in (Decision.PERMITTED, Decision.DISCLOSED)

    def _session(self, number: int) -> Session | None:
        realm = self._node.realms.existing(self._realm)
        return None if realm is None else realm.sessions.get(number)

    # -- the life of a tap

    def _begin(self, tap: Tap, sessions: list[Session]) -> None:
        if not self._taps:
            self._node.watchers.append(self._note)
            self._timer = self._node.reactor.callLater(_LOOK, self._look)
        self._taps[tap.id] = tap
        self._beginning[tap] = iter(sessions)
        self._watch_more(tap)

    def _watch_more(self, tap: Tap) -> None:
        """Begin to watch some of the sessions: it takes some time with thousands, and nobody should wait for that."""
        rest = self._beginning.get(tap)
        if rest is None:
            return
        sessions = [*islice(rest, _SLICE)]
        for session in sessions:
            if session.id in session.realm.sessions and session is not self._node.desk:
                self._watches.add(session, tap)
        if len(sessions) < _SLICE:
            del self._beginning[tap]
        else:
            self._node.reactor.callLater(0, self._watch_more, tap)

    def _end(self, tap: Tap, reason: str) -> None:
        del self._taps[tap.id]
        self._beginning.pop(tap, None)
        self._watches.remove(tap)
        timer = self._due.pop(tap, None)
        if timer is not None:
            timer.cancel()
        self._publish(tap, [*tap.batch(), {"ended": reason}])
        if not self._taps:
            self._node.watchers.remove(self._note)
            self._timer.cancel()
        _log.info("tap {tap} has ended: {reason}", tap=tap.id, reason=reason)

    def _look(self) -> None:
        self._timer = self._node.reactor.callLater(_LOOK, self._look)
        now = self._node.now()
        for tap in list(self._taps.values()):
            if now >= tap.ends_at:
                self._end(tap, "its time is over")
            elif self._is_heard(tap):
                tap.unheard_since = None
            elif tap.unheard_since is None:
                tap.unheard_since = now
            elif now - tap.unheard_since >= _UNHEARD:
                self._end(tap, "nobody listens")

    def _is_heard(self, tap: Tap) -> bool:
        owner = self._session(tap.owner)
        if owner is None:
            return False
        return any(owner in subscription for subscription in owner.realm.broker.matching(tap.topic))

    # -- what happens

    def _note(self, fact: Fact) -> None:
        if isinstance(fact, SessionJoined):
            session = fact.session
            for tap in self._taps.values():
                if tap.sessions is None and tap.concerns(session.realm.name, session.id):
                    self._watches.add(session, tap)
        elif isinstance(fact, SessionLeft):
            self._watches.forget(fact.session)
            for tap in [tap for tap in self._taps.values() if tap.owner == fact.session.id]:
                self._end(tap, "its owner has left")

    def _hear(self, tap: Tap, seen: Seen) -> None:
        if tap.take(seen, self._node.now(), time()) and tap not in self._due:
            self._due[tap] = self._node.reactor.callLater(_PERIOD, self._tell, tap)

    def _tell(self, tap: Tap) -> None:
        del self._due[tap]
        owner = self._session(tap.owner)
        if owner is None or owner.link.queued > owner.link.limit // _PRESSURE:
            tap.drop()
        else:
            self._publish(tap, tap.batch())

    def _publish(self, tap: Tap, batch: list[dict[str, Any]]) -> None:
        """Tell the owner and nobody else: others of his role may not be allowed to see what he may."""
        self._desk.publish(tap.topic, batch, eligible=[tap.owner])


def _what(wanted: Wanted) -> str:
    sessions = "all sessions" if wanted.sessions is None else f"sessions {', '.join(map(str, wanted.sessions[:10]))}"
    uris = "all URIs" if wanted.uris is None else ", ".join(pattern.uri for pattern in wanted.uris[:10])
    return f"{sessions}, {uris}"


def _details(tap: Tap) -> dict[str, Any]:
    return {
        "tap": tap.id,
        "topic": tap.topic,
        "owner": tap.owner,
        "realm": tap.wanted.realm,
        "payload": tap.wanted.payload,
    }
