"""``connect()``: a session that outlives its connections."""

import asyncio
import gc
import math
from contextlib import suppress
from datetime import timedelta

import pytest

import wamp
from tests.wamp.asyncio.turns import settle, until
from wamp.asyncio import connect
from wamp.exception import CallTimeout, TypeCheckError
from wamp.protocol.messages import Cancel
from wamp.testing import Router
from wamp.types import CallOptions, PublishOptions, RegisterOptions

ADD = "com.example.add"
NOBODY = "ws://127.0.0.1:1/ws"


def run(router, work, **how):
    """Run ``work(session)`` in a session on a router in memory."""

    async def main():
        async with connect(router.url, **how) as session:
            return await work(session)

    return asyncio.run(main())


async def never():
    await asyncio.get_running_loop().create_future()


async def lose(router, session):
    """Let the connection be lost; return when the client knows and waits for its next attempt."""
    router.go_down()
    await until(lambda: not session.is_connected())
    await asyncio.sleep(0)


async def come_back(router, session):
    router.come_up()
    router.advance(2)
    await session.wait_connected()


# -- connecting


def test_a_block_is_a_session_that_leaves_at_its_end(router):
    async def work(session):
        assert session.session_details.session == router.sessions()[0].id
        return session

    session = run(router, work)
    assert not session.is_connected()
    assert [] == router.sessions()


def test_it_can_be_awaited_and_closed_instead(router):
    async def main():
        session = await connect(router.url)
        assert 1 == len(router.sessions())
        await session.close()
        await session.close()
        assert [] == router.sessions()

    asyncio.run(main())


def test_without_a_router_connecting_fails_with_its_cause():
    async def main():
        async with connect(NOBODY):
            pass

    with pytest.raises(wamp.TransportLost, match=rf"cannot connect to {NOBODY}: Connection refused") as caught:
        asyncio.run(main())
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_what_a_web_server_answers_in_place_of_a_router_is_said():
    """At once, though the page with its answer has not ended."""

    answered = asyncio.Event()

    async def answer(reader, writer):
        writer.write(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        answered.set()

    async def main():
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            try:
                await connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/none")
            finally:
                await answered.wait()

    with pytest.raises(wamp.TransportLost, match=r"cannot connect to ws://\S*/none: .* HTTP status 404"):
        asyncio.run(main())


def test_a_realm_that_does_not_exist_is_said_at_once(router):
    async def main():
        async with connect(router.url, "nowhere"):
            pass

    with pytest.raises(wamp.ApplicationError) as caught:
        asyncio.run(main())
    assert "wamp.error.no_such_realm" == caught.value.error


@pytest.mark.parametrize("error", [FileNotFoundError("no settings"), CallTimeout("no answer")])
def test_what_an_app_raises_at_joining_is_not_taken_for_a_router_out_of_reach(router, error):
    """Both are an OSError, as a refused connection is."""
    app = wamp.App()

    @app.on_join
    def fail(session):
        raise error

    async def main():
        await connect(router.url, app=app)

    with pytest.raises(type(error)):
        asyncio.run(main())


def test_the_first_connection_is_waited_for_if_asked(router):
    """A service may be started before its router."""

    async def work():
        router.go_down()
        entering = asyncio.create_task(_awaited(connect(router.url, wait=60)))
        await settle()
        router.come_up()
        router.advance(2)
        session = await entering
        assert session.is_connected()
        await session.close()

    asyncio.run(work())


def test_the_first_connection_is_not_waited_for_longer_than_asked(router):
    async def main():
        router.go_down()
        entering = asyncio.create_task(_awaited(connect(router.url, wait=timedelta(seconds=5))))
        for _ in range(20):
            await asyncio.sleep(0)
            router.advance(1)
        with pytest.raises(wamp.TransportLost):
            await entering

    asyncio.run(main())


def test_several_urls_are_tried_in_turn(router):
    async def main():
        connecting = asyncio.create_task(_awaited(connect(["memory://nobody", router.url])))
        await settle()
        router.advance(1)
        session = await connecting
        assert session.is_connected()
        await session.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://127.0.0.1"}, "http"),
        ({"url": []}, "no url"),
        ({"url": "memory://x", "offline_publishes": -1}, "offline_publishes is -1"),
        ({"url": "memory://x", "serializers": ["xml"]}, "unknown serializer 'xml'"),
        ({"url": "memory://x", "auth": {"magic": {}}}, "magic"),
    ],
)
def test_a_wrong_argument_is_said_before_anything_is_done(wrong, said):
    with pytest.raises(ValueError, match=said):
        connect(**wrong)


def test_it_logs_in():
    users = {"type": "static", "principals": {"joe": {"role": "user", "ticket": "secret"}}}
    realm = {
        "name": "realm1",
        "roles": [{"name": "user", "permissions": [{"uri": "", "match": "prefix", "allow": "all"}]}],
    }
    with Router({"realms": [realm]}, auth={"ticket": users}) as router:

        async def work(session):
            return session.session_details.authid, session.session_details.authmethod

        assert ("joe", "ticket") == run(router, work, auth={"ticket": {"authid": "joe", "ticket": "secret"}})
        with pytest.raises(wamp.ApplicationError):
            run(router, work, auth={"ticket": {"authid": "joe", "ticket": "guess"}})


# -- calls


def test_procedures_are_called_by_name_or_as_attributes(router):
    async def work(session):
        await session.register(lambda a, b: a + b, ADD)
        await session.register(lambda **named: named, "com.example.named-2")
        assert 5 == await session.call(ADD, 2, 3)
        assert 5 == await session.rpc.com.example.add(2, 3)
        assert {"timeout": 1} == await session.rpc["com.example.named-2"](timeout=1)
        assert 5.0 == await session.rpc(timeout=1, returns=float).com.example.add(2, 3)

    run(router, work)


def test_underscores_are_not_taken_for_procedures(router):
    async def work(session):
        assert not hasattr(session.rpc, "__wrapped__")
        with pytest.raises(TypeError, match="options by name"):
            session.rpc(2)

    run(router, work)


@pytest.mark.parametrize("timeout", [2, timedelta(seconds=2)])
def test_a_call_without_an_answer_fails_in_time(router, timeout):
    async def work(session):
        interrupted = []

        async def slow():
            try:
                await never()
            except asyncio.CancelledError:
                interrupted.append(True)
                raise

        await session.register(slow, "com.slow")
        reply = session.call("com.slow", timeout=timeout)
        await settle()
        router.advance(2)
        with pytest.raises(wamp.CallTimeout, match=r"com.slow|timeout") as caught:
            await reply
        assert isinstance(caught.value, TimeoutError)
        assert "wamp.error.timeout" == caught.value.error
        await until(lambda: interrupted)

    run(router, work)


def test_the_timeout_of_the_session_is_that_of_its_calls(router):
    async def work(session):
        await session.register(never, "com.slow")
        reply, endless = session.call("com.slow"), session.call("com.slow", timeout=math.inf)
        own = session.call("com.slow", options=CallOptions(timeout=60_000))
        await settle()
        router.advance(2)
        with pytest.raises(wamp.CallTimeout):
            await reply
        assert not endless.done()
        assert not own.done()

    run(router, work, timeout=2)


def test_a_call_may_demand_the_type_of_its_result(router):
    async def work(session):
        await session.register(lambda: "three", "com.text")
        assert "three" == await session.call("com.text", returns=str)
        with pytest.raises(TypeCheckError):
            await session.call("com.text", returns=int)

    run(router, work)


def test_cancelling_the_await_cancels_the_call(router):
    async def work(session):
        cancelled = []

        async def slow():
            try:
                await never()
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        await session.register(slow, "com.slow")
        calling = asyncio.create_task(_awaited(session.call("com.slow")))
        await settle()
        calling.cancel()
        await until(lambda: cancelled)

    run(router, work)


async def _awaited(reply):
    return await reply


def test_cancelling_a_call_of_a_type_at_once_cancels_the_call(router):
    async def work(session):
        sent = []
        await session.register(never, "com.slow")
        router.watch(lambda _, message: sent.append(type(message)))
        session.call("com.slow", returns=int).cancel()
        await until(lambda: Cancel in sent)

    run(router, work)


def test_a_class_without_a_uri_is_said_at_once_and_in_no_later_session(router):
    async def work(session):
        with pytest.raises(RuntimeError, match="cannot define"):
            session.define(KeyError)
        await lose(router, session)
        await come_back(router, session)

    run(router, work)


def test_exceptions_are_mapped_both_ways(router):
    class Empty(Exception):
        pass

    async def work(session):
        session.define(Empty, "com.error.empty")

        def fail():
            raise Empty("nothing")

        await session.register(fail, "com.fail")
        with pytest.raises(Empty, match="nothing"):
            await session.call("com.fail")

    run(router, work)


def test_types_are_checked_before_the_procedure_runs(router):
    ran = []

    def add(a: int, b: int) -> int:
        ran.append((a, b))
        return a + b

    async def work(session):
        await session.register(add, ADD, check_types=True)
        assert 3 == await session.call(ADD, 1, 2)
        with pytest.raises(wamp.ApplicationError) as caught:
            await session.call(ADD, "1", 2)
        assert "wamp.error.invalid_argument" == caught.value.error

    run(router, work)
    assert [(1, 2)] == ran


# -- a connection is lost


def test_registrations_and_subscriptions_come_back(router):
    async def work(session):
        heard = asyncio.Queue()
        await session.register(lambda: "here", "com.where")
        await session.subscribe(heard.put_nowait, "com.topic")
        await lose(router, session)
        await come_back(router, session)
        assert "here" == await session.call("com.where")
        await session.publish("com.topic", 1, options=PublishOptions(exclude_me=False))
        assert 1 == await heard.get()

    run(router, work)


def test_a_reconnection_is_told_without_a_warning(router, caplog):
    """What was lost, when it is tried again, and that it is there."""
    caplog.set_level("INFO", "wamp")

    async def work(session):
        await lose(router, session)
        await come_back(router, session)

    run(router, work)
    first, lost, again = caplog.records
    assert {"INFO"} == {record.levelname for record in caplog.records}
    assert "on realm1 at memory://" in first.getMessage()
    assert lost.getMessage().startswith(
        "the connection was lost while on the realm: the router closed the connection; "
    )
    assert "on realm1 at memory://" in again.getMessage()


def test_what_was_removed_does_not_come_back(router):
    async def work(session):
        registration = await session.register(lambda: "here", "com.where")
        subscription = await session.subscribe(print, "com.topic")
        assert registration.is_active
        assert "com.topic" == subscription.uri
        await registration.remove()
        await registration.remove()
        await lose(router, session)
        await subscription.remove()
        await come_back(router, session)
        assert [] == router.registrations()
        assert [] == router.subscriptions()

    run(router, work)


def test_a_call_in_flight_fails_clearly(router):
    async def work(session):
        await session.register(never, "com.slow")
        reply = session.call("com.slow")
        await lose(router, session)
        with pytest.raises(wamp.TransportLost, match="whether the request was carried out is not known"):
            await reply

    run(router, work)


def test_a_call_without_a_connection_fails_at_once(router):
    async def work(session):
        await lose(router, session)
        with pytest.raises(wamp.TransportLost, match="not connected"):
            session.call(ADD)

    run(router, work)


def test_events_wait_for_a_connection_if_asked(router):
    async def work(session):
        await lose(router, session)
        waiting = [session.publish("com.topic", number) for number in range(2)]
        with pytest.raises(wamp.BufferFull, match="2 events wait"):
            session.publish("com.topic", 3)
        router.come_up()
        async with connect(router.url) as other:
            heard = asyncio.Queue()
            await other.subscribe(heard.put_nowait, "com.topic")
            router.advance(2)
            assert [None, None] == await asyncio.gather(*waiting)
            assert [0, 1] == [await heard.get(), await heard.get()]

    run(router, work, offline_publishes=2)


def test_an_event_waits_also_if_the_connection_is_just_being_closed(router):
    async def work(session):
        router.go_down()
        assert session.is_connected()  # as far as is known
        waiting = session.publish("com.topic")
        await until(lambda: not session.is_connected())
        await settle()
        await come_back(router, session)
        assert await waiting is None

    run(router, work, offline_publishes=1)


def test_an_event_that_cannot_be_sent_fails_alone(router):
    """It ends no session."""

    async def work(session):
        await lose(router, session)
        wrong, right = session.publish(None), session.publish("com.topic")
        await come_back(router, session)
        assert await right is None
        with pytest.raises(TypeError):
            await wrong

    run(router, work, offline_publishes=2)


def test_events_that_wait_fail_when_the_session_is_closed(router):
    async def work(session):
        await lose(router, session)
        waiting = session.publish("com.topic")
        await session.close()
        with pytest.raises(wamp.Error, match="closed"):
            await waiting

    run(router, work, offline_publishes=2)


def test_an_event_fails_without_a_connection_otherwise(router):
    async def work(session):
        await lose(router, session)
        with pytest.raises(wamp.TransportLost):
            session.publish("com.topic")

    run(router, work)


def test_a_procedure_that_another_session_has_now_is_asked_for_again(router):
    """The router may hold the session before, whose connection it does not know to be lost."""

    async def work(session):
        await session.register(lambda: "mine", "com.where")
        await lose(router, session)
        router.come_up()
        async with connect(router.url) as other:
            await other.register(lambda: "other", "com.where")
            router.advance(2)
            await session.wait_connected()
            assert "other" == await session.call("com.where")
        for _ in range(100):
            router.advance(1)
            await asyncio.sleep(0)
        assert "mine" == await session.call("com.where")

    run(router, work)


def test_without_reconnecting_the_first_loss_is_the_end(router):
    async def work(session):
        router.go_down()
        with pytest.raises(wamp.TransportLost):
            await session.wait_closed()

    run(router, work, reconnect=False)


def test_a_reason_that_another_attempt_would_meet_again_is_the_end(router):
    async def work(session):
        router.kill(session.session_details.session, reason="com.example.go_away")
        with pytest.raises(wamp.ApplicationError, match=r"com.example.go_away"):
            await session.wait_closed()
        with pytest.raises(wamp.TransportLost, match="the session has ended"):
            session.call(ADD)

    run(router, work)


def test_a_refusal_by_the_router_is_raised_and_nothing_is_kept(router):
    async def work(session):
        await session.register(print, ADD)
        with pytest.raises(wamp.ApplicationError, match="procedure_already_exists"):
            await session.register(print, ADD)
        await session.register(print, "com.shared", RegisterOptions(invoke="roundrobin"))

    run(router, work)


@pytest.mark.parametrize("target", [object(), print])
def test_what_has_no_uri_cannot_be_registered(router, target):
    async def work(session):
        with pytest.raises(ValueError, match=r"decorated with @wamp.register|needs the URI"):
            await session.register(target)

    run(router, work)


def test_an_objects_decorated_methods_are_registered(router):
    class Service:
        @wamp.register("com.one")
        def one(self):
            return 1

        @wamp.subscribe("com.topic")
        def topic(self):
            pass

    async def work(session):
        assert ["com.one"] == [each.uri for each in await session.register(Service())]
        assert ["com.topic"] == [each.uri for each in await session.subscribe(Service())]
        assert 1 == await session.call("com.one")

    run(router, work)


def test_of_several_refusals_the_first_is_raised_and_asyncio_warns_of_none(router):
    class Service:
        @wamp.register("com.one")
        def one(self): ...

        @wamp.register("com.two")
        def two(self): ...

    async def work(session):
        warnings = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: warnings.append(context))
        await session.register(Service())
        try:
            await session._session.register(Service())
        except wamp.ApplicationError as refusal:
            error = refusal.error
        await settle()
        gc.collect()
        assert ("wamp.error.procedure_already_exists", []) == (error, warnings)

    run(router, work)
