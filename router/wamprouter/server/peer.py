"""The conversation with one peer: decodes what it sends, does what the session's state table says, ends it.

A peer belongs to a connection (or to a hosted component) and outlives its sessions: after GOODBYE the client may say
HELLO again on the same transport (basic profile, "Session Establishment").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from wamp.protocol import errors
from wamp.protocol.codec import Codec
from wamp.protocol.errors import JoinRefused, NoSuchRealm, NoSuchRole, ProtocolViolation
from wamp.protocol.messages import Abort, Goodbye, Hello, Message, Welcome
from wamp.protocol.options import HelloDetails, read
from wamp.protocol.roles import features
from wamprouter.auth import Gate
from wamprouter.inbox import accept
from wamprouter.quirks import is_autobahn_js, is_autobahn_python, meant
from wamprouter.realm.realm import ROUTER_ROLES, Realm
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.links import Link
from wamprouter.session import ROUTED, Act, Session, State, next_act

__all__ = ["Connection", "Lobby", "Peer"]


_PATIENCE: Final = 5.0  # seconds for the reply to our GOODBYE; it takes a round trip, and whatever is queued before it


class Connection(Protocol):
    """What a peer can ask of the transport it is on."""

    def close(self, reason: str, *, violation: bool = False) -> None:
        """Close in an orderly way once everything queued is sent; ``violation`` if the peer broke the rules."""

    def spare_pings(self) -> None:
        """Find out by other means whether the peer is alive: it does not know pings of the transport itself."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class RealmFinder(Protocol):
    """Where peers look for the realm that they want to join."""

    def get(self, name: str, /) -> Realm | None: ...


class Lobby:
    """What peers need before and after they have a session: realms, session ids, the dispatcher, a timer."""

    __slots__ = ("_interned", "call_later", "dispatcher", "realms", "session_ids")

    def __init__(
        self,
        realms: RealmFinder,
        session_ids: Iterator[int],
        dispatcher: Dispatcher,
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self.realms = realms
        self.session_ids = session_ids
        self.dispatcher = dispatcher
        self.call_later = call_later
        self._interned: dict[frozenset[str], frozenset[str]] = {}

    def intern(self, announced: frozenset[str]) -> frozenset[str]:
        """Return one object for all clients that announce the same features: there are few kinds of client."""
        if len(self._interned) > 1000:
            self._interned.clear()
        return self._interned.setdefault(announced, announced)


class Peer:
    """One end of a connection inside the router."""

    __slots__ = ("_connection", "_gate", "_lobby", "_pauses", "codec", "link", "session", "state")

    def __init__(self, lobby: Lobby, gate: Gate, connection: Connection, codec: Codec, link: Link) -> None:
        self._lobby = lobby
        self._gate = gate
        self._connection = connection
        self.codec = codec
        self.link = link
        self.state = State.WAITING
        self.session: Session | None = None
        self._pauses = 0
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
        try:
            if session is not None and type(message) in ROUTED:
                dispatcher = self._lobby.dispatcher
                dispatcher.feeder = self
                dispatcher.deliver(accept(session, message))
            else:
                _ACTS[next_act(self.state, type(message))](self, message)
        except ProtocolViolation as violation:
            self.abort(violation)

    def lost(self) -> None:
        """The connection is gone."""
        self.state = State.CLOSED
        self._detach()

    # -- what the state table asks for

    def _join(self, hello: Message) -> None:
        assert isinstance(hello, Hello)
        details = read(HelloDetails, hello.details)
        announced = features(details.roles)
        try:
            session = self._admit(hello.realm, details, announced)
        except JoinRefused as refusal:
            self._end(Abort({"message": str(refusal)}, refusal.uri), str(refusal))
            return
        self.session = session
        self.state = State.ESTABLISHED
        if is_autobahn_python(details.agent, announced):
            self._connection.spare_pings()
        # Before WELCOME, at which the session may end: others must not hear of that first.
        self._lobby.dispatcher.deliver(session.realm.attach(session))
        self._send(Welcome(session.id, _welcome(session)))

    def _admit(self, realm_name: str, details: HelloDetails, announced: frozenset[str]) -> Session:
        lobby = self._lobby
        realm = lobby.realms.get(realm_name)
        if realm is None:
            raise NoSuchRealm(f"no realm {realm_name!r} on this router")
        grant = self._gate.admit(realm_name, details)
        role = realm.roles.get(grant.role)
        if role is None:
            raise NoSuchRole(f"no role {grant.role!r} in realm {realm_name!r}")
        return Session(
            next(lobby.session_ids),
            realm=realm,
            role=role,
            codec=self.codec,
            link=self.link,
            authid=grant.authid,
            authmethod=grant.authmethod,
            authprovider=grant.authprovider,
            features=lobby.intern(meant(details.agent, announced)),
            is_autobahn_js=is_autobahn_js(details.agent, announced),
        )

    def _reply_goodbye(self, _goodbye: Message) -> None:
        """The client ends its session; it may begin another one."""
        self._detach()
        self.state = State.WAITING
        self._send(Goodbye({}, errors.CLOSE_GOODBYE_AND_OUT))

    def _close(self, _message: Message) -> None:
        """The client has aborted, or replied to our GOODBYE: an ABORT is never answered."""
        self.state = State.CLOSED
        self._detach()
        self._connection.close("the session has ended")

    def _ignore(self, _message: Message) -> None:
        pass

    # -- how it ends

    def leave(self, reason: str, text: str = "") -> None:
        """Say GOODBYE for a deliberate end. The client's reply completes it, or the end of our patience."""
        if self.state is State.ESTABLISHED:
            self._detach()
            self.await_goodbye()
            self._send(Goodbye({"message": text} if text else {}, reason))

    def await_goodbye(self) -> None:
        """Take it that the session is out of its realm and has a GOODBYE on its way: only the reply is still read."""
        self.session = None
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
            self._end(Abort({"message": text}, violation.uri), text, violation=True)

    def _end(self, abort: Abort, text: str, *, violation: bool = False) -> None:
        self.state = State.CLOSED
        self._detach()
        self._send(abort)
        self._lobby.dispatcher.flush()
        self._connection.close(text, violation=violation)

    def _detach(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            self._lobby.dispatcher.deliver(session.realm.detach(session))

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
    Act.REPLY_GOODBYE: Peer._reply_goodbye,
    Act.CLOSE: Peer._close,
    Act.IGNORE: Peer._ignore,
}


def _welcome(session: Session) -> dict[str, Any]:
    """Return ``WELCOME.Details``. ``realm`` is there for clients that let the router choose it."""
    return {
        "roles": ROUTER_ROLES,
        "agent": "wamprouter",
        "realm": session.realm.name,
        "authid": session.authid,
        "authrole": session.authrole,
        "authmethod": session.authmethod,
        "authprovider": session.authprovider,
    }
