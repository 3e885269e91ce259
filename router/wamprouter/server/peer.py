"""The conversation with one peer: decodes what it sends, does what the session's state table says, ends it.

A peer belongs to a connection (or to a hosted component) and outlives its sessions: after GOODBYE the client may say
HELLO again on the same transport (basic profile, "Session Establishment").
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from typing import Any, Final, Protocol

from wamp.protocol import errors
from wamp.protocol.codec import Codec
from wamp.protocol.errors import (
    AuthenticationDenied,
    NoSuchRealm,
    NoSuchRole,
    NotAuthorized,
    ProtocolViolation,
    WampError,
)
from wamp.protocol.messages import Abort, Authenticate, Challenge, Goodbye, Hello, Message, Welcome
from wamp.protocol.options import HelloDetails, read
from wamp.protocol.roles import features
from wamprouter.auth import Challenge as Asking
from wamprouter.auth import Gate, Grant, NotReady, Origin, Step
from wamprouter.authz import AnyRole
from wamprouter.inbox import accept
from wamprouter.quirks import gives_up_at_close, is_autobahn_js, is_autobahn_python, meant
from wamprouter.realm.realm import ROUTER_ROLES, Realm
from wamprouter.server.admission import Admission
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.links import Link
from wamprouter.session import ROUTED, Act, Session, State, next_act
from wamprouter.statistics.attendance import Attendance, Ending
from wamprouter.statistics.timing import Moment

__all__ = ["Connection", "Lobby", "Peer"]


_STOPPING: Final = "the router is shutting down"
_PATIENCE: Final = 5.0  # seconds for the reply to our GOODBYE; it takes a round trip, and whatever is queued before it
_LONGEST_AGENT: Final = 100  # characters


class Connection(Origin, Protocol):
    """What a peer can ask of the transport it is on."""

    kind: str
    """What kind of transport it is, in one word."""
    ending: str
    """Why we end the connection, in one word; empty if we do not, or our client does."""

    def close(self, reason: str, *, violation: bool = False) -> None:
        """Close in an orderly way once everything queued is sent; ``violation`` if the peer broke the rules."""

    def dismiss(self, reason: str, *, may_return: bool = False) -> None:
        """Close because the peer asks too much of us; ``may_return`` if it may do so later."""

    def drop(self, reason: str) -> None:
        """Cut the connection without ceremony."""

    def spare_pings(self) -> None:
        """Find out by other means whether the peer is alive: it does not know pings of the transport itself."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class RealmFinder(Protocol):
    """Where peers look for the realm that they want to join."""

    def may_have(self, name: str, /) -> bool:
        """Tell whether there is such a realm, or it would be made for somebody who may join it."""
        ...

    def existing(self, name: str, /) -> Realm | None:
        """Return the realm of that name; None if there is none now."""
        ...

    def get(self, name: str, /) -> Realm | None: ...


class Lobby:
    """What peers need before and after they have a session: realms, session ids, the dispatcher, a clock."""

    __slots__ = (
        "_interned",
        "admission",
        "attendance",
        "call_later",
        "dispatcher",
        "ended",
        "is_closed",
        "now",
        "realms",
        "received",
        "session_ids",
    )

    def __init__(
        self,
        realms: RealmFinder,
        session_ids: Iterator[int],
        dispatcher: Dispatcher,
        call_later: Callable[[float, Callable[[], None]], object],
        now: Callable[[], float],
        admission: Admission,
        attendance: Attendance | None = None,
        ended: Callable[[Ending], None] | None = None,
    ) -> None:
        """``attendance`` counts who comes and goes; ``ended``, if anybody listens, is told of each session that has ended."""
        self.realms = realms
        self.session_ids = session_ids
        self.dispatcher = dispatcher
        self.call_later = call_later
        self.now = now
        self.admission = admission
        self.attendance = Attendance(Moment(now)) if attendance is None else attendance
        self.ended = ended
        self.received: defaultdict[type[Message], int] = defaultdict(int)
        """Messages that are for no realm, by their kind."""
        self.is_closed = False
        """Whether nobody may join any more, because the router stops."""
        self._interned: dict[frozenset[str], frozenset[str]] = {}

    def intern(self, announced: frozenset[str]) -> frozenset[str]:
        """Return one object for all clients that announce the same features: there are few kinds of client."""
        if len(self._interned) > 1000:
            self._interned.clear()
        return self._interned.setdefault(announced, announced)


class Login:
    """A HELLO that is being decided about: an ``Applicant`` for the gate."""

    __slots__ = ("_connection", "asking", "details", "realm", "session", "since", "took_time")

    def __init__(self, realm: str, details: HelloDetails, session: int, connection: Connection, since: float) -> None:
        self.realm = realm
        self.details = details
        self.session = session
        self.since = since
        """When HELLO came."""
        self.asking: Asking | None = None
        """The challenge that has been sent, if it was the last step."""
        self.took_time = False
        """Whether the configuration may have changed since HELLO."""
        self._connection = connection

    @property
    def address(self) -> str:
        return self._connection.address

    @property
    def cookie(self) -> str | None:
        return self._connection.cookie

    @property
    def has_new_cookie(self) -> bool:
        return self._connection.has_new_cookie

    def described(self) -> dict[str, Any]:
        return self._connection.described()

    def certificate(self) -> Any:
        return self._connection.certificate()

    def channel_binding(self, kind: str) -> bytes | None:
        return self._connection.channel_binding(kind)


class Peer:
    """One end of a connection inside the router."""

    __slots__ = (
        "_connection",
        "_gate",
        "_lobby",
        "_login",
        "_pauses",
        "_received",
        "_sent",
        "_since",
        "codec",
        "grant",
        "link",
        "received",
        "session",
        "state",
    )

    def __init__(self, lobby: Lobby, gate: Gate, connection: Connection, codec: Codec, link: Link) -> None:
        self._lobby = lobby
        self._gate = gate
        self._connection = connection
        self.codec = codec
        self.link = link
        self.state = State.WAITING
        self.session: Session | None = None
        self.grant: Grant | None = None
        """As what the session was admitted."""
        self._login: Login | None = None
        self._pauses = 0
        self.received = 0
        """Messages that have come."""
        self._since = 0.0  # when the session has joined, and what had come and gone before
        self._received = self._sent = 0
        link.owner = self

    # -- what comes in

    def receive(self, data: bytes) -> None:
        """Take one message's bytes. Replies are queued; whoever calls flushes when it has read everything."""
        try:
            message = self.codec.decode(data)
        except ProtocolViolation as violation:
            self.abort(violation)
            return
        self.handle(message)

    def handle(self, message: Message) -> None:
        """Take one message."""
        session = self.session
        self.received += 1
        try:
            if session is not None and type(message) in ROUTED:
                dispatcher = self._lobby.dispatcher
                dispatcher.feeder = self
                dispatcher.deliver(accept(session, message))
            else:
                self._lobby.received[type(message)] += 1
                _ACTS[next_act(self.state, type(message))](self, message)
        except ProtocolViolation as violation:
            self.abort(violation)

    def described(self) -> dict[str, Any]:
        """Return what authenticators are told of the connection."""
        return self._connection.described()

    @property
    def address(self) -> str:
        """Where the other end is, as logs and limits have it."""
        return self._connection.address

    # Of the session that is here now, or was last; each by itself, as lists are sorted by one of them.

    @property
    def joined(self) -> float:
        """When the session has joined, by the lobby's clock."""
        return self._since

    @property
    def session_received(self) -> int:
        """Messages that have come from the session."""
        return self.received - self._received

    @property
    def session_sent(self) -> int:
        """Messages that were put in the queue for the session."""
        return self.link.sent - self._sent

    @property
    def is_paused(self) -> bool:
        """Whether it is not read from: it feeds a queue that is long, or asks too much."""
        return self._pauses > 0

    def lost(self) -> None:
        """The connection is gone."""
        self.state = State.CLOSED
        self._login = None
        self._detach(self._connection.ending or "lost")

    # -- what the state table asks for

    def _join(self, hello: Message) -> None:
        assert isinstance(hello, Hello)
        lobby = self._lobby
        details = read(HelloDetails, hello.details)
        login = Login(hello.realm, details, next(lobby.session_ids), self._connection, lobby.now())
        self._login = login
        if lobby.is_closed:
            self._refuse(NotReady(_STOPPING))
        elif not lobby.admission.may_join(login.address):
            self._refuse(NotReady("too many joins from this address"))
        elif not lobby.realms.may_have(hello.realm):
            self._refuse(NoSuchRealm(f"no realm {hello.realm!r} on this router"))
        else:
            self._advance(login, lambda: self._gate.admit(login))

    def _authenticate(self, message: Message) -> None:
        assert isinstance(message, Authenticate)
        login = self._login
        assert login is not None  # the state says so
        asking, login.asking = login.asking, None
        assert asking is not None
        self._advance(login, lambda: asking.answer(message.signature, message.extra))

    def _advance(self, login: Login, act: Callable[[], Step]) -> None:
        try:
            step = act()
        except WampError as refusal:
            self._refuse(refusal)
        else:
            self._take(login, step)

    def _take(self, login: Login, step: Step) -> None:
        if isinstance(step, Grant):
            self._admit(login, step)
        elif isinstance(step, Asking):
            login.took_time = True
            login.asking = step
            self.state = State.CHALLENGED
            self._send(Challenge(step.method, step.extra))
        else:
            login.took_time = True
            self.state = State.DECIDING
            step.then(partial(self._decided, login))

    def _decided(self, login: Login, outcome: Step | WampError) -> None:
        """Go on with a step that was waited for, unless the peer has not waited."""
        if self._login is not login:
            return
        if isinstance(outcome, WampError):
            self._refuse(outcome)
        else:
            self._take(login, outcome)
        self._lobby.dispatcher.flush_soon()

    def _refuse(self, refusal: WampError) -> None:
        self._lobby.attendance.refuse("not_ready" if isinstance(refusal, NotReady) else refusal.uri)
        if isinstance(refusal, NotReady):
            details = HelloDetails() if self._login is None else self._login.details
            self.state = State.CLOSED
            self._login = None
            if gives_up_at_close(details.agent, features(details.roles)):
                self._connection.drop(str(refusal))
            else:
                self._connection.dismiss(str(refusal), may_return=True)
        else:
            self._end(Abort({"message": str(refusal)}, refusal.uri), str(refusal), "refused")

    def _admit(self, login: Login, grant: Grant) -> None:
        lobby, details = self._lobby, login.details
        if lobby.is_closed:
            self._refuse(NotReady(_STOPPING))
            return
        name = grant.realm or login.realm
        realm = lobby.realms.get(name)
        role = None if realm is None else realm.roles.get(grant.role)
        if realm is None:
            self._refuse(NoSuchRealm(f"no realm {name!r} on this router"))
            return
        if login.took_time and not self._gate.still_admits(grant):
            self._refuse(AuthenticationDenied("the configuration has changed meanwhile"))
            return
        if role is None or not self._may_have(role):
            self._refuse(NoSuchRole(f"no role {grant.role!r} in realm {name!r}"))
            return
        if _is_principal(grant) and not lobby.admission.enter(name, grant.authid):
            self._refuse(NotReady("too many sessions of this principal"))
            return
        announced = features(details.roles)
        session = Session(
            login.session,
            realm=realm,
            role=role,
            codec=self.codec,
            link=self.link,
            authid=grant.authid,
            authmethod=grant.authmethod,
            authprovider=grant.authprovider,
            features=lobby.intern(meant(details.agent, announced)),
            is_autobahn_js=is_autobahn_js(details.agent, announced),
            agent=_shortened(details.agent),
            transport=self._connection.kind,
        )
        self._login = None
        self.grant = grant
        self.session = session
        self.state = State.ESTABLISHED
        self._since = lobby.now()
        self._received, self._sent = self.received, self.link.sent
        lobby.attendance.admit(grant.authmethod, login.since)
        if is_autobahn_python(details.agent, announced):
            self._connection.spare_pings()
        # Before WELCOME, at which the session may end: others must not hear of that first.
        lobby.dispatcher.deliver(realm.attach(session))
        self._send(Welcome(session.id, _welcome(session, grant.extra)))

    @property
    def authenticating_since(self) -> float:
        """Return when the HELLO came that is being decided about; 0.0 if none is."""
        return 0.0 if self._login is None else self._login.since

    def _reply_goodbye(self, goodbye: Message) -> None:
        """The client ends its session; it may begin another one."""
        if goodbye.reason == errors.CLOSE_LOGOUT:  # type: ignore[attr-defined]  # a Goodbye has one
            self._gate.forget(self._connection.cookie)
        self._detach("goodbye")
        self.state = State.WAITING
        self._send(Goodbye({}, errors.CLOSE_GOODBYE_AND_OUT))

    def _close(self, _message: Message) -> None:
        """The client has aborted, or replied to our GOODBYE: an ABORT is never answered."""
        self.state = State.CLOSED
        self._login = None
        self._detach("abort")
        self._connection.close("the session has ended")

    def _ignore(self, _message: Message) -> None:
        pass

    def revise(self, changed: Container[Realm]) -> None:
        """Look at the session again, because the configuration is another one: is it still admitted, and as what?

        ``changed`` are the realms whose roles are others now.
        """
        session, grant = self.session, self.grant
        if session is None or grant is None:
            return
        realm = session.realm
        if self._lobby.realms.existing(realm.name) is not realm:
            self.leave(errors.CLOSE_REALM, "this realm is no longer configured")
        elif not self._gate.still_admits(grant):
            self.leave(NotAuthorized.uri, "the configuration has changed and does not admit this session any more")
        elif not self._may_have(realm.roles.get(session.role.name)):
            self.leave(NotAuthorized.uri, f"the role {session.role.name!r} is no longer configured")
        elif realm in changed:
            self._lobby.dispatcher.deliver(realm.revise(session, NotAuthorized.uri))

    def _may_have(self, role: AnyRole | None) -> bool:
        """Tell whether there is a role, for those who come by this entrance."""
        return role is not None and role.access <= self._gate.access

    # -- how it ends

    def leave(self, reason: str, text: str = "") -> None:
        """Say GOODBYE for a deliberate end. The client's reply completes it, or the end of our patience."""
        if self.state is State.ESTABLISHED:
            self._detach("shutdown" if reason == errors.CLOSE_SYSTEM_SHUTDOWN else "revised")
            self.await_goodbye()
            self._send(Goodbye({"message": text} if text else {}, reason))

    def await_goodbye(self) -> None:
        """Take it that the session is out of its realm and has a GOODBYE on its way: only the reply is still read."""
        self._end_session("killed")
        self.state = State.CLOSING
        self._lobby.call_later(_PATIENCE, self._give_up)

    def _give_up(self) -> None:
        if self.state is State.CLOSING:
            self.state = State.CLOSED
            self._connection.close("no reply to GOODBYE")

    def abort(self, violation: ProtocolViolation) -> None:
        """End the session of a peer that broke the rules; nothing it still sends is read."""
        text = str(violation)
        if self.state is State.CLOSING:  # nothing comes after GOODBYE, hence no ABORT
            self.state = State.CLOSED
            self._connection.close(text, violation=True)
        elif self.state is not State.CLOSED:
            self._end(Abort({"message": text}, violation.uri), text, "violation")

    def _end(self, abort: Abort, text: str, reason: str) -> None:
        self.state = State.CLOSED
        self._login = None
        self._detach(reason)
        self._send(abort)
        self._lobby.dispatcher.flush()
        self._connection.close(text, violation=reason == "violation")

    def _detach(self, reason: str) -> None:
        session = self._end_session(reason)
        if session is not None:
            self._lobby.dispatcher.deliver(session.realm.detach(session))

    def _end_session(self, reason: str) -> Session | None:
        session, self.session = self.session, None
        if session is not None:
            self._report(session, reason)
        grant = self.grant
        if session is not None and grant is not None and _is_principal(grant):
            self._lobby.admission.leave(session.realm.name, session.authid)
        return session

    def _report(self, session: Session, reason: str) -> None:
        """Say that a session has ended, to whoever counts or logs that."""
        lobby = self._lobby
        lobby.attendance.end(reason)
        if lobby.ended is not None:
            seconds = lobby.now() - self._since
            received, sent = self.session_received, self.session_sent
            lobby.ended(Ending(session, reason, self._connection.address, seconds, received, sent))

    def _send(self, message: Message) -> None:
        self._lobby.dispatcher.reply(self.link, message)

    # -- Throttled

    def pause_reading(self) -> None:
        self._pauses += 1
        if self._pauses == 1:
            self._connection.pause_reading()

    def resume_reading(self) -> None:
        self._pauses -= 1
        if self._pauses == 0:
            self._connection.resume_reading()


_ACTS: Final[Mapping[Act, Callable[[Peer, Message], None]]] = {
    Act.JOIN: Peer._join,
    Act.AUTHENTICATE: Peer._authenticate,
    Act.REPLY_GOODBYE: Peer._reply_goodbye,
    Act.CLOSE: Peer._close,
    Act.IGNORE: Peer._ignore,
}


def _shortened(agent: str | None) -> str | None:
    """Return what is kept of a client's name: one object for all clients of that name, since there are few kinds of them."""
    return None if agent is None else sys.intern(agent[:_LONGEST_AGENT])


def _is_principal(grant: Grant) -> bool:
    """Tell whether a grant is somebody's, whose sessions are counted. Strangers have nothing in common but their role."""
    return grant.authmethod not in _NOBODYS


_NOBODYS: Final = frozenset({"anonymous", "local"})


def _welcome(session: Session, extra: dict[str, Any] | None) -> dict[str, Any]:
    """Return ``WELCOME.Details``. ``realm`` is there for clients that let the router choose it."""
    details = {
        "roles": ROUTER_ROLES,
        "agent": "wamprouter",
        "realm": session.realm.name,
        "authid": session.authid,
        "authrole": session.authrole,
        "authmethod": session.authmethod,
        "authprovider": session.authprovider,
    }
    if extra is not None:
        details["authextra"] = extra
    return details
