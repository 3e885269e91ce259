"""A login on its way: what may come in each of its states, how it ends, and that nothing is left of it."""

from __future__ import annotations

import gc
import sys
import weakref
from types import ModuleType
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.support.auth import ROLES, Guest, House, end
from wamp.protocol.messages import (
    Abort,
    Authenticate,
    Call,
    Cancel,
    Challenge,
    Error,
    EventReceived,
    Goodbye,
    Hello,
    Message,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Welcome,
    Yield,
)
from wamprouter.auth import NotReady
from wamprouter.auth.hashes import Scrypt
from wamprouter.session import State

VIOLATION, DENIED = "wamp.error.protocol_violation", "wamp.error.authentication_denied"
SLOW = str(Scrypt(2, 1, 1, bytes(16), bytes(32)).of("secret"))
AUTH = {"ticket": {"principals": {"joe": {"ticket": SLOW, "role": "user"}}}, "anonymous": {"role": "user"}}
HELLO = Hello("realm1", {"roles": ROLES, "authmethods": ["ticket"], "authid": "joe"})


def waiting(house: House) -> Guest:
    """Nobody has said anything."""
    return house.connect()


def challenged(house: House) -> Guest:
    """The router has sent CHALLENGE."""
    guest = house.connect()
    assert isinstance(guest.say(HELLO)[0], Challenge)
    return guest


def deciding(house: House, ticket: str = "secret") -> Guest:
    """The answer is being looked at: a slow hash, in a thread."""
    guest = challenged(house)
    assert [] == guest.authenticate(ticket)
    return guest


def established(house: House) -> Guest:
    """It is in."""
    guest = deciding(house)
    house.work()
    assert isinstance(guest.hear()[0], Welcome)
    return guest


def closing(house: House) -> Guest:
    """The router has said GOODBYE."""
    guest = established(house)
    guest.peer.leave("wamp.close.killed")
    guest.hear()
    return guest


STATES = {
    State.WAITING: waiting,
    State.CHALLENGED: challenged,
    State.DECIDING: deciding,
    State.ESTABLISHED: established,
    State.CLOSING: closing,
}
BEFORE = [State.WAITING, State.CHALLENGED, State.DECIDING]

REQUESTS: list[Message] = [
    Publish(1, {}, "com.topic"),
    Subscribe(1, {}, "com.topic"),
    Unsubscribe(1, 1),
    Call(1, {}, "com.add"),
    Cancel(1, {}),
    Register(1, {}, "com.add"),
    Unregister(1, 1),
    Yield(1, {}),
    Error(68, 1, {}, "com.error"),
    EventReceived(1),
]


@pytest.fixture
def house() -> House:
    return House(AUTH)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_the_states_are_what_they_are_called(house, state):
    """Or what follows would be about others."""
    assert state is STATES[state](house).peer.state


@pytest.mark.parametrize("message", REQUESTS, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("state", BEFORE, ids=lambda state: state.name)
def test_requests_before_welcome_are_violations(house, state, message):
    """Nothing is kept until the session is there."""
    guest = STATES[state](house)
    assert VIOLATION == end(guest.say(message)[0])
    house.work()
    house.wait()
    assert house.is_blank()


@pytest.mark.parametrize("state", [State.CHALLENGED, State.DECIDING, State.ESTABLISHED], ids=lambda state: state.name)
@pytest.mark.parametrize("method", ["ticket", "anonymous"])
def test_a_second_hello_is_a_violation(house, state, method):
    """Also while a login is pending, whoever it says it is: one at a time."""
    guest = STATES[state](house)
    again = Hello("realm1", {"roles": ROLES, "authmethods": [method], "authid": "anna"})
    assert VIOLATION == end(guest.say(again)[0])
    house.work()
    assert [] == guest.hear()
    assert [] == house.guests


@pytest.mark.parametrize(
    "state", [State.WAITING, State.DECIDING, State.ESTABLISHED, State.CLOSING], ids=lambda state: state.name
)
def test_an_answer_without_a_question_is_a_violation(house, state):
    """Before, twice, or long after."""
    guest = STATES[state](house)
    heard = guest.say(Authenticate("secret", {}))
    if state is State.CLOSING:  # nothing comes after GOODBYE
        assert [] == heard
    else:
        assert VIOLATION == end(heard[0])
    assert [True] == [is_violation for _, is_violation in guest.line.closed]
    house.work()
    assert [] == guest.hear()
    assert [] == house.guests


@pytest.mark.parametrize("message", [Abort({}, "wamp.error.cannot_authenticate"), Goodbye({}, "wamp.close.normal")])
@pytest.mark.parametrize("state", [State.CHALLENGED, State.DECIDING], ids=lambda state: state.name)
def test_who_gives_up_is_let_go(house, state, message):
    """Autobahn says ABORT when its onChallenge raises. It is not answered, and the connection is closed."""
    guest = STATES[state](house)
    assert [] == guest.say(message)
    assert [("the session has ended", False)] == guest.line.closed
    house.work()
    assert [] == guest.hear()
    assert house.is_blank()


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_who_is_lost_is_forgotten(house, state):
    """In each state, also if it is reported twice; what was under way is not carried out."""
    guest = STATES[state](house)
    guest.peer.lost()
    guest.peer.lost()
    house.work()
    house.wait(10)
    assert [] == guest.hear()
    assert house.is_blank()


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_nothing_holds_who_is_lost(house, state):
    """Its memory is free."""
    guest = STATES[state](house)
    guest.peer.lost()
    house.work()
    house.wait(10)
    gone = weakref.ref(guest.line)
    del guest
    gc.collect()
    assert gone() is None


def test_who_is_lost_while_it_waits_for_its_turn_is_forgotten(house):
    """An attempt that is slowed down has a timer."""
    for _ in range(4):
        house.node.gates.throttle.failed("127.0.0.1", "joe")
    guest = deciding(house)
    assert [] == house.reactor.threads.jobs
    guest.peer.lost()
    house.wait(1.0)
    house.work()
    house.wait(10)
    assert house.is_blank()
    assert {} == house.node.gates.throttle._undecided


def test_after_goodbye_one_may_log_in_as_somebody_else(house):
    """On the same connection."""
    guest = established(house)
    guest.say(Goodbye({}, "wamp.close.normal"))
    assert "anonymous" == guest.log_in("anonymous").details["authmethod"]  # type: ignore[union-attr]  # a Welcome


def test_a_refused_login_is_the_end_of_the_connection(house):
    """Whatever comes behind it is not read."""
    guest = deciding(house, "guess")
    house.work()
    assert DENIED == end(guest.hear()[0])
    assert [("wrong authid or credential", False)] == guest.line.closed
    assert [] == guest.hello("anonymous")
    assert 1 == len(guest.line.closed)


def test_autobahn_python_is_cut_off_where_others_are_told_to_come_back(house):
    """Its Component takes a connection that was closed in order for the end of its work, and one that is lost not."""
    house.node.gates.throttle._undecided["authid", "joe"] = 16
    roles = {"caller": {"features": {"payload_transparency": True}}}
    guests = [house.connect(), house.connect()]
    for guest, announced in zip(guests, (roles, ROLES), strict=True):
        guest.say(Hello("realm1", {"roles": announced, "authmethods": ["ticket"], "authid": "joe"}))
        assert [] == guest.authenticate("secret")
    autobahn, other = (guest.line for guest in guests)
    assert (1, []) == (len(autobahn.dropped), autobahn.closed)
    assert (0, 1) == (len(other.dropped), len(other.told_to_come_back))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "unix"])
def test_strangers_behind_a_proxy_on_this_machine_slow_down_nobody_else(house, address):
    """It speaks for everybody. Who guesses at one account is slowed down all the same."""
    throttle = house.node.gates.throttle
    for number in range(100):
        throttle.failed(address, f"stranger{number}")
        throttle.failed(address, "joe")
    assert 0.0 == throttle.reserve(address, "anna")
    with pytest.raises(NotReady):
        throttle.reserve(address, "joe")
    throttle.failed("2001:db8::1", "x"), throttle.failed("2001:db8::2", "y"), throttle.failed("2001:db8::3", "z")
    assert throttle.reserve("2001:db8::4", "anna") > 0


def test_since_when_somebody_logs_in_is_known(house):
    """For the time-out of authentication."""
    house.wait(5.0)
    guest = challenged(house)
    house.wait(1.0)
    assert 5.0 == guest.peer.authenticating_since
    guest.authenticate("secret")
    assert 5.0 == guest.peer.authenticating_since
    house.work()
    assert 0.0 == guest.peer.authenticating_since


def test_a_realm_that_goes_away_meanwhile_is_not_joined(house):
    """Nor one whose role does."""
    guest = deciding(house)
    assert house.realm is not None
    del house.realm.roles["user"]
    house.work()
    assert "wamp.error.no_such_role" == end(guest.hear()[0])
    assert [] == house.guests


# Threads


def test_slow_logins_have_a_bound(house):
    """Who finds no room is to come back: that is no ABORT. The room is there again afterwards."""
    throttle = house.node.gates.throttle
    throttle.reserve = lambda _address, _authid: 0.0  # type: ignore[method-assign]  # it has a bound of its own for one authid
    guests = [challenged(house) for _ in range(200)]
    for guest in guests:
        guest.authenticate("secret")
    assert 100 == len(house.reactor.threads.jobs)
    assert 100 == [guest.line.told_to_come_back for guest in guests].count(["too many logins at once"])
    house.work()
    assert 100 == sum(isinstance(message, Welcome) for guest in guests for message in guest.hear())
    assert 100 == house.node.gates._threads.turned_away
    assert "joe" == house.guests[-1]
    assert isinstance(established(house), Guest)


class Broken:
    def __init__(self, *_: object) -> None:
        raise MemoryError


def test_a_comparison_that_fails_is_a_failure(house, monkeypatch):
    """Such as for want of memory: the client is told that, and its place is free again."""
    guest = deciding(house)
    monkeypatch.setattr("hashlib.scrypt", Broken)
    house.work()
    assert "wamp.error.authentication_failed" == end(guest.hear()[0])
    assert 0 == house.node.gates._threads._waiting


# Functions, which take their time without a thread


def test_a_violation_while_an_authenticator_is_asked_ends_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer comes to nobody."""
    module = ModuleType("logins")
    monkeypatch.setitem(sys.modules, "logins", module)
    answer: Deferred[Any] = Deferred()
    module.create = lambda _config: lambda *_: answer  # type: ignore[attr-defined]  # what a module is for
    house = House({"ticket": {"type": "function", "create": "logins.create"}})
    guest = house.connect()
    guest.log_in("ticket", authid="joe")
    assert VIOLATION == end(guest.say(Subscribe(1, {}, "com.topic"))[0])
    answer.callback("user")
    assert [] == guest.hear()
    assert house.is_blank()
