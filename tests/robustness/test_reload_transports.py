"""Another configuration for a router that runs: ports, certificates and paths."""

from __future__ import annotations

import copy
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.robustness.measure import eventually, open_sockets
from tests.support.certificates import Authority
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import Client, Closed, Stream, WebSocket, handshake_request
from tests.support.reloading import (
    BASE,
    GOING_AWAY,
    NO_LONGER_ADMITTED,
    NOT_AUTHORIZED,
    NOTHING,
    ROLES,
    Configuration,
    Connect,
    changed,
    farewell,
    is_served,
    listening,
    logged_in,
    transport,
)
from wamp.protocol.messages import (
    Abort,
    Hello,
    Invocation,
)


@pytest.fixture
def router(reloadable: RouterProcess) -> RouterProcess:
    return reloadable


# -- transports


def test_a_transport_comes_and_goes(router: RouterProcess, connect: Connect) -> None:
    done, lines = router.reload(changed("transports.2", {"type": "websocket", "id": "more", "endpoint": endpoint()}))
    assert done
    port = listening(lines)
    stranger = WebSocket(f"ws://127.0.0.1:{port}/", "wamp.2.json")
    with Client(f"ws://127.0.0.1:{port}/") as client:
        other = connect()
        done, lines = router.reload(BASE)
        assert (True, [f"transport 127.0.0.1:{port} is closed", "1 session ended"]) == (done, lines)
        for connection in (client, stranger):
            closed = connection.closing()
            assert (GOING_AWAY, "this transport is no longer configured") == (closed.code, closed.reason)
        assert is_served(other)
    with pytest.raises(ConnectionRefusedError):
        Stream(f"ws://127.0.0.1:{port}/")
    stranger.close()


def test_who_does_not_answer_is_cut_with_its_transport(router: RouterProcess) -> None:
    before = open_sockets(router)
    _, lines = router.reload(changed("transports.2", {"type": "websocket", "id": "more", "endpoint": endpoint()}))
    url = f"ws://127.0.0.1:{listening(lines)}/"
    silent, half = Client(url), Stream(url)
    half.send(handshake_request(url, "wamp.2.json")[:-2])
    router.reload(BASE)
    eventually(lambda: open_sockets(router) <= before, "all of its connections are closed")
    silent.close()
    half.close()


def test_a_unix_socket_comes_and_goes(router: RouterProcess) -> None:
    unix = {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}}
    assert router.reload(changed("transports.2", unix))[0]
    url = f"rs+unix://{router.folder / 'router.sock'}"
    with Client(url) as client:
        assert router.reload(changed("transports.2", {**unix, "max_connections": 5}))[0]
        assert is_served(client)
        assert is_served(Client(url))
        assert router.reload(BASE)[0]
        client.closing()
    eventually(lambda: not (router.folder / "router.sock").exists(), "the file is gone")


def test_a_port_moves_to_another_interface(router: RouterProcess, connect: Connect) -> None:
    """It is the same port, so the old one is closed first."""
    _, lines = router.reload(changed("transports.2", {"type": "rawsocket", "id": "more", "endpoint": endpoint()}))
    port = listening(lines)
    client = Client(f"rs://127.0.0.1:{port}")
    # Loopback is the only interface that a test may use.
    done, lines = router.reload(changed("transports.2", transport(port, interface="127.0.0.2")))
    assert (True, port) == (done, listening(lines))
    client.closing()
    with pytest.raises(ConnectionRefusedError):
        Client(f"rs://127.0.0.1:{port}")
    assert is_served(Client(f"rs://127.0.0.2:{port}"))


def test_a_port_that_was_chosen_can_be_written_down(router: RouterProcess) -> None:
    """The connection stays, because nothing has changed."""
    _, lines = router.reload(changed("transports.2", {"type": "rawsocket", "id": "more", "endpoint": endpoint()}))
    port = listening(lines)
    with Client(f"rs://127.0.0.1:{port}") as client:
        assert (True, [f"transport 127.0.0.1:{port} is changed"]) == router.reload(
            changed("transports.2", transport(port, id="more"))
        )
        assert is_served(client)


def test_transports_may_change_their_order(router: RouterProcess, connect: Connect) -> None:
    clients = [connect("ws"), connect("rs")]
    configuration = copy.deepcopy(BASE)
    configuration["transports"].reverse()
    assert (True, NOTHING) == router.reload(configuration)
    assert all(map(is_served, clients))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else has."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_taken_undoes_everything(router: RouterProcess, connect: Connect, taken: int) -> None:
    """Ports that were opened are closed, ports that were closed are open again, and nobody has noticed."""
    _, lines = router.reload(changed("transports.2", {"type": "rawsocket", "id": "more", "endpoint": endpoint()}))
    port = listening(lines)
    before = router.file.read_text()
    client, joe = Client(f"rs://127.0.0.1:{port}"), logged_in(connect("ws", join=None))
    joe.register("com.kept")
    failing = changed(
        "transports.2",
        transport(port, interface="127.0.0.2"),
        "transports.3",
        transport(taken),
        "transports.0.auth",
        {"anonymous": {"role": "anonymous"}},
        "realms.0.roles.1.permissions",
        [],
        "realms.1",
        ...,
    )
    done, lines = router.reload(failing)
    assert (False, [f"cannot listen on 127.0.0.1:{taken}: Address already in use"]) == (done, lines)
    assert is_served(client)
    assert is_served(joe)
    assert is_served(Client(f"rs://127.0.0.1:{port}"))
    assert is_served(connect(join="other"))
    with pytest.raises(ConnectionRefusedError):
        Client(f"rs://127.0.0.2:{port}")
    caller = connect()
    caller.call("com.kept")
    joe.expect(Invocation)
    assert (True, NOTHING) == router.reload(before)
    client.close()


# -- TLS


def served_name(port: int, context: ssl.SSLContext) -> str:
    """Return the serial number of the certificate that a new connection sees."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        certificate = secure.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


def test_a_renewed_certificate_is_for_new_connections(router: RouterProcess, tmp_path: Path) -> None:
    """The configuration is the same, the files are not. Who is connected notices nothing."""
    authority = Authority(tmp_path)
    secure = {"type": "websocket", "id": "tls", "endpoint": authority.endpoint()}
    _, lines = router.reload(changed("transports.2", secure))
    port, trusting = listening(lines), authority.trusting()
    first = served_name(port, trusting)
    with Client(f"wss://127.0.0.1:{port}/", tls=trusting) as client:
        authority.issue()
        done, lines = router.reload()
        assert (True, [f"transport 127.0.0.1:{port} has read its certificates and keys again"]) == (done, lines)
        assert is_served(client)
        assert served_name(port, trusting) != first
        authority.file.with_name("router.key").write_text("no key")
        done, [line] = router.reload()
        assert not done
        assert "router.key: it holds no private key in PEM form" in line
        assert served_name(port, trusting) != first
        assert is_served(client)


def test_tls_comes_and_goes_on_the_same_port(router: RouterProcess, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    plain = {"type": "rawsocket", "id": "more", "endpoint": endpoint()}
    _, lines = router.reload(changed("transports.2", plain))
    port = listening(lines)
    early = Client(f"rs://127.0.0.1:{port}")
    assert router.reload(changed("transports.2", {**plain, "endpoint": authority.endpoint()}))[0]
    with pytest.raises(Closed):
        Client(f"rs://127.0.0.1:{port}")
    secure = Client(f"rss://127.0.0.1:{port}", tls=authority.trusting())
    assert is_served(early)
    assert router.reload(changed("transports.2", plain))[0]
    for client in (early, secure, Client(f"rs://127.0.0.1:{port}")):
        assert is_served(client)
        client.close()


# -- a web server


def web(**paths: Any) -> Configuration:
    named = {"/" if name == "root" else name: path for name, path in paths.items()}
    options = {"access_log": True}
    return changed(
        "transports.2", {"type": "web", "id": "web", "endpoint": endpoint(), "paths": named, "options": options}
    )


SOCKET: dict[str, Any] = {"type": "websocket"}


def value(text: str) -> dict[str, Any]:
    return {"type": "json", "value": text}


class Browser:
    """Sends one request after the other on one connection."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.stream = Stream(self.url)

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of a page."""
        self.stream.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = self.stream.read_until(b"\r\n\r\n").decode().lower()
        _, _, length = head.partition("content-length: ")
        if length:
            text = self.stream.read(int(length.split()[0]))
        else:  # in chunks
            text = self.stream.read_until(b"0\r\n\r\n")
        return int(head.split()[1]), text.decode()

    def upgrade(self, path: str) -> int:
        self.stream.send(handshake_request(self.url.rstrip("/") + path, "wamp.2.json"))
        return int(self.stream.read_until(b"\r\n\r\n").split()[1])


def test_paths_are_changed_for_connections_that_are_open(router: RouterProcess) -> None:
    """A browser keeps one for a minute; it must not go on seeing what is gone."""
    _, lines = router.reload(web(root=value("root"), one=value("first"), two=value("second")))
    browser = Browser(listening(lines))
    assert browser.get("/one") == (200, '"first"')
    assert router.reload(web(root=value("root"), one=value("changed"), three=value("third")))[0]
    assert browser.get("/one") == (200, '"changed"')
    assert browser.get("/two")[0] == 404
    assert browser.get("/three") == (200, '"third"')
    eventually(lambda: router.log.count("GET /three") == 1, "all of them are in the access log")


def test_a_path_that_is_gone_ends_its_sessions(router: RouterProcess) -> None:
    _, lines = router.reload(web(ws=SOCKET, other=SOCKET))
    port = listening(lines)
    browser = Browser(port)
    gone, kept = Client(f"ws://127.0.0.1:{port}/ws"), Client(f"ws://127.0.0.1:{port}/other")
    waiting = Client(f"ws://127.0.0.1:{port}/ws", join=False)
    assert router.reload(web(other=SOCKET))[0]
    assert (NOT_AUTHORIZED, NO_LONGER_ADMITTED) == farewell(gone)
    assert is_served(kept)
    waiting.send(Hello("realm1", {"roles": ROLES}))
    waiting.expect(Abort)
    assert browser.upgrade("/ws") == 404
    for client in (gone, kept, waiting):
        client.close()


def test_a_path_of_another_type_ends_its_sessions(router: RouterProcess) -> None:
    _, lines = router.reload(web(ws=SOCKET))
    port = listening(lines)
    with Client(f"ws://127.0.0.1:{port}/ws") as client:
        assert router.reload(web(ws={"type": "echo"}))[0]
        assert farewell(client)[0] == NOT_AUTHORIZED
        assert Browser(port).upgrade("/ws") == 101
        assert router.reload(web(ws=value("text")))[0]
        assert Browser(port).get("/ws") == (200, '"text"')


def test_nobody_comes_in_by_a_connection_of_a_web_server_that_is_gone(router: RouterProcess) -> None:
    """Whether another transport has its port now or none."""
    for number, after in enumerate((BASE, changed("transports.2", {**SOCKET, "id": "web", "endpoint": endpoint()}))):
        _, lines = router.reload(web(ws=SOCKET, page=value("page")))
        browser = Browser(listening(lines))
        assert browser.get("/page")[0] == 200
        assert router.reload(after)[0], number
        with pytest.raises(Closed):
            browser.upgrade("/ws")
        router.reload(BASE)
