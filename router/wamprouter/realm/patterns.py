"""The index of URI patterns that broker and dealer share: from a URI to whatever is subscribed or registered there.

It knows patterns and opaque values, not sessions or messages (WAMP advanced profile, "Pattern-based Registrations" and
"Pattern-based Subscriptions").

What matches::

    exact      com.myapp.add     that URI
    prefix     com.myapp.a       every URI that begins with these characters, so also com.myapp.add
    wildcard   com..add          every URI with as many components, where the non-empty ones are equal

The cost of a look-up must not depend on how many patterns there are, nor on how cleverly they were chosen. Exact URIs are
keys of a dict. Patterns are in radix trees: each edge is labelled with a piece of a pattern, every inner node is the end
of a pattern or a place where two part. A look-up follows the URI down the tree, so that it touches only patterns that
agree with it up to there.

* Prefixes are cut into characters. There is one way down: at most as many steps as the URI has characters. (A dict
  for each length of prefix would be simpler, but is quadratic in the URI when there is a prefix of every length.)
* Wildcards are cut into components, one tree for each number of components. At each node there are two ways down, the
  URI's component and the empty one. That could be 2**n for n components, but only if that many patterns are stored
  and agree with the URI nearly to its end: a look-up never visits more than two nodes for each stored pattern with that
  number of components, and a URI with a number of components that no pattern has is not even split.

The order of matches is total and follows from the patterns alone: exact, then prefixes from the longest, then wildcards by
the dealer's rule: the longer literal portion before the first wildcard wins, then the next portion, and so on. At the
first component where two such patterns differ one is literal and the other empty, and the literal one wins: so walking the
tree with the literal edge first yields them in that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeAlias, TypeVar

from wamp.protocol.uris import Match

__all__ = ["PatternIndex", "is_matched"]

T = TypeVar("T")

_Components: TypeAlias = tuple[str, ...]

# What a tree is made of: the characters of a str or the components of a tuple.
_K = TypeVar("_K", str, _Components)

_WILDCARD = ""


def is_matched(uri: str, pattern: str, match: Match) -> bool:
    """Tell whether a pattern matches an exact URI: for one of them, where an index would be too much."""
    if match is Match.EXACT:
        return uri == pattern
    if match is Match.PREFIX:
        return uri.startswith(pattern)
    components, wanted = uri.split("."), pattern.split(".")
    return len(components) == len(wanted) and all(b in (_WILDCARD, a) for a, b in zip(components, wanted, strict=True))


class PatternIndex(Generic[T]):
    """Maps (URI or pattern, match policy) to a value, and a URI to the values of all that match it.

    Values are never None. The URIs given to ``matches`` and ``best`` are valid exact URIs: whoever decodes or authorizes
    a message has checked that.
    """

    __slots__ = ("_exact", "_prefix_tree", "_prefixes", "_tables", "_wildcard_trees", "_wildcards")

    def __init__(self) -> None:
        self._exact: dict[str, T] = {}
        self._prefixes: dict[str, T] = {}
        self._wildcards: dict[str, T] = {}
        self._tables = {Match.EXACT: self._exact, Match.PREFIX: self._prefixes, Match.WILDCARD: self._wildcards}
        self._prefix_tree: _Node[str, T] = _Node("")
        self._wildcard_trees: dict[int, _Node[_Components, T]] = {}  # number of components -> root

    def __len__(self) -> int:
        return sum(map(len, self._tables.values()))

    def add(self, uri: str, match: Match, value: T) -> None:
        """Put ``value`` at ``uri``, in place of the one that may be there."""
        self._tables[match][uri] = value
        if match == Match.PREFIX:
            self._prefix_tree.insert(uri, value)
        elif match == Match.WILDCARD:
            components = tuple(uri.split("."))
            root = self._wildcard_trees.setdefault(len(components), _Node(()))
            root.insert(components, value)

    def get(self, uri: str, match: Match) -> T | None:
        """Return the value that was added at ``uri`` with the same match policy."""
        return self._tables[match].get(uri)

    def discard(self, uri: str, match: Match) -> None:
        """Take out what was added at ``uri``, if anything, and the memory it needed."""
        if self._tables[match].pop(uri, None) is None:
            return
        if match == Match.PREFIX:
            self._prefix_tree.remove(uri)
        elif match == Match.WILDCARD:
            components = tuple(uri.split("."))
            root = self._wildcard_trees[len(components)]
            root.remove(components)
            if not root.children:
                del self._wildcard_trees[len(components)]

    def matches(self, uri: str) -> list[T]:
        """Return the values of all that match: exact, prefixes from the longest, wildcards from the most specific."""
        exact = self._exact.get(uri)
        found = [] if exact is None else [exact]
        if self._prefixes:
            found += reversed(_prefixes_of(uri, self._prefix_tree))
        if self._wildcards:
            found += self._wildcards_for(uri)
        return found

    def best(self, uri: str) -> T | None:
        """Return the value of the one match that a call is routed to: the first of ``matches``, or None."""
        exact = self._exact.get(uri)
        if exact is not None:
            return exact
        if self._prefixes and (found := _prefixes_of(uri, self._prefix_tree)):
            return found[-1]
        if self._wildcards:
            return next(self._wildcards_for(uri), None)
        return None

    def _wildcards_for(self, uri: str) -> Iterator[T]:
        root = self._wildcard_trees.get(uri.count(".") + 1)
        return iter(()) if root is None else _wildcards_of(uri.split("."), root)


def _prefixes_of(uri: str, root: _Node[str, T]) -> list[T]:
    """Return the values of all prefixes of ``uri``, the shortest first."""
    found: list[T] = []
    node: _Node[str, T] | None = root
    at, end = 0, len(uri)
    while node is not None and uri.startswith(node.label, at):
        at += len(node.label)
        if node.value is not None:
            found.append(node.value)
        if at == end:
            break
        node = node.children.get(uri[at])
    return found


def _wildcards_of(components: list[str], root: _Node[_Components, T]) -> Iterator[T]:
    """Yield the values of all patterns that match ``components``, the most specific first.

    With a stack and not by recursion: patterns may be deeper than Python's stack.
    """
    stack = [(root, 0)]
    while stack:
        node, at = stack.pop()
        if node.value is not None:
            # All patterns in this tree have as many components as the URI, so this is a leaf and the end of both.
            yield node.value
            continue
        children = node.children
        component = components[at]
        # The literal edge is pushed last and so taken first. An empty component is not valid in a URI; should one
        # come here nevertheless, it must not go down the same edge twice.
        for step in (_WILDCARD, component) if component else (_WILDCARD,):
            child = children.get(step)
            if child is not None and _agrees(child.label, components, at):
                stack.append((child, at + len(child.label)))


def _agrees(label: _Components, components: list[str], at: int) -> bool:
    # The first piece of a label led here and is known to agree; most labels have no other.
    for i in range(1, len(label)):
        if label[i] and label[i] != components[at + i]:
            return False
    return True


class _Node(Generic[_K, T]):
    """A node of a radix tree, which is also the tree below it.

    ``label`` is what leads here from the parent, ``children`` are found by the first piece of their labels, ``value`` is
    that of the pattern that ends here, or None. A node other than a root has a value or at least two children.
    """

    __slots__ = ("children", "label", "value")

    def __init__(self, label: _K, value: T | None = None) -> None:
        self.label: _K = label
        self.value: T | None = value
        self.children: dict[str, _Node[_K, T]] = {}

    def insert(self, key: _K, value: T) -> None:
        """Put ``value`` at the end of ``key``, where the root is at its beginning."""
        node, at = self, 0
        while at < len(key):
            child = node.children.get(key[at])
            if child is None:
                node.children[key[at]] = _Node(key[at:], value)
                return
            shared = _shared(child.label, key, at)
            if shared < len(child.label):
                child.split(shared)
            node, at = child, at + shared
        node.value = value

    def remove(self, key: _K) -> None:
        """Remove the value at the end of ``key``, which is there, and the nodes that nobody else needs."""
        parent, node, at = self, self, 0
        while at < len(key):
            parent, node = node, node.children[key[at]]
            at += len(node.label)
        node.value = None
        if node is self:
            return
        if len(node.children) == 1:
            node.absorb()
        elif not node.children:
            del parent.children[node.label[0]]
            if parent is not self and parent.value is None and len(parent.children) == 1:
                parent.absorb()

    def split(self, at: int) -> None:
        """Cut the label in two, and leave with the second half a new child that is what this node was."""
        child = _Node(self.label[at:], self.value)
        child.children = self.children
        self.label, self.value, self.children = self.label[:at], None, {child.label[0]: child}

    def absorb(self) -> None:
        """Become one with the only child: the opposite of ``split``."""
        (child,) = self.children.values()
        self.label += child.label
        self.value, self.children = child.value, child.children


def _shared(label: _K, key: _K, at: int) -> int:
    """Count the pieces that ``label`` has in common with ``key`` from ``at`` on."""
    # By halves and slices, which are compared in C: a pattern may be as long as a message.
    shared, end = 0, min(len(label), len(key) - at)
    while shared < end:
        middle = (shared + end + 1) // 2
        if label[shared:middle] == key[at + shared : at + middle]:
            shared = middle
        else:
            end = middle - 1
    return shared
