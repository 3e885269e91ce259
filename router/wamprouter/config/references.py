"""What one part of a configuration says of another: names that must be unique, realms and roles that must exist.

Looks at the plain document and passes over whatever has the wrong shape, so that these mistakes are told together with
those of shape.
"""

from collections.abc import Collection, Iterator

from wamprouter.config.auth import ANONYMOUS_ROLE
from wamprouter.config.problems import Place, Problem, choice, did_you_mean, lookup, printed, shown

EACH = None  # in a pattern: every entry of a list, or every value of an object

Pattern = tuple[str | None, ...]

# Names that must differ, among the entries of the list that the pattern leads to.
UNIQUE: tuple[tuple[Pattern, str], ...] = (
    (("realms",), "name"),
    (("realms", EACH, "roles"), "name"),
    (("realm_template", "roles"), "name"),
    (("transports",), "id"),
    (("components",), "id"),
)

# What speaks WAMP, and so has an "auth"; and what has paths, which may be services.
WAMP_TRANSPORTS = ("websocket", "rawsocket")
WAMP_PATHS = ("websocket", "longpoll")
UNIVERSAL: tuple[Pattern, ...] = (("rawsocket",), ("websocket", EACH))
UNIVERSAL_TYPE = "universal"
# What enters a realm with a role that stands beside it.
BRIDGE_PATHS = ("publisher", "caller", "webhook", "rest", "sse")
NESTED = "path"


# The role of whoever logs in to the console, unless the section "admin" names another one.
OPERATOR = "admin"

# The role of the router's own session in the admin realm, which offers the procedures.
MANAGEMENT_ROLE = "router"

# Where an "auth" names roles.
ROLES: tuple[Pattern, ...] = (
    (EACH, "role"),
    (EACH, "roles", EACH),
    (EACH, "principals", EACH, "role"),
    (EACH, "users", EACH, "role"),
)


def dangling(document: object, mistaken: Collection[Problem] = ()) -> list[Problem]:
    """Return the names that are used twice, and those that name nothing.

    While a realm's or a role's name is mistaken, what is meant by other names cannot be told.
    """
    if any(_concerns_name(problem) for problem in mistaken):
        return list(_duplicates(document))
    unknown = [*_unknown_in_auth(document), *_unknown_in_guests(document)]
    return [*_duplicates(document), *unknown, *_taken_names(document)]


def _concerns_name(problem: Problem) -> bool:
    """Say whether a mistake is one of a realm or a role as a whole, of its name, or of the name of a field of it."""
    place = problem.place
    if not place or place[0] not in ("realms", "realm_template") or {"permissions", "options"} & {*place}:
        return False
    return problem.key is not None or isinstance(place[-1], int) or place[-1] in ("name", "roles")


def select(node: object, pattern: Pattern, place: Place = ()) -> Iterator[tuple[Place, object]]:
    """Yield every part of the document that a pattern leads to, with its place."""
    if not pattern:
        yield place, node
        return
    step, *rest = pattern
    for key, value in _entries(node):
        if step is EACH or step == key:
            yield from select(value, tuple(rest), (*place, key))


def _entries(node: object) -> Iterator[tuple[str | int, object]]:
    match node:
        case dict():
            yield from node.items()
        case list():
            yield from enumerate(node)


def _duplicates(document: object) -> Iterator[Problem]:
    for pattern, field in UNIQUE:
        for place, entries in select(document, pattern):
            yield from _repeated(place, entries, field)


def _repeated(place: Place, entries: object, field: str) -> Iterator[Problem]:
    first: dict[str, Place] = {}  # name -> the entry that has it
    for at, name in select(entries, (EACH, field), place):
        if not isinstance(name, str):
            continue
        if name in first:
            text = f"got {shown(name)}, expected another {field} than that of {printed(first[name])}"
            yield Problem(at, text)
        first.setdefault(name, at[:-1])


def _unknown_in_auth(document: object) -> Iterator[Problem]:
    roles_by_realm = _roles_by_realm(document)
    on_demand = (
        role for _, role in select(document, ("realm_template", "roles", EACH, "name")) if isinstance(role, str)
    )
    known = sorted({*on_demand, *(role for roles in roles_by_realm.values() for role in roles)})
    if not known:  # the realms themselves are at fault, and are told
        return
    for place, service in _services(document):
        if "auth" not in service and ANONYMOUS_ROLE not in known:
            yield Problem(
                (*place, "auth"),
                f"missing, so peers would get the role {shown(ANONYMOUS_ROLE)}, expected a realm with that role",
            )
        yield from _unknown_roles(service.get("auth"), (*place, "auth"), known)
    named = lookup(document, ("admin", "role"))
    operator = named if isinstance(named, str) else OPERATOR
    yield from _unknown_roles(lookup(document, ("admin", "auth")), ("admin", "auth"), sorted({*known, operator}))


def _taken_names(document: object) -> Iterator[Problem]:
    """Yield roles of the section "admin" that are called as that of the router's own session."""
    section = lookup(document, ("admin",))
    if not isinstance(section, dict):
        return
    names: list[tuple[Place, object]] = [(("admin", "role"), section.get("role"))]
    for place, realm in select(document, ("realms", EACH)):
        if isinstance(realm, dict) and realm.get("name") == section.get("realm", OPERATOR):
            names += [((*place, *at), name) for at, name in select(realm, ("roles", EACH, "name"))]
    for at, name in names:
        if name == MANAGEMENT_ROLE:
            yield Problem(
                at, f"got {shown(name)}, expected another name than that of the router's own role in this realm"
            )


def _unknown_roles(auth: object, place: Place, known: list[str]) -> Iterator[Problem]:
    for pattern in ROLES:
        for at, role in select(auth, pattern, place):
            if isinstance(role, str) and role not in known:
                yield _unknown(at, role, "a role of some realm", known)


def _unknown_in_guests(document: object) -> Iterator[Problem]:
    """Look at what joins a realm with a role that the file gives it: components, and paths of the HTTP bridge."""
    roles_by_realm = _roles_by_realm(document)
    places = [place for place, _ in select(document, ("components", EACH))]
    places += [place for place, _ in _paths(document, BRIDGE_PATHS)]
    for guest in places:
        place = (*guest, "realm")
        realm = lookup(document, place)
        if not isinstance(realm, str):
            continue
        if roles_by_realm and realm not in roles_by_realm:
            yield _unknown(place, realm, "a realm of this file", sorted(roles_by_realm))
            continue
        known = sorted(roles_by_realm.get(realm, ()))
        at = (*place[:-1], "role")
        role = lookup(document, at)
        if isinstance(role, str) and known and role not in known:
            yield _unknown(at, role, f"a role of {shown(realm)}", known)


def _unknown(place: Place, name: str, what: str, known: list[str]) -> Problem:
    near = did_you_mean(name, known)
    return Problem(place, f"got {shown(name)}, expected {what} ({choice(known)}){near}")


def _services(document: object) -> Iterator[tuple[Place, dict[str, object]]]:
    for place, node in select(document, ("transports", EACH)):
        if isinstance(node, dict):
            if node.get("type") in WAMP_TRANSPORTS:
                yield place, node
            if node.get("type") == UNIVERSAL_TYPE:
                yield from _services_of_universal(node, place)
    yield from _paths(document, WAMP_PATHS)


def _services_of_universal(node: dict[str, object], place: Place) -> Iterator[tuple[Place, dict[str, object]]]:
    for pattern in UNIVERSAL:
        for at, service in select(node, pattern, place):
            if isinstance(service, dict):
                yield at, service


def _paths(document: object, types: Collection[str]) -> Iterator[tuple[Place, dict[str, object]]]:
    for place, node in select(document, ("transports", EACH)):
        yield from _paths_below(node, place, types)
        if isinstance(node, dict) and node.get("type") == UNIVERSAL_TYPE:
            yield from _paths_below(node.get("web"), (*place, "web"), types)


def _paths_below(parent: object, above: Place, types: Collection[str]) -> Iterator[tuple[Place, dict[str, object]]]:
    for place, node in select(parent, ("paths", EACH), above):
        if isinstance(node, dict):
            if node.get("type") in types:
                yield place, node
            elif node.get("type") == NESTED:
                yield from _paths_below(node, place, types)


def _roles_by_realm(document: object) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for place, name in select(document, ("realms", EACH, "name")):
        if isinstance(name, str):
            roles = select(lookup(document, place[:-1]), ("roles", EACH, "name"))
            found.setdefault(name, set()).update(role for _, role in roles if isinstance(role, str))
    return found
