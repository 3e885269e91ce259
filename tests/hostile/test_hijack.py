"""Roles with little permission that want more: other people's procedures, topics, calls, sessions and names.

Three roles, each on ports of its own: the owner may do everything below ``com.``; the intruder everything below ``com.mine.`` and
what is left of ``com.shared.<name>.log``, and call the rest; the guest may call and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.hostile.siege import Siege
from tests.robustness.conftest import Start
from tests.support.pair import Pair
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import Client, Closed
from wamp.protocol.ids import MAX_ID
from wamp.protocol.messages import (
    Abort,
    Authenticate,
    Call,
    Cancel,
    Challenge,
    Error,
    Event,
    Goodbye,
    Hello,
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
    Unregister,
    Unregistered,
    Unsubscribe,
    Unsubscribed,
    Welcome,
    Yield,
)

ALL = {"call": True, "register": True, "publish": True, "subscribe": True}
REALM = {
    "name": "realm1",
    "roles": [
        {"name": "owner", "permissions": [{"uri": "com.", "match": "prefix", "allow": ALL}]},
        {
            "name": "intruder",
            "permissions": [
                {"uri": "com.mine.", "match": "prefix", "allow": ALL},
                {
                    "uri": "com.shared..log",
                    "match": "wildcard",
                    "allow": {"publish": True, "subscribe": True, "register": True},
                },
                {"uri": "com.shared.secret.log", "match": "exact", "allow": {}},
                {"uri": "com.shop.", "match": "prefix", "allow": {"call": True}},
            ],
        },
        {"name": "guest", "permissions": [{"uri": "com.", "match": "prefix", "allow": {"call": True}}]},
    ],
}
SCHEMES = pytest.mark.parametrize("scheme", ["ws", "rs"])


def ports(role: str) -> list[dict[str, Any]]:
    auth = {"anonymous": {"type": "static", "role": role}}
    return [{"type": kind, "endpoint": endpoint(), "auth": auth} for kind in ("websocket", "rawsocket")]


class Town:
    """The router, and who may enter it where."""

    def __init__(self, router: RouterProcess) -> None:
        self.router = router

    def url(self, role: str, scheme: str = "ws") -> str:
        at = ("owner", "intruder", "guest").index(role)
        return self.router.urls[2 * at + (scheme == "rs")]

    def join(self, role: str, scheme: str = "ws", serializer: str = "json") -> Client:
        return Client(self.url(role, scheme), serializer)


@pytest.fixture(scope="module")
def town(start_shared: Start) -> Town:
    return Town(start_shared(*ports("owner"), *ports("intruder"), *ports("guest"), realms=[REALM]))


@pytest.fixture(scope="module")
def siege(town: Town) -> Iterator[Siege]:
    with Pair(town.url("owner", "rs"), town.url("owner")) as pair:
        yield Siege(town.router, pair)
        pair.go_on()


@pytest.fixture(autouse=True)
def _besieged(siege: Siege) -> Iterator[None]:
    with siege.attack():
        yield


@pytest.fixture
def owner(town: Town) -> Iterator[Client]:
    """Has a shop, and listens to what is none of others' business."""
    with town.join("owner") as client:
        client.register("com.shop.buy")
        client.register("com.shop", match="prefix")
        client.register("com..sell", match="wildcard")
        client.subscribe("com.secret.", match="prefix")
        yield client


@pytest.fixture(params=["ws", "rs"])
def intruder(town: Town, request: pytest.FixtureRequest) -> Iterator[Client]:
    with town.join("intruder", request.param) as client:
        yield client


def ask(client: Client, message: Message) -> Message:
    client.send(message)
    return client.receive()


# What the intruder may not take, for each way to match.
TAKEN: list[tuple[str, str]] = [
    *[("exact", uri) for uri in ("com.shop.buy", "com.mine", "com.min", "com.shared.secret.log", "com.shared.a.b.log", "com.shared.log")],
    *[("prefix", uri) for uri in ("", "c", "com", "com.", "com.m", "com.mine", "com.min", "com.shop", "com.shop.", "com.shared.", "com.shared", "com.shared.a.log")],
    *[
        ("wildcard", uri)
        for uri in (
            "", ".", "..", "...", "com.", "com..", ".mine.", "..x", "com..x", "com..buy", ".shop.buy", "com.shop.", "com.mine",
            "com.shared..", "com.shared..log", "com.shared.secret.", "..secret.log", "com...log", "com.shared.secret.log",
        )
    ],
]  # fmt: skip
STRANGE = (
    "com.mine..", "com.mine.#", "com.mine. x", "com mine.x", "COM.MINE.X", "com.mine.\u0000", "com.mine\n.x", "com.mіne.x", "com\u2024mine.x",
    "wamp.session.get", "wamp.", "wamp.x", "wamp.registration.list", " com.mine.x", "com.mine.x ", "com.mine.\ud7ffx#", "com." + "m" * 70_000,
)  # fmt: skip


@pytest.mark.parametrize(
    "options", [{}, {"invoke": "roundrobin"}, {"invoke": "random"}, {"force_reregister": True}], ids=str
)
def test_no_pattern_takes_over_what_belongs_to_others(
    owner: Client, intruder: Client, town: Town, options: dict[str, Any]
) -> None:
    """Neither where somebody is, nor where nobody is yet. What is refused says nothing about what exists."""
    for match, uri in TAKEN:
        answer = ask(intruder, Register(intruder.next_request(), {**options, "match": match}, uri))
        assert isinstance(answer, Error), (match, uri)
        assert answer.error in ("wamp.error.not_authorized", "wamp.error.invalid_uri"), (match, uri)
    with town.join("guest") as guest:
        for procedure in ("com.shop.buy", "com.shop.else", "com.a.sell", "com.shopping"):
            request = guest.call(procedure, "mine?")
            invocation = owner.expect(Invocation)
            owner.answer(invocation.request, "the owner's")
            result = guest.expect(Result)
            assert (request, ["the owner's"]) == (result.request, guest.args(result))
        guest.call("com.nobody.there")
        assert guest.expect(Error).error == "wamp.error.no_such_procedure"


def test_no_pattern_listens_to_what_belongs_to_others(owner: Client, intruder: Client) -> None:
    for match, uri in TAKEN:
        if (match, uri) == ("wildcard", "com.shared..log"):
            continue
        for options in ({}, {"get_retained": True}, {"rkey": "x", "nkey": "1"}):
            answer = ask(intruder, Subscribe(intruder.next_request(), {**options, "match": match}, uri))
            assert isinstance(answer, Error), (match, uri)
            assert answer.error in ("wamp.error.not_authorized", "wamp.error.invalid_uri"), (match, uri)
    intruder.subscribe("com.mine.", match="prefix")
    for topic in ("com.secret.plan", "com.shop.buy", "com.mine", "com.shared.secret.log", "com.x", "com.mineral"):
        owner.send(Publish(owner.next_request(), {"acknowledge": True}, topic))
        owner.expect(Published)
    owner.publish("com.mine.news", "this one")
    assert intruder.event_args() == ["this one"], "something else was heard before"


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
def test_strange_uris_are_refused_and_change_nothing(owner: Client, intruder: Client, match: str) -> None:
    for uri in STRANGE:
        for message in (
            Register(intruder.next_request(), {"match": match}, uri),
            Subscribe(intruder.next_request(), {"match": match}, uri),
        ):
            if isinstance(message, Subscribe) and uri.startswith("wamp."):
                continue  # meta events: whose role permits them
            answer = ask(intruder, message)
            if (match, uri) == ("prefix", "com.mine..") or (match, uri) == ("wildcard", "com.mine.."):
                continue  # contained in what is granted
            if uri in ("com.mine.\u0000", "com.mine.x") and not isinstance(answer, Error):
                continue  # below com.mine. all characters but space and # are allowed where URIs are checked loosely
            assert isinstance(answer, Error), (match, uri)
            assert answer.error in ("wamp.error.not_authorized", "wamp.error.invalid_uri"), (match, uri)


def test_what_is_contained_in_what_is_granted_may_be_taken(intruder: Client) -> None:
    """Else nothing above would be tested."""
    for match, uri in (
        ("exact", "com.mine.a"),
        ("prefix", "com.mine."),
        ("prefix", "com.mine.b"),
        ("wildcard", "com.mine..c"),
    ):
        intruder.register(uri, match=match)
        intruder.subscribe(uri, match=match)
    intruder.register("com.shared.a.log")
    intruder.subscribe("com.shared.a.log")


def test_publications_and_calls_need_their_permission(owner: Client, intruder: Client) -> None:
    for topic in (
        "com.secret.",
        "com.secret.plan",
        "com.shop.buy",
        "com.min",
        "com.shared.secret.log",
        "wamp.session.on_join",
        "com.mine",
    ):
        answer = ask(intruder, Publish(intruder.next_request(), {"acknowledge": True}, topic))
        assert isinstance(answer, Error), topic
    for procedure in (
        "com.secret",
        "com.min",
        "com.mine",
        "com.shared.a.log",
        "wamp.session.kill_all",
        "wamp.session.list",
    ):
        answer = ask(intruder, Call(intruder.next_request(), {}, procedure))
        assert isinstance(answer, Error), procedure
        assert answer.error == "wamp.error.not_authorized", procedure


META = (
    "wamp.session.count", "wamp.session.list", "wamp.session.get", "wamp.session.kill", "wamp.session.kill_all", "wamp.session.kill_by_authid",
    "wamp.session.kill_by_authrole", "wamp.registration.list", "wamp.registration.lookup", "wamp.registration.match", "wamp.registration.get",
    "wamp.registration.list_callees", "wamp.registration.remove_callee", "wamp.subscription.list", "wamp.subscription.lookup",
    "wamp.subscription.match", "wamp.subscription.get", "wamp.subscription.list_subscribers", "wamp.subscription.remove_subscriber",
    "wamp.subscription.get_events", "wamp.session.add_testament", "wamp.session.flush_testaments", "wamp.session.nothing",
)  # fmt: skip


@SCHEMES
@pytest.mark.parametrize("role", ["intruder", "guest"])
def test_nothing_of_the_meta_api_is_open_to_who_was_not_given_it(
    town: Town, owner: Client, role: str, scheme: str
) -> None:
    """What exists and what does not is refused in the same words."""
    with town.join(role, scheme) as client:
        for procedure in META:
            for args in ([], [owner.session], ["com.shop.buy"], ["anonymous", "why"], [[], {}, None]):
                client.call(procedure, *args)
                assert client.expect(Error).error == "wamp.error.not_authorized", procedure
    owner.publish_acknowledged("com.still.here")


@SCHEMES
def test_who_was_not_invoked_cannot_answer(town: Town, owner: Client, scheme: str) -> None:
    """Ids of invocations are a session's own: guessing those of another one leads nowhere."""
    with town.join("guest") as guest:
        request = guest.call("com.shop.buy")
        invocation = owner.expect(Invocation)
        guesses = {1, 2, 3, invocation.request, invocation.registration, request, owner.session, MAX_ID}
        for guess in guesses:
            for message in (
                Yield(guess, {}, owner.pack(["mine"])),
                Yield(guess, {"progress": True}, owner.pack(["mine"])),
                Error(Invocation.CODE, guess, {}, "com.mine.error"),
                Cancel(guess, {"mode": "kill"}),
            ):
                # A session of its own for each: who answers what it was not asked may lose it.
                with town.join("intruder", scheme) as intruder:
                    intruder.register("com.mine.procedure")
                    intruder.send(message)
                    intruder.call("com.mine.nothing")
                    assert isinstance(intruder.receive(), Error | Abort)
        owner.answer(invocation.request, "the owner's")
        result = guest.expect(Result)
        assert (request, ["the owner's"]) == (result.request, guest.args(result))


def test_what_others_have_registered_and_subscribed_stays(town: Town, owner: Client, intruder: Client) -> None:
    registered = owner.register("com.owners.own").registration
    subscribed = owner.subscribe("com.owners.news").subscription
    for guess in (registered, subscribed, *range(1, 30)):
        assert ask(intruder, Unregister(intruder.next_request(), guess)).error == "wamp.error.no_such_registration"  # type: ignore[attr-defined]
        assert ask(intruder, Unsubscribe(intruder.next_request(), guess)).error == "wamp.error.no_such_subscription"  # type: ignore[attr-defined]
    with town.join("owner") as other:
        other.call("com.owners.own")
        owner.answer(owner.expect(Invocation).request)
        other.expect(Result)
        other.publish("com.owners.news")
        owner.expect(Event)


# -- who somebody is


FORGED = {
    "caller": 1, "caller_authid": "root", "caller_authrole": "owner", "publisher": 1, "publisher_authid": "root", "publisher_authrole": "owner",
    "trustlevel": 99, "procedure": "com.shop.admin", "topic": "com.secret.plan", "retained": True, "timestamp": "now", "authid": "root",
    "authrole": "owner", "session": 1,
}  # fmt: skip


def test_nobody_is_told_that_a_message_is_from_somebody_else(town: Town, owner: Client, intruder: Client) -> None:
    """Options that look like the router's own details are not handed on as such."""
    intruder.send(Call(intruder.next_request(), dict(FORGED), "com.shop.buy"))
    invocation = owner.expect(Invocation)
    assert not {name for name in FORGED if invocation.details.get(name) == FORGED[name]}, invocation
    owner.subscribe("com.mine.news")
    intruder.send(Publish(intruder.next_request(), dict(FORGED), "com.mine.news"))
    event = owner.expect(Event)
    assert not {name for name in FORGED if event.details.get(name) == FORGED[name]}, event


@SCHEMES
def test_a_role_is_given_and_not_taken(town: Town, scheme: str) -> None:
    """Whatever a HELLO says."""
    for details in (
        {"authrole": "owner", "authid": "root"},
        {"authrole": "owner", "authmethods": ["anonymous"], "authid": "root"},
        {"authextra": {"authrole": "owner", "role": "owner"}},
        {"authmethods": []},
        {"x_authrole": "owner"},
    ):
        with Client(town.url("intruder", scheme), join=False) as client:
            client.send(Hello("realm1", {"roles": {"caller": {}, "publisher": {}}, **details}))
            answer = client.receive()
            if isinstance(answer, Welcome):
                assert answer.details["authrole"] == "intruder"
                client.requests = 0
                client.call("com.secret.x")
                assert client.expect(Error).error == "wamp.error.not_authorized"
            else:
                assert isinstance(answer, Abort)


@SCHEMES
@pytest.mark.parametrize(
    "realm", ["realm2", "", "*", "realm1 ", "REALM1", "../realm1", "realm1\0", "com.", "x" * 70_000]
)
def test_there_is_no_other_realm(town: Town, realm: str, scheme: str) -> None:
    with Client(town.url("owner", scheme), join=False) as client:
        client.send(Hello(realm, {"roles": {"caller": {}}}))
        abort = client.expect(Abort)
        assert abort.reason in ("wamp.error.no_such_realm", "wamp.error.invalid_uri", "wamp.error.protocol_violation")


ROUTERS_OWN: list[Message] = [
    Welcome(1, {}),
    Challenge("ticket", {}),
    Published(1, 1),
    Subscribed(1, 1),
    Unsubscribed(1),
    Event(1, 1, {}),
    Result(1, {}),
    Registered(1, 1),
    Unregistered(1),
    Invocation(1, 1, {}),
    Interrupt(1, {}),
    Hello("realm1", {"roles": {"caller": {}}}),
    Authenticate("", {}),
]


@SCHEMES
@pytest.mark.parametrize("message", ROUTERS_OWN, ids=lambda message: type(message).__name__)
def test_only_the_router_says_what_is_the_routers(town: Town, message: Message, scheme: str) -> None:
    """It ends the session, before anybody else hears of it."""
    with town.join("owner", scheme) as client:
        client.subscribe("com.t")
        client.send(message)
        abort = client.expect(Abort)
        assert abort.reason == "wamp.error.protocol_violation"
        client.closing()


@SCHEMES
def test_nothing_is_done_before_a_session_or_after_it(town: Town, owner: Client, scheme: str) -> None:
    owner.subscribe("com.early.", match="prefix")
    requests: list[Message] = [
        Publish(1, {}, "com.early.bird"),
        Call(1, {}, "com.shop.buy"),
        Subscribe(1, {}, "com.early.bird"),
        Register(1, {}, "com.early.bird"),
    ]
    for message in requests:
        with Client(town.url("owner", scheme), join=False) as client:
            client.send(message)
            try:
                client.expect(Abort)
            except Closed:
                pass
            client.closing()
    client = town.join("owner", scheme)
    client.send(Goodbye({}, "wamp.close.normal"))
    client.send(requests[0])
    client.expect(Goodbye)
    client.closing()
    client.close()
    with town.join("owner") as late:
        late.publish("com.early.done")
    assert owner.expect(Event).details.get("topic") == "com.early.done", "an event of somebody without a session"


def test_lists_of_receivers_do_not_widen_who_hears(town: Town, owner: Client, intruder: Client) -> None:
    """Eligible means at most these, of those who have subscribed and may."""
    options: dict[str, Any] = {
        "eligible": [intruder.session, owner.session],
        "eligible_authrole": ["intruder", "owner"],
        "exclude_me": False,
    }
    intruder.subscribe("com.mine.x")
    owner.send(Publish(owner.next_request(), options, "com.secret.plan", owner.pack(["the plan"])))
    assert owner.event_args() == ["the plan"]
    owner.publish("com.mine.x", "next")
    assert intruder.event_args() == ["next"]
