"""Where the permissions of a Crossbar file come out otherwise in this router than in Crossbar.

Both are asked about sample URIs: for each rule some that it covers and some that it just does not, for each two rules one
that both cover, and patterns to register and subscribe with. What differs is told once for each pair of rules that decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wamp.protocol.uris import RULES, Match, UriCheck, is_reserved
from wamprouter import config
from wamprouter.authz.configured import static_role
from wamprouter.authz.roles import Action, Decision, Explanation, Objection
from wamprouter.config import NodeConfig
from wamprouter.config.crossbar.matcher import CrossbarRole, CrossbarRule, read
from wamprouter.config.problems import Place, lookup, printed, shown
from wamprouter.config.references import EACH, select

__all__ = ["Difference", "differences"]

_MOST_RULES: Final = 300  # of one role: each two of them are looked at
_MOST_LINES: Final = 100  # for one role
_FILLED: Final = "x"  # stands for a component that a rule leaves open
_POWERFUL: Final = ("wamp.session.kill", "wamp.session.count")  # one that acts on others, one that only tells


@dataclass(frozen=True, slots=True)
class Difference:
    """One request that the two decide differently."""

    realm: str
    role: str
    actions: tuple[str, ...]
    uri: str
    match: Match
    allowed_by_crossbar: bool
    crossbar: str
    ours: str

    def line(self) -> str:
        """Return the difference as an operator reads it."""
        verbs = ", ".join(self.actions)
        kind = "" if self.match is Match.EXACT else f" (pattern, {self.match})"
        they, we = ("allows", "denies") if self.allowed_by_crossbar else ("denies", "allows")
        return (
            f"role {self.role} in {self.realm}: {verbs} {self.uri or shown('')}{kind}: Crossbar {they} ({self.crossbar}), "
            f"wamprouter {we} ({self.ours})"
        )


def differences(document: Mapping[str, Any], config: NodeConfig) -> list[str]:
    """Return a line for each difference in a Crossbar document, whose variables are replaced, and its lowered form."""
    lines: list[str] = []
    realms = {realm.name: realm for realm in config.realms}
    for name, role, place in _roles(document):
        rules = [rule for _, rule in select(role, ("permissions", EACH)) if isinstance(rule, dict)]
        known = realms[name].roles if name in realms else ()
        ours = next((one for one in known if one.name == role.get("name")), None)
        if not rules or ours is None:
            continue
        if len(rules) > _MOST_RULES:
            lines.append(f"{printed(place)}: more than {_MOST_RULES} permissions, which are not compared")
            continue
        found = list(_compared(name, rules, ours, UriCheck(realms[name].options.uri_check)))
        lines += [difference.line() for difference in found[:_MOST_LINES]]
        if len(found) > _MOST_LINES:
            lines.append(f"role {role['name']} in {name}: {len(found) - _MOST_LINES} more that differ")
    return lines


def _roles(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], Place]]:
    for place, role in select(document, ("workers", EACH, "realms", EACH, "roles", EACH)):
        realm = lookup(document, (*place[:4], "name"))
        if isinstance(role, dict) and isinstance(realm, str):
            yield realm, role, place


def _compared(realm: str, theirs: list[dict[str, Any]], ours: config.Role, uri_check: UriCheck) -> Iterator[Difference]:
    rules = [read(rule) for rule in theirs]
    crossbar = CrossbarRole(rules)
    role = static_role(ours, uri_check)
    seen: set[object] = set()
    for uri, match in _samples(rules):
        if not RULES[uri_check, match](uri):
            continue
        by_outcome: dict[tuple[bool, str], list[str]] = {}
        for action in Action:
            if _is_nobodys(action, uri, match):
                continue
            is_allowed = crossbar.allows(action.value, uri)
            if is_allowed != (role.decide(action, uri, match) in (Decision.PERMITTED, Decision.DISCLOSED)):
                reason = _reason(role.explain(action, uri, match))
                by_outcome.setdefault((is_allowed, reason), []).append(action.value)
        for (is_allowed, reason), actions in by_outcome.items():
            deciding = crossbar.rule(uri)
            # That Crossbar lets a pattern pass by a rule about one URI is the same for all such rules.
            is_by_exact = match is not Match.EXACT and deciding is not None and deciding.match == "exact"
            key = (match, is_allowed, tuple(actions)) if is_by_exact else (deciding, reason, match, is_allowed)
            if key not in seen:
                seen.add(key)
                yield Difference(
                    realm, ours.name, tuple(actions), uri, match, is_allowed, _rule_words(deciding), reason
                )


def _is_nobodys(action: Action, uri: str, match: Match) -> bool:
    """Say whether a request is refused whatever the permissions are, or makes no sense."""
    if match is not Match.EXACT and action not in (Action.REGISTER, Action.SUBSCRIBE):
        return True
    return action in (Action.PUBLISH, Action.REGISTER) and is_reserved(uri)


def _reason(explanation: Explanation) -> str:
    """Say which of our rules decides: the one that objects, else the first."""
    rulings = explanation.rulings
    ruling = next((one for one in rulings if one.objection is not None), rulings[0] if rulings else None)
    if ruling is None or not ruling.rules:
        return "no rule" if len(rulings) <= 1 else "no rule for all that it matches"
    words = f"rule {shown(ruling.rules[0].uri)}, {ruling.rules[0].match}"
    if ruling.objection is Objection.NOT_EXPLICIT:
        words += ", but what acts on other sessions needs a rule about wamp."
    return words


def _rule_words(rule: CrossbarRule | None) -> str:
    return "no rule" if rule is None else f"rule {shown(rule.uri)}, {rule.match}"


def _samples(rules: list[CrossbarRule]) -> Iterator[tuple[str, Match]]:
    yield from dict.fromkeys((uri, Match.EXACT) for uri in _uris(rules))
    yield from dict.fromkeys(_patterns(rules))


def _uris(rules: list[CrossbarRule]) -> Iterator[str]:
    yield _FILLED
    yield from _POWERFUL
    for rule in rules:
        uri = _filled(rule.uri)
        yield from (uri, uri + _FILLED, f"{uri}.{_FILLED}", _sibling(uri), uri.rpartition(".")[0] or uri)
    for one in rules:
        for other in rules:
            both = _common(one, other)
            if both is not None:
                yield from (both, both + _FILLED, f"{both}.{_FILLED}")


def _filled(uri: str) -> str:
    return ".".join(component or _FILLED for component in uri.split("."))


def _sibling(uri: str) -> str:
    return ".".join([*uri.split(".")[:-1], _FILLED])


def _common(one: CrossbarRule, other: CrossbarRule) -> str | None:
    """Return a URI that the first covers and the second covers too, if that is easily found."""
    components, others = one.uri.split("."), other.uri.split(".")
    if other.match == "prefix":
        others = others[:-1] if others[-1] == "" else others
    if len(others) > len(components):
        others, components = components, others
    merged = [*others, *components[len(others) :]]
    for index, component in enumerate(components[: len(others)]):
        if component and merged[index] and component != merged[index]:
            return None
        merged[index] = merged[index] or component
    return ".".join(component or _FILLED for component in merged)


def _patterns(rules: list[CrossbarRule]) -> Iterator[tuple[str, Match]]:
    yield "", Match.PREFIX
    for rule in rules:
        stem = rule.uri
        if ".." not in stem:
            yield stem, Match.PREFIX
            yield f"{stem.rpartition('.')[0]}." if "." in stem else "", Match.PREFIX
        yield stem, Match.WILDCARD
        if "." in stem:
            yield f"{stem.rpartition('.')[0]}.", Match.WILDCARD
