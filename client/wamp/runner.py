"""``ApplicationRunner`` without an event loop: its arguments, and the sessions that it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from wamp.backoff import Backoff
from wamp.connector import Connector
from wamp.shell import Shell
from wamp.targets import Target, target
from wamp.types import ComponentConfig

__all__ = ["RunnerBase"]

S = TypeVar("S", bound=Shell)


class RunnerBase(Generic[S]):
    """Runs one application component, with the arguments of Autobahn's ``ApplicationRunner``.

    ``serializers`` holds names (``"json"``, ``"msgpack.batched"``) or Autobahn's serializer objects. ``ssl`` is what the event
    loop takes for TLS. Delays are in seconds; ``max_retries`` counts failed attempts in a row, None or -1 is no limit.
    ``retry_delay_jitter`` is taken and not used: each delay is drawn at random up to its length.
    """

    def __init__(
        self,
        url: str,
        realm: str | None = None,
        extra: Any = None,
        serializers: Sequence[Any] | None = None,
        ssl: Any = None,
        proxy: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        websocket_options: dict[str, Any] | None = None,
        max_retries: int | None = None,
        initial_retry_delay: float | None = None,
        max_retry_delay: float | None = None,
        retry_delay_growth: float | None = None,
        retry_delay_jitter: float | None = None,
    ) -> None:
        self.url = url
        self.realm = realm
        self.extra = {} if extra is None else extra
        self.serializers = serializers
        self.ssl = ssl
        self.proxy = proxy
        self.headers = headers
        self._target: Target = target(
            url,
            serializers=serializers,
            tls=ssl,
            proxy=proxy,
            headers=headers,
            options=websocket_options,
            backoff=Backoff(initial_retry_delay, max_retry_delay, retry_delay_growth, max_retries),
        )
        self._connector: Connector | None = None

    def _session(self, make: Callable[[ComponentConfig], S] | S) -> S:
        if isinstance(make, Shell):
            return make
        return make(ComponentConfig(self.realm, self.extra, runner=self))
