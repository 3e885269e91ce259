"""Which rule decides about a request, and why: the router's own decision, told for an operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from wamp.protocol.uris import Match, UriCheck, is_reserved, is_valid_realm
from wamprouter import config
from wamprouter.authz import is_usable
from wamprouter.authz.configured import static_role
from wamprouter.authz.roles import Action, Decision, Explanation, Objection, Role, Rule, Ruling
from wamprouter.config.problems import choice, did_you_mean, shown
from wamprouter.config.realms import unstarred

__all__ = ["ALLOWED", "ASKED", "DENIED", "CannotExplain", "Question", "explain", "question"]

# Exit statuses.
ALLOWED: Final = 0
DENIED: Final = 1
ASKED: Final = 3
"""An authorizer decides."""

_OTHER_END: Final = {Action.CALL: "callees are told who calls", Action.PUBLISH: "subscribers are told who publishes"}


class CannotExplain(Exception):
    """The question is about something that the configuration does not have."""


class Question(NamedTuple):
    """May this role do this?"""

    action: Action
    uri: str
    match: Match
    role: str
    realm: str | None

    @property
    def subject(self) -> str:
        return f"{self.action.value} {_pattern(self.uri, self.match) if self.match is not Match.EXACT else self.uri}"


class _Place(NamedTuple):
    """A role, and where it stands in the configuration."""

    place: str
    realm: config.Realm
    role: config.Role


def question(action: str, uri: str, match: str | None, role: str, realm: str | None) -> Question:
    """Return the question; raise CannotExplain for a pattern of something that has none.

    Without ``match``, a star in the URI tells how it matches, as in a permission.
    """
    wanted = Action(action)
    if match is None and "*" in uri:
        uri, match = unstarred(uri)
    pattern = Match(match or "exact")
    if pattern is not Match.EXACT and wanted in (Action.CALL, Action.PUBLISH):
        raise CannotExplain(
            f"{pattern} {shown(uri)}: a {action} is to one URI, only register and subscribe have patterns"
        )
    return Question(wanted, uri, pattern, role, realm)


def explain(configuration: config.NodeConfig, asked: Question) -> tuple[int, list[str]]:
    """Return the exit status and the lines of the answer; raise CannotExplain if there is no such role or realm."""
    found = _find(configuration, asked)
    subject = f"{asked.subject}, role {asked.role}, realm {found.realm.name}"
    uri_check = UriCheck(found.realm.options.uri_check)
    if not is_usable(uri_check, asked.action, asked.uri, asked.match):
        return DENIED, [f"{subject}: refused, wamp.error.invalid_uri", *_invalid(asked, found)]
    if found.role.authorizer is not None:
        return ASKED, [f"{subject}: {found.role.authorizer} decides", *_asked(found, found.role.authorizer, asked)]
    role = static_role(found.role, uri_check, found.place)
    explanation = role.explain(asked.action, asked.uri, asked.match)
    if explanation.decision is Decision.DENIED:
        return DENIED, [f"{subject}: denied, wamp.error.not_authorized", *_reasons(role, explanation, asked, found)]
    return ALLOWED, [f"{subject}: allowed{_disclosure(explanation, asked)}", *_reasons(role, explanation, asked, found)]


# -- where it is decided


def _find(configuration: config.NodeConfig, asked: Question) -> _Place:
    places = list(_places(configuration, asked))
    found = [place for place in places if place.role.name == asked.role]
    if len(found) == 1:
        return found[0]
    if found:
        realms = choice(place.realm.name for place in found)
        raise CannotExplain(f"role {shown(asked.role)} is in several realms, expected --realm {realms}")
    if not places:
        known = [realm.name for realm in configuration.realms]
        near = did_you_mean(asked.realm, known)
        raise CannotExplain(f"--realm {shown(asked.realm)}: no such realm, expected {choice(known)}{near}")
    known = sorted({place.role.name for place in places})
    where = f" in realm {shown(asked.realm)}" if asked.realm else ""
    near = did_you_mean(asked.role, known)
    raise CannotExplain(f"--role {shown(asked.role)}: no such role{where}, expected {choice(known)}{near}")


def _places(configuration: config.NodeConfig, asked: Question) -> Iterator[_Place]:
    is_there = False
    for at, realm in enumerate(configuration.realms):
        if asked.realm in (None, realm.name):
            is_there = True
            for number, role in enumerate(realm.roles):
                yield _Place(f"realms[{at}].roles[{number}]", realm, role)
    template = configuration.realm_template
    if template is not None and asked.realm is not None and not is_there and is_valid_realm(asked.realm):
        realm = template.realm(asked.realm)
        for number, role in enumerate(realm.roles):
            yield _Place(f"realm_template.roles[{number}]", realm, role)


# -- why


def _invalid(asked: Question, found: _Place) -> Iterator[str]:
    if asked.action in (Action.PUBLISH, Action.REGISTER) and is_reserved(asked.uri):
        yield f'below "wamp." only the router may {asked.action.value}, whatever the permissions are'
    else:
        kind = "URI" if asked.match is Match.EXACT else f"{asked.match} pattern"
        yield f"{shown(asked.uri)} is not a valid {kind}; uri_check of the realm is {found.realm.options.uri_check}"


def _disclosure(explanation: Explanation, asked: Question) -> str:
    return f", {_OTHER_END[asked.action]}" if explanation.decision is Decision.DISCLOSED else ""


def _reasons(role: Role, explanation: Explanation, asked: Question, found: _Place) -> Iterator[str]:
    if asked.match is Match.EXACT:
        (ruling,) = explanation.rulings
        yield from _ruled(ruling, asked, found)
    else:
        yield from _ruled_in_parts(explanation.rulings, asked)
    if explanation.decision is Decision.DISCLOSED:
        yield from _disclosers(explanation, asked, found)
    yield from _superseded(role, explanation, found)


def _ruled(ruling: Ruling, asked: Question, found: _Place) -> Iterator[str]:
    if not ruling.rules:
        count = len(found.role.permissions)
        yield f"none of the {count} permissions of {found.place} matches: what is not allowed is denied"
        return
    winner, *losers = ruling.rules
    yield f"decided by {_described(winner, asked.action)}"
    if ruling.objection is Objection.NOT_EXPLICIT:
        yield f'{asked.uri} acts on other sessions: that must be allowed by a permission whose URI begins with "wamp."'
    for loser in losers:
        yield f"also matches: {_described(loser, asked.action)}; but {_precedence(winner, loser)}"


def _ruled_in_parts(rulings: list[Ruling], asked: Question) -> Iterator[str]:
    """A pattern is allowed if all that it matches is, so tell first of what is not."""
    if any(ruling.objection is not None for ruling in rulings):
        yield f"to {asked.action.value} by a pattern, everything that it matches must be allowed"
    deciding: dict[str, str] = {}  # place of a rule -> what to tell of it
    for ruling in rulings:
        if ruling.rules:
            decider = ruling.rules[0]
            outcome = "granted as far as it decides" if ruling.objection is None else "not granted"
            deciding.setdefault(decider.place, f"{outcome} by {_described(decider, asked.action)}")
        else:
            yield "not granted in general: no permission matches all of it"
    yield from sorted(deciding.values(), reverse=True)  # what is not granted comes first


def _disclosers(explanation: Explanation, asked: Question, found: _Place) -> Iterator[str]:
    of_role = {Action.CALL: found.role.disclose.caller, Action.PUBLISH: found.role.disclose.publisher}
    if of_role.get(asked.action):
        yield f"disclosed by {found.place}.disclose"
    for ruling in explanation.rulings:
        if asked.action in ruling.rules[0].disclose:
            yield f"disclosed by {ruling.rules[0].place}.disclose"


def _superseded(role: Role, explanation: Explanation, found: _Place) -> Iterator[str]:
    """Name the permissions that would count if there were no later one for the same URI and match."""
    involved = {rule.place: rule for ruling in explanation.rulings for rule in ruling.rules}
    for at, permission in enumerate(found.role.permissions):
        place = f"{found.place}.permissions[{at}]"
        for rule in role.rules:
            is_same = (rule.uri, rule.match.value) == (permission.uri, permission.match)
            if is_same and rule.place in involved and rule.place != place:
                yield f"{place} does not count: {rule.place} is for the same URI and match, and comes later"


def _asked(found: _Place, authorizer: str, asked: Question) -> Iterator[str]:
    role = found.role
    yield (
        f'it is called in realm {found.realm.name} with the session, "{asked.uri}", "{asked.action.value}" and the options of '
        f"the request, and returns true, false or a dictionary with allow, disclose and cache ({found.place}.authorizer)"
    )
    yield f"without an answer in {role.authorizer_timeout} ms the request is denied, wamp.error.authorization_failed"
    if role.authorizer_cache_ttl:
        yield (
            f"an answer with cache: true is remembered for that session: for {role.authorizer_cache_ttl} seconds, until the "
            f"authorizer is registered anew, or until an event is published to {authorizer}.changed"
        )
    else:
        yield "no answer is remembered, because authorizer_cache_ttl is 0"
    if asked.action in _OTHER_END and (
        role.disclose.caller if asked.action is Action.CALL else role.disclose.publisher
    ):
        yield f"if it is allowed, {_OTHER_END[asked.action]} ({found.place}.disclose)"


# -- words


def _described(rule: Rule, action: Action) -> str:
    verb = "allows" if action in rule.allow else "does not allow"
    return f"{rule.place} ({_pattern(rule.uri, rule.match)}), which {verb} {action.value}"


def _pattern(uri: str, match: Match) -> str:
    return "every URI" if match is Match.PREFIX and not uri else f"{match} {shown(uri)}"


def _precedence(winner: Rule, loser: Rule) -> str:
    if winner.match is Match.EXACT:
        return "the exact URI comes first"
    if winner.match is loser.match is Match.PREFIX:
        return "the longer prefix comes first"
    if winner.match is Match.PREFIX:
        return "a prefix comes before a wildcard"
    pairs = zip(winner.components, loser.components, strict=True)
    at = next(number for number, (one, other) in enumerate(pairs, 1) if bool(one) is not bool(other))
    return f"it is less specific in component {at}"
