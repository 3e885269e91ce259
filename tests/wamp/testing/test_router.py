"""The router in memory: connecting to it, what it says of itself, and its end."""

import json

import pytest

from tests.wamp.testing.clients import Bare, Client, Loop
from wamp import memory
from wamp.exception import ApplicationError, PayloadExceededError, SerializationError, TransportLost
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Abort, Call, Hello, Register, Welcome
from wamp.session import ClientSession
from wamp.testing import CallRecorder, Router
from wamp.testing import connection as module
from wamp.types import PublishOptions, RegisterOptions, SubscribeOptions
from wamprouter.config import ConfigError

PACK = CODECS["msgpack"].serializer.pack
HELLO = Hello("realm1", {"roles": {"caller": {}, "callee": {}}})


# -- connecting


def test_a_session_joins_realm1(loop):
    """The router has that without being told."""
    session = loop.join()
    assert ("realm1", "anonymous") == (session.realm, session.authrole)


def test_anybody_may_do_everything(loop):
    """The meta API included."""
    one, other = loop.join(), loop.join()
    loop.result(one.call("wamp.session.kill", other.session_id))
    assert ("leave", "wamp.close.killed") in other.heard


def test_a_call_is_answered_by_another_session(loop):
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(lambda a, b: a + b, "com.add"))
    assert 5 == loop.result(caller.call("com.add", 2, 3))


def test_an_event_reaches_another_session(loop):
    subscriber, publisher = loop.join(), loop.join()
    seen = []
    loop.result(subscriber.subscribe(seen.append, "com.news"))
    loop.result(publisher.publish("com.news", "hello", options=PublishOptions(acknowledge=True)))
    assert ["hello"] == seen


def test_nothing_is_told_but_in_a_turn_of_the_client(router, loop):
    """Not even that the connection is open."""
    session = Client()
    router.connect(session, loop.turns.append)
    assert not session.is_connected()


def test_a_turn_may_be_given_at_once(router):
    """Then a session without an event loop has joined before ``connect`` returns."""
    session = Client()
    router.connect(session, lambda action: action())
    assert ["join"] == session.heard


def test_the_pure_session_can_be_connected_by_hand(loop):
    """All that it takes is a handler."""
    bare, session = Bare(), ClientSession(object())
    loop.open(bare)
    session.open(bare.transport.codec)
    bare.transport.send(session.join("realm1"))
    loop.turn()
    session.receive(bare.messages.pop())
    assert session.established()


def test_messages_of_a_session_keep_their_order(loop):
    callee, caller = loop.join(), loop.join()
    seen = []
    loop.result(callee.register(seen.append, "com.note"))
    for number in range(100):
        caller.call("com.note", number)
    loop.turn()
    assert list(range(100)) == seen


def test_a_client_that_closes_is_told_that_it_is_closed(loop):
    session = loop.join()
    session.disconnect()
    loop.turn()
    assert ["join", ("close", True)] == [each for each in session.heard if each[0] != "leave"]


def test_a_session_that_leaves_is_gone(router, loop):
    session = loop.join()
    session.leave()
    loop.turn()
    assert [] == router.sessions()


def test_an_exception_in_a_handler_ends_its_connection(router, loop):
    """As on a network. The event loop gets the exception."""

    class Broken(Bare):
        def onMessage(self, message):
            raise ZeroDivisionError

    broken = loop.open(Broken())
    broken.transport.send(HELLO)
    with pytest.raises(ZeroDivisionError):
        loop.turn()
    loop.turn()
    assert ([False], []) == (broken.closed, router.sessions())


def test_an_exception_in_a_turn_that_is_given_at_once_is_the_clients(router):
    class Broken(Bare):
        def onOpen(self, transport):
            raise TransportLost("mine")

    with pytest.raises(TransportLost, match="mine"):
        router.connect(Broken(), lambda action: action())


def test_a_client_whose_event_loop_is_closed_is_gone(router):
    """Nobody would ever read what is sent to it."""
    turns = [None]

    def call_soon(action):
        if turns:
            turns[0] = action
        else:
            raise RuntimeError("Event loop is closed")

    bare = Bare()
    router.connect(bare, call_soon)
    turns.pop()()
    bare.transport.send(HELLO)
    assert ([], False) == (router.sessions(), bare.transport.is_open())


def test_a_violation_ends_the_session_with_an_abort(loop):
    """A message is checked as if it had come over a network."""
    bare = loop.open(Bare())
    bare.transport.send(HELLO)
    bare.transport.send(Register(-1, {}, "com.x"))
    loop.turn()
    assert [Welcome, Abort] == [type(message) for message in bare.messages]
    assert [True] == bare.closed


def test_what_cannot_be_serialized_is_not_sent(loop):
    bare = loop.open(Bare())
    with pytest.raises(SerializationError):
        bare.transport.send(Hello("realm1", {"roles": object()}))


def test_what_is_too_large_is_not_sent(loop, monkeypatch):
    monkeypatch.setattr(module, "MAX_MESSAGE_SIZE", 1000)
    session = loop.join()
    with pytest.raises(PayloadExceededError):
        session.call("com.x", "x" * 1000)


def test_a_closed_connection_takes_nothing(loop):
    bare = loop.open(Bare())
    bare.transport.abort()
    with pytest.raises(TransportLost):
        bare.transport.send(HELLO)


def test_what_waits_for_a_client_has_a_bound(loop):
    """That of connections inside the router. Here the client gets no more turns."""
    bare, caller = loop.open(Bare()), loop.join()
    bare.transport.send(HELLO)
    bare.transport.send(Register(1, {}, "com.swallow"))
    loop.turn()
    text = PACK(["x" * 1_000_000])
    for request in range(100, 120):
        caller.transport.send(Call(request, {}, "com.swallow", text))
    link = bare.transport.link
    assert link.limit <= link.queued <= link.limit + 1_000_100


def test_two_ends_share_no_object(loop):
    """What one changes in a message does not change the other's."""
    callee, caller = loop.join(), loop.join()
    given = {"a": []}
    loop.result(callee.register(lambda value: value["a"].append(1), "com.change"))
    loop.result(caller.call("com.change", given))
    assert {"a": []} == given


# -- by name


def test_a_router_is_found_by_its_url(router):
    assert router is memory.find(router.url.removeprefix("memory://"))


def test_each_router_has_a_url_of_its_own(router):
    with Router() as other:
        assert router.url != other.url


def test_a_name_without_a_router_says_so():
    with pytest.raises(TransportLost, match="no router at memory://nowhere"):
        memory.find("nowhere")


def test_a_name_is_not_given_twice(router):
    name = router.url.removeprefix("memory://")
    with Router() as other, pytest.raises(ValueError, match="another router"):
        memory.announce(name, other)


# -- what there is


def test_sessions_are_told_with_who_they_are(router, loop):
    session = loop.join()
    assert [(session.session_id, session.authid, "anonymous", "realm1")] == router.sessions()


def test_registrations_are_told_with_their_callees(router, loop):
    one, other = loop.join(), loop.join()
    for session in (one, other):
        loop.result(session.register(int, "com.shared", RegisterOptions(invoke="roundrobin")))
    assert [("com.shared", "exact", "roundrobin", [one.session_id, other.session_id], "realm1")] == (
        router.registrations()
    )


def test_subscriptions_are_told_with_their_subscribers(router, loop):
    session = loop.join()
    loop.result(session.subscribe(print, "com.", SubscribeOptions(match="prefix")))
    assert [("com.", "prefix", [session.session_id], "realm1")] == router.subscriptions()


# -- configuration

REALM = {
    "name": "shop",
    "roles": [{"name": "anonymous", "permissions": [{"uri": "com.", "match": "prefix", "allow": {"call": True}}]}],
}


def test_the_configuration_may_be_a_dictionary():
    """What is left out is as without one."""
    with Router({"realms": [REALM]}) as router:
        session = Loop(router).join(realm="shop")
        assert "shop" == session.realm


def test_the_configuration_may_be_keyword_arguments():
    with Router(realms=[REALM]) as router:
        assert "shop" == router.default_realm


def test_the_configuration_may_be_a_file(tmp_path):
    """One of a router that listens: here it does not."""
    transport = {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 8080, "interface": "127.0.0.1"}}
    file = tmp_path / "router.json"
    file.write_text(json.dumps({"version": 1, "realms": [REALM], "transports": [transport]}))
    with Router(file) as router:
        assert "shop" == Loop(router).join(realm="shop").realm


def test_permissions_count():
    with Router(realms=[REALM]) as router:
        loop = Loop(router)
        session = loop.join(realm="shop")
        with pytest.raises(ApplicationError, match="not_authorized"):
            loop.result(session.register(int, "com.x"))


def test_a_mistake_in_the_configuration_is_told():
    with pytest.raises(ConfigError, match="realms"):
        Router(realms=[{"name": "no roles"}])


def test_a_file_and_keys_do_not_go_together(tmp_path):
    with pytest.raises(ValueError, match="stands for itself"):
        Router(tmp_path / "router.json", realms=[REALM])


def test_auth_is_a_transports_where_there_are_transports():
    transport = {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1"}}
    with pytest.raises(ValueError, match="write it there"):
        Router(transports=[transport], auth={})


def test_a_transport_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="no transport 'front'"):
        Router(transport="front")


def test_a_guest_is_not_started():
    """It would be a process."""
    with Router(components=[{"type": "guest", "executable": "no-such-program"}]) as router:
        assert [] == router.sessions()


def test_a_component_of_the_configuration_is_there():
    component = {
        "type": "class",
        "classname": "wamp.twisted.ApplicationSession",
        "realm": "realm1",
        "role": "anonymous",
    }
    with Router(components=[component]) as router:
        assert ["anonymous"] == [session.authrole for session in router.sessions()]


# -- the end


def test_closing_says_goodbye(router, loop):
    session = loop.join()
    router.close()
    loop.turn()
    assert ["join", ("leave", "wamp.close.system_shutdown"), ("close", True)] == session.heard


def test_a_closed_router_is_not_found(router):
    router.close()
    with pytest.raises(TransportLost, match="no router"):
        memory.find(router.url.removeprefix("memory://"))


def test_a_closed_router_takes_no_connections(router, loop):
    router.close()
    with pytest.raises(TransportLost, match="closed"):
        loop.open(Client())


def test_closing_again_does_nothing(router):
    router.close()
    router.close()


def test_closing_ends_those_who_have_not_joined(router, loop):
    bare = loop.open(Bare())
    router.close()
    loop.turn()
    assert [True] == bare.closed


# -- bounds, and forms of a configuration


def test_a_router_has_a_bound_of_connections(loop, monkeypatch):
    """Of a client that connects for ever."""
    monkeypatch.setattr("wamp.testing.router._MOST_CONNECTIONS", 1)
    loop.join()
    with pytest.raises(TransportLost, match="has 1 connections"):
        loop.open(Client())


def test_the_configuration_may_be_in_crossbars_form():
    role = {"name": "anonymous", "permissions": [{"uri": "", "match": "prefix", "allow": {"call": True}}]}
    transport = {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 8080, "interface": "127.0.0.1"}}
    worker = {"type": "router", "realms": [{"name": "shop", "roles": [role]}], "transports": [transport]}
    with Router({"version": 2, "workers": [worker]}) as router:
        assert "shop" == Loop(router).join(realm="shop").realm


def test_a_realm_may_be_made_on_demand():
    """With what answers for a test in it as in any other."""
    realm = {"name": "realm1", "roles": [{"name": "anonymous"}]}
    everything = [{"uri": "", "match": "prefix", "allow": "all"}]
    template = {"roles": [{"name": "anonymous", "permissions": everything}]}
    with Router(realms=[realm], realm_template=template) as router:
        loop = Loop(router)
        session = loop.join(realm="another")
        CallRecorder(router).reply("com.x", 7, realm="another")
        assert 7 == loop.result(session.call("com.x"))


def test_who_is_inside_the_router_is_not_delayed():
    component = {
        "type": "class",
        "classname": "wamp.twisted.ApplicationSession",
        "realm": "realm1",
        "role": "anonymous",
    }
    with Router(components=[component]) as router, pytest.raises(LookupError, match="inside the router"):
        router.delay(1, session=router.sessions()[0])
