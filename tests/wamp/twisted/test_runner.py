"""``ApplicationRunner``: connecting, reconnecting, and how it ends. The reactor is one of memory, the clock the test's."""

import pytest
from twisted.internet.defer import fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from tests.wamp.doubles import CODEC, WELCOME
from wamp.exception import ApplicationError, TransportLost
from wamp.protocol import messages as m
from wamp.protocol.rawsocket import frame
from wamp.targets import serializer_names
from wamp.twisted import ApplicationRunner, ApplicationSession

URL = "rs://127.0.0.1:8081"


class Component(ApplicationSession):
    def onJoin(self, details):
        self.config.extra.setdefault("joined", []).append(self)


class Broken(ApplicationSession):
    def onJoin(self, details):
        raise ValueError("boom")


class Endpoint:
    """Connects to a router that the test plays; refuses as often as it is told to."""

    def __init__(self, refusals=0):
        self.refusals = refusals
        self.attempts = 0
        self.protocol = None

    def connect(self, factory):
        self.attempts += 1
        if self.attempts <= self.refusals:
            return fail(ConnectionRefusedError())
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(StringTransport())
        return succeed(self.protocol)

    def play(self, *messages):
        self.protocol.dataReceived(b"".join(frame(CODEC.encode(each)) for each in messages))

    def welcome(self):
        self.protocol.dataReceived(b"\x7f\xf1\0\0")
        self.play(WELCOME)

    def lose(self, reason=None):
        self.protocol.connectionLost(Failure(reason or ConnectionLost()))


class Reactor(MemoryReactorClock):
    """Runs what the test has prepared, as long as ``run`` lasts."""

    script = None

    def run(self):
        super().run()
        if self.script is not None:
            self.script()


def runner(**options):
    return ApplicationRunner(URL, "realm1", serializers=["json"], **options)


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture(autouse=True)
def logs():
    with capturedLogs() as captured:
        yield captured


def run(reactor, endpoint, make=Component, script=None, *, auto_reconnect=False, **options):
    reactor.script = script
    return runner(**options).run(
        make, auto_reconnect=auto_reconnect, log_level=None, endpoint=endpoint, reactor=reactor
    )


def test_a_component_gets_realm_extra_and_runner(reactor):
    endpoint, given = Endpoint(), runner(extra={"a": 1})
    connected = given.run(Component, start_reactor=False, endpoint=endpoint, reactor=reactor)
    endpoint.welcome()
    (session,) = given.extra["joined"]
    assert (session.config.realm, session.config.extra["a"], session.config.runner) == ("realm1", 1, given)
    assert connected.called


def test_a_run_ends_well_when_the_component_leaves(reactor):
    endpoint = Endpoint()

    class Leaving(ApplicationSession):
        def onJoin(self, details):
            self.leave()

    def script():
        endpoint.welcome()
        endpoint.play(m.Goodbye({}, "wamp.close.goodbye_and_out"))
        endpoint.lose(ConnectionDone())

    assert run(reactor, endpoint, Leaving, script) is None
    assert reactor.hasStopped


def test_an_error_in_on_join_is_raised_from_run(reactor):
    """So that the script exits with status 1."""
    endpoint = Endpoint()

    def script():
        endpoint.welcome()
        endpoint.play(m.Goodbye({}, "wamp.close.goodbye_and_out"))
        endpoint.lose(ConnectionDone())

    with pytest.raises(ValueError, match="boom"):
        run(reactor, endpoint, Broken, script)
    assert reactor.hasStopped


@pytest.mark.parametrize("auto_reconnect", [False, True])
def test_a_refusal_is_raised_from_run(reactor, auto_reconnect):
    """It would be the same the next time."""
    endpoint = Endpoint()

    def script():
        endpoint.protocol.dataReceived(b"\x7f\xf1\0\0")
        endpoint.play(m.Abort({}, "wamp.error.no_such_realm"))
        endpoint.lose(ConnectionDone())

    with pytest.raises(ApplicationError, match="no_such_realm"):
        run(reactor, endpoint, script=script, auto_reconnect=auto_reconnect)
    assert endpoint.attempts == 1


def test_a_lost_connection_is_raised_from_run(reactor):
    endpoint = Endpoint()

    def script():
        endpoint.welcome()
        endpoint.lose()

    with pytest.raises(TransportLost):
        run(reactor, endpoint, script=script)


def test_a_router_that_is_not_there_is_raised_from_run(reactor):
    with pytest.raises(ConnectionRefusedError):
        run(reactor, Endpoint(refusals=1))


def test_a_session_that_cannot_be_constructed_is_raised_from_run(reactor, logs):
    endpoint = Endpoint()

    def make(config):
        raise KeyError("missing")

    def script():
        endpoint.protocol.dataReceived(b"\x7f\xf1\0\0")
        endpoint.lose(ConnectionDone())

    with pytest.raises(KeyError, match="missing"):
        run(reactor, endpoint, make, script, auto_reconnect=True)
    assert any(each.get("log_failure") and each["log_failure"].check(KeyError) for each in logs)


def test_without_the_reactor_a_failure_is_the_deferreds(reactor):
    connected = runner().run(Component, start_reactor=False, endpoint=Endpoint(refusals=1), reactor=reactor)
    failures = []
    connected.addErrback(failures.append)
    assert failures[0].check(ConnectionRefusedError)


def test_a_lost_connection_comes_back_with_a_new_session(reactor):
    endpoint, given = Endpoint(), runner()
    given.run(Component, start_reactor=False, auto_reconnect=True, endpoint=endpoint, reactor=reactor)
    endpoint.welcome()
    endpoint.lose()
    assert endpoint.attempts == 1
    reactor.advance(1.0)
    endpoint.welcome()
    first, second = given.extra["joined"]
    assert endpoint.attempts == 2
    assert first is not second


def test_delays_grow_while_there_is_no_router(reactor):
    endpoint = Endpoint(refusals=1000)
    given = runner(initial_retry_delay=1, max_retry_delay=30)
    given.run(Component, start_reactor=False, auto_reconnect=True, endpoint=endpoint, reactor=reactor)
    reactor.pump([0.1] * 6000)
    assert 20 < endpoint.attempts < 200


def test_attempts_end_where_they_should(reactor):
    endpoint = Endpoint(refusals=1000)
    connected = runner(max_retries=3).run(
        Component, start_reactor=False, auto_reconnect=True, endpoint=endpoint, reactor=reactor
    )
    failures = []
    connected.addErrback(failures.append)
    reactor.pump([1] * 100)
    assert endpoint.attempts == 4
    assert failures[0].check(ConnectionRefusedError)


def test_a_router_that_shuts_down_is_waited_for(reactor):
    endpoint = Endpoint()
    runner().run(Component, start_reactor=False, auto_reconnect=True, endpoint=endpoint, reactor=reactor)
    endpoint.welcome()
    endpoint.play(m.Goodbye({}, "wamp.close.system_shutdown"))
    endpoint.lose(ConnectionDone())
    reactor.advance(1.0)
    assert endpoint.attempts == 2


def test_stopping_leaves_and_does_not_come_back(reactor):
    endpoint, given = Endpoint(), runner()
    given.run(Component, start_reactor=False, auto_reconnect=True, endpoint=endpoint, reactor=reactor)
    endpoint.welcome()
    stopped = given.stop()
    endpoint.play(m.Goodbye({}, "wamp.close.goodbye_and_out"))
    endpoint.lose(ConnectionDone())
    reactor.advance(1000)
    assert stopped.called
    assert endpoint.attempts == 1


def test_stopping_ends_the_wait_for_the_next_attempt(reactor):
    endpoint, given = Endpoint(refusals=1000), runner()
    given.run(Component, start_reactor=False, auto_reconnect=True, endpoint=endpoint, reactor=reactor)
    given.stop()
    reactor.advance(1000)
    assert endpoint.attempts == 1


def test_stopping_before_anything_ran_is_fine():
    assert runner().stop().called


def test_a_reactor_that_stops_leaves_first(reactor):
    """But it does not wait for ever."""
    endpoint = Endpoint()
    runner().run(Component, start_reactor=False, endpoint=endpoint, reactor=reactor)
    endpoint.welcome()
    endpoint.protocol.transport.clear()
    ((function, args, kwargs),) = reactor.triggers["before"]["shutdown"]
    left = function(*args, **kwargs)
    assert b"wamp.close.normal" in endpoint.protocol.transport.value()
    assert not left.called
    reactor.advance(2)
    assert endpoint.protocol.transport.disconnected
    endpoint.lose(ConnectionDone())
    assert left.called


@pytest.mark.parametrize("url", ["http://x", "ws://"])
def test_a_wrong_url_is_said_at_once(url):
    with pytest.raises(ValueError, match=url):
        ApplicationRunner(url, "realm1")


def test_serializers_are_names_or_autobahns_objects():
    autobahn = pytest.importorskip("autobahn.wamp.serializer")
    assert serializer_names(["cbor", autobahn.JsonSerializer(batched=True)]) == ["cbor", "json.batched"]
    assert serializer_names(None) == ["msgpack", "json", "cbor"]


def test_an_unknown_serializer_is_said_at_once():
    with pytest.raises(ValueError, match="unknown serializer 'ubjson'"):
        ApplicationRunner(URL, "realm1", serializers=["ubjson"])


def test_tls_options_for_an_address_without_tls_are_refused():
    with pytest.raises(ValueError, match="not secure"):
        ApplicationRunner(URL, "realm1", ssl=object())


def test_an_instance_is_run_as_it_is(reactor):
    endpoint, session = Endpoint(), Component()
    session.config.extra = {}
    runner().run(session, start_reactor=False, endpoint=endpoint, reactor=reactor)
    endpoint.welcome()
    assert session.is_attached()


def test_websocket_urls_speak_websocket(reactor):
    endpoint = Endpoint()
    given = ApplicationRunner("ws://localhost/ws", "realm1", serializers=["cbor"], headers={"X-Test": "yes"})
    given.run(Component, start_reactor=False, endpoint=endpoint, reactor=reactor)
    request = endpoint.protocol.transport.value()
    assert b"GET /ws HTTP/1.1" in request
    assert b"Sec-WebSocket-Protocol: wamp.2.cbor\r\n" in request
    assert b"X-Test: yes\r\n" in request


def test_stopping_while_connecting_starts_no_session(reactor):
    endpoint, given = Endpoint(), runner()
    given.run(Component, start_reactor=False, endpoint=endpoint, reactor=reactor).addErrback(lambda _: None)
    given.stop()
    endpoint.protocol.dataReceived(b"\x7f\xf1\0\0")
    assert endpoint.protocol.transport.disconnecting
    assert given.extra == {}


def test_it_may_be_stopped_as_soon_as_it_is_connected(reactor):
    """Its session leaves; it does not stay for good."""
    endpoint, given = Endpoint(), runner()
    stopped = []
    connected = given.run(Component, start_reactor=False, endpoint=endpoint, reactor=reactor)
    connected.addCallback(lambda _: given.stop().addCallback(stopped.append))
    endpoint.protocol.dataReceived(b"\x7f\xf1\0\0")
    reactor.advance(0)
    assert endpoint.protocol.transport.disconnecting
    endpoint.lose(ConnectionDone())
    assert [None] == stopped


def test_it_may_be_stopped_in_the_handshake(reactor):
    endpoint, given = Endpoint(), runner()
    given.run(Component, start_reactor=False, endpoint=endpoint, reactor=reactor)
    assert given.stop().called
    assert endpoint.protocol.transport.disconnected
