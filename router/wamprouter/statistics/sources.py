"""What others count, each by itself, put together for the snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wamp.protocol.errors import AuthorizationFailed, LimitExceeded, NotAuthorized
from wamprouter import config
from wamprouter.statistics.process import LoopWatch, process

if TYPE_CHECKING:
    from wamprouter.node import Node
    from wamprouter.server.listeners import Listener

__all__ = ["connect"]


def connect(node: Node, watch: LoopWatch) -> None:
    """Let the statistics of a router read what its parts count."""
    statistics, dispatcher = node.statistics, node.dispatcher
    statistics.received, statistics.sent, statistics.unsent = node.lobby.received, dispatcher.sent, dispatcher.unsent
    parts: dict[str, Callable[[], Any]] = {
        "queues": lambda: {"dropped_events": dispatcher.dropped_events, "slow_consumers": dispatcher.slow_consumers},
        "refusals": lambda: _refusals(node),
        "event_loop": watch.shown,
        "process": process,
        "http_events": lambda: _http_events(node),
        "certificates": lambda: _certificates(node.listeners),
    }
    statistics.parts = parts


def _refusals(node: Node) -> Mapping[str, int]:
    """Return how often what was refused, by a word for the reason."""
    admission, throttle, transports = node.admission, node.gates.throttle, node.statistics.transports
    return {
        "not_authorized": node.statistics.errors(NotAuthorized.uri),
        "authorization_failed": node.statistics.errors(AuthorizationFailed.uri),
        "limit_exceeded": node.statistics.errors(LimitExceeded.uri),
        "listener_full": transports.full,
        "router_full": admission.refused_by_total,
        "connections_of_address": admission.refused_by_address,
        "joins_of_address": admission.refused_joins,
        "sessions_of_principal": admission.refused_principals,
        "message_rate": transports.over_rate,
        "wrong_credentials": throttle.failures,
        "attempts_delayed": throttle.delayed,
        "attempts_turned_away": throttle.turned_away,
        "questions_of_router": node.caller.refused,
    }


def _http_events(node: Node) -> list[dict[str, Any]]:
    """Return what has become of events that are sent to web services, by the names of the components that do it."""
    found: dict[str, Counter[str]] = {}
    for component, connection in node.hosted:
        if isinstance(component, config.HttpComponent):
            counts = found.setdefault(component.name, Counter())
            for courier in getattr(connection.handler, "couriers", ()):
                counts.update({"waiting": courier.waiting, **courier.outcomes()})
    return [
        {"component": name, "waiting": counts.pop("waiting", 0), "outcomes": dict(counts)}
        for name, counts in found.items()
    ]


def _certificates(listeners: Iterable[Listener]) -> list[dict[str, Any]]:
    return [{"endpoint": one.address, "expires": one.tls.expires} for one in listeners if one.tls is not None]
