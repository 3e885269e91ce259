"""The logger of asyncio's sessions."""

import asyncio
import logging

import pytest

from tests.wamp.doubles import WELCOME, ScriptedTransport
from wamp.asyncio import ApplicationSession
from wamp.asyncio.log import Log
from wamp.protocol import messages as m


@pytest.mark.parametrize("name", ["text", "level", "exception", "self"])
def test_a_field_may_have_any_name(caplog, name):
    caplog.set_level(logging.INFO, "wamp")
    Log().info(f"so: {{{name}}}", **{name: 3})
    assert ["so: 3"] == caplog.messages


def test_a_violation_of_the_router_is_logged_and_ends_the_session(caplog):
    async def test():
        session, transport = ApplicationSession(), ScriptedTransport()
        session.onOpen(transport)
        await asyncio.sleep(0)
        transport.take()
        session.onMessage(m.Goodbye({}, "wamp.close.normal"))
        session.onMessage(WELCOME)
        await asyncio.sleep(0)
        return [type(each) for each in transport.sent]

    assert [m.Abort] == asyncio.run(test())
    assert "broke the protocol" in caplog.messages[0]
