"""Management by WAMP: procedures and topics under ``router.``, in the admin realm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wamprouter.management import operation, routes, sessions
from wamprouter.management.desk import Desk
from wamprouter.management.tap import Taps
from wamprouter.management.ticker import Ticker

if TYPE_CHECKING:
    from wamprouter.node import Node

__all__ = ["management"]


def management(node: Node, realm: str) -> Desk:
    """Return the session that offers the management of a router in a realm."""
    desk = Desk(realm)
    taps = Taps(node, desk, realm)
    desk.offers = {**operation.offers(node), **sessions.offers(node), **routes.offers(node), **taps.offers()}
    desk.parts = (Ticker(node, desk, realm), taps)
    return desk
