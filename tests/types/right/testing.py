"""Tests of a user's, with the fixtures of ``wamp.testing``."""

from collections.abc import Iterator
from typing import Any, assert_type

import pytest

from wamp.asyncio import connect
from wamp.testing import Call, CallRecorder, Event, Router, SessionInfo


@pytest.fixture
def wamp_router_config() -> dict[str, Any]:
    return {"realms": [{"name": "shop", "roles": [{"name": "anonymous"}]}]}


def doubled(number: int) -> int:
    return 2 * number


async def test_price(wamp_router: Router, call_recorder: CallRecorder) -> None:
    call_recorder.reply("com.price", 3)
    call_recorder.reply("com.double", doubled)
    call_recorder.refuse("com.stock", "com.error.empty", "nothing", left=0)
    async with connect(wamp_router.url, realm=wamp_router.default_realm) as session:
        assert 3 == await session.call("com.price", "tea")
        wamp_router.drop(session)
        wamp_router.advance(10)
    assert_type(call_recorder.calls("com.price"), list[Call])
    assert_type(call_recorder.events()[0], Event)
    assert_type(wamp_router.sessions(), list[SessionInfo])
    assert_type(wamp_router.now(), float)


@pytest.fixture
def router() -> Iterator[Router]:
    with Router(realms=[{"name": "realm1"}], auth={"anonymous": {"type": "static"}}) as router:
        assert_type(router, Router)
        yield router
