"""What passes the router is recorded; callees that are not there are stood in for."""

import pytest

from tests.wamp.testing.clients import Loop
from wamp.exception import ApplicationError, SerializationError
from wamp.testing import Call, CallRecorder, Event, Router
from wamp.types import CallOptions, CallResult, PublishOptions, RegisterOptions


@pytest.fixture
def recorder(router):
    return CallRecorder(router)


@pytest.fixture
def session(loop):
    return loop.join()


# -- recording


def test_a_call_is_recorded_as_it_was_made(recorder, loop, session):
    recorder.reply("com.x")
    loop.result(session.call("com.x", 1, a=2, options=CallOptions(timeout=1000)))
    assert [Call("com.x", [1], {"a": 2}, {"timeout": 1000}, session.session_id)] == recorder.calls()


def test_a_call_between_others_is_recorded(recorder, loop, session):
    """The callee is a real one."""
    loop.result(loop.join().register(lambda: 7, "com.x"))
    loop.result(session.call("com.x"))
    assert [[]] == [call.args for call in recorder.calls("com.x")]


def test_a_call_that_nobody_answers_is_recorded(recorder, loop, session):
    with pytest.raises(ApplicationError, match="no_such_procedure"):
        loop.result(session.call("com.x"))
    assert 1 == len(recorder.calls("com.x"))


def test_a_publication_is_recorded_as_it_was_made(recorder, loop, session):
    session.publish("com.news", "hello", a=1, options=PublishOptions(eligible=[1]))
    [event] = recorder.events()
    assert Event("com.news", ["hello"], {"a": 1}, event.options, session.session_id) == event
    assert [1] == event.options["eligible"]


def test_one_procedure_or_topic_can_be_asked_for(recorder, session):
    session.publish("com.a")
    session.publish("com.b")
    assert (["com.b"], []) == ([event.topic for event in recorder.events("com.b")], recorder.events("com.c"))


def test_only_what_is_wanted_is_recorded(router, session):
    recorder = CallRecorder(router, "com.b")
    session.publish("com.a")
    session.publish("com.b.c")
    assert ["com.b.c"] == [event.topic for event in recorder.events()]


def test_what_a_session_may_not_do_is_not_recorded():
    """It has not passed the router."""
    denied = {"name": "realm1", "roles": [{"name": "anonymous"}]}
    with Router(realms=[denied]) as router:
        recorder = CallRecorder(router)
        session = Loop(router).join()
        session.publish("com.a")
        session.call("com.x").addErrback(lambda _: None)
        assert ([], []) == (recorder.events(), recorder.calls())


def test_what_was_recorded_can_be_forgotten(recorder, loop, session):
    recorder.reply("com.x", 7)
    session.publish("com.a")
    loop.result(session.call("com.x"))
    recorder.clear()
    assert ([], [], 7) == (recorder.events(), recorder.calls(), loop.result(session.call("com.x")))


def test_a_recorder_that_is_closed_records_no_more(recorder, session):
    recorder.close()
    session.publish("com.a")
    assert [] == recorder.events()


# -- answering


def test_a_reply_is_a_value(recorder, loop, session):
    recorder.reply("com.x", {"answer": 42})
    assert {"answer": 42} == loop.result(session.call("com.x"))


def test_a_reply_may_have_several_values(recorder, loop, session):
    recorder.reply("com.x", CallResult(1, 2, a=3))
    result = loop.result(session.call("com.x"))
    assert ((1, 2), {"a": 3}) == (result.results, result.kwresults)


def test_a_reply_may_be_computed(recorder, loop, session):
    recorder.reply("com.add", lambda a, b: a + b)
    assert 5 == loop.result(session.call("com.add", 2, 3))


def test_what_a_reply_raises_is_the_answer(recorder, loop, session):
    def answer():
        raise ApplicationError("com.error", "no")

    recorder.reply("com.x", answer)
    with pytest.raises(ApplicationError, match=r"com\.error"):
        loop.result(session.call("com.x"))


def test_a_reply_that_cannot_be_sent_is_told_at_once(recorder):
    with pytest.raises(SerializationError):
        recorder.reply("com.x", object())


def test_a_refusal_that_cannot_be_sent_is_told_at_once(recorder):
    with pytest.raises(SerializationError):
        recorder.refuse("com.x", "com.error", object())


def test_a_computed_reply_that_cannot_be_sent_is_an_error(recorder, loop, session):
    recorder.reply("com.x", object)
    with pytest.raises(ApplicationError, match="not expressible"):
        loop.result(session.call("com.x"))


def test_a_raised_error_that_cannot_be_sent_is_sent_as_text(recorder, loop, session):
    def answer():
        raise ApplicationError("com.error", Ellipsis)

    recorder.reply("com.x", answer)
    with pytest.raises(ApplicationError, match="Ellipsis"):
        loop.result(session.call("com.x"))


def test_a_reply_may_be_replaced(recorder, loop, session):
    recorder.reply("com.x", 1)
    recorder.reply("com.x", 2)
    assert 2 == loop.result(session.call("com.x"))


def test_a_call_may_be_refused(recorder, loop, session):
    recorder.refuse("com.x", "com.error", "no", code=7)
    with pytest.raises(ApplicationError) as caught:
        loop.result(session.call("com.x"))
    assert ("com.error", ("no",), {"code": 7}) == (caught.value.error, caught.value.args, caught.value.kwargs)


def test_a_procedure_that_somebody_has_is_not_taken(recorder, loop, session):
    loop.result(session.register(int, "com.x"))
    with pytest.raises(ApplicationError, match="procedure_already_exists"):
        recorder.reply("com.x", 7)


def test_a_realm_that_is_not_there_has_no_replies(recorder):
    with pytest.raises(ApplicationError, match="no_such_realm"):
        recorder.reply("com.x", 7, realm="realm2")


def test_what_answers_is_no_session_to_speak_of(router, recorder):
    recorder.reply("com.x", 7)
    assert [] == router.sessions()


def test_what_answers_may_be_killed(router, recorder, loop, session):
    """As any callee; only that procedure is gone."""
    recorder.reply("com.x", 7)
    recorder.reply("com.y", 8)
    router.kill_callee("com.x")
    with pytest.raises(ApplicationError, match="no_such_procedure"):
        loop.result(session.call("com.x"))
    assert 8 == loop.result(session.call("com.y"))


def test_what_was_killed_may_answer_again(router, recorder, loop, session):
    recorder.reply("com.x", 7)
    router.kill_callee("com.x")
    recorder.reply("com.x", 8)
    assert 8 == loop.result(session.call("com.x"))


def test_what_is_killed_by_another_session_is_gone(router, recorder, loop, session):
    """By ``wamp.session.kill``, as any session."""
    recorder.reply("com.x", 7)
    [number] = router.registrations()[0].callees
    loop.result(session.call("wamp.session.kill", number))
    assert [] == router.registrations()


def test_what_was_taken_over_by_force_may_answer_again(recorder, loop, session):
    recorder.reply("com.x", 7)
    loop.result(session.register(int, "com.x", RegisterOptions(force_reregister=True)))
    assert 0 == loop.result(session.call("com.x"))


def test_a_recorder_that_is_closed_answers_no_more(recorder, loop, session):
    recorder.reply("com.x", 7)
    recorder.close()
    with pytest.raises(ApplicationError, match="no_such_procedure"):
        loop.result(session.call("com.x"))


def test_a_test_may_answer_in_a_configuration_that_permits_nobody_else():
    """Its own sessions may do everything."""
    only_call = [{"uri": "com.x", "match": "exact", "allow": {"call": True}}]
    with Router(realms=[{"name": "r", "roles": [{"name": "anonymous", "permissions": only_call}]}]) as router:
        loop = Loop(router)
        CallRecorder(router).reply("com.x", 7)
        assert 7 == loop.result(loop.join(realm="r").call("com.x"))


def test_a_call_in_the_procedure_of_a_component_is_answered(recorder, loop, session):
    """The component is tested without its callees."""
    recorder.reply("com.price", 3)
    component = loop.join()

    async def total(count):
        return count * await component.call("com.price")

    loop.result(component.register(total, "com.total"))
    assert 12 == loop.result(session.call("com.total", 4))
