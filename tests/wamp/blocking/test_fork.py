"""Processes that fork: the child begins anew, and the parent goes on as if nothing had happened."""

import gc
import os
import socket
import threading

import pytest

import wamp
from tests.wamp.blocking.waiting import PATIENCE, in_child

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    # From Python 3.12 on: what it warns of is what is tested.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(params=["ws", "wss", "rs"])
def session(process, authority, request):
    scheme = request.param
    with wamp.connect(process.url(scheme), tls=authority.trusting() if scheme == "wss" else None) as session:
        yield session


def number_of(session):
    """Return the id of the session, as the router and its client see it; they must agree."""
    number = session.session_details.session
    assert number in session.call("wamp.session.list")
    return number


def test_parent_and_child_both_call(session):
    before = number_of(session)
    child = int(in_child(lambda: number_of(session)).result())
    assert child != before
    assert before == number_of(session)


def test_the_child_uses_it_first(process):
    """As in a server that loads the application before it forks its workers."""
    session = wamp.connect(process.url("ws"))
    children = [in_child(lambda: number_of(session)) for _ in range(2)]
    assert 2 == len({child.result() for child in children})
    session.close()


def test_procedures_of_the_parent_stay_with_the_parent(session):
    held = session.register(os.getpid, "com.example.pid")

    def work():
        is_active = held.is_active
        held.remove()  # nothing that it could remove
        return session.call("com.example.pid"), is_active

    assert f"({os.getpid()}, False)" == in_child(work).result()
    assert held.is_active
    assert os.getpid() == session.call("com.example.pid")


def test_the_child_registers_procedures_of_its_own(session):
    def work():
        session.register(os.getpid, "com.example.pid.of.child")
        return session.call("com.example.pid.of.child") == os.getpid()

    assert "True" == in_child(work).result()


def test_the_parent_receives_events_after_a_fork(session):
    seen = threading.Event()
    session.subscribe(seen.set, "com.example.news")
    in_child(lambda: session.publish("com.example.news")).result()
    assert seen.wait(PATIENCE)


def test_the_copy_of_the_parents_connection_is_collected_in_silence(session):
    """Whatever the child throws away, the parent's connection is not touched."""
    before = number_of(session)

    def work():
        session.close()
        gc.collect()
        return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("wamp"))

    assert "[]" == in_child(work).result()
    assert before == number_of(session)


def test_a_child_that_ends_does_not_end_the_parents_connection(session):
    """Its file descriptors are closed by the system then; a connection that still had one would be half there."""
    before = number_of(session)
    for _ in range(3):
        in_child(lambda: None).result()
    assert before == number_of(session)


def test_the_parent_ends_its_connection_though_the_child_lives(process):
    """The router sees the end of a connection only when nobody has it any more."""
    session = wamp.connect(process.url("rs"))
    number = number_of(session)
    reading, writing = os.pipe()
    child = in_child(lambda: os.read(reading, 1))
    client = session.client
    client._loop.call_soon_threadsafe(client._connector.session.transport.abort)  # without a word
    with wamp.connect(process.url("rs")) as other:
        wait_until_gone(other, number)
    session.close()
    os.write(writing, b"x")
    child.result()
    os.close(reading)
    os.close(writing)


def wait_until_gone(session, number):
    gone = threading.Event()
    session.subscribe(lambda *args: args[0] == number and gone.set(), "wamp.session.on_leave")
    if number in session.call("wamp.session.list"):
        assert gone.wait(5)  # pings would tell the router later


def test_a_fork_while_other_threads_call(session):
    """No lock is left behind that nobody gives back."""
    is_over = threading.Event()

    def work():
        while not is_over.is_set():
            session.call("wamp.session.count")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            assert int(in_child(lambda: session.call("wamp.session.count")).result()) > 1
    finally:
        is_over.set()
        for thread in threads:
            thread.join(PATIENCE)


def test_a_fork_in_a_procedure(session):
    """Its thread is the only one that the child has."""

    def fork():
        return in_child(lambda: session.call("wamp.session.count")).result()

    session.register(fork, "com.example.fork")
    assert "2" == session.call("com.example.fork")


def test_grandchildren_begin_anew_too(session):
    def work():
        mine = number_of(session)
        return mine != int(in_child(lambda: number_of(session)).result()) and mine == number_of(session)

    assert "True" == in_child(work).result()


def test_an_app_is_offered_by_the_process_that_connected(process):
    app = wamp.App("com.example.app")
    app.register("pid")(os.getpid)
    with wamp.connect(process.url("ws"), app=app) as session:
        assert str(os.getpid()) == in_child(lambda: session.call("com.example.app.pid")).result()
        assert os.getpid() == session.call("com.example.app.pid")


def test_exceptions_that_were_defined_are_known_to_the_child(session):
    class SoldOut(Exception):
        pass

    def refuse():
        raise SoldOut

    session.define(SoldOut, "com.example.sold_out")
    session.register(refuse, "com.example.refuse")

    def work():
        try:
            session.call("com.example.refuse")
        except SoldOut:
            return "sold out"

    assert "sold out" == in_child(work).result()


def serve(listening, session, count):
    """Answer so many requests of one line each, as a worker of a web server."""
    for _ in range(count):
        connection, _ = listening.accept()
        with connection, connection.makefile("rw") as file:
            number = int(file.readline())
            file.write(f"{session.call('com.example.double', number)} {os.getpid()}\n")


def ask(address, number):
    with socket.create_connection(address, PATIENCE) as connection, connection.makefile("rw") as file:
        file.write(f"{number}\n")
        file.flush()
        return file.readline().split()


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_server_that_forks_its_workers(process, is_warm):
    """Each has a session of its own, whether or not the parent has used its one before."""
    with wamp.connect(process.url("ws")) as callee, socket.create_server(("127.0.0.1", 0)) as listening:
        callee.register(lambda number: 2 * number, "com.example.double")
        session = wamp.connect(process.url("ws"))
        if is_warm:
            assert 4 == session.call("com.example.double", 2)
        workers = [in_child(lambda: serve(listening, session, 2)) for _ in range(2)]
        answers = [ask(listening.getsockname(), number) for number in range(4)]
        for worker in workers:
            assert "None" == worker.result()
        if is_warm:
            assert 6 == session.call("com.example.double", 3)
        session.close()
    assert ["0", "2", "4", "6"] == [number for number, _ in answers]
    assert {str(worker.number) for worker in workers} == {process for _, process in answers}
