"""The statistics as a topic: once a second, as long as anybody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wamprouter.management.operation import snapshot

if TYPE_CHECKING:
    from wamprouter.management.desk import Desk
    from wamprouter.node import Node

__all__ = ["TOPIC", "Ticker"]

TOPIC: Final = "router.statistics"

_PERIOD: Final = 1.0  # seconds


class Ticker:
    """Looks once a second whether anybody is there to hear, which costs a few microseconds."""

    def __init__(self, node: Node, desk: Desk, realm: str) -> None:
        self._node = node
        self._desk = desk
        self._realm = realm
        self._timer: Any = None

    def start(self) -> None:
        self._timer = self._node.reactor.callLater(_PERIOD, self._tick)

    def stop(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _tick(self) -> None:
        self.start()
        realm = self._node.realms.existing(self._realm)
        if realm is not None and realm.broker.is_awaited(TOPIC):
            self._desk.publish(TOPIC, snapshot(self._node))
