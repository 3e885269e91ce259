"""Logins over TLS: tickets, signatures that are bound to the connection, and client certificates."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from tests.interop.test_login import DENIED, play
from tests.support.certificates import Authority
from tests.support.logins import KEY, OTHER_KEY, PUBLIC, REALM
from tests.support.process import RouterProcess, config
from tests.support.raw import Client
from wamp.protocol.auth import cryptosign
from wamp.protocol.messages import Abort, Authenticate, Challenge, Hello, Message, Welcome

pytestmark = pytest.mark.slow

FAILED = "wamp.error.authentication_failed"
KEYS = {"authorized_keys": [PUBLIC], "role": "user"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def router(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A WebSocket and a RawSocket transport with TLS; the third wants signatures to be bound."""
    auth = {
        "ticket": {"principals": {"joe": {"ticket": "secret", "role": "user"}}},
        "cryptosign": {"principals": {"joe": KEYS}},
        "tls": {"principals": {"service": {"cn": "service", "role": "user"}}},
    }
    strict = {"cryptosign": {"principals": {"joe": KEYS}, "require_channel_binding": True}}
    endpoint = authority.endpoint(ca_certificates=[str(authority.file)], client_certificate="optional")
    configuration = config(
        {"type": "websocket", "endpoint": endpoint, "auth": auth},
        {"type": "rawsocket", "endpoint": endpoint, "auth": auth},
        {"type": "websocket", "endpoint": endpoint, "auth": strict},
        realms=[REALM],
    )
    with RouterProcess(tmp_path_factory.mktemp("router"), configuration) as router:
        yield router
    assert "Traceback" not in router.log, router.log


Played = dict[str, Any]


@pytest.fixture(scope="module")
def played(router: RouterProcess, authority: Authority) -> Played:
    """What came of Autobahn|Python's logins."""
    wss, rss, strict = router.urls
    jobs: list[Played] = []

    def add(name: str, url: str, method: str, *, style: str = "component", certificate: Any = None, **how: Any) -> None:
        port = int(url.rsplit(":", 1)[1].rstrip("/"))
        tls = {"trust_root": str(authority.file), "hostname": "localhost"}
        jobs.append(
            {
                "id": name,
                "style": style,
                "url": url,
                "serializer": "json",
                "method": method,
                "how": how,
                "endpoint": {"type": "tcp", "host": "127.0.0.1", "port": port, "tls": tls},
                **({} if certificate is None else {"certificate": certificate, "authority": str(authority.file)}),
            }
        )

    bound = {"channel_binding": "tls-unique"}
    for scheme, url in (("wss", wss), ("rss", rss)):
        add(f"ticket-{scheme}", url, "ticket", authid="joe", ticket="secret")
        add(f"ticket-{scheme}-guess", url, "ticket", authid="joe", ticket="guess")
        add(f"bound-{scheme}", url, "cryptosign", authid="joe", privkey=KEY, authextra=bound)
        add(f"bound-{scheme}-guess", url, "cryptosign", authid="nobody", privkey=OTHER_KEY, authextra=bound)
    add("strict", strict, "cryptosign", authid="joe", privkey=KEY, authextra=bound)
    add("strict-unbound", strict, "cryptosign", authid="joe", privkey=KEY)
    local = wss.replace("127.0.0.1", "localhost")
    add("certificate", local, "tls", style="session", certificate=authority.issue("service"))
    add("certificate-other", local, "tls", style="session", certificate=authority.issue("other"))
    return play("autobahn_twisted", jobs)


@pytest.mark.parametrize("name", ["ticket-wss", "ticket-rss", "bound-wss", "bound-rss", "strict"])
def test_who_has_the_credential_comes_in(played: Played, name: str) -> None:
    """Autobahn|Python signs the hash of the client's Finished message, which is what this router takes for tls-unique."""
    assert ([], ["joe"]) == (played[name]["failures"], [joined["authid"] for joined in played[name]["joined"]])


@pytest.mark.parametrize("name", ["ticket-wss-guess", "ticket-rss-guess", "bound-wss-guess", "bound-rss-guess"])
def test_who_has_not_is_told_so(played: Played, name: str) -> None:
    """As without TLS."""
    assert ([DENIED], []) == (played[name]["failures"], played[name]["joined"])


def test_a_signature_must_be_bound_where_that_is_required(played: Played) -> None:
    """A right one would not do."""
    assert ([FAILED], []) == (played["strict-unbound"]["failures"], played["strict-unbound"]["joined"])


def test_a_client_certificate_lets_in(played: Played) -> None:
    """By the common name that the authority has signed."""
    [joined] = played["certificate"]["joined"]
    assert ("service", "user", "tls", "here") == tuple(
        joined[field] for field in ("authid", "authrole", "authmethod", "call")
    )
    assert [DENIED] == played["certificate-other"]["failures"]


# What Autobahn has not


def hello(client: Client, method: str, **details: Any) -> Message:
    client.send(Hello("realm1", {"roles": {"caller": {}}, "authmethods": [method], **details}))
    return client.receive()


def test_without_a_certificate_there_is_another_method(router: RouterProcess, authority: Authority) -> None:
    """Here none that was offered."""
    with Client(router.urls[0], join=False, tls=authority.trusting()) as client:
        abort = hello(client, "tls")
    assert isinstance(abort, Abort)
    assert "wamp.error.authentication_required" == abort.reason


def finished_message(client: Client) -> bytes:
    """Return what only the two ends of a connection know (RFC 5929)."""
    return bytes(client.connection.stream.socket.get_channel_binding("tls-unique") or b"")  # type: ignore[attr-defined]  # TLS


@pytest.mark.parametrize(
    ("change", "is_let_in"),
    [(lambda finished: finished, True), (lambda finished: bytes(len(finished)), False)],
    ids=["this connection's", "another one's"],
)
def test_a_signature_is_bound_to_its_own_connection(
    router: RouterProcess, authority: Authority, change: Callable[[bytes], bytes], is_let_in: bool
) -> None:
    """Whoever sits in between has two connections. The id is computed here with Python's own TLS."""
    context = authority.trusting()
    context.maximum_version = context.maximum_version.TLSv1_2  # Python knows tls-unique there only
    with Client(router.urls[0], join=False, tls=context) as client:
        challenge = hello(
            client, "cryptosign", authid="joe", authextra={"pubkey": PUBLIC, "channel_binding": "tls-unique"}
        )
        assert isinstance(challenge, Challenge)
        channel = sha256(change(finished_message(client))).digest()
        asked = bytes.fromhex(challenge.extra["challenge"])
        client.send(Authenticate(cryptosign.answer(bytes.fromhex(KEY), asked, channel), {}))
        assert is_let_in is isinstance(client.receive(), Welcome)
