"""The router's end of a session: the state table, row by row, with every key that is missing."""

import pytest

from tests.support.realm import Meeting
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import (
    MESSAGES,
    Abort,
    Call,
    Cancel,
    Error,
    EventReceived,
    Goodbye,
    Hello,
    Message,
    Publish,
    Register,
    Sender,
    Subscribe,
    Unregister,
    Unsubscribe,
    Yield,
)
from wamprouter.session import TABLE, Act, State, next_act

REQUESTS = [Publish, Subscribe, Unsubscribe, Call, Cancel, Register, Unregister, Yield, Error, EventReceived]

ROWS: dict[State, dict[type[Message], Act]] = {
    State.WAITING: {Hello: Act.JOIN, Abort: Act.CLOSE, Goodbye: Act.IGNORE},
    State.ESTABLISHED: {**dict.fromkeys(REQUESTS, Act.ROUTE), Goodbye: Act.REPLY_GOODBYE, Abort: Act.CLOSE},
    State.CLOSING: {**dict.fromkeys(REQUESTS, Act.IGNORE), Goodbye: Act.CLOSE, Abort: Act.CLOSE},
    State.CLOSED: dict.fromkeys(MESSAGES.values(), Act.IGNORE),
}


@pytest.mark.parametrize(
    ("state", "kind", "act"),
    [(state, kind, act) for state, row in ROWS.items() for kind, act in row.items()],
    ids=lambda value: getattr(value, "__name__", getattr(value, "name", "")),
)
def test_each_message_has_its_act(state, kind, act):
    """What the router does about a message in a state."""
    assert act is next_act(state, kind)


@pytest.mark.parametrize(
    ("state", "kind"),
    [(state, kind) for state, row in ROWS.items() for kind in MESSAGES.values() if kind not in row],
    ids=lambda value: getattr(value, "__name__", getattr(value, "name", "")),
)
def test_any_other_message_is_a_violation(state, kind):
    """A second HELLO, anything before HELLO, and what only a router may send."""
    with pytest.raises(ProtocolViolation, match=f"unexpected {kind.__name__.upper()} while {state.name.lower()}"):
        next_act(state, kind)


def test_a_router_is_sent_no_routers_messages():
    """In no state does the table have a message that a client may not send."""
    kinds = {kind for row in TABLE.values() for kind in row}
    assert [] == [kind for kind in kinds if Sender.CLIENT not in kind.SENDER]


def test_a_session_shows_who_it_is():
    """In logs and in failing tests."""
    assert "<Session 1 alice in realm1>" == repr(Meeting().alice)


def test_a_session_has_the_name_of_its_role():
    """What WELCOME and the black- and whitelists call authrole."""
    assert "user" == Meeting().alice.authrole
