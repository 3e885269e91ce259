"""``App``: what a service offers, written down before there is a session."""

import asyncio

import pytest

import wamp
from tests.wamp.asyncio.turns import settle, until
from tests.wamp.testing.clients import Loop
from wamp.app import App
from wamp.asyncio import connect
from wamp.testing import Router
from wamp.twisted.component import Component
from wamp.types import ComponentConfig, PublishOptions, RegisterOptions


@pytest.fixture
def router():
    with Router() as router:
        yield router


def run(router, app, work):
    async def main():
        async with connect(router.url, app=app) as session:
            return await work(session)

    return asyncio.run(main())


def uris(app):
    return [kept.uri for kept in app.kept()]


def test_uris_are_written_without_the_prefix():
    app = App("com.example")

    @app.register("add")
    def plus(a, b):
        return a + b

    @app.register()
    def minus(a, b):
        return a - b

    @app.subscribe("added")
    def added(total):
        pass

    assert ["com.example.add", "com.example.minus", "com.example.added"] == uris(app)
    assert 3 == plus(1, 2)  # it is still a function


def test_without_a_prefix_uris_are_whole():
    app = App()
    app.register("com.example.add")(sum)
    assert ["com.example.add"] == uris(app)


def test_apps_are_composed():
    app, users, orders = App("com.example"), App("users"), App()
    app.include(users, prefix="v2")
    app.include(orders)
    users.register("get")(print)  # also what is written down after it was included
    orders.register("list")(print)
    assert ["com.example.v2.users.get", "com.example.list"] == uris(app)


def test_an_app_cannot_include_itself():
    app, other = App("a"), App("b")
    app.include(other)
    with pytest.raises(ValueError, match="it is this app, or includes it"):
        other.include(app)
    with pytest.raises(ValueError, match="cannot be included"):
        app.include(app)


def test_options_are_given_as_one_or_by_name():
    app = App()
    app.register("a", match="prefix", invoke="roundrobin", concurrency=2)(print)
    app.register("b", options=RegisterOptions(match="wildcard"))(print)
    app.subscribe("c", match="prefix", get_retained=True)(print)
    first, second, third = app.kept()
    assert RegisterOptions(match="prefix", invoke="roundrobin", concurrency=2) == first.options
    assert "wildcard" == second.options.match
    assert (third.options.match, third.options.get_retained) == ("prefix", True)


def test_options_in_both_ways_are_refused():
    with pytest.raises(ValueError, match="give options= or match=, not both"):
        App().register("a", options=RegisterOptions(), match="prefix")


def test_it_serves_on_asyncio(router):
    app, joined = App("com", check_types=True), []

    @app.register("product.<number:int>.get")
    async def product(number: int) -> str:
        return f"product {number}"

    @app.register("who", details=True, check_types=False)
    def who(details):
        return details.procedure

    @app.on_join
    async def on_join(session):
        joined.append(session)
        assert "com.who" == await session.call("com.who")  # everything is registered

    async def work(session):
        assert [session] == joined
        assert app.session is session
        assert "product 7" == await session.call("com.product.7.get")

    run(router, app, work)


def test_it_serves_an_included_app(router):
    app, part, heard = App("com"), App("part"), []
    app.include(part)
    part.register("session")(lambda: part.session.session_details.realm)
    part.subscribe("topic")(heard.append)
    part.on_join(lambda session: heard.append("joined"))

    async def work(session):
        assert "realm1" == await session.call("com.part.session")
        options = PublishOptions(acknowledge=True, exclude_me=False)
        await session.publish("com.part.topic", 1, options=options)
        await session.call("com.part.session")
        assert ["joined", 1] == heard

    run(router, app, work)


def test_outside_a_session_there_is_none():
    with pytest.raises(wamp.SessionNotReady, match="in no session yet"):
        _ = App().session


def test_what_on_join_raises_ends_the_session(router):
    app = App()

    @app.on_join
    def on_join(session):
        raise LookupError("no database")

    with pytest.raises(LookupError, match="no database"):
        run(router, app, None)


def test_a_component_of_either_loop_includes_it(router):
    app, joined = App("com"), []
    app.register("one")(lambda: 1)
    app.on_join(joined.append)
    component = Component(transports=router.url)
    component.include(app)
    loop = Loop(router)
    session = component._session()
    session.config = ComponentConfig("realm1")
    loop.join(session)
    assert 1 == loop.result(session.call("com.one"))
    assert [session] == joined


def test_an_app_may_close_its_session_at_once(router):
    """A script that is an app does all its work at joining, and ends as it should."""
    app = App()

    @app.on_join
    async def work(session):
        await session.close()

    app.run(router.url, log_level=None)


def test_what_on_join_still_does_ends_with_its_session(router):
    """It runs again in the next one: without this there would be two of it."""
    app, running, ended = App(), [], []

    @app.on_join
    async def on_join(session):
        running.append(session)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(session)

    async def main():
        connecting = asyncio.ensure_future(_connected(router, app))
        await until(lambda: len(running) == 1)
        router.go_down()
        await until(lambda: len(ended) == 1)
        await settle()
        router.come_up()
        router.advance(2)
        await until(lambda: len(running) == 2)
        assert 1 == len(ended)
        connecting.cancel()
        await asyncio.wait([connecting])
        assert 2 == len(ended)

    asyncio.run(main())


async def _connected(router, app):
    return await connect(router.url, app=app, wait=60)


def test_on_join_goes_on_behind_its_own_close(router):
    app, said = App(), []

    @app.on_join
    async def on_join(session):
        await session.close()
        said.append("closed")

    async def main():
        connecting = asyncio.ensure_future(_connected(router, app))
        await until(lambda: said)
        await asyncio.wait([connecting])

    asyncio.run(main())


def test_a_service_whose_on_join_does_not_end_outlives_its_ghost(router):
    """The router may still hold the session before, also if the app has not come to an end of joining."""
    app, joined = App(), []
    app.register("com.where")(lambda: "here")

    @app.on_join
    async def on_join(session):
        joined.append(session)
        await asyncio.Event().wait()

    async def main():
        connecting = asyncio.ensure_future(_connected(router, app))
        await until(lambda: joined)
        router.go_down()
        await settle()
        router.come_up()
        async with connect(router.url) as ghost:
            await ghost.register(lambda: "ghost", "com.where")
            router.advance(2)
            await until(lambda: len(joined) == 2)
        connecting.cancel()
        await asyncio.wait([connecting])

    asyncio.run(main())
