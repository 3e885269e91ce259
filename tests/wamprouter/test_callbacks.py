"""A component that is made of functions: each is called at its time, with the session first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.process import RouterProcess, config, endpoint
from tests.support.raw import Client
from wamp.protocol.messages import Result
from wamprouter.callbacks import session_class

PARTS = """
import json
from twisted.internet.defer import succeed

seen = []

def connect(session, transport):
    seen.append(["connect", transport.is_open()])
    return succeed(None)

async def join(session, details):
    seen.append(["join", details.realm, details.authrole, session.config.extra])
    await session.register(lambda: seen, "com.example.seen")

def leave(session, details):
    seen.append(["leave", details.reason])

def disconnect(session, was_clean):
    seen.append(["disconnect", was_clean])
    with open("seen.json", "w") as file:
        json.dump(seen, file)

text = "no function"
"""

FUNCTIONS = {name: f"parts.{name}" for name in ("connect", "join", "leave", "disconnect")}


def component(**callbacks: str) -> dict[str, object]:
    return {"type": "function", "callbacks": callbacks, "realm": "realm1", "role": "anonymous", "extra": {"a": 1}}


def test_functions_are_called_as_the_session_comes_and_goes(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text(PARTS)
    transport = {"type": "rawsocket", "endpoint": endpoint()}
    with RouterProcess(tmp_path, config(transport, components=[component(**FUNCTIONS)])) as router:
        came = [["connect", True], ["join", "realm1", "anonymous", {"a": 1}]]
        with Client(router.url("rs")) as caller:
            caller.call("com.example.seen")
            assert caller.args(caller.expect(Result)) == [came]
        router.stop()
    went = [["leave", "wamp.close.system_shutdown"], ["disconnect", True]]
    assert json.loads((tmp_path / "seen.json").read_text()) == came + went


def test_a_session_without_functions_joins_all_the_same() -> None:
    assert session_class({}).__name__ == "FunctionSession"


def test_what_is_no_function_is_told(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text(PARTS)
    transport = {"type": "rawsocket", "endpoint": endpoint()}
    with pytest.raises(RuntimeError, match=r"component parts\.text is not a function"):
        RouterProcess(tmp_path, config(transport, components=[component(join="parts.text")]))
