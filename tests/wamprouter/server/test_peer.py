"""The conversation with one peer: joining, leaving, and what happens to those who break the rules."""

from itertools import count
from typing import Any

import pytest
from twisted.internet.task import Clock

from tests.support.realm import Line, Mailbox, Meeting, PlainWire, Realms, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import AuthenticationDenied
from wamp.protocol.messages import (
    Abort,
    Call,
    Error,
    Goodbye,
    Hello,
    Invocation,
    Message,
    Publish,
    Register,
    Registered,
    Result,
    Subscribe,
    Subscribed,
    Welcome,
    Yield,
)
from wamp.protocol.serializers import TranscodingError
from wamprouter.auth import Grant
from wamprouter.auth.anonymous import AnonymousMethod
from wamprouter.auth.gate import MethodGate
from wamprouter.auth.throttle import Throttle
from wamprouter.realm.realm import ROUTER_ROLES
from wamprouter.server.admission import Admission, AdmissionLimits
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.peer import Lobby, Peer
from wamprouter.session import State

JSON = CODECS["json"]
ROLES = {"roles": {"caller": {}, "callee": {"features": {"call_canceling": True}}}}
VIOLATION = "wamp.error.protocol_violation"


class Router:
    """A realm, and peers that talk to it in memory."""

    def __init__(self) -> None:
        self.meeting = Meeting()
        self.realm = self.meeting.realm
        self.dispatcher = Dispatcher(lambda action: action())
        self.clock = Clock()
        self.lobby = Lobby(
            Realms({"realm1": self.realm}),
            count(101),
            self.dispatcher,
            self.clock.callLater,
            self.clock.seconds,
            Admission(AdmissionLimits(), self.clock.seconds),
        )
        throttle = Throttle(self.clock.seconds)
        method = AnonymousMethod("user", lambda: "somebody")
        self.gate: Any = MethodGate([method], throttle, self.clock.callLater, lambda _remark: None)

    def connect(self, codec: Any = JSON) -> "Client":
        return Client(self, codec)

    def join(self) -> "Client":
        client = self.connect()
        client.say(Hello("realm1", ROLES))
        return client


class Client:
    """The far end of a connection in memory."""

    def __init__(self, router: Router, codec: Any) -> None:
        self.dispatcher = router.dispatcher
        self.line = Line()
        self.mailbox = Mailbox(PlainWire(codec), router.dispatcher.dirty)
        self.peer = Peer(router.lobby, router.gate, self.line, codec, self.mailbox)

    def send(self, data: bytes) -> list[Message]:
        """Send bytes; return what comes back."""
        self.peer.receive(data)
        return self.hear()

    def say(self, message: Message) -> list[Message]:
        return self.send(self.peer.codec.encode(message))

    def hear(self) -> list[Message]:
        self.dispatcher.flush()
        return self.mailbox.empty()


@pytest.fixture
def router() -> Router:
    return Router()


# Joining


def test_who_says_hello_is_welcome(router):
    """WELCOME says who one is and what the router can do."""
    assert [
        Welcome(
            101,
            {
                "roles": ROUTER_ROLES,
                "agent": "wamprouter",
                "realm": "realm1",
                "authid": "somebody",
                "authrole": "user",
                "authmethod": "anonymous",
                "authprovider": "static",
            },
        )
    ] == router.connect().say(Hello("realm1", ROLES))


@pytest.mark.parametrize("name", ["json", "msgpack", "cbor"])
def test_every_serializer_is_welcome(router, name):
    """In its own bytes."""
    [welcome] = router.connect(CODECS[name]).say(Hello("realm1", ROLES))
    assert 101 == welcome.session


def test_a_session_knows_what_its_client_announced(router):
    """As role.feature."""
    client = router.join()
    assert {"caller.", "callee.", "callee.call_canceling"} == client.peer.session.features


def test_clients_of_one_kind_share_what_they_announced(router):
    """There are few kinds of client, and memory is for sessions."""
    assert router.join().peer.session.features is router.join().peer.session.features


def test_there_is_a_bound_on_the_kinds_of_clients(router):
    """Somebody may announce something else each time."""
    for number in range(3000):
        router.lobby.intern(frozenset({f"caller.{number}"}))
    assert len(router.lobby._interned) <= 1001


def test_unknown_details_are_ignored(router):
    """Extensions are welcome (basic profile, "Extensibility")."""
    [answer] = router.connect().say(Hello("realm1", {**ROLES, "x_color": "blue", "agent": "test"}))
    assert isinstance(answer, Welcome)


class DenyingGate:
    def admit(self, applicant: Any) -> Grant:
        raise AuthenticationDenied("wrong password")


class ForeignRoleGate:
    def admit(self, applicant: Any) -> Grant:
        return Grant("somebody", "nowhere", "anonymous")


@pytest.mark.parametrize(
    ("realm", "details", "gate", "uri"),
    [
        ("realm2", {}, None, "wamp.error.no_such_realm"),
        ("", {}, None, "wamp.error.no_such_realm"),
        ("not a uri", {}, None, "wamp.error.no_such_realm"),
        ("realm1", {"authmethods": ["ticket"]}, None, "wamp.error.no_matching_auth_method"),
        ("realm1", {}, DenyingGate(), "wamp.error.authentication_denied"),
        ("realm1", {}, ForeignRoleGate(), "wamp.error.no_such_role"),
        ("realm1", {"roles": {}}, None, VIOLATION),
    ],
)
def test_a_hello_that_is_refused_is_answered_with_abort(router, realm, details, gate, uri):
    """Its reason is the error's URI (basic profile, "Session Establishment"), and the connection is closed."""
    router.gate = gate or router.gate
    client = router.connect()
    [abort] = client.say(Hello(realm, {**ROLES, **details}))
    assert (Abort, uri) == (type(abort), abort.reason)
    assert 1 == len(client.line.closed)
    assert State.CLOSED is client.peer.state


def test_an_abort_says_why_in_words(router):
    """As Details.message."""
    [abort] = router.connect().say(Hello("realm2", ROLES))
    assert {"message": "no realm 'realm2' on this router"} == abort.details


def test_a_refusal_is_no_violation(router):
    """Who is not admitted has not broken any rule."""
    client = router.connect()
    client.say(Hello("realm2", ROLES))
    assert [("no realm 'realm2' on this router", False)] == client.line.closed


def test_who_is_refused_is_nobody(router):
    """No session is left of it."""
    before = dict(router.realm.sessions)
    router.connect().say(Hello("realm1", {**ROLES, "authmethods": ["ticket"]}))
    assert before == router.realm.sessions


def test_who_is_cut_off_at_welcome_has_joined_and_left(router):
    """Others hear of it in this order."""
    router.realm.open_meta_api(77)
    watcher = router.join()
    for request, topic in enumerate(["wamp.session.on_join", "wamp.session.on_leave"], 1):
        watcher.say(Subscribe(request, {}, topic))
    client = router.connect()
    client.mailbox.wire = NarrowWire(JSON)
    client.mailbox.expel = lambda _reason: client.peer.lost()
    client.say(Hello("realm1", ROLES))
    assert [1, 2] == [event.subscription for event in watcher.hear()]


# Working


def test_a_request_is_answered(router):
    """Through authorization, realm and dispatcher."""
    assert [Subscribed(1, 1)] == router.join().say(Subscribe(1, {}, "com.topic"))


def test_sessions_call_each_other(router):
    """The call goes to the other peer, the result comes back."""
    alice, bob = router.join(), router.join()
    assert [Registered(1, 1)] == bob.say(Register(1, {}, "com.add"))
    assert [] == alice.say(Call(1, {}, "com.add", pack(1)))
    assert [Invocation(1, 1, {}, pack(1))] == bob.hear()
    assert [] == bob.say(Yield(1, {}, pack(2)))
    assert [Result(1, {}, pack(2))] == alice.hear()


# Leaving


def test_goodbye_is_answered(router):
    """With goodbye_and_out; the connection stays open."""
    client = router.join()
    assert [Goodbye({}, "wamp.close.goodbye_and_out")] == client.say(Goodbye({}, "wamp.close.close_realm"))
    assert [] == client.line.closed


def test_nothing_comes_after_goodbye(router):
    """Not even what the session would have heard."""
    client, other = router.join(), router.join()
    client.say(Subscribe(1, {}, "com.topic"))
    client.say(Goodbye({}, "wamp.close.close_realm"))
    other.say(Publish(1, {}, "com.topic"))
    assert [] == client.hear()


def test_who_has_said_goodbye_may_say_hello_again(router):
    """On the same connection, for a new session (basic profile, "Session Establishment")."""
    client = router.join()
    client.say(Goodbye({}, "wamp.close.close_realm"))
    [welcome] = client.say(Hello("realm1", ROLES))
    assert 102 == welcome.session


def test_a_reply_to_our_reply_is_not_replied_to(router):
    """Or it would never end."""
    client = router.join()
    client.say(Goodbye({}, "wamp.close.close_realm"))
    assert [] == client.say(Goodbye({}, "wamp.close.goodbye_and_out"))


def test_a_request_after_goodbye_is_a_violation(router):
    """There is no session."""
    client = router.join()
    client.say(Goodbye({}, "wamp.close.close_realm"))
    [abort] = client.say(Subscribe(1, {}, "com.topic"))
    assert VIOLATION == abort.reason


def test_the_router_says_goodbye_and_waits_for_the_reply(router):
    """Then it closes."""
    client = router.join()
    client.peer.leave("wamp.close.system_shutdown", "maintenance")
    assert [Goodbye({"message": "maintenance"}, "wamp.close.system_shutdown")] == client.hear()
    assert [] == client.line.closed
    assert [] == client.say(Goodbye({}, "wamp.close.goodbye_and_out"))
    assert [("the session has ended", False)] == client.line.closed


def test_a_goodbye_without_words_has_no_message(router):
    """Rather than an empty one."""
    client = router.join()
    client.peer.leave("wamp.close.killed")
    assert [Goodbye({}, "wamp.close.killed")] == client.hear()


def test_who_was_told_goodbye_is_out_at_once(router):
    """Its requests are not done while its reply is awaited, also if it never comes."""
    client, other = router.join(), router.join()
    client.say(Register(1, {}, "com.add"))
    client.peer.leave("wamp.close.killed")
    client.hear()
    assert [] == client.say(Publish(2, {"acknowledge": True}, "com.topic"))
    assert [Error(Call.CODE, 1, {}, "wamp.error.no_such_procedure")] == other.say(Call(1, {}, "com.add"))


def test_who_does_not_reply_to_goodbye_is_cut_off(router):
    """After five seconds, and not before."""
    client = router.join()
    client.peer.leave("wamp.close.killed")
    router.clock.advance(4)
    assert [] == client.line.closed
    router.clock.advance(1)
    assert [("no reply to GOODBYE", False)] == client.line.closed
    assert State.CLOSED is client.peer.state


def test_who_has_replied_to_goodbye_is_left_alone(router):
    """Its connection is closed once."""
    client = router.join()
    client.peer.leave("wamp.close.killed")
    client.say(Goodbye({}, "wamp.close.goodbye_and_out"))
    router.clock.advance(5)
    assert [("the session has ended", False)] == client.line.closed


@pytest.mark.parametrize("data", [b"nonsense", JSON.encode(Hello("realm1", ROLES)), JSON.encode(Welcome(1, {}))])
def test_who_breaks_the_rules_after_our_goodbye_is_cut_off(router, data):
    """Without ABORT: nothing comes after GOODBYE (basic profile, "Session Closing")."""
    client = router.join()
    client.peer.leave("wamp.close.killed")
    client.hear()
    assert [] == client.send(data)
    assert [True] == [is_violation for _reason, is_violation in client.line.closed]
    assert [] == client.send(data)
    router.clock.advance(5)
    assert 1 == len(client.line.closed)


def test_who_has_no_session_is_not_told_goodbye(router):
    """There is nothing to leave."""
    client = router.connect()
    client.peer.leave("wamp.close.system_shutdown")
    assert [] == client.hear()
    assert State.WAITING is client.peer.state


@pytest.mark.parametrize("is_joined", [False, True])
def test_an_abort_is_never_answered(router, is_joined):
    """The connection is closed without a word."""
    client = router.join() if is_joined else router.connect()
    client.hear()
    assert [] == client.say(Abort({}, "wamp.error.cannot_authenticate"))
    assert [("the session has ended", False)] == client.line.closed
    assert 3 == len(router.realm.sessions)  # those of the meeting


def test_who_is_lost_is_forgotten(router):
    """Others hear what they must: here the caller that its call is over."""
    alice, bob = router.join(), router.join()
    bob.say(Register(1, {}, "com.add"))
    alice.say(Call(1, {}, "com.add"))
    bob.peer.lost()
    assert [Error(Call.CODE, 1, {}, "wamp.error.canceled")] == alice.hear()
    assert bob.peer.session is None


def test_who_is_lost_is_lost_once(router):
    """A second report does nothing."""
    client = router.join()
    client.peer.lost()
    client.peer.lost()
    assert 3 == len(router.realm.sessions)


# Breaking the rules


BAD = [
    b"",
    b"[",
    b"{}",
    b"[999]",
    b'[32,0,{},"com.topic"]',
    b'[48,1,{},"com.add",7]',
    JSON.encode(Hello("realm1", ROLES)),
    JSON.encode(Welcome(1, {})),
    JSON.encode(Result(1, {})),
    JSON.encode(Yield(1, {})),
    JSON.encode(Error(Call.CODE, 1, {}, "com.error")),
]


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_who_breaks_the_rules_is_aborted(router, data):
    """ABORT with protocol_violation, and the reason in words; the connection is closed for that reason."""
    client = router.join()
    client.hear()
    [abort] = client.send(data)
    assert (Abort, VIOLATION) == (type(abort), abort.reason)
    assert [(abort.details["message"], True)] == client.line.closed


@pytest.mark.parametrize(
    "data", [JSON.encode(Subscribe(1, {}, "com.topic")), JSON.encode(Goodbye({}, "x.y"))[:9], b"\xff"]
)
def test_before_hello_there_is_nothing_else(router, data):
    """Anything that is not HELLO is a violation."""
    [abort] = router.connect().send(data)
    assert VIOLATION == abort.reason


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_who_broke_the_rules_is_out(router, data):
    """Its registrations are gone, and callers of it are answered."""
    client, other = router.join(), router.join()
    client.say(Register(1, {}, "com.add"))
    other.hear()
    client.send(data)
    assert [Error(Call.CODE, 1, {}, "wamp.error.no_such_procedure")] == other.say(Call(1, {}, "com.add"))


@pytest.mark.parametrize(
    "later", [JSON.encode(Publish(1, {}, "com.topic")), JSON.encode(Hello("realm1", ROLES)), b"nonsense"]
)
def test_nothing_is_read_of_who_broke_the_rules(router, later):
    """Neither requests nor more violations; there is one ABORT and one end."""
    client, other = router.join(), router.join()
    other.say(Subscribe(1, {}, "com.topic"))
    client.hear()
    client.send(b"nonsense")
    assert [] == client.send(later)
    assert [] == other.hear()
    assert 1 == len(client.line.closed)


class NarrowWire(PlainWire):
    """What a RawSocket peer asks for that takes 200 octets at most."""

    def pack(self, message: Message, source: Any) -> bytes:
        packed = super().pack(message, source)
        if len(packed) > 200:
            raise TranscodingError(f"a message of {len(packed)} octets, but the peer accepts 200")
        return packed


@pytest.mark.parametrize("realm", ["realm1", "a" * 300])
def test_who_cannot_take_the_answer_to_hello_is_cut_off(router, realm):
    """WELCOME or ABORT is longer than what the client has announced to accept."""
    client = router.connect()
    client.mailbox.wire = NarrowWire(JSON)
    assert [] == client.say(Hello(realm, ROLES))
    assert client.mailbox.expelled.endswith("but the peer accepts 200")


# Slowing down


def test_pauses_are_counted(router):
    """Who feeds two long queues reads again when both are shorter."""
    client = router.join()
    client.peer.pause_reading()
    client.peer.pause_reading()
    client.peer.resume_reading()
    assert not client.line.is_reading
    client.peer.resume_reading()
    assert client.line.is_reading


def test_who_sends_into_a_long_queue_is_slowed_down(router):
    """The publisher, not the subscriber."""
    publisher, subscriber = router.join(), router.join()
    subscriber.say(Subscribe(1, {}, "com.topic"))
    subscriber.mailbox.high_water = 1
    for request in (1, 2):
        publisher.peer.receive(JSON.encode(Publish(request, {}, "com.topic")))
    assert [publisher.peer] == subscriber.mailbox.feeders


def test_who_does_not_read_its_answers_is_slowed_down(router):
    """Also its WELCOMEs and GOODBYEs: a client may say HELLO again and again."""
    client = router.join()
    client.mailbox.high_water = 1
    client.peer.receive(JSON.encode(Goodbye({}, "wamp.close.close_realm")))
    assert [client.peer] == client.mailbox.feeders
