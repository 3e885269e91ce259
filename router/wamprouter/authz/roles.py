"""Static permissions of a role: the rule that fits a URI best decides; without one the answer is no.

Best means: exact, else the longest prefix, else the most specific wildcard, as for registrations. A decision about an
exact URI is remembered, since it is asked for every call and every publication.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from wamp.protocol.uris import RULES, Match, UriCheck, is_reserved
from wamprouter.realm.patterns import PatternIndex

__all__ = ["Action", "Decision", "Role", "Rule"]

_REMEMBERED: Final = 10_000  # decisions for each action; URIs are made up by clients, so there must be a bound


class Action(enum.Enum):
    """What a session may be allowed to do."""

    CALL = "call"
    REGISTER = "register"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class Decision(enum.Enum):
    """The answer to «may this role do this to that URI»."""

    PERMITTED = enum.auto()
    DENIED = enum.auto()
    INVALID_URI = enum.auto()


class Rule:
    """One permission: a URI or pattern, and what is allowed to it."""

    __slots__ = ("allow", "match", "uri")

    def __init__(self, uri: str, match: Match, allow: Iterable[Action]) -> None:
        self.uri = uri
        self.match = match
        self.allow = frozenset(allow)


class Role:
    """A named set of permissions in a realm."""

    def __init__(self, name: str, rules: Iterable[Rule], *, uri_check: UriCheck = UriCheck.LOOSE) -> None:
        self.name = name
        self._uri_check = uri_check
        self._rules: PatternIndex[Rule] = PatternIndex()
        for rule in rules:
            self._rules.add(rule.uri, rule.match, rule)
        self.calls: dict[str, Decision] = {}  # URI -> may it be called; read by the inbox before asking ``decide``
        self.publications: dict[str, Decision] = {}

    def decide(self, action: Action, uri: str, match: Match = Match.EXACT) -> Decision:
        """Tell whether this role may do ``action`` to a URI or, for a pattern, to everything that it matches."""
        decision = self._decide(action, uri, match)
        memory = {Action.CALL: self.calls, Action.PUBLISH: self.publications}.get(action)
        if memory is not None:
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
        rule = self._rules.best(uri) if match is Match.EXACT else self._covering(uri, match)
        return Decision.PERMITTED if rule is not None and action in rule.allow else Decision.DENIED

    def _covering(self, pattern: str, match: Match) -> Rule | None:
        """Return the rule that decides about a pattern: the same pattern, else the longest prefix that contains it.

        A wildcard's literal beginning is what can be compared with a prefix.
        """
        same = self._rules.get(pattern, match)
        if same is not None:
            return same
        literal = pattern if match is Match.PREFIX else _literal_beginning(pattern)
        return next((rule for rule in self._rules.matches(literal) if rule.match is Match.PREFIX), None)


def _literal_beginning(pattern: str) -> str:
    """Return what every URI that a wildcard pattern matches begins with: ``com.a.`` for ``com.a..c``."""
    beginning, wildcard, _ = f".{pattern}.".partition("..")
    return f"{beginning}."[1:] if wildcard else pattern
