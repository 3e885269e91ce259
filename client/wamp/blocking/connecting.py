"""``wamp.connect()``: its arguments, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from wamp.asyncio.connecting import connect as connect_client
from wamp.blocking.session import BlockingSession, finite
from wamp.durations import Duration, seconds
from wamp.exception import InvalidUriError
from wamp.protocol.uris import is_valid_realm

if TYPE_CHECKING:
    from wamp.app import App

__all__ = ["CALL_TIMEOUT", "JOIN_TIMEOUT", "connect"]

CALL_TIMEOUT: Final = 30.0
"""How long a call may take unless somebody says otherwise, in seconds: a program that waits for ever tells nobody why."""

JOIN_TIMEOUT: Final = 30.0
"""How long an attempt to join may take, in seconds: a router may accept a connection and then say nothing."""


def connect(
    url: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] = "ws://127.0.0.1:8080/ws",
    realm: str = "realm1",
    *,
    auth: Any = None,
    app: App | None = None,
    timeout: Duration | None = CALL_TIMEOUT,
    wait: Duration = 0.0,
    serializers: Sequence[str] | None = None,
    tls: Any = None,
    headers: Mapping[str, str] | None = None,
    proxy: Mapping[str, Any] | None = None,
    offline_publishes: int = 0,
    reconnect: bool = True,
    workers: int = 8,
    pending: int = 1000,
) -> BlockingSession:
    """Return a session on a realm, which connects when a block ``with connect(…) as session`` begins, or at its first use.

    The arguments are those of ``wamp.asyncio.connect``, but that a call may take 30 s unless ``timeout`` says otherwise: None or ``math.inf``
    for no limit. Plain functions that are registered or subscribed, and those of the ``app``, run in ``workers``, which are threads;
    at most ``pending`` calls and events wait for one. A call beyond is answered with ``wamp.error.unavailable``, an event is dropped.

    Raise ValueError or TypeError for an argument that is not right. Connecting raises TransportLost if there is no router, ApplicationError
    if it refuses: no such realm, not authenticated, a procedure of the app that exists already.
    """
    for name, number, least in (("workers", workers, 1), ("pending", pending, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected {least} or more")
    if not is_valid_realm(realm):
        raise InvalidUriError(f"{realm!r} is not a valid realm")
    limit = None if timeout is None else finite(seconds(timeout, "timeout"))
    patience = finite(seconds(wait, "wait") + JOIN_TIMEOUT)
    connecting = partial(
        connect_client,
        url,
        realm,
        auth=auth,
        timeout=limit,
        wait=wait,
        serializers=serializers,
        tls=tls,
        headers=headers,
        proxy=proxy,
        offline_publishes=offline_publishes,
        reconnect=reconnect,
    )
    connecting(app=app)
    return BlockingSession(
        lambda offered: connecting(app=offered),
        app=app,
        timeout=limit,
        patience=patience,
        workers=workers,
        pending=pending,
    )
