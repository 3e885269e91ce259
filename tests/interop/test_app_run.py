"""``App.run``: a service as a user starts it, the router that it waits for, and the status with which it exits."""

import asyncio
import os
import signal
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint
from wamp.asyncio import connect

SERVICE = """
import sys
from wamp import App

app = App("com.example")

@app.register()
def greet(name):
    return f"Hello, {name}!"

@app.on_join
def joined(session):
    print("joined", flush=True)
    if "leave" in sys.argv:
        raise LookupError("no database")

app.run(sys.argv[1], sys.argv[2])
print("ended", flush=True)
"""


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    folder = tmp_path_factory.mktemp("router")
    with RouterProcess(
        folder, config({"type": "websocket", "endpoint": endpoint()}, {"type": "rawsocket", "endpoint": endpoint()})
    ) as router:
        yield router


def start(url, realm="realm1", *more):
    return subprocess.Popen(
        [sys.executable, "-c", dedent(SERVICE), url, realm, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
    )


@pytest.mark.parametrize("scheme", ["ws", "rs"])
def test_it_serves_until_it_is_told_to_stop(router, scheme):
    """SIGTERM: it leaves the realm, and the script goes on behind `run`."""

    async def call():
        async with connect(router.url(scheme)) as session:
            greeting = await session.rpc.com.example.greet("world")
            service.send_signal(signal.SIGTERM)
            return greeting

    with start(router.url(scheme)) as service:
        assert "joined\n" == service.stdout.readline()
        assert "Hello, world!" == asyncio.run(call())
        output, log = service.communicate(timeout=20)
    assert (0, "ended\n") == (service.returncode, output), log


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("nowhere",), "wamp.error.no_such_realm"), (("realm1", "leave"), "LookupError: no database")],
    ids=["no such realm", "on_join raises"],
)
def test_what_ends_it_is_raised(router, arguments, said):
    """The script exits with status 1."""
    with start(router.url("ws"), *arguments) as service:
        _, log = service.communicate(timeout=20)
    assert 1 == service.returncode
    assert said in log
