"""Realms, roles and permissions of a Crossbar document."""

from __future__ import annotations

from typing import Any

from wamprouter.config.auth import ANONYMOUS_ROLE
from wamprouter.config.crossbar.lowering import Document, Walk, is_variable
from wamprouter.config.crossbar.notes import Kind
from wamprouter.config.crossbar.policy import TYPES
from wamprouter.config.problems import Place, choice, printed, shown
from wamprouter.config.realms import unstarred

__all__ = ["TRUSTED_ROLE", "ensure_role", "permission", "realm"]

TRUSTED_ROLE = "trusted"  # in each realm of Crossbar's, for its own sessions; it may do everything

# Roles that each realm of Crossbar's takes sessions with, with what they may do where the file does not say.
_GIVEN: dict[str, list[Document]] = {
    ANONYMOUS_ROLE: [],
    TRUSTED_ROLE: [
        {"uri": "", "match": "prefix", "allow": "all", "disclose": {"caller": True, "publisher": True}},
    ],
}

_TIMEOUTS = "the timeout of a call counts seconds, as in Crossbar; in our own form it counts milliseconds by default"


def realm(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return one realm."""
    lowered = walk.fields("realm", node, at, to, taken=("store",))
    if not lowered.get("roles"):
        walk.add(lowered, to, "roles", [{"name": ANONYMOUS_ROLE}], (*at, "roles"))
    options = lowered.setdefault("options", {})
    if not isinstance(options, dict):
        return lowered
    if "call_timeout_unit" not in options:
        walk.add(options, (*to, "options"), "call_timeout_unit", "s", at)
        walk.note(at, Kind.HONOURED, _TIMEOUTS)
    history = _history(walk, node.get("store"), (*at, "store"), (*to, "options", "history"))
    if history:
        walk.add(options, (*to, "options"), "history", history, (*at, "store", "event-history"))
    return lowered


def _history(walk: Walk, store: Any, at: Place, to: Place) -> list[Any]:
    """Return the topics whose events are kept."""
    if store is None:
        return []
    if not isinstance(store, dict):
        walk.refuse(at, f"got {shown(store)}, expected an object")
        return []
    if walk.kind("store", store, at) is None:
        return []
    if store.get("type") == "memory" or store.get("type") not in TYPES["store"]:
        found = walk.fields("store", store, at, to)
    else:  # that it keeps nothing beyond the process is told with the type, once
        found = walk.fields("store", {k: v for k, v in store.items() if k in _KEPT}, at, to)
    limit = {"limit": found["limit"]} if "limit" in found else {}
    return [
        {**limit, **walk.fields("history", topic, place, (*to, index))}
        for index, (topic, place) in enumerate(walk.entries(found, "event-history", at))
    ]


_KEPT = ("limit", "event-history", "call-queue")


def permission(walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return one permission, with its URI and match as Crossbar reads them."""
    lowered = walk.fields("permission", node, at, to)
    uri = lowered.get("uri")
    if not isinstance(uri, str) or is_variable(uri):
        return lowered
    match = lowered.get("match")
    if match is None:
        if "*" not in uri and ".." not in uri:
            return lowered
        lowered["uri"], lowered["match"] = _as_crossbar(uri)
    elif "*" in uri:
        _tell_literal_star(walk, at, lowered, uri)
    elif match != "wildcard" and ".." in uri:
        lowered["match"] = "wildcard"
        walk.note((*at, "match"), Kind.DIFFERS, "a URI with an empty component is a wildcard, whatever its match")
    elif match == "exact" and "" in uri.split("."):
        lowered["match"] = "wildcard"
        walk.note((*at, "uri"), Kind.DIFFERS, "a URI that begins or ends with a dot is read as a wildcard")
    return lowered


def _as_crossbar(uri: str) -> tuple[str, str]:
    if "*" in uri and (uri.count("*") > 1 or not uri.endswith("*")):
        uri = uri.replace("*", "")  # Crossbar takes out every star, also one that is not a whole component
    plain, match = unstarred(uri)
    return plain, "wildcard" if ".." in plain else match


def _tell_literal_star(walk: Walk, at: Place, lowered: Document, uri: str) -> None:
    plain, match = _as_crossbar(uri)
    walk.refuse(
        (*at, "uri"),
        f'got {shown(uri)} with "match", which makes the star a character of the URI, expected {shown(plain)} with '
        f'"match": {shown(match)}, or no "match"',
    )


def ensure_role(realms: list[Document], name: object, role: object) -> None:
    """Add a role that Crossbar has in each realm, if a realm of the file needs it and has not got it."""
    if not isinstance(role, str) or role not in _GIVEN:
        return
    for one in realms:
        roles = one.get("roles")
        if one.get("name") != name or not isinstance(roles, list):
            continue
        if all(not isinstance(known, dict) or known.get("name") != role for known in roles):
            roles.append({"name": role, "permissions": [dict(rule) for rule in _GIVEN[role]]})


def told_twice(walk: Walk, realms: list[Document]) -> None:
    """Refuse a realm that stands twice in a file, also in two workers."""
    first: dict[str, Place] = {}
    for index, one in enumerate(realms):
        name, at = one.get("name"), walk.origin(("realms", index))
        if not isinstance(name, str):
            continue
        if name in first:
            walk.refuse(
                (*at, "name"),
                f"got {shown(name)}, expected another name than that of {printed(first[name])}: all workers share one "
                "process, so write each realm once, with the roles of both",
            )
        first.setdefault(name, at)


def known_roles(realms: list[Document]) -> str:
    """Return the names of the roles, for a hint."""
    names = {
        role["name"]
        for one in realms
        if isinstance(one.get("roles"), list)
        for role in one["roles"]
        if isinstance(role, dict) and isinstance(role.get("name"), str)
    }
    return choice(sorted(names))
