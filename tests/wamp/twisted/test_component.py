"""``Component``: what it does when connections come and go. The reactor is one of memory, the clock the test's."""

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs

from tests.wamp.twisted.test_runner import Endpoint
from wamp.exception import ApplicationError
from wamp.protocol import messages as m
from wamp.twisted import Component

GOODBYE = m.Goodbye({}, "wamp.close.goodbye_and_out")


@pytest.fixture
def reactor():
    return MemoryReactorClock()


@pytest.fixture(autouse=True)
def logs():
    with capturedLogs() as captured:
        yield captured


def component(*endpoints, main=None, **options):
    transports = [{"type": "rawsocket", "serializer": "json", "endpoint": each, **options} for each in endpoints]
    return Component(transports=transports, main=main)


def outcome(deferred):
    """Return a list that gets what comes of a Deferred."""
    found = []
    deferred.addBoth(found.append)
    return found


def test_a_main_that_raises_ends_the_component_at_once(reactor):
    """It is a bug in user code: connecting again would only meet it again, and flood the router."""
    endpoint = Endpoint()

    async def main(reactor, session):
        raise ValueError("boom")

    done = outcome(component(endpoint, main=main).start(reactor))
    endpoint.welcome()
    endpoint.play(GOODBYE)
    endpoint.lose(ConnectionDone())
    reactor.advance(1000)
    assert "boom" == str(done[0].value)
    assert 1 == endpoint.attempts


def test_a_main_that_returns_is_run_once(reactor):
    endpoint, runs = Endpoint(), []

    async def main(reactor, session):
        runs.append(session)

    done = outcome(component(endpoint, main=main).start(reactor))
    endpoint.welcome()
    endpoint.play(GOODBYE)
    endpoint.lose(ConnectionDone())
    reactor.advance(1000)
    assert [None] == done
    assert 1 == len(runs) == endpoint.attempts


def test_delays_start_over_after_each_good_connection(reactor):
    """Also without a main: each time the first delay is what the next attempt waits for at most."""
    endpoint = Endpoint()
    component(endpoint, initial_retry_delay=1.0).start(reactor)
    for attempt in range(1, 30):
        assert attempt == endpoint.attempts
        endpoint.welcome()
        reactor.advance(11)
        endpoint.lose()
        reactor.advance(1.0)


def test_attempts_that_fail_are_never_made_without_a_delay(reactor):
    endpoint = Endpoint(refusals=1000)
    component(endpoint, initial_retry_delay=1.0, max_retry_delay=1.0).start(reactor)
    for _ in range(100):
        reactor.advance(0.05)
    assert endpoint.attempts <= 1 + 5 / 0.1


def test_retries_that_are_exhausted_fail_the_component(reactor):
    endpoint, failures = Endpoint(refusals=1000), []
    given = component(endpoint, max_retries=2)
    given.on_connectfailure(lambda _, exception: failures.append(exception))
    done = outcome(given.start(reactor))
    reactor.advance(10)
    reactor.advance(10)
    assert 3 == endpoint.attempts == len(failures)
    assert failures[-1] is done[0].value


def test_a_realm_that_does_not_exist_is_not_asked_for_again(reactor):
    endpoint = Endpoint()
    done = outcome(component(endpoint).start(reactor))
    endpoint.protocol.dataReceived(b"\x7f\xf1\0\0")
    endpoint.play(m.Abort({"message": "no realm 'realm1'"}, "wamp.error.no_such_realm"))
    endpoint.lose(ConnectionDone())
    reactor.advance(1000)
    assert ApplicationError.NO_SUCH_REALM == done[0].value.error
    assert 1 == endpoint.attempts


def test_a_procedure_that_exists_already_ends_the_component(reactor):
    endpoint, given = Endpoint(), None
    given = component(endpoint)
    given.register("com.add")(lambda a, b: a + b)
    done = outcome(given.start(reactor))
    endpoint.welcome()
    endpoint.play(m.Error(m.Register.CODE, 1, {}, "wamp.error.procedure_already_exists"), GOODBYE)
    endpoint.lose(ConnectionDone())
    assert ApplicationError.PROCEDURE_ALREADY_EXISTS == done[0].value.error


def test_transports_are_tried_in_turn(reactor):
    first, second = Endpoint(refusals=1000), Endpoint()
    component(first, second).start(reactor)
    reactor.advance(2)
    assert (1, 1) == (first.attempts, second.attempts)


def test_decorators_return_what_they_decorate():
    given = Component()

    def function(*_):
        """Do nothing."""

    decorators = (given.on_connect, given.on_join, given.on_ready, given.on_leave, given.on_disconnect)
    assert all(function is decorate(function) for decorate in decorators)
    assert function is given.register("com.x")(function) is given.subscribe("com.x")(function)


def test_a_component_that_is_stopped_leaves_and_does_not_come_back(reactor):
    endpoint = Endpoint()
    given = component(endpoint)
    done = outcome(given.start(reactor))
    endpoint.welcome()
    stopped = given.stop()
    endpoint.play(GOODBYE)
    endpoint.lose(ConnectionDone())
    reactor.advance(1000)
    assert stopped.called
    assert [None] == done
    assert 1 == endpoint.attempts
