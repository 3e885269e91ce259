"""Who runs the router, and what is told of it to whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wamprouter.config.audit.view import View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.operations import InfoPath, MetricsPath

__all__ = ["WEAKNESSES"]

_TELLING: Final = (MetricsPath, InfoPath)


def _anonymous_operators(view: View) -> Iterator[Spot]:
    admin = view.config.admin
    if admin is not None and admin.auth is not None and admin.auth.anonymous is not None:
        yield Spot(
            ("admin", "auth", "anonymous"),
            f"whoever reaches {admin.endpoint.address} runs the router without a credential",
            "leave auth out, so that each start makes a ticket, or name a method with credentials",
        )


def _open_metrics(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        if front.is_admin and front.is_reachable and not front.asks_for_certificates:
            yield Spot(
                ("admin", "endpoint"),
                f"metrics and /info at {front.endpoint.address} need no login, and name realms, roles and procedures",
                'listen on "127.0.0.1" or a network of operators alone, or ask for client certificates',
            )
    for front, place, path in view.paths:
        if isinstance(path, _TELLING) and front.is_reachable and not front.asks_for_certificates:
            yield Spot(
                place,
                f"what it tells at {front.endpoint.address} needs no login, and names realms, roles and procedures",
                'have it in the section "admin", which listens on this machine alone',
            )


WEAKNESSES: Final = (
    Weakness(
        "anonymous-operators",
        Severity.HIGH,
        "Whoever reaches the section `admin` runs the router without a credential.",
        "Leave its `auth` out, so that each start makes a ticket, or name a method with credentials.",
        _anonymous_operators,
    ),
    Weakness(
        "open-metrics",
        Severity.MEDIUM,
        "Metrics or facts about the router are told to everybody on the network.",
        "Let the section `admin` listen on `127.0.0.1` or a network of operators, or ask for client certificates.",
        _open_metrics,
    ),
)
