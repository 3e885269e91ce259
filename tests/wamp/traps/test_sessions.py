"""What a session does with hooks, handlers, procedures and calls, on both event loops."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

import wamp
from tests.wamp.doubles import CODEC, ScriptedTransport
from tests.wamp.traps.loops import AsyncioLoop, Loop, TwistedLoop
from wamp.exception import ApplicationError
from wamp.protocol import messages as m
from wamp.testing import Router
from wamp.types import CallOptions, ComponentConfig, PublishOptions, RegisterOptions, SubscribeOptions


def session(loop: Loop) -> Any:
    """Return a session that has joined."""
    return loop.join(loop.library.ApplicationSession(ComponentConfig("realm1")))


# -- exceptions of the user's


def test_an_error_in_on_join_ends_the_component(loop: Loop) -> None:
    """It is neither swallowed, nor met again and again."""

    class Broken(loop.library.ApplicationSession):  # type: ignore[misc, name-defined]  # of either loop
        async def onJoin(self, details: object) -> None:
            raise ValueError("boom")

    ended = loop.start(loop.library.Component(transports=loop.router.url, session_factory=Broken))
    assert (["boom"], []) == ([str(each) for each in ended], loop.router.sessions())


@pytest.mark.parametrize("style", ["function", "coroutine"])
def test_a_handler_that_raises_ends_nothing(loop: Loop, style: str) -> None:
    """The next event arrives, the other handlers run, and the error is in the log."""
    heard, one = [], session(loop)

    def function(number: int) -> None:
        raise ValueError("boom")

    async def coroutine(number: int) -> None:
        raise ValueError("boom")

    one.onUserError = lambda failure, _: heard.append(str(failure.value))
    loop.do(one.subscribe, function if style == "function" else coroutine, "com.example.news")
    loop.do(one.subscribe, heard.append, "com.example.news")
    for number in range(2):
        loop.do(one.publish, "com.example.news", number, options=PublishOptions(exclude_me=False))
    assert sorted(["boom", "boom", "0", "1"]) == sorted(map(str, heard))
    assert one.is_attached()


class Adds:
    @wamp.register("com.example.add")
    def add(self, a: int, b: int) -> int:
        return a + b

    @wamp.register("com.example.double")
    def double(self, a: int) -> int:
        return 2 * a


def test_a_procedure_that_exists_already_is_not_overlooked(loop: Loop) -> None:
    """Registering an object raises what one of its procedures is refused with."""
    loop.do(session(loop).register, Adds().double, "com.example.double")
    (refusal,) = loop.do(session(loop).register, Adds())
    assert ApplicationError.PROCEDURE_ALREADY_EXISTS == refusal.error


# -- time-outs and cancelling


@pytest.mark.parametrize("seconds", [0.25, 1, 2])
def test_a_call_times_out_when_it_says_so(loop: Loop, seconds: float) -> None:
    """Neither earlier nor later, and with the error of a time-out."""
    callee, caller = session(loop), session(loop)
    loop.do(callee.register, _waits, "com.example.slow")
    reply = loop.do(caller.call, "com.example.slow", options=CallOptions(timeout=timedelta(seconds=seconds)))
    loop.advance(seconds - 0.01)
    before = list(reply)
    loop.advance(0.02)
    assert ([], [ApplicationError.TIMEOUT]) == (before, [each.error for each in reply])


async def _waits() -> None:
    """Wait as long as nobody cancels it, on either event loop."""
    await _Never()


class _Never:
    def __await__(self) -> Any:
        from twisted.internet.defer import Deferred

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return Deferred[None]().__await__()
        return loop.create_future().__await__()


def test_a_router_that_cannot_cancel_is_not_asked_to() -> None:
    """It would take CANCEL for a violation of the protocol. ``asyncio.wait_for`` gives up all the same, and the session goes on."""

    async def test() -> tuple[list[object], bool]:
        one, transport = wamp.asyncio.ApplicationSession(), ScriptedTransport()
        one.onOpen(transport)
        await asyncio.sleep(0)
        one.onMessage(m.Welcome(77, {"roles": {"broker": {}, "dealer": {"features": {}}}}))
        await asyncio.sleep(0)
        transport.take()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.call("com.example.slow"), 0)
        one.onMessage(m.Result(1, {}, CODEC.serializer.pack([3])))
        return [type(each) for each in transport.sent], one.is_attached()

    assert ([m.Call], True) == asyncio.run(test())


def test_wait_for_is_a_time_out(router: Router) -> None:
    """The callee is interrupted, and the session goes on."""
    loop, said = AsyncioLoop(router), []

    async def slow() -> None:
        try:
            await _Never()
        finally:
            said.append("interrupted")

    one = session(loop)
    loop.do(one.register, slow, "com.example.slow")
    loop.do(lambda: asyncio.wait_for(one.call("com.example.slow"), 0.001))
    loop.loop.run_until_complete(asyncio.sleep(0.002))
    loop.turn()
    attached = one.is_attached()
    loop.close()
    assert (["interrupted"], True) == (said, attached)


# -- what is handed to handlers, and what comes back


def test_details_for_one_handler_do_not_reach_the_next(loop: Loop) -> None:
    """Also if the event has keyword arguments."""
    got, one = [], session(loop)
    loop.do(
        one.subscribe,
        lambda **kwargs: got.append(sorted(kwargs)),
        "com.example.news",
        SubscribeOptions(details_arg="details"),
    )
    loop.do(one.subscribe, lambda **kwargs: got.append(sorted(kwargs)), "com.example.news")
    loop.do(one.publish, "com.example.news", number=1, options=PublishOptions(exclude_me=False))
    assert [["details", "number"], ["number"]] == got


def test_a_publication_can_be_awaited_without_acknowledgement(loop: Loop) -> None:
    """Its result is None, at once."""
    one = session(loop)

    async def publish() -> object:
        return await one.publish("com.example.news", 1)

    assert [None] == loop.do(lambda: loop.awaited(publish()))


def test_decorators_return_what_they_decorate(loop: Loop) -> None:
    """All of a component's."""

    def function(*_: object) -> None: ...

    made = loop.library.Component()
    names = ("on_connect", "on_join", "on_ready", "on_leave", "on_disconnect", "on_connectfailure")
    assert [function] * 6 == [getattr(made, name)(function) for name in names]
    assert function is made.register("com.example.x")(function) is made.subscribe("com.example.x")(function)


def test_a_registration_that_the_router_takes_away_is_gone(loop: Loop) -> None:
    """Somebody else has registered the procedure by force: this session neither thinks it has it, nor withdraws the other's."""
    first, second = session(loop), session(loop)
    (registration,) = loop.do(first.register, lambda: 1, "com.example.x")
    loop.do(second.register, lambda: 2, "com.example.x", RegisterOptions(force_reregister=True))
    with pytest.raises(wamp.Error, match="no longer active"):
        registration.unregister()
    assert [2] == loop.do(first.call, "com.example.x")


def test_both_loops_share_a_process_and_a_router(router: Router) -> None:
    """A procedure on the one is called from the other."""
    one, other = AsyncioLoop(router), TwistedLoop(router)
    callee, caller = session(one), session(other)
    one.do(callee.register, lambda a, b: a + b, "com.example.add")
    reply = other.do(caller.call, "com.example.add", 2, 3)
    one.turn()
    other.turn()
    one.close()
    assert [5] == reply


# -- the new API


def test_a_session_is_a_block_and_an_app_a_blueprint_with_a_prefix(router: Router) -> None:
    """What is composed is offered under the prefixes of both."""
    users, shop = wamp.App("users"), wamp.App("com.example")
    shop.include(users, prefix="v2")

    @users.register()
    def count() -> int:
        return 3

    async def test() -> object:
        async with wamp.asyncio.connect(router.url, app=shop), wamp.asyncio.connect(router.url) as caller:
            return await caller.rpc.com.example.v2.users.count()

    assert 3 == asyncio.run(test())
