"""Another configuration for a router that runs: who stays, what they may then, and who has to go and is told why."""

from __future__ import annotations

import copy
import json
import signal
import socket
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.process import ALLOW_ALL, EVERYTHING, RouterProcess
from tests.support.raw import Client, Closed, RefusedHandshake, WebSocket
from tests.support.reloading import (
    BASE,
    NO_LONGER_ADMITTED,
    NO_SUCH_PROCEDURE,
    NOT_AUTHORIZED,
    NOTHING,
    ROLES,
    Configuration,
    Connect,
    changed,
    command,
    error_of,
    farewell,
    is_served,
    log_in,
    logged_in,
)
from wamp.protocol.messages import (
    Abort,
    Authenticate,
    Challenge,
    Event,
    Hello,
    Invocation,
    Message,
    Register,
    Registered,
    Result,
    Subscribe,
    Unregistered,
    Unsubscribed,
    Welcome,
)
from wamprouter.control import socket_paths


@pytest.fixture
def router(reloadable: RouterProcess) -> RouterProcess:
    return reloadable


# -- nothing, or nothing good


def test_the_same_file_changes_nothing(router: RouterProcess, connect: Connect) -> None:
    clients = [connect("rs"), logged_in(connect("ws", join=None))]
    assert (True, NOTHING) == router.reload()
    assert all(map(is_served, clients))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ("[]", "expected"),
        ('{"version": 1, "realms": [], "transports": []}', "realms: got [], expected a list with at least one realm"),
        (json.dumps(changed("realms.0.roles.0.permisions", [])), 'did you mean "permissions"?'),
        (json.dumps(changed("transports.1.auth", {"anonymous": {"role": "nobody"}})), 'got "nobody"'),
        (json.dumps(changed("transports.1.endpoint.interface", "0.0.0.0")), '"insecure": true'),
    ],
)
def test_a_file_with_a_mistake_changes_nothing(router: RouterProcess, connect: Connect, text: str, line: str) -> None:
    client = connect()
    done, lines = router.reload(text)
    assert not done
    assert any(line in each for each in lines), lines
    assert all(each.startswith(str(router.file)) for each in lines)
    assert is_served(client)
    assert is_served(connect())


def test_a_file_that_is_gone_or_cannot_be_read_changes_nothing(router: RouterProcess, connect: Connect) -> None:
    router.file.unlink()
    done, lines = router.reload()
    assert (False, 1) == (done, len(lines))
    assert "router.json" in lines[0]
    router.file.mkdir()
    try:
        done, lines = router.reload()
    finally:
        router.file.rmdir()
    assert (False, 1) == (done, len(lines))
    router.file.write_bytes(b"\xff\xfe\x00")
    assert not router.reload()[0]
    assert is_served(connect())


def test_why_it_was_not_done_is_in_the_log(router: RouterProcess) -> None:
    _, [line, *_] = router.reload("{")
    eventually(lambda: f"not reloaded, nothing has changed: {line}" in router.log, "the line is in the log")


def test_a_signal_does_the_same_as_the_command(router: RouterProcess, connect: Connect) -> None:
    joe = logged_in(connect("ws", join=None))
    router.file.write_text(json.dumps(changed("transports.0.auth.ticket.principals.joe", ...)))
    router.process.send_signal(signal.SIGHUP)
    assert (NOT_AUTHORIZED, NO_LONGER_ADMITTED) == farewell(joe)
    router.file.write_text("{")
    router.process.send_signal(signal.SIGHUP)
    eventually(lambda: "not reloaded, nothing has changed: " in router.log, "the log says why not")


def test_the_command_prints_what_has_changed(router: RouterProcess) -> None:
    router.file.write_text(json.dumps(changed("limits", {"max_connections": 1000})))
    assert (0, "limits are changed\n", "") == command(router.file)
    assert (0, "nothing has changed\n", "") == command(router.file)
    router.file.write_text("{}")
    status, out, errors = command(router.file)
    assert (1, "") == (status, out)
    assert "version" in errors


def test_many_at_once_are_done_one_after_the_other(router: RouterProcess, connect: Connect) -> None:
    """By signals and commands, whose file changes meanwhile."""
    client = connect()
    for number in range(20):
        router.process.send_signal(signal.SIGHUP)
        connections = []
        for _ in range(5):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(20)
            connection.connect(str(socket_paths(router.file)[0]))
            connection.sendall(b"reload\n")
            connections.append(connection)
        assert router.reload(changed("limits", {"max_connections": 1000 + number}))[0]
        for connection in connections:
            assert json.loads(connection.recv(10_000))["done"]
            connection.close()
    assert is_served(client)


# -- who is who

REMOVALS: dict[str, tuple[Any, ...]] = {
    "somebody is gone": ("transports.0.auth.ticket.principals.joe", ...),
    "a role is another": ("transports.0.auth.ticket.principals.joe.role", "guest"),
    "a ticket is another": ("transports.0.auth.ticket.principals.joe.ticket", "changed"),
    "a realm is prescribed": ("transports.0.auth.ticket.principals.joe.realm", "realm1"),
    "a method is gone": ("transports.0.auth.ticket", ...),
    "a method is another": (
        "transports.0.auth.ticket",
        {"type": "dynamic", "authenticator": "com.judge", "authenticator-realm": "realm1"},
    ),
    "everybody is gone": ("transports.0.auth", {"anonymous": {"role": "anonymous"}}),
}


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_who_is_no_longer_admitted_is_told_to_leave(
    router: RouterProcess, connect: Connect, removal: tuple[Any, ...]
) -> None:
    """And cannot come again; the others notice nothing."""
    joe, other = logged_in(connect("ws", join=None)), connect("ws")
    done, lines = router.reload(changed(*removal))
    assert done
    assert "1 session ended" in lines
    assert (NOT_AUTHORIZED, NO_LONGER_ADMITTED) == farewell(joe)
    assert is_served(other)


KEPT: dict[str, tuple[Any, ...]] = {
    "somebody else is gone": ("transports.0.auth.ticket.principals.ann", ...),
    "somebody else has another ticket": ("transports.0.auth.ticket.principals.ann.ticket", "changed"),
    "there is somebody new": ("transports.0.auth.ticket.principals.bob", {"ticket": "secret", "role": "user"}),
    "there is another method": ("transports.0.auth.wampcra", {"users": {}}),
    "cookies are no longer known": ("transports.0.auth.cookie", ..., "transports.0.cookie", ...),
    "strangers are kept out": ("transports.0.auth.anonymous", ...),
    "options are others": ("transports.0.options", {"max_message_size": 5000}),
    "there is less room": ("transports.0.max_connections", 1),
    "a serializer is gone": ("transports.0.serializers", ["cbor"]),
}


@pytest.mark.parametrize("change", KEPT.values(), ids=KEPT)
def test_who_is_still_admitted_stays(router: RouterProcess, connect: Connect, change: tuple[Any, ...]) -> None:
    joe = logged_in(connect("ws", join=None))
    assert router.reload(changed(*change))[0]
    assert is_served(joe)


def test_who_comes_is_judged_by_the_new_file(router: RouterProcess, connect: Connect) -> None:
    """Also on a connection that was open before."""
    early = connect("ws", join=None)
    router.reload(changed("transports.0.auth.ticket.principals.joe.ticket", "changed"))
    for client in (early, connect("ws", join=None)):
        log_in(client)
        client.send(Authenticate("joe's secret", {}))
        assert client.expect(Abort).reason == "wamp.error.authentication_denied"
    again = log_in(connect("ws", join=None))
    again.send(Authenticate("changed", {}))
    again.expect(Welcome)


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_a_login_on_its_way_is_judged_by_the_new_file(
    router: RouterProcess, connect: Connect, removal: tuple[Any, ...]
) -> None:
    """The challenge was by the old one."""
    joe, ann = log_in(connect("ws", join=None)), log_in(connect("ws", join=None), "ann")
    router.reload(changed(*removal))
    joe.send(Authenticate("joe's secret", {}))
    assert joe.expect(Abort).reason in ("wamp.error.authentication_denied", "wamp.error.no_such_role")
    if "principals.joe" in removal[0]:
        ann.send(Authenticate("ann's secret", {}))
        ann.expect(Welcome)


def test_a_login_about_which_somebody_is_asked_is_judged_by_the_new_file(
    router: RouterProcess, connect: Connect
) -> None:
    """The authenticator answers when it is no longer to be asked."""
    asked = {"type": "dynamic", "authenticator": "com.judge", "authenticator-realm": "realm1"}
    router.reload(changed("transports.0.auth.ticket", asked))
    judge = connect()
    judge.register("com.judge")
    joe, ann = log_in(connect("ws", join=None)), log_in(connect("ws", join=None), "ann")
    joe.send(Authenticate("anything", {}))
    judge.answer(judge.expect(Invocation).request, "user")
    assert joe.expect(Welcome).details["authprovider"] == "dynamic"
    ann.send(Authenticate("anything", {}))
    asked_late = judge.expect(Invocation)
    router.reload(BASE)
    assert (NOT_AUTHORIZED, NO_LONGER_ADMITTED) == farewell(joe)
    judge.answer(asked_late.request, "user")
    assert ann.expect(Abort).reason == "wamp.error.authentication_denied"


def test_keys_of_tokens_are_read_again(router: RouterProcess, connect: Connect) -> None:
    """Although the configuration is the same. Whose token nobody vouches for any more has to go."""
    old, new = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    file = router.folder / "keys.json"

    def publish(**keys: ec.EllipticCurvePrivateKey) -> None:
        algorithm = ECAlgorithm(ECAlgorithm.SHA256)
        public = [
            {**json.loads(algorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"} for name, key in keys.items()
        ]
        file.write_text(json.dumps({"keys": public}))

    def enter(name: str, key: ec.EllipticCurvePrivateKey) -> Client:
        claims = {"iss": "us", "aud": "router", "exp": 4_000_000_000, "sub": name, "role": "user"}
        client = log_in(connect("ws", join=None), name)
        client.send(Authenticate(jwt.encode(claims, key, "ES256", headers={"kid": name}), {}))
        return client

    publish(joe=old)
    tokens = {"type": "jwt", "jwks": "keys.json", "issuer": "us", "audience": "router", "roles": ["user"]}
    assert router.reload(changed("transports.0.auth.ticket", tokens))[0]
    joe = enter("joe", old)
    joe.expect(Welcome)
    publish(joe=old, ann=new)
    assert router.reload()[0]
    ann = enter("ann", new)
    ann.expect(Welcome)
    assert is_served(joe)
    publish(ann=new)
    assert router.reload()[0]
    assert (NOT_AUTHORIZED, NO_LONGER_ADMITTED) == farewell(joe)
    assert is_served(ann)
    file.write_text("{}")
    done, [line] = router.reload()
    assert not done
    assert "keys.json" in line
    assert is_served(ann)


def cookie_of(client: Client) -> str:
    connection = client.connection
    assert isinstance(connection, WebSocket)
    return connection.headers["set-cookie"].split(";")[0]


def returning(connect: Connect, cookie: str) -> Message:
    """Return what a browser is told that comes with its cookie."""
    client = connect("ws", join=None, headers={"Cookie": cookie})
    client.send(Hello("realm1", {"roles": ROLES, "authmethods": ["cookie"]}))
    return client.receive()


def test_whoever_a_cookie_stands_for_must_still_be_there(router: RouterProcess, connect: Connect) -> None:
    """Both those who are in by a cookie and those who come back with it."""
    cookie = cookie_of(logged_in(connect("ws", join=None)))
    back = connect("ws", join=None, headers={"Cookie": cookie})
    back.send(Hello("realm1", {"roles": ROLES, "authmethods": ["cookie"]}))
    assert back.expect(Welcome).details["authid"] == "joe"
    router.reload(changed("transports.0.auth.ticket.principals.joe", ...))
    assert (NOT_AUTHORIZED, NO_LONGER_ADMITTED) == farewell(back)
    assert isinstance(returning(connect, cookie), Abort)
    router.reload(BASE)
    assert isinstance(returning(connect, cookie), Abort), "it was forgotten for good"


def test_what_cookies_stand_for_is_remembered(router: RouterProcess, connect: Connect) -> None:
    cookie = cookie_of(logged_in(connect("ws", join=None)))
    router.reload(changed("transports.0.auth.ticket.principals.ann", ...))
    assert isinstance(returning(connect, cookie), Welcome)


def test_a_file_of_cookies_outlives_other_options_and_reloads_that_fail(start: Start) -> None:
    """What was learnt in between is in the file, when the router starts anew."""
    configuration = changed("transports.0.cookie", {"store": {"type": "file", "filename": "cookies"}})
    router = start(**configuration)
    with Client(router.url("ws"), join=False) as joe:
        before = cookie_of(logged_in(joe))
    configuration["transports"][0]["cookie"]["max_age"] = 1000
    failing = copy.deepcopy(configuration)
    failing["components"] = [{"type": "class", "classname": "does.not.exist", "realm": "realm1", "role": "user"}]
    failing["transports"][0]["cookie"]["store"]["filename"] = "elsewhere"
    assert not router.reload(failing)[0]
    with Client(router.url("ws"), join=False) as ann:
        between = cookie_of(logged_in(ann, "ann"))
    assert router.reload(configuration)[0]
    with Client(router.url("ws"), join=False) as joe:
        after = cookie_of(logged_in(joe))
    router.stop()
    lines = (router.folder / "cookies").read_text().splitlines()
    assert len({before, between, after}) == 3
    assert len(lines) == 3


# -- what a role may


def permitting(*permissions: dict[str, Any]) -> Configuration:
    return changed("realms.0.roles.1.permissions", list(permissions))


def test_what_a_role_may_no_longer_have_is_revoked(router: RouterProcess, connect: Connect) -> None:
    """Who has announced that is told, with the reason; what is in flight comes to its end."""
    joe, other = logged_in(connect("ws", join=None)), connect()
    lost = joe.register("com.lost").registration
    joe.register("com.kept")
    unheard = joe.subscribe("com.lost", match="prefix").subscription
    joe.subscribe("com.kept")
    other.call("com.lost")
    invocation = joe.expect(Invocation)
    assert (True, ["realm realm1 is changed"]) == router.reload(permitting({"uri": "com.kept", "allow": "all"}))
    told = [joe.receive(), joe.receive()]
    assert [
        Unregistered(0, {"registration": lost, "reason": NOT_AUTHORIZED}),
        Unsubscribed(0, {"subscription": unheard, "reason": NOT_AUTHORIZED}),
    ] == told
    joe.answer(invocation.request, "done")
    assert other.args(other.expect(Result)) == ["done"]
    other.call("com.lost")
    assert error_of(other.receive()) == NO_SUCH_PROCEDURE
    other.call("com.kept")
    joe.answer(joe.expect(Invocation).request)
    other.expect(Result)
    other.publish("com.lost")
    other.publish("com.kept")
    assert joe.expect(Event).publication


def test_who_has_not_announced_revocation_is_told_nothing(router: RouterProcess, connect: Connect) -> None:
    joe = connect("ws", join=None)
    joe.send(Hello("realm1", {"roles": {"callee": {}}, "authmethods": ["ticket"], "authid": "joe"}))
    joe.expect(Challenge)
    joe.send(Authenticate("joe's secret", {}))
    joe.expect(Welcome)
    joe.register("com.lost")
    router.reload(permitting({"uri": "com.kept", "allow": "all"}))
    joe.send(Register(joe.next_request(), {}, "com.lost"))
    assert error_of(joe.receive()) == NOT_AUTHORIZED
    joe.register("com.kept")


def test_permissions_hold_from_the_next_message_on(router: RouterProcess, connect: Connect) -> None:
    """Also where a decision had been remembered; and the other way round."""
    joe, callee = logged_in(connect("ws", join=None)), connect()
    callee.register("com.add")

    def call() -> Message:
        joe.call("com.add")
        if router.file.read_text() == json.dumps(BASE):
            callee.answer(callee.expect(Invocation).request)
        return joe.receive()

    assert isinstance(call(), Result)
    router.reload(permitting())
    assert error_of(call()) == NOT_AUTHORIZED
    router.reload(BASE)
    assert isinstance(call(), Result)


def test_a_role_that_is_gone_ends_its_sessions(router: RouterProcess, connect: Connect) -> None:
    joe = logged_in(connect("ws", join=None))
    configuration = changed("realms.0.roles.1", ...)
    for principal in configuration["transports"][0]["auth"]["ticket"]["principals"].values():
        principal["role"] = "guest"
    assert router.reload(configuration)[0]
    assert farewell(joe)[0] == NOT_AUTHORIZED


def test_a_role_that_another_realm_still_has_ends_sessions_where_it_is_gone(
    router: RouterProcess, connect: Connect
) -> None:
    both = changed("realms.1.roles.1", {"name": "user", "permissions": [ALLOW_ALL]})
    router.reload(both)
    here, there = logged_in(connect("ws", join=None)), logged_in(connect("ws", join=None), realm="other")
    router.reload(BASE)
    assert (NOT_AUTHORIZED, "the role 'user' is no longer configured") == farewell(there)
    assert is_served(here)


# -- an authorizer

ASKING = changed("realms.0.roles.1", {"name": "user", "authorizer": "com.judge"})


def listeners(router: RouterProcess, topic: str) -> int:
    """Return how many have subscribed to a topic, whose subscription nobody but the router itself has."""
    with Client(router.url("rs")) as client:
        client.call("wamp.subscription.lookup", topic)
        [subscription] = client.args(client.expect(Result)) or [None]
        if subscription is None:
            return 0
        client.call("wamp.subscription.count_subscribers", subscription)
        [count] = client.args(client.expect(Result))
        assert isinstance(count, int)
        return count


def test_a_role_gets_an_authorizer_and_loses_it_again(router: RouterProcess, connect: Connect) -> None:
    """The router hears of changes of its mind once, and not at all when nobody asks it any more."""
    joe, judge = logged_in(connect("ws", join=None)), connect()
    judge.register("com.judge")
    for _ in range(3):
        assert router.reload(ASKING)[0]
        eventually(lambda: listeners(router, "com.judge.changed") == 1, "the router has subscribed")
        joe.call("com.add")
        asked = judge.expect(Invocation)
        assert judge.args(asked)[1:3] == ["com.add", "call"]
        judge.answer(asked.request, False)
        assert error_of(joe.receive()) == NOT_AUTHORIZED
        assert router.reload(BASE)[0]
        eventually(lambda: listeners(router, "com.judge.changed") == 0, "the router has unsubscribed")
        joe.call("com.add")
        assert error_of(joe.receive()) == NO_SUCH_PROCEDURE


def test_an_authorizer_that_is_no_longer_asked_decides_nothing(router: RouterProcess, connect: Connect) -> None:
    """It says yes when the configuration has long said no. What has waited behind it is decided about too."""
    router.reload(ASKING)
    joe, judge = logged_in(connect("ws", join=None)), connect()
    judge.register("com.judge")
    joe.send(Register(joe.next_request(), {}, "com.secret"))
    joe.send(Register(joe.next_request(), {}, "com.open"))
    asked = judge.expect(Invocation)
    router.reload(permitting({"uri": "com.open", "allow": "all"}))
    judge.answer(asked.request, True)
    assert error_of(joe.receive()) == NOT_AUTHORIZED
    joe.expect(Registered)


def test_another_authorizer_is_asked_again(router: RouterProcess, connect: Connect) -> None:
    """Of two that decide differently the one of the file counts."""
    router.reload(ASKING)
    joe, judge, other = logged_in(connect("ws", join=None)), connect(), connect()
    judge.register("com.judge")
    other.register("com.other")
    joe.call("com.add")
    first = judge.expect(Invocation)
    router.reload(changed("realms.0.roles.1", {"name": "user", "authorizer": "com.other"}))
    judge.answer(first.request, True)
    other.answer(other.expect(Invocation).request, False)
    assert error_of(joe.receive()) == NOT_AUTHORIZED
    eventually(lambda: listeners(router, "com.judge.changed") == 0, "the first is not listened to any more")
    assert listeners(router, "com.other.changed") == 1


# -- realms


def test_a_realm_that_is_gone_ends_its_sessions(router: RouterProcess, connect: Connect) -> None:
    """Its callers and callees elsewhere are not concerned; who comes later is told that there is no such realm."""
    inside, outside = connect(join="other"), connect()
    done, lines = router.reload(changed("realms.1", ...))
    assert (True, ["realm other is closed", "1 session ended"]) == (done, lines)
    assert ("wamp.close.close_realm", "this realm is no longer configured") == farewell(inside)
    assert is_served(outside)
    late = connect(join=None)
    late.send(Hello("other", {"roles": ROLES}))
    assert late.expect(Abort).reason == "wamp.error.no_such_realm"


def test_a_realm_that_is_new_can_be_joined(router: RouterProcess, connect: Connect) -> None:
    early = connect(join=None)
    new = {"name": "new", "roles": [{"name": "anonymous", "permissions": EVERYTHING}]}
    assert (True, ["realm new is new"]) == router.reload(changed("realms.2", new))
    early.join("new")
    assert is_served(early)


def test_a_realm_that_comes_back_is_empty(router: RouterProcess, connect: Connect) -> None:
    """Nothing of its history and of what was retained is there."""
    options = {"history": [{"uri": "com.log"}]}
    with_history = changed("realms.1.options", options)
    router.reload(with_history)
    client = connect(join="other")
    client.publish_acknowledged("com.log", "before")
    assert history(client, "com.log") == ["before"]
    router.reload(changed("realms.1", ...))
    router.reload(with_history)
    assert history(connect(join="other"), "com.log") == []


def history(client: Client, topic: str) -> list[Any]:
    """Return the first argument of each event that is kept of a topic; None if there is no history."""
    client.call("wamp.subscription.lookup", topic)
    [subscription] = client.args(client.expect(Result))
    client.call("wamp.subscription.get_events", subscription)
    [events] = client.args(client.expect(Result))
    return [event["args"][0] for event in events]


def test_limits_of_a_realm_hold_at_once(router: RouterProcess, connect: Connect) -> None:
    """What is there beyond them stays."""
    client = connect()
    for number in range(3):
        client.register(f"com.procedure.{number}")
        client.subscribe(f"com.topic.{number}")
    options = {"max_registrations": 2, "max_subscriptions": 2, "max_calls": 1, "max_testaments": 1}
    assert (True, ["realm realm1 is changed"]) == router.reload(changed("realms.0.options", options))
    client.send(Register(client.next_request(), {}, "com.more"))
    assert error_of(client.receive()) == "wamp.error.limit_exceeded"
    client.send(Subscribe(client.next_request(), {}, "com.more"))
    assert error_of(client.receive()) == "wamp.error.limit_exceeded"
    client.call("com.procedure.2")
    invocation = client.expect(Invocation)
    client.call("com.procedure.1")
    assert error_of(client.receive()) == "wamp.error.limit_exceeded"
    client.answer(invocation.request)
    client.expect(Result)
    router.reload(BASE)
    client.register("com.more")
    client.subscribe("com.more")


def test_history_begins_and_ends_and_shrinks(router: RouterProcess, connect: Connect) -> None:
    client = connect()

    def rule(**fields: Any) -> Configuration:
        return changed("realms.0.options", {"history": [{"uri": "com.log", **fields}]})

    client.publish_acknowledged("com.log", 0)
    router.reload(rule())
    for number in range(1, 6):
        client.publish_acknowledged("com.log", number)
    assert sorted(history(client, "com.log")) == [1, 2, 3, 4, 5]
    router.reload(rule(limit=2))
    assert sorted(history(client, "com.log")) == [4, 5]
    router.reload(rule(limit=3))
    client.publish_acknowledged("com.log", 6)
    assert sorted(history(client, "com.log")) == [4, 5, 6]
    router.reload(BASE)
    client.call("wamp.subscription.lookup", "com.log")
    assert client.args(client.expect(Result)) == [None]
    router.reload(rule())
    assert history(client, "com.log") == []


def test_history_survives_a_reload_that_fails(router: RouterProcess, connect: Connect) -> None:
    """The failure comes last; nothing was thrown away by then."""
    kept = changed("realms.0.options", {"history": [{"uri": "com.log"}]})
    router.reload(kept)
    client = connect()
    client.publish_acknowledged("com.log", "kept")
    client.send(publish_retained(client, "com.retained"))
    client.receive()
    component = {"type": "class", "classname": "does.not.exist", "realm": "realm1", "role": "user"}
    failing = changed("realms.0.options", {"max_retained": 1, "max_retained_bytes": 4096}, "components", [component])
    assert not router.reload(failing)[0]
    assert history(client, "com.log") == ["kept"]


def publish_retained(client: Client, topic: str) -> Message:
    from wamp.protocol.messages import Publish

    return Publish(client.next_request(), {"acknowledge": True, "retain": True}, topic)


def test_realms_made_on_demand_follow_their_template(router: RouterProcess, connect: Connect) -> None:
    """As long as there is one."""

    def template(*permissions: dict[str, Any]) -> Configuration:
        return changed("realm_template", {"roles": [{"name": "anonymous", "permissions": list(permissions)}]})

    router.reload(template(*EVERYTHING))
    client = connect(join="com.made.up")
    client.register("com.add")
    assert (True, ["realm com.made.up is changed"]) == router.reload(template())
    client.expect(Unregistered)
    client.call("com.add")
    assert error_of(client.receive()) == NOT_AUTHORIZED
    fixed = {"name": "com.made.up", "roles": [{"name": "anonymous", "permissions": EVERYTHING}]}
    assert router.reload(changed("realms.2", fixed))[0]
    client.register("com.add")
    assert router.reload(template(*EVERYTHING))[0]
    assert farewell(client)[0] == "wamp.close.close_realm"


# -- limits of the router


def test_limits_of_the_router_hold_at_once(router: RouterProcess, connect: Connect) -> None:
    clients = [connect(), connect()]
    assert (True, ["limits are changed"]) == router.reload(changed("limits", {"max_connections": 2}))
    with pytest.raises(RefusedHandshake):
        connect()
    assert all(map(is_served, clients))
    router.reload(BASE)
    assert is_served(connect())


def test_a_transport_takes_no_more_than_it_is_told_now(router: RouterProcess, connect: Connect) -> None:
    """Who is in stays in, above the limit too."""
    clients = [connect("ws"), connect("ws")]
    assert router.reload(changed("transports.0.max_connections", 1))[0]
    with pytest.raises(RefusedHandshake) as refused:
        connect("ws")
    assert refused.value.status == 503
    assert all(map(is_served, clients))


def test_options_are_for_new_connections(router: RouterProcess, connect: Connect) -> None:
    early = connect("ws")
    router.reload(changed("transports.0.options", {"max_message_size": 2000}))
    early.publish_acknowledged("com.t", "x" * 5000)
    late = connect("ws")
    with pytest.raises(Closed):
        late.publish_acknowledged("com.t", "x" * 5000)


# -- Crossbar's form


def crossbar(**permission: bool) -> Configuration:
    allow = {"call": True, "register": True, "publish": True, "subscribe": True, **permission}
    return {
        "version": 2,
        "workers": [
            {
                "type": "router",
                "realms": [
                    {
                        "name": "realm1",
                        "roles": [
                            {"name": "anonymous", "permissions": [{"uri": "com.", "match": "prefix", "allow": allow}]}
                        ],
                    }
                ],
                "transports": [{"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0}, "serializers": ["json"]}],
            }
        ],
    }


def test_a_file_of_crossbars_is_reloaded_too(tmp_path: Path) -> None:
    configuration = crossbar()
    configuration["workers"][0]["transports"][0]["endpoint"]["interface"] = "127.0.0.1"
    narrowed = crossbar(register=False)
    narrowed["workers"][0]["transports"][0]["endpoint"]["interface"] = "127.0.0.1"
    with RouterProcess(tmp_path, configuration) as router, Client(router.urls[0]) as client:
        client.register("com.add")
        done, lines = router.reload(narrowed)
        assert done, lines
        assert "realm realm1 is changed" in lines
        client.send(Register(client.next_request(), {}, "com.more"))
        assert error_of(client.receive()) == NOT_AUTHORIZED


# -- while it stops


def test_a_router_that_stops_reloads_nothing(start: Start) -> None:
    router = start(**{**BASE, "drain_timeout": 20_000})
    with Client(router.url("rs")) as callee, Client(router.url("rs")) as caller:
        callee.register("com.slow")
        caller.call("com.slow")
        invocation = callee.expect(Invocation)
        router.process.send_signal(signal.SIGTERM)
        eventually(lambda: "stopping" in router.log, "it stops")
        assert (False, ["the router is stopping"]) == router.reload()
        assert router.process.poll() is None
        callee.answer(invocation.request)
        caller.expect(Result)
        assert router.process.wait(10) == 0
