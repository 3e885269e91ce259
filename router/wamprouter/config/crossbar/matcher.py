"""How Crossbar decides by the static permissions of a role, for telling where the router decides otherwise.

Written from what Crossbar 26.10 was seen to do, and compared with it case by case (the cases are in the tests). Its
look-up is not what its documentation says:

* Rules are in two tables. Those with an empty component in the middle ("com..x") are in one, under what stands before
  the two dots; all others in the other, under their URI, whatever their match. A later rule replaces an earlier one under
  the same key.
* In the second table the longest key that the URI begins with is taken. Its rule counts if it is a prefix rule or its URI is
  the whole one. If neither, no shorter key is looked at.
* Unless an exact rule was found, the longest key of the first table that the URI begins with is taken as well; its rule
  wins if its pattern matches. Again no shorter key is looked at.
* How a pattern is matched that somebody registers or subscribes with does not matter: its text is looked up like a URI.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

__all__ = ["CrossbarRole", "CrossbarRule", "read"]

T = TypeVar("T")

_LITERAL: Final = re.compile(r"[a-z0-9][a-z0-9_\-]*")
_NAMED: Final = re.compile(r"<([a-z][a-z0-9_]*)(?::(str|string|int|suffix))?>")
_ANY: Final = r"[^\s.#]+"
_NUMBER: Final = r"[+-]?\d+(?:_\d+)*"


@dataclass(frozen=True, slots=True)
class CrossbarRule:
    """A permission as Crossbar keeps it: its URI without stars, its match, and the actions that it allows."""

    uri: str
    match: str
    allow: frozenset[str]


def read(permission: Mapping[str, Any]) -> CrossbarRule:
    """Return a permission of a Crossbar document as Crossbar reads it."""
    uri, match = str(permission.get("uri", "")), permission.get("match")
    if match is None:
        stars = uri.count("*")
        match = "exact" if not stars else "prefix" if stars == 1 and uri.endswith("*") else "wildcard"
        uri = uri.replace("*", "")
    allow = permission.get("allow")
    allowed = [action for action, is_allowed in allow.items() if is_allowed] if isinstance(allow, Mapping) else []
    return CrossbarRule(uri, str(match), frozenset(allowed))


class CrossbarRole:
    """The static permissions of a role, looked up as Crossbar does."""

    def __init__(self, rules: Sequence[CrossbarRule]) -> None:
        wild = [rule for rule in rules if ".." in rule.uri]
        self._wild = _Prefixes({rule.uri[: rule.uri.index("..")]: rule for rule in wild})
        self._plain = _Prefixes({rule.uri: rule for rule in rules if ".." not in rule.uri})

    def rule(self, uri: str) -> CrossbarRule | None:
        """Return the rule that decides about a URI; None means that everything is denied."""
        found = self._plain.longest(uri)
        if found is not None and found.match != "prefix" and found.uri != uri:
            found = None
        if found is not None and found.match == "exact":
            return found
        wild = self._wild.longest(uri)
        return wild if wild is not None and _matches(wild.uri, uri) else found

    def allows(self, action: str, uri: str) -> bool:
        """Say whether an action is allowed to a URI, or to a pattern with this text."""
        rule = self.rule(uri)
        return rule is not None and action in rule.allow


class _Prefixes(Generic[T]):
    """Finds the longest key that a text begins with."""

    def __init__(self, values: dict[str, T]) -> None:
        self._values = values
        self._lengths = sorted({len(key) for key in values}, reverse=True)

    def longest(self, text: str) -> T | None:
        for length in self._lengths:
            found = self._values.get(text[:length]) if length <= len(text) else None
            if found is not None:
                return found
        return None


def _matches(pattern: str, uri: str) -> bool:
    """Say whether a URI matches a pattern; one with a component that Crossbar does not take matches nothing."""
    steps: list[str] = []
    names: set[str] = set()
    components = pattern.split(".")
    for index, component in enumerate(components):
        named = _NAMED.fullmatch(component)
        if named is not None:
            name, kind = named.groups()
            if name in names or (kind == "suffix" and index != len(components) - 1):
                return False
            names.add(name)
            steps.append(_NUMBER if kind == "int" else _ANY)
        elif component == "":
            steps.append(_ANY)
        elif _LITERAL.fullmatch(component):
            steps.append(re.escape(component))
        else:
            return False
    return re.fullmatch(r"\.".join(steps), uri) is not None
