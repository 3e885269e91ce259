"""What a test can let go wrong."""

import pytest
from twisted.internet.defer import Deferred

from tests.wamp.testing.clients import Bare, Client, outcome
from wamp.exception import ApplicationError, TransportLost
from wamp.protocol.messages import Hello
from wamp.testing import CallRecorder
from wamp.types import CallOptions, PublishOptions, RegisterOptions

ACKNOWLEDGED = PublishOptions(acknowledge=True)


# -- dropping


def test_a_session_that_is_dropped_has_lost_its_connection(router, loop):
    session = loop.join()
    router.drop(session)
    loop.turn()
    assert ["join", ("close", False), ("leave", "wamp.close.transport_lost")] == session.heard


def test_a_session_is_dropped_by_its_id(router, loop):
    session = loop.join()
    router.drop(session.session_id)
    assert [] == router.sessions()


def test_who_waits_for_a_session_that_is_dropped_is_told(router, loop):
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(Deferred, "com.slow"))
    reply = caller.call("com.slow")
    router.drop(callee)
    with pytest.raises(ApplicationError, match="canceled"):
        loop.result(reply)


def test_a_session_that_is_not_there_cannot_be_dropped(router):
    with pytest.raises(LookupError, match="no session 7"):
        router.drop(7)


def test_a_session_that_has_not_joined_cannot_be_dropped(router):
    with pytest.raises(LookupError, match="no session"):
        router.drop(Client())


# -- killing


def test_a_session_that_is_killed_gets_a_goodbye(router, loop):
    session = loop.join()
    router.kill(session)
    loop.turn()
    assert ["join", ("leave", "wamp.close.killed"), ("close", True)] == session.heard


def test_a_session_is_killed_for_a_reason(router, loop):
    session = loop.join()
    router.kill(session, "com.reason", "because")
    loop.turn()
    assert ("com.reason", ("because",)) == (session.ended_by.error, session.ended_by.args)


def test_a_reason_is_a_uri(router, loop):
    with pytest.raises(ValueError, match="not a valid URI"):
        router.kill(loop.join(), "no reason")


def test_others_hear_of_a_session_that_is_killed(router, loop):
    """As of one that leaves."""
    witness, victim = loop.join(), loop.join()
    seen = []
    loop.result(witness.subscribe(lambda *args: seen.append(args[0]), "wamp.session.on_leave"))
    number = victim.session_id
    router.kill(victim)
    loop.turn()
    assert [number] == seen


# -- callees


def test_the_callee_of_a_procedure_is_killed(router, loop):
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(int, "com.x"))
    router.kill_callee("com.x")
    with pytest.raises(ApplicationError, match="no_such_procedure"):
        loop.result(caller.call("com.x"))


def test_a_callee_is_not_killed_if_there_is_none(router):
    with pytest.raises(LookupError, match="nobody has registered"):
        router.kill_callee("com.x")


def test_the_routers_own_procedures_have_no_callee_to_kill(router):
    with pytest.raises(LookupError, match="the router's own"):
        router.kill_callee("wamp.session.count")


# -- the whole router


def test_a_router_that_goes_down_drops_everybody(router, loop):
    sessions = loop.join(), loop.join()
    router.go_down()
    loop.turn()
    assert [("close", False)] * 2 == [session.heard[1] for session in sessions]


def test_a_router_that_is_down_takes_no_connections(router, loop):
    router.go_down()
    with pytest.raises(TransportLost, match="is down"):
        loop.open(Client())


def test_a_router_that_comes_up_takes_connections_again(router, loop):
    router.go_down()
    router.come_up()
    assert "join" in loop.join().heard


def test_what_answers_for_a_test_outlives_a_router_that_is_down(router, loop):
    CallRecorder(router).reply("com.x", 7)
    router.go_down()
    router.come_up()
    assert 7 == loop.result(loop.join().call("com.x"))


# -- delays


def test_messages_to_a_session_are_delayed(router, loop):
    subscriber, publisher = loop.join(), loop.join()
    seen = []
    loop.result(subscriber.subscribe(seen.append, "com.news"))
    router.delay(2, session=subscriber)
    loop.result(publisher.publish("com.news", 1, options=ACKNOWLEDGED))
    loop.advance(1.9)
    before = list(seen)
    loop.advance(0.2)
    assert ([], [1]) == (before, seen)


def test_others_are_not_delayed(router, loop):
    session, other = loop.join(), loop.join()
    router.delay(2, session=session)
    assert 2 == loop.result(other.call("wamp.session.count"))


def test_what_is_no_longer_delayed_does_not_overtake(router, loop):
    subscriber, publisher = loop.join(), loop.join()
    seen = []
    loop.result(subscriber.subscribe(seen.append, "com.news"))
    router.delay(2, session=subscriber)
    loop.result(publisher.publish("com.news", 1, options=ACKNOWLEDGED))
    router.delay(0, session=subscriber)
    loop.result(publisher.publish("com.news", 2, options=ACKNOWLEDGED))
    loop.turn()
    before = list(seen)
    loop.advance(2)
    assert ([], [1, 2]) == (before, seen)


def test_a_goodbye_is_delayed_like_everything(router, loop):
    session = loop.join()
    router.delay(2, session=session)
    router.kill(session)
    loop.turn()
    before = list(session.heard)
    loop.advance(2)
    assert (["join"], ("leave", "wamp.close.killed")) == (before, session.heard[1])


def test_what_is_on_its_way_to_a_session_is_lost_with_it(router, loop):
    bare, publisher = loop.open(Bare()), loop.join()
    bare.transport.send(Hello("realm1", {"roles": {"subscriber": {}}}))
    loop.turn()
    number = bare.messages[0].session
    router.delay(2, session=number)
    loop.result(publisher.call("wamp.session.count"))
    router.kill(number)
    bare.transport.abort()
    loop.advance(3)
    assert (1, [False]) == (len(bare.messages), bare.closed)


def test_calls_of_a_procedure_are_delayed(router, loop):
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(lambda: 7, "com.x"))
    router.delay(2, procedure="com.x")
    reply = outcome(caller.call("com.x"))
    loop.advance(1.9)
    before = list(reply)
    loop.advance(0.2)
    assert ([], [7]) == (before, reply)


def test_a_delayed_call_times_out(router, loop):
    """As with a callee that is slow."""
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(lambda: 7, "com.x"))
    router.delay(2, procedure="com.x")
    reply = outcome(caller.call("com.x", options=CallOptions(timeout=1000)))
    loop.advance(1)
    assert "wamp.error.timeout" == reply[0].value.error


def test_a_callee_that_gets_a_delayed_call_goes_on(router, loop):
    """What comes of a time-out does not arrive before the call."""
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(lambda: 7, "com.x"))
    router.delay(2, procedure="com.x")
    caller.call("com.x", options=CallOptions(timeout=1000)).addErrback(lambda _: None)
    loop.advance(5)
    assert (["join"], True) == (callee.heard, callee.is_attached())


def test_a_procedure_that_is_unregistered_gets_the_calls_on_their_way(router, loop):
    callee, caller = loop.join(), loop.join()
    registration = loop.result(callee.register(lambda: 7, "com.x"))
    router.delay(2, procedure="com.x")
    reply = outcome(caller.call("com.x"))
    registration.unregister()
    loop.advance(2)
    assert (["join"], [7]) == (callee.heard, reply)


def test_other_procedures_are_not_delayed(router, loop):
    callee, caller = loop.join(), loop.join()
    for procedure in ("com.x", "com.y"):
        loop.result(callee.register(lambda: 7, procedure))
    router.delay(2, procedure="com.x")
    assert 7 == loop.result(caller.call("com.y"))


def test_calls_of_one_procedure_by_a_pattern_are_delayed(router, loop):
    """The procedure that is called counts."""
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(lambda: 7, "com", RegisterOptions(match="prefix")))
    router.delay(2, procedure="com.x")
    delayed = outcome(caller.call("com.x"))
    loop.turn()
    before = list(delayed)
    loop.advance(2)
    assert ([], [7]) == (before, delayed)


def test_events_are_not_behind_a_delayed_call(router, loop):
    callee, other = loop.join(), loop.join()
    seen = []
    loop.result(callee.register(lambda: 7, "com.x"))
    loop.result(callee.subscribe(seen.append, "com.news"))
    router.delay(2, procedure="com.x")
    other.call("com.x")
    loop.result(other.publish("com.news", 1, options=ACKNOWLEDGED))
    loop.turn()
    assert [1] == seen


def test_what_answers_for_a_test_is_delayed_too(router, loop):
    CallRecorder(router).reply("com.x", 7)
    router.delay(2, procedure="com.x")
    reply = outcome(loop.join().call("com.x"))
    loop.turn()
    before = list(reply)
    loop.advance(2)
    assert ([], [7]) == (before, reply)


@pytest.mark.parametrize("what", [{}, {"procedure": "com.x", "session": 7}])
def test_a_delay_is_of_one_thing(router, what):
    with pytest.raises(ValueError, match="either"):
        router.delay(1, **what)


def test_a_delay_is_not_negative(router):
    with pytest.raises(ValueError, match="0 or more"):
        router.delay(-1, procedure="com.x")
