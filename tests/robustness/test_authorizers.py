"""An authorizer that is slow, leaves, lies or is not there: nobody gets more than it has allowed, and everybody gets an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.support.process import ALLOW_ALL, RouterProcess, endpoint
from tests.support.raw import Client
from wamp.protocol.messages import (
    Error,
    Event,
    Interrupt,
    Invocation,
    Message,
    Publish,
    Published,
    Register,
    Registered,
    Result,
    Subscribe,
    Subscribed,
)

JUDGE = "com.judge"
FAILED, NOT_AUTHORIZED = "wamp.error.authorization_failed", "wamp.error.not_authorized"


def realm(**options: Any) -> dict[str, Any]:
    """Return realm1, in which about users a judge decides, who may do everything."""
    return {
        "name": "realm1",
        "roles": [
            {"name": "user", "authorizer": JUDGE, **options},
            {"name": "judge", "permissions": [ALLOW_ALL]},
        ],
    }


TRANSPORTS = (
    {"type": "websocket", "endpoint": endpoint(), "auth": {"anonymous": {"role": "user"}}},
    {"type": "rawsocket", "endpoint": endpoint(), "auth": {"anonymous": {"role": "judge"}}},
)


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(*TRANSPORTS, realms=[realm()])


@pytest.fixture
def judge(router: RouterProcess) -> Iterator[Judge]:
    with Judge(router.url("rs")) as judge:
        judge.register(JUDGE)
        yield judge


@pytest.fixture
def user(router: RouterProcess) -> Iterator[Client]:
    with Client(router.url("ws")) as user:
        yield user


class Judge(Client):
    """Decides when it is told to."""

    def question(self) -> tuple[int, list[Any]]:
        """Return the next question: its invocation, and who wants to do what to which URI."""
        invocation = self.expect(Invocation)
        session, uri, action, options = self.args(invocation)
        return invocation.request, [session["session"], uri, action, options]

    def decides(self, *results: Any) -> list[Any]:
        """Answer the next question; return what it was."""
        invocation, question = self.question()
        self.answer(invocation, *results)
        return question


def refusal(message: Message) -> str:
    assert isinstance(message, Error), message
    return message.error


def test_a_yes_and_a_no(judge: Judge, user: Client) -> None:
    """Asked again each time, since the answers do not say that they hold."""
    user.call("com.add")
    assert [user.session, "com.add", "call", {}] == judge.decides(False)
    assert NOT_AUTHORIZED == refusal(user.receive())
    user.call("com.add")
    judge.decides(True)
    assert "wamp.error.no_such_procedure" == refusal(user.receive())


def test_it_is_told_where_the_session_comes_from(judge: Judge, user: Client) -> None:
    """Without the headers of the handshake: a cookie is nobody else's business."""
    user.call("com.add")
    invocation = judge.expect(Invocation)
    transport = judge.args(invocation)[0]["transport"]
    assert {"type", "peer", "is_secure"} == set(transport)
    assert ("websocket", False) == (transport["type"], transport["is_secure"])
    assert "127.0.0.1" in transport["peer"]
    judge.answer(invocation.request, False)
    user.expect(Error)


def test_nobody_is_there(router: RouterProcess, user: Client) -> None:
    """Each request is refused, and the log is not filled."""
    lines = router.log.count("did not decide")
    for _ in range(200):
        user.call("com.add")
        assert FAILED == refusal(user.receive())
    assert router.log.count("did not decide") <= lines + 1


@pytest.mark.parametrize(
    "lie", ["yes", 1, None, [True], {"allow": "yes"}, {"allowed": True}, {"allow": True, "cache": 1}]
)
def test_a_lie_is_a_no(judge: Judge, user: Client, lie: Any) -> None:
    user.send(Publish(user.next_request(), {"acknowledge": True}, "com.topic"))
    judge.decides(lie)
    assert FAILED == refusal(user.receive())


def test_it_leaves_while_it_is_asked(router: RouterProcess, user: Client) -> None:
    """All that wait are answered, and the next authorizer is asked from then on."""
    with Judge(router.url("rs")) as judge:
        judge.register(JUDGE)
        user.call("com.add")
        user.call("com.add")
        judge.question()
    assert [FAILED, FAILED] == [refusal(user.receive()) for _ in range(2)]
    with Judge(router.url("rs")) as judge:
        judge.register(JUDGE)
        user.send(Subscribe(user.next_request(), {}, "com.topic"))
        judge.decides(True)
        user.expect(Subscribed)


def test_it_never_answers(start: Start) -> None:
    """The request is refused when its time is over, and the authorizer is told to stop."""
    router = start(*TRANSPORTS, realms=[realm(authorizer_timeout=100)])
    with Judge(router.url("rs")) as judge, Client(router.url("ws")) as user:
        judge.register(JUDGE)
        user.call("com.add")
        invocation, _ = judge.question()
        assert FAILED == refusal(user.receive())
        assert invocation == judge.expect(Interrupt).request
        judge.answer(invocation, True)  # too late
        user.call("com.add")
        judge.decides(True)
        assert "wamp.error.no_such_procedure" == refusal(user.receive())


def test_the_order_of_a_slow_publisher_s_events(judge: Judge, user: Client) -> None:
    """As published, whatever the judge takes its time for; another session is not held up by that."""
    judge.subscribe("com.fast")
    judge.subscribe("com.slow")
    for number in range(20):
        user.publish(("com.slow", "com.fast")[number % 2], number)
    with Client(user_url(user)) as other:
        other.publish("com.fast", "other")
        first, question = judge.question()
        assert [user.session, "com.slow", "publish", {}] == question
        second, question = judge.question()
        assert [other.session, "com.fast", "publish", {}] == question
        judge.answer(second, True)
        assert ["other"] == judge.event_args()
        judge.answer(first, True)
        arrived = []
        while len(arrived) < 20:
            message = judge.receive()
            if isinstance(message, Event):
                arrived += judge.args(message)
            else:
                assert isinstance(message, Invocation)
                judge.answer(message.request, True)
    assert list(range(20)) == arrived


def user_url(client: Client) -> str:
    """Return where another client of the same kind connects."""
    host, port = client.stream.socket.getpeername()
    return f"ws://{host}:{port}/"


def test_who_sends_fast_is_read_when_its_line_is_short(judge: Judge, user: Client) -> None:
    """Five thousand publications while the judge has the first: all arrive, in their order, and nobody is put out."""
    count = 5000
    judge.subscribe("com.topic")
    user.publish("com.topic", 0)
    invocation, _ = judge.question()
    for number in range(1, count):
        user.publish("com.topic", number)
    judge.answer(invocation, {"allow": True, "cache": True})
    assert list(range(count)) == [judge.event_args()[0] for _ in range(count)]
    assert isinstance(publish_acknowledged(user, "com.topic"), Published)


def publish_acknowledged(user: Client, topic: str) -> Message:
    user.send(Publish(user.next_request(), {"acknowledge": True}, topic))
    return user.receive()


def test_what_may_be_remembered_is_asked_once(judge: Judge, user: Client) -> None:
    """Until the authorizer says that something has changed, or another one takes over."""
    keep = {"allow": True, "cache": True}
    user.call("com.add")
    judge.decides(keep)
    user.receive()
    for _ in range(3):
        user.call("com.add")
        assert "wamp.error.no_such_procedure" == refusal(user.receive())
    judge.publish_acknowledged(f"{JUDGE}.changed", ["com.other"])
    user.call("com.add")
    assert "wamp.error.no_such_procedure" == refusal(user.receive())
    judge.publish_acknowledged(f"{JUDGE}.changed", ["com.add"])
    user.call("com.add")
    judge.decides({"allow": False, "cache": True})
    assert NOT_AUTHORIZED == refusal(user.receive())
    judge.publish_acknowledged(f"{JUDGE}.changed")
    user.call("com.add")
    judge.decides(keep)
    assert "wamp.error.no_such_procedure" == refusal(user.receive())


def test_another_authorizer_may_decide_otherwise(router: RouterProcess, user: Client) -> None:
    """What the one said holds while none is there, and is forgotten when there is another one."""
    with Judge(router.url("rs")) as judge:
        judge.register(JUDGE)
        user.call("com.add")
        judge.decides({"allow": True, "cache": True})
        user.receive()
    user.call("com.add")
    assert "wamp.error.no_such_procedure" == refusal(user.receive())
    with Judge(router.url("rs")) as judge:
        judge.register(JUDGE)
        user.call("com.add")
        judge.decides(False)
        assert NOT_AUTHORIZED == refusal(user.receive())


def test_a_hundred_sessions_ask_at_once(router: RouterProcess, judge: Judge) -> None:
    """Each gets the answer to its own question, in whatever order the judge gives them."""
    users = [Client(router.url("ws")) for _ in range(100)]
    for user in users:
        for _ in range(5):
            user.send(Subscribe(user.next_request(), {}, f"com.{user.session}"))
    for _ in range(5):
        questions = [judge.question() for _ in users]
        for invocation, (session, uri, action, _) in reversed(questions):
            assert (f"com.{session}", "subscribe") == (uri, action)
            judge.answer(invocation, session % 2 == 0)
    for user in users:
        for request in range(1, 6):
            answer = user.expect(Error if user.session % 2 else Subscribed)
            assert request == answer.request
        user.close()


def test_the_judge_is_not_told_of_by_the_meta_api(judge: Judge) -> None:
    """The session that asks it is nobody's to see; the subscription is, and can be taken away by nobody."""
    judge.call("wamp.subscription.lookup", f"{JUDGE}.changed")
    [subscription] = judge.args(judge.expect(Result))
    judge.call("wamp.subscription.list_subscribers", subscription)
    [[session]] = judge.args(judge.expect(Result))
    judge.call("wamp.session.list")
    [sessions] = judge.args(judge.expect(Result))
    assert judge.session in sessions
    assert session not in sessions
    judge.call("wamp.session.get", session)
    assert "wamp.error.no_such_session" == refusal(judge.receive())


def test_a_realm_that_is_made_on_demand_has_its_own_judge(start: Start) -> None:
    """What it decides there holds nowhere else."""
    roles = realm()["roles"]
    router = start(*TRANSPORTS, realms=[realm()], realm_template={"roles": roles})
    with Judge(router.url("rs"), join=False) as judge, Client(router.url("ws"), join=False) as user:
        judge.join("tenant7")
        judge.register(JUDGE)
        user.session = user.join("tenant7").session
        user.send(Subscribe(user.next_request(), {}, "com.topic"))
        assert [user.session, "com.topic", "subscribe", {"match": "exact"}] == judge.decides(True)
        user.expect(Subscribed)
        with Client(router.url("ws")) as other:
            other.call("com.add")
            assert FAILED == refusal(other.receive())


def test_who_registers_what_the_judge_permits(judge: Judge, user: Client) -> None:
    """A user becomes a callee, and another one its caller who is disclosed."""
    user.send(Subscribe(user.next_request(), {"match": "prefix"}, "com."))
    assert {"match": "prefix"} == judge.decides(False)[3]
    assert NOT_AUTHORIZED == refusal(user.receive())
    user.send(Register(user.next_request(), {}, "com.double"))
    judge.decides(True)
    user.expect(Registered)
    with Client(user_url(user)) as caller:
        caller.call("com.double", 21)
        judge.decides({"allow": True, "disclose": True})
        invocation = user.expect(Invocation)
        assert (caller.session, "user") == (invocation.details["caller"], invocation.details["caller_authrole"])
        user.answer(invocation.request, 42)
        assert [42] == caller.args(caller.expect(Result))
