"""Static permissions of a role: the rule that fits a URI best decides; without one the answer is no.

Best means: exact, else the longest prefix, else the most specific wildcard, as for registrations. A decision about an
exact URI is remembered, since it is asked for every call and every publication.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from wamp.protocol.uris import RULES, Match, UriCheck, is_reserved
from wamprouter.authz import Action, Decision
from wamprouter.realm.patterns import PatternIndex

__all__ = ["Action", "Decision", "Role", "Rule"]

# Decisions that are remembered for each action. URIs are made up by clients, so there must be a bound, also on their length.
_REMEMBERED: Final = 10_000
_REMEMBERED_LENGTH: Final = 200

_SOMETHING: Final = " "  # stands for any characters in a component; no rule has a space


class Rule:
    """One permission: a URI or pattern, what is allowed to it, and who does what without staying unknown."""

    __slots__ = ("allow", "disclose", "match", "uri")

    def __init__(self, uri: str, match: Match, allow: Iterable[Action], disclose: Iterable[Action] = ()) -> None:
        self.uri = uri
        self.match = match
        self.allow = frozenset(allow)
        self.disclose = frozenset(disclose)


class Role:
    """A named set of permissions in a realm."""

    def __init__(
        self,
        name: str,
        rules: Collection[Rule],
        *,
        uri_check: UriCheck = UriCheck.LOOSE,
        trustlevel: int | None = None,
    ) -> None:
        self.name = name
        self.trustlevel = trustlevel
        """What callees and subscribers are told of how far this role is to be trusted; None says nothing."""
        self._uri_check = uri_check
        self._rules: PatternIndex[Rule] = PatternIndex()
        for rule in rules:
            self._rules.add(rule.uri, rule.match, rule)
        self._patterns = [(rule.uri, rule.match) for rule in rules]
        # More components than any rule has, so that no wildcard covers what begins with a prefix.
        self._anything = ".".join([_SOMETHING] * (2 + max((rule.uri.count(".") for rule in rules), default=0)))
        self.calls: dict[str, Decision] = {}  # URI -> may it be called; read by the inbox before asking ``decide``
        self.publications: dict[str, Decision] = {}

    def decide(self, action: Action, uri: str, match: Match = Match.EXACT) -> Decision:
        """Tell whether this role may do ``action`` to a URI or, for a pattern, to everything that it matches."""
        memory = {Action.CALL: self.calls, Action.PUBLISH: self.publications}.get(action)
        if memory is not None and uri in memory:
            return memory[uri]
        decision = self._decide(action, uri, match)
        if memory is not None and len(uri) <= _REMEMBERED_LENGTH:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            memory[uri] = decision
        return decision

    def _decide(self, action: Action, uri: str, match: Match) -> Decision:
        if not RULES[self._uri_check, match](uri):
            return Decision.INVALID_URI
        # Topics and procedures below "wamp." are the router's own to publish and to register.
        if action in (Action.PUBLISH, Action.REGISTER) and is_reserved(uri):
            return Decision.INVALID_URI
        uris = [uri] if match is Match.EXACT else self._samples(uri, match)
        rules = [self._rules.best(one) for one in uris]
        if any(rule is None or action not in rule.allow for rule in rules):
            return Decision.DENIED
        is_disclosed = any(rule is not None and action in rule.disclose for rule in rules)
        return Decision.DISCLOSED if is_disclosed else Decision.PERMITTED

    def _samples(self, pattern: str, match: Match) -> list[str]:
        """Return URIs that stand for all that a pattern matches: whatever is true for them is true for all.

        One for the pattern itself, which is as general as it can be, and one for each rule that is about a part of it.
        Nobody gets by a pattern what the same role is denied by name.
        """
        rules = [(pattern, match), *self._patterns]
        common = (_common(pattern, match, *rule, anything=self._anything) for rule in rules)
        return [uri for uri in common if uri is not None]


def _common(one: str, one_match: Match, other: str, other_match: Match, *, anything: str) -> str | None:
    """Return a URI that two patterns both match and that is as general as it can be, or None if there is none."""
    if one_match is Match.PREFIX and other_match is Match.PREFIX:
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return longer + anything if longer.startswith(shorter) else None
    if one_match is Match.PREFIX:
        one, one_match, other, other_match = other, other_match, one, one_match
    components, others = one.split("."), other.split(".")
    if other_match is Match.PREFIX:
        *others, beginning = others
        if len(components) <= len(others):
            return None
        last = components[len(others)] or beginning + _SOMETHING
        if not last.startswith(beginning):
            return None
        others += [last, *components[len(others) + 1 :]]
    # An exact URI is a wildcard pattern without an empty component.
    if len(components) != len(others) or any(a and b and a != b for a, b in zip(components, others, strict=True)):
        return None
    return ".".join(a or b or _SOMETHING for a, b in zip(components, others, strict=True))
