"""What the router offers to those who run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wamprouter.management.desk import Caller, Offer
from wamprouter.realm.meta.calling import Arguments

if TYPE_CHECKING:
    from wamprouter.node import Node

__all__ = ["offers"]


class _Nothing(Arguments):
    pass


def offers(node: Node) -> Mapping[str, Offer]:
    """Return the procedures by their URIs."""

    def info(_caller: Caller, _arguments: _Nothing) -> dict[str, Any]:
        return node.about()

    return {"router.info": Offer(_Nothing, info)}
