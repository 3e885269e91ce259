"""The fixtures, as pytest has them in a project of a user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))}

TESTS = """
import asyncio
import pytest
from wamp.asyncio import Component

def test_router(wamp_router):
    assert wamp_router.url.startswith("memory://")

def test_recorder(wamp_router, call_recorder):
    component = Component(transports=wamp_router.url, realm=wamp_router.default_realm)
    prices = []

    @component.on_join
    async def joined(session, details):
        prices.append(await session.call("com.price", "tea"))
        await session.leave()

    call_recorder.reply("com.price", 3)

    async def run():
        await component.start()

    asyncio.run(run())
    assert [3] == prices
    assert [["tea"]] == [call.args for call in call_recorder.calls("com.price")]

def test_session(wamp_session, call_recorder):
    call_recorder.reply("com.price", 3)
    assert 3 == wamp_session.call("com.price", "tea")

class TestConfigured:
    @pytest.fixture
    def wamp_router_config(self):
        return {"realms": [{"name": "shop", "roles": [{"name": "anonymous"}]}]}

    def test_realm(self, wamp_router):
        assert "shop" == wamp_router.default_realm

    def test_session_on_the_realm(self, wamp_session):
        assert "shop" == wamp_session.session_details.realm
"""


def python(*arguments, cwd):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "test_shop.py").write_text(TESTS)
    return python("-m", "pytest", "-q", "-W", "error", "test_shop.py", cwd=folder)


def test_a_users_tests_run_with_the_fixtures(outcome):
    assert "5 passed" in outcome.stdout, outcome.stdout


def test_loading_the_plugin_imports_no_router(tmp_path):
    """pytest starts as fast as without."""
    code = (
        "import sys, pytest; before = set(sys.modules); import wamp.testing.plugin; "
        "print({name.partition('.')[0] for name in set(sys.modules) - before} & {'wamprouter', 'twisted', 'asyncio', 'pydantic'})"
    )
    assert "set()\n" == python("-c", code, cwd=tmp_path).stdout


@pytest.mark.parametrize("name", ["Call", "CallRecorder", "Event", "RegistrationInfo", "Router", "SessionInfo"])
def test_the_names_of_the_package_are_there(name):
    import wamp.testing

    assert name == getattr(wamp.testing, name).__name__


def test_a_name_that_is_not_there_is_an_attribute_error():
    import wamp.testing

    with pytest.raises(AttributeError, match="Rooter"):
        wamp.testing.Rooter  # noqa: B018  # looking is the test
