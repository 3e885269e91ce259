"""Scripts with components on asyncio, as a user starts them, and the status with which they exit."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    transports = ({"type": kind, "endpoint": endpoint()} for kind in ("websocket", "rawsocket"))
    with RouterProcess(tmp_path_factory.mktemp("router"), config(*transports)) as router:
        yield router


@pytest.fixture(scope="module")
def url(router):
    return router.url("ws")


def run(url, text):
    """Run a script; return its status, and what it prints and logs."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys\nfrom wamp.asyncio import *\nURL = sys.argv[1]\n" + dedent(text), url],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("scheme", ["ws", "rs"])
def test_a_main_that_returns_ends_the_script(router, scheme):
    status, output, log = run(
        router.url(scheme),
        """
        async def main(loop, session):
            print("ran")

        run(Component(transports=URL, main=main))
        """,
    )
    assert (0, "ran\n") == (status, output), log


def test_a_main_that_raises_ends_the_script_with_status_1(url):
    status, output, log = run(
        url,
        """
        async def main(loop, session):
            print("ran")
            raise ValueError("boom")

        run(Component(transports=URL, main=main))
        """,
    )
    assert (1, "ran\n") == (status, output)
    assert "ValueError: boom" in log


@pytest.mark.parametrize(
    "start",
    ["ApplicationRunner(URL, 'nowhere').run(ApplicationSession)", "run(Component(transports=URL, realm='nowhere'))"],
)
def test_a_realm_that_does_not_exist_ends_the_script_with_status_1(url, start):
    status, _, log = run(url, start)
    assert 1 == status
    assert "wamp.error.no_such_realm" in log


def test_an_error_in_on_join_ends_the_script_with_status_1(url):
    status, _, log = run(
        url,
        """
        class Broken(ApplicationSession):
            async def onJoin(self, details):
                raise ValueError("boom")

        ApplicationRunner(URL, "realm1").run(Broken)
        """,
    )
    assert 1 == status
    assert "ValueError: boom" in log


def test_cancelling_the_await_cancels_the_call(url):
    """asyncio.wait_for is a time-out for a call: the callee is interrupted, and the session goes on."""
    status, output, log = run(
        url,
        """
        import asyncio

        async def slow():
            try:
                await asyncio.Event().wait()
            finally:
                print("interrupted")
                stopped.set()

        async def main(loop, session):
            global stopped
            stopped = asyncio.Event()
            await session.register(slow, "com.slow")
            try:
                await asyncio.wait_for(session.call("com.slow"), 0.1)
            except asyncio.TimeoutError:
                await stopped.wait()
                print(await session.call("wamp.session.count") > 0)

        run(Component(transports=URL, main=main))
        """,
    )
    assert (0, "interrupted\nTrue\n") == (status, output), log


def test_twisted_and_asyncio_share_a_process():
    status, output, _ = run("", "import wamp.twisted, wamp.asyncio\nprint('both')")
    assert (0, "both\n") == (status, output)
