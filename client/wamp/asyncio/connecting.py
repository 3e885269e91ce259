"""``connect()`` and ``serve()``: from arguments, checked, to a client."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from wamp.asyncio.client import Client
from wamp.asyncio.log import begin_logging
from wamp.asyncio.running import current_loop, run_loop
from wamp.durations import Duration, seconds
from wamp.exception import Error
from wamp.targets import Target, target, targets

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

    from wamp.app import App
    from wamp.auth import Auth

__all__ = ["Connecting", "connect", "serve"]


class Connecting:
    """What ``connect`` returns: await it for a ``Client``, or use it as a block, at whose end the client is closed."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._client: Client | None = None

    def __await__(self) -> Generator[Any, None, Client]:
        return self._make()._open().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._client is not None  # it was entered
        await self._client.close()


def connect(
    url: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] = "ws://127.0.0.1:8080/ws",
    realm: str = "realm1",
    *,
    auth: Auth = None,
    app: App | None = None,
    timeout: Duration | None = None,
    wait: Duration = 0.0,
    serializers: Sequence[str] | None = None,
    tls: Any = None,
    headers: Mapping[str, str] | None = None,
    proxy: Mapping[str, Any] | None = None,
    offline_publishes: int = 0,
    reconnect: bool = True,
) -> Connecting:
    """Connect to a realm: ``async with connect(…) as session``, or ``session = await connect(…)`` and ``await session.close()``.

    ``url`` is one, or several that are tried in turn, or dictionaries as a ``Component`` takes them. ``auth`` is an authenticator, a
    list of them, or a mapping of methods to their arguments (``wamp.auth``). ``app`` is offered in every session. ``timeout`` is how long
    a call may take unless it says so itself. For ``wait`` the first connection is tried again; 0 is one attempt. ``tls`` is an
    ``ssl.SSLContext``; by default the platform's certificates decide. So many ``offline_publishes`` wait while there is no
    connection. Times are seconds or ``timedelta``.

    Raise ValueError for an argument that is not right. Awaiting it raises TransportLost if there is no router, ApplicationError if
    it refuses: no such realm, not authenticated, a procedure of the app that exists already.
    """
    if offline_publishes < 0:
        raise ValueError(f"offline_publishes is {offline_publishes}, expected 0 or more")
    more = {"serializers": serializers, "tls": tls, "headers": headers, "proxy": proxy}
    each = [url] if isinstance(url, str | Mapping) else url
    _ways(each, more)  # what is wrong is said here and now
    if auth is not None:
        from wamp.auth import authenticators

        authenticators(auth)
    return Connecting(
        lambda: Client(
            _ways(each, more),
            realm,
            auth=auth,
            app=app,
            timeout=None if timeout is None else seconds(timeout, "timeout"),
            wait=seconds(wait, "wait"),
            offline_publishes=offline_publishes,
            reconnect=reconnect,
        )
    )


def serve(url: Any, realm: str, *, log_level: str | None, **how: Any) -> None:
    """Run a client until it ends, SIGINT or SIGTERM comes; raise what ended it, unless that was as it should be."""
    if log_level is not None:
        begin_logging(log_level)
    connecting = connect(url, realm, **how)

    async def work() -> None:
        client = connecting._make()
        try:
            await client._open()
            await client.wait_closed()
        except Error:
            if not client._was_closed():  # by the app, as soon as it has joined
                raise
        finally:
            await client.close()

    loop, is_new = current_loop()
    working = loop.create_task(work())
    try:
        run_loop(loop, working, partial(_cancel, working))
    finally:
        if is_new:
            loop.close()
    if working.done() and not working.cancelled():
        working.result()


def _ways(urls: Iterable[str | Mapping[str, Any]], more: dict[str, Any]) -> list[Target]:
    ways = [target(one, **more) if isinstance(one, str) else targets(one)[0] for one in urls]
    if not ways:
        raise ValueError("no url to connect to")
    return ways


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
