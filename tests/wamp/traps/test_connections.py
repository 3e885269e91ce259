"""Connections that come and go: when a client tries again, and when it ends."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.logger import capturedLogs

import wamp.asyncio
import wamp.twisted
from tests.wamp.traps.loops import AsyncioLoop, Loop, Reactor
from wamp.exception import ApplicationError, TransportLost
from wamp.testing import Router
from wamp.types import SessionDetails

LONG = 1000.0
"""Seconds after which everything that can still happen has happened."""


class Count:
    """Counts the sessions of a component that join, and keeps the last one."""

    def __init__(self, component: Any) -> None:
        self.number = 0
        self.session: Any = None
        component.on_join(self._joined)

    def _joined(self, session: Any, _: object) -> None:
        self.number += 1
        self.session = session


def component(loop: Loop, main: Any = None, **options: Any) -> tuple[Any, Count]:
    """Return a component that connects to the router, and the count of its sessions."""
    transport = {"type": "rawsocket", "url": loop.router.url, **options}
    made = loop.library.Component(transports=transport, main=main)
    return made, Count(made)


def test_delays_start_over_after_each_good_connection(loop: Loop) -> None:
    """Also for a component that has procedures and no main: the next session is there within the first delay, each time."""
    made, count = component(loop, initial_retry_delay=1.0)
    made.register("com.example.add")(lambda a, b: a + b)
    loop.start(made)
    for number in range(1, 30):
        assert number == count.number
        loop.advance(11)
        loop.router.drop(count.session)
        loop.advance(1.0)


def test_a_main_that_raises_ends_the_component(loop: Loop) -> None:
    """It is a bug: connecting again would flood the router with it."""

    async def main(_: object, session: object) -> None:
        raise ValueError("boom")

    made, count = component(loop, main, max_retries=2, initial_retry_delay=5)
    ended = loop.start(made)
    loop.advance(LONG)
    assert (["boom"], 1) == ([str(each) for each in ended], count.number)


def test_a_main_that_returns_is_run_once(loop: Loop) -> None:
    """Then the component is done."""

    async def main(_: object, session: object) -> None: ...

    made, count = component(loop, main)
    ended = loop.start(made)
    loop.advance(LONG)
    assert ([None], 1) == (ended, count.number)


def test_a_realm_that_does_not_exist_is_not_asked_for_again(loop: Loop) -> None:
    """The router would say the same."""
    failures = []
    made = loop.library.Component(transports=loop.router.url, realm="nowhere")
    made.on_connectfailure(lambda _, failure: failures.append(failure))
    (ended,) = loop.start(made)
    loop.advance(LONG)
    assert (ApplicationError.NO_SUCH_REALM, [ended]) == (ended.error, failures)


def test_exhausted_retries_are_told_and_fail_the_component(loop: Loop) -> None:
    """Every attempt is told to ``on_connectfailure``; the last failure is what the component ends with."""
    made, _ = component(loop, max_retries=2)
    failures: list[Exception] = []
    made.on_connectfailure(lambda _, failure: failures.append(failure))
    loop.router.go_down()
    ended = loop.start(made)
    loop.advance(LONG)
    assert (3, [failures[-1]]) == (len(failures), ended)


# -- run, with several components


def pair(loop_module: Any, router: Router, rounds: int) -> tuple[list[Any], list[str]]:
    """Return a component that fails at once and one that makes so many calls, and what they say."""
    said: list[str] = []

    async def main(_: object, session: Any) -> None:
        for _ in range(rounds):
            await session.call("wamp.session.count")
        said.append("done")

    failing = loop_module.Component(transports=router.url, realm="nowhere")
    failing.on_connectfailure(lambda *_: said.append("failed"))
    return [failing, loop_module.Component(transports=router.url, main=main)], said


def run_until_failure(library: Any, components: list[Any], **options: Any) -> None:
    """Run components, and expect that this ends as a script should: with a failure."""
    if library is wamp.twisted:
        with pytest.raises(SystemExit) as end:
            library.run(components, log_level=None, reactor=Reactor(), **options)
        assert 1 == end.value.code
    else:
        with pytest.raises(ApplicationError, match="no_such_realm"):
            library.run(components, log_level=None, **options)


BOTH = pytest.mark.parametrize("library", [wamp.asyncio, wamp.twisted], ids=["asyncio", "twisted"])


@BOTH
@pytest.mark.usefixtures("set_loop")
def test_other_components_go_on_if_they_should(router: Router, library: Any) -> None:
    """With ``stop_at_close=False``; the failure is told in the end."""
    components, said = pair(library, router, 50)
    with capturedLogs():
        run_until_failure(library, components, stop_at_close=False)
    assert ["failed", "done"] == said


@BOTH
@pytest.mark.usefixtures("set_loop")
def test_other_components_are_stopped_where_nothing_is_said(router: Router, library: Any) -> None:
    """One that works for ever does not keep a script alive that has failed."""
    components, said = pair(library, router, 10_000)
    with capturedLogs():
        run_until_failure(library, components)
    assert (["failed"], []) == (said, router.sessions())


# -- ApplicationRunner


class Joining(wamp.asyncio.ApplicationSession):
    """Notes that it has joined, in the list that is its ``extra``."""

    def onJoin(self, details: SessionDetails) -> None:
        self.config.extra.append(self)


def asyncio_runner(router: Router, **options: Any) -> tuple[wamp.asyncio.ApplicationRunner, list[Joining]]:
    joined: list[Joining] = []
    return wamp.asyncio.ApplicationRunner(router.url, "realm1", extra=joined, **options), joined


@pytest.mark.usefixtures("set_loop")
def test_a_runner_on_asyncio_raises_that_the_connection_was_lost(router: Router) -> None:
    """It neither hangs nor goes on as if nothing were."""

    class Dropped(wamp.asyncio.ApplicationSession):
        def onJoin(self, details: SessionDetails) -> None:
            self._loop.call_soon(router.drop, details.session)

    with pytest.raises(TransportLost):
        asyncio_runner(router)[0].run(Dropped, log_level=None)


def test_a_runner_on_asyncio_connects_again_if_asked_to(router: Router) -> None:
    """With a session of its own each time, and after a delay."""
    loop = AsyncioLoop(router)
    runner, joined = asyncio_runner(router)
    loop.do(runner.run, Joining, start_loop=False, auto_reconnect=True)
    router.drop(joined[0])
    loop.turn()
    before = len(joined)
    loop.advance(1.0)
    loop.do(runner.stop)
    loop.close()
    assert (1, 2) == (before, len(joined))


def test_a_runner_on_asyncio_tries_as_often_as_it_is_told(router: Router, caplog: pytest.LogCaptureFixture) -> None:
    """Also if nobody has listened yet; then it ends."""
    caplog.set_level("INFO", "wamp")
    loop = AsyncioLoop(router)
    runner, _ = asyncio_runner(router, max_retries=3)
    router.go_down()
    ended = loop.do(runner.run, Joining, start_loop=False, auto_reconnect=True)
    loop.advance(LONG)
    loop.close()
    assert [TransportLost] == [type(each) for each in ended]
    assert 3 == len([record for record in caplog.records if "connecting to" in record.getMessage()])


async def connected(url: str) -> wamp.asyncio.Client:
    return await wamp.asyncio.connect(url)


def test_a_client_comes_back_with_what_it_has_registered(router: Router) -> None:
    """Without a word of the application's."""
    loop = AsyncioLoop(router)
    (client,) = loop.do(connected, router.url)
    loop.do(client.register, lambda: 42, "com.example.answer")
    router.drop(client.session_details.session)
    loop.advance(1.0)
    answer = loop.do(client.call, "com.example.answer")
    loop.do(client.close)
    loop.close()
    assert [42] == answer
