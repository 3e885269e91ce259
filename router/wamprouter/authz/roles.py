"""Static permissions of a role: the rule that fits a URI best decides; without one the answer is no.

Best means: exact, else the longest prefix, else the most specific wildcard, as for registrations. A decision about an
exact URI is remembered, since it is asked for every call and every publication.

A pattern is permitted if everything that it matches is. That is asked of samples: one URI for what the pattern has in
common with each rule, as general as it can be, and one for the rest. Whatever is true for a sample is true for the URIs
that it stands for. Say that a URI is matched by the pattern, and that rule R decides about it. Each rule that matches
the sample of R matches all that R and the pattern have in common, hence the URI too, among whose rules R is the best: so R
decides about the sample as well. If no rule matches the URI, none matches the sample of the rest.

The other way round, a sample stands for a real URI, the one with an unusual word in place of "any component". So a pattern
is refused only where a URI would be, but for the one case that rules name each possible character at a place.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wamp.protocol.uris import Match, UriCheck, is_reserved
from wamprouter.authz import NO_OPTIONS, Access, Action, Decision, is_usable
from wamprouter.realm.patterns import PatternIndex

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["INTRUSIVE", "Action", "Decision", "Explanation", "Objection", "Role", "Rule", "Ruling"]

INTRUSIVE: Final = frozenset(
    {
        "wamp.registration.remove_callee",
        "wamp.session.kill",
        "wamp.session.kill_all",
        "wamp.session.kill_by_authid",
        "wamp.session.kill_by_authrole",
        "wamp.subscription.remove_subscriber",
    }
)
"""Procedures of the router that act on other sessions. Only a rule that is about ``wamp.`` allows them: who writes that a role may
call everything means everything that the application offers."""

# Decisions that are remembered for each action. URIs are made up by clients, so there must be a bound, also on their length.
_REMEMBERED: Final = 10_000
_REMEMBERED_LENGTH: Final = 200

_SOMETHING: Final = " "  # stands for any characters in a component; no rule has a space


class Rule:
    """One permission: a URI or pattern, what is allowed to it, and who does what without staying unknown."""

    __slots__ = ("allow", "components", "disclose", "match", "place", "uri")

    def __init__(
        self,
        uri: str,
        match: Match,
        allow: Iterable[Action],
        disclose: Iterable[Action] = (),
        *,
        place: str = "",
    ) -> None:
        self.uri = uri
        self.match = match
        self.components = uri.split(".")
        self.allow = frozenset(allow)
        self.disclose = frozenset(disclose)
        self.place = place
        """Where it stands in the configuration, for people."""


class Objection(enum.Enum):
    """Why a URI is denied."""

    NO_RULE = enum.auto()
    NOT_ALLOWED = enum.auto()
    """The rule that decides does not allow the action."""
    NOT_EXPLICIT = enum.auto()
    """It does, but not explicitly: see ``INTRUSIVE``."""


class Ruling(NamedTuple):
    """What decides about a URI, or about the part of a pattern that a URI stands for."""

    sample: str
    about: Rule | None
    """The rule that has this part in common with the pattern; None for the pattern in general, or for a URI."""
    rules: list[Rule]
    """All that match, the one that decides first."""
    objection: Objection | None


class Explanation(NamedTuple):
    """How a decision comes about."""

    decision: Decision
    rulings: list[Ruling]


class _Part(NamedTuple):
    sample: str
    about: Rule | None


class Role:
    """A named set of permissions in a realm."""

    def __init__(
        self,
        name: str,
        rules: Collection[Rule],
        *,
        uri_check: UriCheck = UriCheck.LOOSE,
        trustlevel: int | None = None,
        disclose: Iterable[Action] = (),
        access: Access = Access.CLIENT,
    ) -> None:
        """``disclose``: what is disclosed whichever rule permits it. ``access``: the entrance that it takes to get the role."""
        self.name = name
        self.access = access
        self.trustlevel = trustlevel
        """What callees and subscribers are told of how far this role is to be trusted; None says nothing."""
        self._uri_check = uri_check
        self._disclose = frozenset(disclose)
        self._index: PatternIndex[Rule] = PatternIndex()
        for rule in rules:
            self._index.add(rule.uri, rule.match, rule)
        self.rules = [rule for rule in rules if self._index.get(rule.uri, rule.match) is rule]
        """Those that count: of several with the same URI and match it is the last."""
        self._depth = max((len(rule.components) for rule in rules), default=1)
        self.calls: dict[str, Decision] = {}  # URI -> may it be called; read by the inbox before asking ``decide``
        self.publications: dict[str, Decision] = {}

    def for_session(self, _session: Session) -> Role:
        """Return what decides for a session with this role: the same for all of them."""
        return self

    def forget(self) -> None:
        """Forget every decision that is remembered."""
        self.calls.clear()
        self.publications.clear()

    def decide(
        self, action: Action, uri: str, match: Match = Match.EXACT, _options: Mapping[str, Any] = NO_OPTIONS
    ) -> Decision:
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

    def known(self, action: Action, uri: str, match: Match = Match.EXACT) -> Decision:
        """Return the same as ``decide``: nobody has to be asked."""
        return self.decide(action, uri, match)

    def _decide(self, action: Action, uri: str, match: Match) -> Decision:
        if not is_usable(self._uri_check, action, uri, match):
            return Decision.INVALID_URI
        is_disclosed = action in self._disclose
        for sample, _ in self._parts(action, uri, match):
            rule = self._index.best(sample)
            if rule is None or _objection(rule, action, sample) is not None:
                return Decision.DENIED
            is_disclosed = is_disclosed or action in rule.disclose
        return Decision.DISCLOSED if is_disclosed else Decision.PERMITTED

    def explain(self, action: Action, uri: str, match: Match = Match.EXACT) -> Explanation:
        """Return the decision and every ruling that it is made of, which ``decide`` stops at when one objects."""
        rulings = []
        if is_usable(self._uri_check, action, uri, match):
            for sample, about in self._parts(action, uri, match):
                rules = self._index.matches(sample)
                objection = _objection(rules[0], action, sample) if rules else Objection.NO_RULE
                rulings.append(Ruling(sample, about, rules, objection))
        return Explanation(self._decide(action, uri, match), rulings)

    def _parts(self, action: Action, uri: str, match: Match) -> Iterator[_Part]:
        """Yield URIs that stand for all that a URI or pattern matches: what is true for them is true for all."""
        if match is Match.EXACT:
            yield _Part(uri, None)
            return
        # What is deeper than every rule is cut: then no rule is about more than its beginning. So a pattern of a million
        # components costs no more than one of ten.
        deepest = self._depth + 1
        components = uri.split(".", deepest)[:deepest]
        for about, sample in self._samples(components, match):
            # A pattern is never invoked for the router's own procedures, whatever it matches.
            if not (action is Action.REGISTER and is_reserved(sample)):
                yield _Part(sample, about)

    def _samples(self, components: list[str], match: Match) -> Iterator[tuple[Rule | None, str]]:
        """Yield a URI for the pattern in general, and one for what it has in common with each rule."""
        anything = ".".join(
            [_SOMETHING] * (self._depth + 1)
        )  # more components than any rule has, so that no wildcard fits
        if match is Match.PREFIX:
            yield None, ".".join(components) + anything
        else:
            yield None, ".".join(component or _SOMETHING for component in components)
        for rule in self.rules:
            if match is Match.PREFIX and rule.match is Match.PREFIX:
                common = _common_prefix(".".join(components), rule.uri, anything)
            elif match is Match.PREFIX:
                common = _common_beginning(rule.components, components)
            elif rule.match is Match.PREFIX:
                common = _common_beginning(components, rule.components)
            else:
                common = _common_wildcard(rule.components, components)
            if common is not None:
                yield rule, common


def _objection(rule: Rule, action: Action, uri: str) -> Objection | None:
    """Return why a rule does not permit something to a URI about which it decides."""
    if action not in rule.allow:
        return Objection.NOT_ALLOWED
    if action is Action.CALL and uri in INTRUSIVE and not is_reserved(rule.uri):
        return Objection.NOT_EXPLICIT
    return None


# What two patterns have in common: a URI that both match and that is as general as it can be, None if there is none. An
# exact URI is a wildcard without an empty component.


def _common_prefix(one: str, other: str, anything: str) -> str | None:
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer + anything if longer.startswith(shorter) else None


def _common_beginning(wildcard: list[str], prefix: list[str]) -> str | None:
    """Of a wildcard and a prefix, whose last component is the beginning of one."""
    *complete, beginning = prefix
    at = len(complete)
    if len(wildcard) <= at:
        return None
    last = wildcard[at] or beginning + _SOMETHING
    if not last.startswith(beginning):
        return None
    return _common_wildcard(wildcard, [*complete, last, *wildcard[at + 1 :]])


def _common_wildcard(one: list[str], other: list[str]) -> str | None:
    if len(one) != len(other) or any(a and b and a != b for a, b in zip(one, other, strict=True)):
        return None
    return ".".join(a or b or _SOMETHING for a, b in zip(one, other, strict=True))
