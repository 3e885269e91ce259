"""``ApplicationSession`` on Twisted, against a transport that a test plays by hand: no socket, no reactor."""

import pytest
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks
from twisted.logger import LogLevel, capturedLogs

import wamp
from tests.wamp.doubles import WELCOME, ScriptedTransport, payload, values
from wamp.exception import (
    ApplicationError,
    PayloadExceededError,
    SessionNotReady,
    TransportLost,
    TypeCheckError,
)
from wamp.protocol import messages as m
from wamp.twisted import ApplicationSession
from wamp.types import (
    CallOptions,
    CloseDetails,
    ComponentConfig,
    PublishOptions,
    RegisterOptions,
    SessionDetails,
    SubscribeOptions,
)

GOODBYE = m.Goodbye({}, "wamp.close.goodbye_and_out")
SHUTDOWN = m.Goodbye({"message": "bye"}, "wamp.close.system_shutdown")


def result_of(deferred):
    """Return what a Deferred has fired with; raise what it has failed with."""
    fired = []
    deferred.addBoth(fired.append)
    assert fired, "the Deferred has not fired"
    if hasattr(fired[0], "raiseException"):
        fired[0].raiseException()
    return fired[0]


class Recorder(ApplicationSession):
    """Writes down which hooks were called."""

    def __init__(self, config=None):
        super().__init__(config)
        self.calls = []

    def onJoin(self, details):
        self.calls.append("join")

    def onLeave(self, details):
        self.calls.append(("leave", details.reason))
        return super().onLeave(details)

    def onDisconnect(self):
        self.calls.append("disconnect")


def connect(session):
    transport = ScriptedTransport()
    session.onOpen(transport)
    return transport


def join(session):
    transport = connect(session)
    session.onMessage(WELCOME)
    transport.take()
    return transport


@pytest.fixture
def session():
    return Recorder(ComponentConfig("realm1"))


@pytest.fixture
def transport(session):
    return join(session)


def register(session, function, options=None):
    reply = session.register(function, "com.add", options)
    session.onMessage(m.Registered(1, 5))
    return result_of(reply)


def subscribe(session, function, options=None, request=1):
    reply = session.subscribe(function, "com.topic", options)
    session.onMessage(m.Subscribed(request, 6))
    return result_of(reply)


def invoke(session, transport, *args, details=None, request=9, **kwargs):
    """Invoke the registered procedure; return what the session has answered."""
    transport.take()
    session.onMessage(m.Invocation(request, 5, details or {}, *payload(args, kwargs)))
    return transport.take()


# -- connecting, joining


def test_an_open_connection_joins_the_realm_of_the_configuration(session):
    transport = connect(session)
    assert [(type(each), each.realm) for each in transport.sent] == [(m.Hello, "realm1")]


def test_without_a_configuration_the_realm_is_realm1():
    assert ApplicationSession().config.realm == "realm1"


def test_a_session_without_a_realm_says_so_and_closes():
    session = ApplicationSession(ComponentConfig())
    with capturedLogs() as logs:
        transport = connect(session)
    assert transport.is_closed
    assert "no realm to join" in str(logs[0]["log_failure"].value)
    assert isinstance(session.ended_by, ValueError)


def test_on_join_gets_the_details_of_the_session(session):
    got = []
    session.onJoin = got.append
    transport = join(session)
    details = got[0]
    assert isinstance(details, SessionDetails)
    assert (details.realm, details.session, details.authid, details.authrole) == ("realm1", 77, "joe", "user")
    assert (details.serializer, details.transport) == ("json", transport.details)


def test_a_session_knows_what_it_is(session, transport):
    assert (session.realm, session.session_id, session._session_id) == ("realm1", 77, 77)
    assert (session.authid, session.authrole, session.authmethod) == ("joe", "user", None)
    assert session.session_details.session == 77
    assert session.transport is transport


def test_connected_is_not_yet_attached(session):
    assert (session.is_connected(), session.is_attached()) == (False, False)
    connect(session)
    assert (session.is_connected(), session.is_attached()) == (True, False)
    session.onMessage(WELCOME)
    assert (session.is_connected(), session.is_attached()) == (True, True)


def test_join_says_who_the_application_is(session):
    session.onConnect = lambda: session.join("realm2", ["ticket"], "joe", authextra={"a": 1})
    hello = connect(session).sent[0]
    assert hello.realm == "realm2"
    assert (hello.details["authmethods"], hello.details["authid"]) == (["ticket"], "joe")
    assert hello.details["authextra"] == {"a": 1}


@pytest.mark.parametrize("signature", ["secret", b"secret"])
def test_on_challenge_returns_the_signature(session, signature):
    session.onChallenge = lambda challenge: signature if challenge.method == "ticket" else None
    transport = connect(session)
    session.onMessage(m.Challenge("ticket", {}))
    assert transport.sent[1:] == [m.Authenticate("secret", {})]


def test_on_challenge_may_return_more_than_the_signature(session):
    """What SCRAM repeats in AUTHENTICATE.extra."""
    session.onChallenge = lambda challenge: ("proof", {"nonce": "n"})
    transport = connect(session)
    session.onMessage(m.Challenge("wamp-scram", {}))
    assert transport.sent[1:] == [m.Authenticate("proof", {"nonce": "n"})]


def test_the_connection_is_known_before_the_session_is_there(session):
    """An authenticator binds its signature to it."""
    assert session.transport_details is None
    transport = connect(session)
    assert session.transport_details is transport.details


def test_on_challenge_may_take_its_time(session):
    answer = Deferred()
    session.onChallenge = lambda challenge: answer
    transport = connect(session)
    session.onMessage(m.Challenge("ticket", {}))
    assert len(transport.take()) == 1
    answer.callback("secret")
    assert transport.sent == [m.Authenticate("secret", {})]


@pytest.mark.parametrize("signature", [None, 5])
def test_a_signature_that_is_none_ends_the_session(session, signature):
    session.onChallenge = lambda challenge: signature
    transport = connect(session)
    with capturedLogs():
        session.onMessage(m.Challenge("ticket", {}))
    assert transport.sent[1].reason == "wamp.error.cannot_authenticate"
    assert session.calls == [("leave", "wamp.error.cannot_authenticate")]
    assert isinstance(session.ended_by, TypeError)


def test_an_error_in_on_challenge_is_logged_and_ends_the_session(session):
    transport = connect(session)
    with capturedLogs() as logs:
        session.onMessage(m.Challenge("ticket", {}))
    assert logs[0]["log_failure"].check(RuntimeError)
    assert [type(each) for each in transport.sent] == [m.Hello, m.Abort]
    assert transport.is_closed
    assert isinstance(session.ended_by, RuntimeError)


def test_on_welcome_may_refuse_the_session(session):
    session.onWelcome = lambda welcome: f"I do not trust {welcome.authid}"
    transport = connect(session)
    session.onMessage(WELCOME)
    abort = transport.sent[1]
    assert (abort.reason, abort.details) == ("wamp.error.cannot_authenticate", {"message": "I do not trust joe"})
    assert session.calls == [("leave", "wamp.error.cannot_authenticate")]


def test_a_refusal_of_the_router_reaches_on_leave_and_closes(session):
    transport = connect(session)
    with capturedLogs() as logs:
        session.onMessage(m.Abort({"message": "no such realm"}, "wamp.error.no_such_realm"))
    assert session.calls == [("leave", "wamp.error.no_such_realm")]
    assert transport.is_closed
    assert session.ended_by.error == "wamp.error.no_such_realm"
    assert logs[0]["reason"] == "wamp.error.no_such_realm"


@pytest.mark.parametrize("is_async", [False, True])
def test_an_error_in_on_join_is_logged_with_its_traceback_and_ends_the_session(session, is_async):
    def failing(details):
        raise ValueError("boom")

    async def failing_later(details):
        raise ValueError("boom")

    session.onJoin = failing_later if is_async else failing
    transport = connect(session)
    with capturedLogs() as logs:
        session.onMessage(WELCOME)
    assert "in failing" in logs[0]["log_failure"].getTraceback()
    assert logs[0]["log_level"] is LogLevel.error
    assert transport.sent[1] == m.Goodbye({"message": "onJoin failed"}, "wamp.error.runtime_error")
    assert isinstance(session.ended_by, ValueError)
    session.onMessage(GOODBYE)
    assert transport.is_closed


@pytest.mark.parametrize("style", ["async", "inlineCallbacks"])
def test_on_join_may_wait_for_calls(style):
    class Component(ApplicationSession):
        async def by_async(self, details):
            self.result = await self.call("com.add", 2, 3)

        @inlineCallbacks
        def by_generator(self, details):
            self.result = yield self.call("com.add", 2, 3)

        onJoin = by_async if style == "async" else by_generator

    session = Component()
    join(session)
    session.onMessage(m.Result(1, {}, *payload([5])))
    assert session.result == 5


# -- leaving


def test_leaving_ends_when_the_connection_is_closed(session, transport):
    left = session.leave()
    assert transport.sent == [m.Goodbye({}, "wamp.close.normal")]
    session.onMessage(GOODBYE)
    assert transport.is_closed
    assert not left.called
    session.onClose(True)
    assert result_of(left) is None
    assert session.calls == ["join", ("leave", "wamp.close.goodbye_and_out"), "disconnect"]
    assert session.ended_by is None


def test_leaving_twice_says_goodbye_once(session, transport):
    session.leave()
    session.leave()
    assert len(transport.sent) == 1


def test_there_may_be_nothing_to_leave(session):
    """Still it can be awaited."""
    assert result_of(session.leave()) is None


def test_the_routers_goodbye_is_answered_and_ends_the_session(session, transport):
    call = session.call("com.add")
    transport.take()
    with capturedLogs():
        session.onMessage(SHUTDOWN)
    assert transport.sent == [m.Goodbye({}, "wamp.close.goodbye_and_out")]
    with pytest.raises(ApplicationError, match=r"wamp\.close\.system_shutdown"):
        result_of(call)
    assert session.ended_by.error == "wamp.close.system_shutdown"
    assert not session.is_attached()


def test_a_lost_connection_fails_what_is_in_flight(session, transport):
    call = session.call("com.add")
    with capturedLogs():
        session.onClose(False)
    with pytest.raises(ApplicationError) as caught:
        result_of(call)
    assert caught.value.error == CloseDetails.REASON_TRANSPORT_LOST
    assert session.calls == ["join", ("leave", "wamp.close.transport_lost"), "disconnect"]
    assert isinstance(session.ended_by, TransportLost)


def test_closing_the_connection_oneself_is_no_failure(session, transport):
    session.disconnect()
    with capturedLogs():
        session.onClose(True)
    assert session.ended_by is None
    assert session.calls[-1] == "disconnect"


def test_a_connection_lost_before_the_session_began_has_none_to_leave(session):
    connect(session)
    session.onClose(False)
    assert session.calls == ["disconnect"]
    assert isinstance(session.ended_by, TransportLost)


@pytest.mark.parametrize("verb", ["call", "publish"])
def test_after_the_connection_is_lost_requests_raise(session, transport, verb):
    session.disconnect()
    session.onClose(True)
    with pytest.raises(TransportLost):
        getattr(session, verb)("com.x")


def test_before_the_session_is_joined_requests_raise(session):
    connect(session)
    with pytest.raises(SessionNotReady):
        session.call("com.x")


def test_a_session_may_join_another_realm_on_the_same_connection():
    class Component(ApplicationSession):
        def onLeave(self, details):
            self.join("realm2")

    session = Component()
    transport = join(session)
    session.leave()
    session.onMessage(GOODBYE)
    assert transport.sent[-1].realm == "realm2"


def test_a_violation_of_the_router_aborts_the_session(session, transport):
    with capturedLogs() as logs:
        session.onMessage(m.Result(99, {}))
    abort = transport.sent[0]
    assert (type(abort), abort.reason) == (m.Abort, "wamp.error.protocol_violation")
    assert session.calls == ["join", ("leave", "wamp.error.protocol_violation")]
    assert transport.is_closed
    assert "99" in logs[0]["text"]


def test_an_error_in_on_leave_is_logged(session, transport):
    session.onLeave = lambda details: 1 / 0
    session.leave()
    with capturedLogs() as logs:
        session.onMessage(GOODBYE)
    assert logs[0]["log_failure"].check(ZeroDivisionError)


def test_an_error_in_on_disconnect_is_logged_and_delays_nobody(session, transport):
    session.onDisconnect = lambda: 1 / 0
    closed = session.when_closed()
    session.disconnect()
    with capturedLogs() as logs:
        session.onClose(True)
    assert any(each.get("log_failure") and each["log_failure"].check(ZeroDivisionError) for each in logs)
    assert closed.called


# -- calls


def test_a_call_takes_its_options_out_of_the_keyword_arguments(session, transport):
    session.call("com.add", 2, a=3, options=CallOptions(timeout=1000))
    message = transport.sent[0]
    assert (message.options, values(message)) == ({"timeout": 1000}, ([2], {"a": 3}))


def test_a_result_fires_the_call(session, transport):
    call = session.call("com.add")
    session.onMessage(m.Result(1, {}, *payload([5])))
    assert result_of(call) == 5


def test_an_error_fails_the_call(session, transport):
    call = session.call("com.add")
    session.onMessage(m.Error(m.Call.CODE, 1, {}, "com.oops", *payload(["text"])))
    with pytest.raises(ApplicationError, match=r"com\.oops"):
        result_of(call)


def test_an_error_becomes_the_class_that_was_defined_for_it(session, transport):
    class Oops(Exception):
        pass

    session.define(Oops, "com.oops")
    call = session.call("com.add")
    session.onMessage(m.Error(m.Call.CODE, 1, {}, "com.oops", *payload(["text"])))
    with pytest.raises(Oops, match="text"):
        result_of(call)


def test_an_exception_that_cannot_be_rebuilt_is_reported_and_the_call_fails_all_the_same(session, transport):
    class Oops(Exception):
        def __init__(self):
            pass

    session.define(Oops, "com.oops")
    call = session.call("com.add")
    with capturedLogs() as logs:
        session.onMessage(m.Error(m.Call.CODE, 1, {}, "com.oops", *payload(["text"])))
    assert logs[0]["log_failure"].check(TypeError)
    with pytest.raises(ApplicationError):
        result_of(call)


def test_cancelling_a_call_cancels_it_at_the_router(session, transport):
    call = session.call("com.add")
    transport.take()
    call.cancel()
    assert transport.sent == [m.Cancel(1, {})]
    with pytest.raises(CancelledError):
        result_of(call)


def test_the_answer_to_a_cancelled_call_is_no_error(session, transport):
    session.call("com.add").addErrback(lambda failure: failure.trap(CancelledError)).cancel()
    session.onMessage(m.Error(m.Call.CODE, 1, {}, "wamp.error.canceled"))
    assert session.is_attached()


def test_cancelling_after_the_connection_is_lost_does_nothing(session, transport):
    call = session.call("com.add")
    transport.close()
    call.cancel()
    with pytest.raises(CancelledError):
        result_of(call)


def test_progress_is_handed_on(session, transport):
    got = []
    call = session.call("com.add", options=CallOptions(on_progress=lambda *args, **kwargs: got.append((args, kwargs))))
    session.onMessage(m.Result(1, {"progress": True}, *payload([1], {"a": 2})))
    assert (got, call.called) == ([((1,), {"a": 2})], False)


def test_an_error_in_on_progress_is_logged_and_the_call_goes_on(session, transport):
    call = session.call("com.add", options=CallOptions(on_progress=lambda value: 1 / 0))
    with capturedLogs() as logs:
        session.onMessage(m.Result(1, {"progress": True}, *payload([1])))
    assert logs[0]["log_failure"].check(ZeroDivisionError)
    session.onMessage(m.Result(1, {}, *payload([5])))
    assert result_of(call) == 5


def test_a_call_that_could_not_be_sent_raises_and_is_forgotten(session, transport):
    transport.failure = PayloadExceededError("too large")
    with pytest.raises(PayloadExceededError):
        session.call("com.add")
    with capturedLogs():
        session.onClose(False)  # would fail what is in flight


# -- publications


def test_a_publication_can_be_awaited_and_ignored(session, transport):
    """With acknowledge or without."""
    assert result_of(session.publish("com.topic", 1, a=2)) is None
    assert values(transport.sent[0]) == ([1], {"a": 2})


def test_an_acknowledged_publication_fires_with_its_id(session, transport):
    published = session.publish("com.topic", options=PublishOptions(acknowledge=True))
    assert not published.called
    session.onMessage(m.Published(1, 9))
    assert result_of(published).id == 9


def test_a_refused_publication_fails(session, transport):
    published = session.publish("com.topic", options=PublishOptions(acknowledge=True))
    session.onMessage(m.Error(m.Publish.CODE, 1, {}, "wamp.error.not_authorized"))
    with pytest.raises(ApplicationError, match="not_authorized"):
        result_of(published)


# -- procedures


def test_a_registration_fires_when_it_is_confirmed(session, transport):
    registration = register(session, lambda: None)
    assert (registration.id, registration.procedure) == (5, "com.add")
    gone = registration.unregister()
    session.onMessage(m.Unregistered(2))
    assert result_of(gone) is None
    with pytest.raises(wamp.Error, match="no longer active"):
        registration.unregister()


def test_a_prefix_is_put_in_front_of_the_procedure(session, transport):
    session.register(print, "add", prefix="com.")
    assert transport.sent[0].procedure == "com.add"


def test_a_function_needs_a_uri(session, transport):
    with pytest.raises(ValueError, match="needs the URI"):
        session.register(print)
    with pytest.raises(ValueError, match="needs the URI"):
        session.subscribe(print)


def test_a_procedure_returns_its_value(session, transport):
    register(session, lambda a, b, c=0: a + b + c)
    (answer,) = invoke(session, transport, 2, 3, c=4)
    assert values(answer) == ([9], {})


def test_a_procedure_may_return_a_deferred(session, transport):
    later = Deferred()
    register(session, lambda: later)
    assert invoke(session, transport) == []
    later.callback(5)
    assert values(transport.sent[0]) == ([5], {})


def test_a_procedure_may_be_a_coroutine(session, transport):
    later = Deferred()

    async def procedure():
        return await later

    register(session, procedure)
    assert invoke(session, transport) == []
    later.callback(5)
    assert values(transport.sent[0]) == ([5], {})


def test_an_error_in_a_procedure_is_logged_here_and_told_to_the_caller(session, transport):
    def procedure():
        raise ValueError("boom")

    register(session, procedure)
    with capturedLogs() as logs:
        (answer,) = invoke(session, transport)
    assert (answer.error, values(answer)) == ("wamp.error.runtime_error", (["boom"], {}))
    assert "in procedure" in logs[0]["log_failure"].getTraceback()
    assert logs[0]["session"] == 77


def test_an_error_in_a_coroutine_is_told_to_the_caller(session, transport):
    later = Deferred()

    async def procedure():
        await later

    register(session, procedure)
    invoke(session, transport)
    with capturedLogs() as logs:
        later.errback(ApplicationError("com.oops", "text", a=1))
    (answer,) = transport.sent
    assert (answer.error, values(answer)) == ("com.oops", (["text"], {"a": 1}))
    assert logs[0]["log_level"] is LogLevel.info


def test_arguments_that_do_not_fit_are_an_error_at_the_caller(session, transport):
    register(session, lambda a: a)
    with capturedLogs():
        (answer,) = invoke(session, transport, 1, 2)
    assert answer.error == "wamp.error.runtime_error"
    assert "positional argument" in values(answer)[0][0]


def test_arguments_are_compared_with_type_hints_if_asked(session, transport):
    def procedure(a: int):
        return a

    reply = session.register(procedure, "com.add", check_types=True)
    session.onMessage(m.Registered(1, 5))
    result_of(reply)
    with capturedLogs():
        (answer,) = invoke(session, transport, "x")
    assert answer.error == ApplicationError.TYPE_CHECK_ERROR


def test_the_traceback_is_sent_only_if_the_application_says_so(session, transport):
    session.traceback_app = True
    register(session, lambda: 1 / 0)
    with capturedLogs():
        (answer,) = invoke(session, transport)
    assert "ZeroDivisionError" in values(answer)[1]["traceback"]


def test_a_procedure_may_learn_about_its_call(session, transport):
    got = []
    register(session, lambda details: got.append(details), RegisterOptions(details=True))
    invoke(session, transport, details={"caller": 5, "caller_authid": "bob", "procedure": "com.add"})
    details = got[0]
    assert (details.caller, details.caller_authid, details.procedure) == (5, "bob", "com.add")
    assert (details.registration.id, details.progress) == (5, None)


def test_details_of_a_call_replace_an_argument_of_that_name(session, transport):
    register(session, lambda details: type(details).__name__, RegisterOptions(details_arg="details"))
    transport.take()
    session.onMessage(m.Invocation(9, 5, {}, *payload([], {"details": "mine"})))
    assert values(transport.sent[0])[0] == ["CallDetails"]


def test_a_procedure_sends_progress_if_the_caller_wants_it(session, transport):
    def procedure(details):
        details.progress(1, a=2)
        return "done"

    register(session, procedure, RegisterOptions(details=True))
    progress, answer = invoke(session, transport, details={"receive_progress": True})
    assert (progress.options, values(progress)) == ({"progress": True}, ([1], {"a": 2}))
    assert (answer.options, values(answer)) == ({}, (["done"], {}))


@pytest.mark.parametrize("style", ["deferred", "coroutine"])
def test_an_interrupt_cancels_the_procedure_and_tells_the_router(session, transport, style):
    cancelled = []
    later = Deferred(cancelled.append)

    async def coroutine():
        await later

    register(session, coroutine if style == "coroutine" else lambda: later)
    invoke(session, transport)
    with capturedLogs() as logs:
        session.onMessage(m.Interrupt(9, {"mode": "kill"}))
    assert cancelled == [later]
    assert [each.error for each in transport.sent] == ["wamp.error.canceled"]
    assert logs == []


def test_a_procedure_that_goes_on_after_an_interrupt_answers_as_it_likes(session, transport):
    async def stubborn():
        try:
            await Deferred()
        except CancelledError:
            return "no"

    register(session, stubborn)
    invoke(session, transport)
    session.onMessage(m.Interrupt(9, {}))
    assert values(transport.sent[0]) == (["no"], {})


def test_an_interrupt_of_what_is_done_already_does_nothing(session, transport):
    register(session, lambda: 5)
    invoke(session, transport)
    session.onMessage(m.Interrupt(9, {}))
    assert transport.sent == []


def test_a_result_that_is_too_large_is_an_error_at_the_caller(session, transport):
    register(session, lambda: "x")
    transport.take()
    transport.failure = PayloadExceededError("17 MB")
    with capturedLogs():
        session.onMessage(m.Invocation(9, 5, {}))
    (answer,) = transport.sent
    assert (answer.request, answer.error) == (9, "wamp.error.payload_size_exceeded")


def test_a_result_after_the_connection_is_lost_is_dropped(session, transport):
    later = Deferred()
    register(session, lambda: later)
    invoke(session, transport)
    with capturedLogs() as logs:
        session.onClose(False)
        later.callback(5)
    assert not any(each.get("log_failure") for each in logs)


# -- events


def test_an_event_runs_its_handler(session, transport):
    got = []
    subscribe(session, lambda *args, **kwargs: got.append((args, kwargs)))
    session.onMessage(m.Event(6, 9, {}, *payload([1], {"a": 2})))
    assert got == [((1,), {"a": 2})]


def test_a_handler_may_learn_about_the_event(session, transport):
    got = []
    subscription = subscribe(session, lambda details: got.append(details), SubscribeOptions(details=True))
    session.onMessage(m.Event(6, 9, {"publisher": 5, "topic": "com.other"}))
    details = got[0]
    assert (details.publication, details.publisher, details.topic) == (9, 5, "com.other")
    assert details.subscription is subscription


def test_details_for_one_handler_do_not_reach_the_next(session, transport):
    """Both run, also when the event has keyword arguments."""
    got = []
    subscribe(session, lambda a, details: got.append(a), SubscribeOptions(details=True))
    subscribe(session, lambda a: got.append(a), request=2)
    session.onMessage(m.Event(6, 9, {}, *payload([], {"a": 1})))
    assert got == [1, 1]


def test_an_error_in_one_handler_does_not_keep_the_event_from_the_next(session, transport):
    got = []
    subscribe(session, lambda a: 1 / 0)
    subscribe(session, got.append, request=2)
    with capturedLogs() as logs:
        session.onMessage(m.Event(6, 9, {}, *payload([1])))
    assert got == [1]
    assert logs[0]["log_failure"].check(ZeroDivisionError)


def test_an_error_in_a_coroutine_handler_is_logged(session, transport):
    later = Deferred()

    async def handler():
        await later

    subscribe(session, handler)
    session.onMessage(m.Event(6, 9, {}))
    with capturedLogs() as logs:
        later.errback(ValueError("boom"))
    assert logs[0]["log_failure"].check(ValueError)
    assert "com.topic" in logs[0]["doing"]


def test_a_handler_may_unsubscribe_while_it_runs(session, transport):
    """It and those that it removes get nothing more, the others do."""
    got = []

    def first(value):
        got.append("first")
        second.unsubscribe()

    subscribe(session, first)
    second = subscribe(session, lambda value: got.append("second"), request=2)
    subscribe(session, lambda value: got.append("third"), request=3)
    session.onMessage(m.Event(6, 9, {}, *payload([1])))
    assert got == ["first", "third"]


def test_unsubscribing_one_of_two_handlers_says_how_many_are_left(session, transport):
    subscription = subscribe(session, print)
    subscribe(session, print, request=2)
    assert result_of(subscription.unsubscribe()) == 1


def test_unsubscribing_the_last_handler_waits_for_the_broker(session, transport):
    gone = subscribe(session, print).unsubscribe()
    session.onMessage(m.Unsubscribed(2))
    assert result_of(gone) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_an_event_is_acknowledged_when_its_handler_has_succeeded(session, fails):
    transport = connect(session)
    features = {"x_acknowledged_event_delivery": True}
    session.onMessage(m.Welcome(77, {"roles": {"broker": {"features": features}}}))
    subscribe(session, (lambda: 1 / 0) if fails else (lambda: None))
    transport.take()
    with capturedLogs():
        session.onMessage(m.Event(6, 9, {"x_acknowledged_delivery": True}))
    assert transport.sent == ([] if fails else [m.EventReceived(9)])


# -- objects with decorated methods


class Service:
    @wamp.register("com.add")
    def add(self, a, b):
        return a + b

    @wamp.register("com.<id:int>.get")
    def get(self, id):
        return f"got {id!r}"

    @wamp.subscribe("com.<name>.changed")
    def changed(self, value, name):
        self.change = (name, value)


def test_an_object_registers_its_decorated_methods(session, transport):
    reply = session.register(Service())
    assert [(each.procedure, each.options) for each in transport.sent] == [
        ("com.add", {}),
        ("com..get", {"match": "wildcard"}),
    ]
    session.onMessage(m.Registered(1, 5))
    session.onMessage(m.Registered(2, 6))
    assert [each.procedure for each in result_of(reply)] == ["com.add", "com..get"]
    (answer,) = invoke(session, transport, 2, 3)
    assert values(answer)[0] == [5]


def test_a_registration_that_fails_is_not_overlooked(session, transport):
    """The others are awaited first."""
    reply = session.register(Service())
    session.onMessage(m.Error(m.Register.CODE, 1, {}, "wamp.error.procedure_already_exists"))
    assert not reply.called
    session.onMessage(m.Registered(2, 6))
    with pytest.raises(ApplicationError, match="procedure_already_exists"):
        result_of(reply)


def test_named_components_of_a_procedure_are_arguments(session, transport):
    session.register(Service())
    session.onMessage(m.Registered(2, 5))
    (answer,) = invoke(session, transport, details={"procedure": "com.42.get"})
    assert values(answer)[0] == ["got 42"]


def test_named_components_of_a_topic_are_arguments(session, transport):
    service = Service()
    session.subscribe(service)
    session.onMessage(m.Subscribed(1, 6))
    session.onMessage(m.Event(6, 9, {"topic": "com.joe.changed"}, *payload([5])))
    assert service.change == ("joe", 5)


# -- onUserError


def test_on_user_error_gets_what_a_handler_raised(session, transport):
    got = []
    session.onUserError = lambda failure, doing: got.append((failure.type, doing))
    subscribe(session, lambda: 1 / 0)
    session.onMessage(m.Event(6, 9, {}))
    assert got == [(ZeroDivisionError, "While handling an event of com.topic")]


def test_an_error_in_on_user_error_is_logged(session, transport):
    def failing(failure, doing):
        raise ValueError("again")

    session.onUserError = failing
    subscribe(session, lambda: 1 / 0)
    with capturedLogs() as logs:
        session.onMessage(m.Event(6, 9, {}))
    assert logs[0]["log_failure"].check(ValueError)


def test_a_type_check_error_is_an_application_error():
    assert isinstance(TypeCheckError("x"), ApplicationError)


def test_a_signature_that_cannot_be_sent_ends_the_session(session):
    """The router would wait for it, and so would the application."""
    transport = connect(session)
    session.onChallenge = lambda challenge: ("proof", {"nonce": object()})
    with capturedLogs():
        session.onMessage(m.Challenge("scram", {}))
    assert "wamp.error.cannot_authenticate" == transport.take()[-1].reason
