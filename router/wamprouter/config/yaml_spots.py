"""Where the values of a YAML text stand, and what its aliases would become.

What an alias stands for is written once and stands there; so does what `<<` merges. Aliases of aliases grow without a
bound, and one may stand inside what it stands for, so both are looked for before a document is made.
"""

from collections.abc import Hashable
from typing import Any

from wamprouter.config.positions import Spot
from wamprouter.config.problems import Place

# PyYAML's nodes and loader carry no types.
Node = Any
Loader = Any

MAX_VALUES = (
    100_000  # PyYAML needs ten seconds for so many that are written out; 1 KiB of aliases makes 10^9 in no time
)

_MERGE = "tag:yaml.org,2002:merge"
_MERGE_KEY = "<<"


class Refused(Exception):
    """A text that must not become a document; begins at an offset."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.offset = offset


def examine(loader: Loader, root: Node) -> list[tuple[Place, int]]:
    """Return the places whose key is written more than once, with the offset of the first time.

    Raises `Refused` if the document would be endless or too large.
    """
    sizes: dict[int, int] = {}  # id of a node -> the values that it becomes, 0 while it is being counted
    repeated: list[tuple[Place, int]] = []

    def size(node: Node, place: Place) -> int:
        known = sizes.get(id(node))
        if known == 0:
            raise Refused("an alias stands inside what it stands for", node.start_mark.index)
        if known is not None:
            return known
        sizes[id(node)] = 0
        total = 1
        for step, below in _entries(loader, node, place, repeated):
            total += size(below, (*place, step))
        if total > MAX_VALUES:
            text = f"more than {MAX_VALUES} values, when each alias counts as what it stands for"
            raise Refused(text, node.start_mark.index)
        sizes[id(node)] = total
        return total

    size(root, ())
    return repeated


def _entries(
    loader: Loader, node: Node, place: Place, repeated: list[tuple[Place, int]]
) -> list[tuple[str | int, Node]]:
    if node.id == "sequence":
        return list(enumerate(node.value))
    if node.id != "mapping":
        return []
    found: list[tuple[str | int, Node]] = []
    written: dict[Any, int] = {}
    for key, value in node.value:
        step = _step(loader, key)
        if step is None:
            found.extend([(_MERGE_KEY, key), (_MERGE_KEY, value)])
            continue
        if step in written:
            repeated.append(((*place, step), written[step]))
        written.setdefault(step, key.start_mark.index)
        found.append((step, value))
    return found


def _step(loader: Loader, key: Node) -> Any:
    """Return what a key of a mapping is in the document; None for `<<`, and for what no key can be."""
    if key.id != "scalar" or key.tag == _MERGE:
        return None
    step = loader.construct_object(key)
    return step if isinstance(step, Hashable) else None


def spots(loader: Loader, root: Node) -> Spot:
    """Return the spots of a tree of nodes that a document has been made of, by which `<<` was resolved."""
    made = {id(root): Spot(root.start_mark.index)}  # id of a node -> its spot, which aliases share
    waiting = [root]

    def spot(node: Node) -> Spot:
        if id(node) not in made:
            made[id(node)] = Spot(node.start_mark.index)
            waiting.append(node)
        return made[id(node)]

    while waiting:
        node = waiting.pop()
        here = made[id(node)]
        if node.id == "sequence":
            here.below = {index: spot(item) for index, item in enumerate(node.value)}
        elif node.id == "mapping":
            for key, value in node.value:
                here.put(_step(loader, key), spot(value), key.start_mark.index)
    return made[id(root)]
