"""Who gets in, and what roles may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wamprouter.authz.roles import INTRUSIVE, Action
from wamprouter.config.audit.view import RoleAt, View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.auth import Dynamic
from wamprouter.config.problems import Place, printed, shown
from wamprouter.config.realms import ACTIONS, Permission
from wamprouter.config.safety import exposures, is_everywhere

__all__ = ["WEAKNESSES"]

_AUTHORIZER: Final = "authorizer"


def _open_to_strangers(view: View) -> Iterator[Spot]:
    for exposure in exposures(view.config, beyond_proxies=True):
        endpoint = view.fronts[int(exposure.transport[1])].endpoint
        yield Spot(
            (*exposure.transport, "endpoint"),
            f"{endpoint.address} is reachable, and {exposure.who} may {' and '.join(exposure.actions)} everywhere "
            f"({printed(exposure.permission)})",
            "give them permissions for what they need",
        )


def _needlessly_insecure(view: View) -> Iterator[Spot]:
    if view.config.insecure and not any(exposures(view.config)):
        yield Spot(
            ("insecure",), "it is true, and nothing here needs it", "remove it, so that a later mistake is refused"
        )


def _strangers_register(view: View) -> Iterator[Spot]:
    for one in view.roles:
        if not view.is_for_strangers(one):
            continue
        for place, permission in _effective(one):
            if "register" in permission.allow.actions and not is_everywhere(permission):
                yield Spot(
                    (*place, "allow"),
                    f"anonymous peers may register {_pattern(permission)}, and get the calls that others make",
                    "allow register to a role that logs in",
                )


def _strangers_decide(view: View) -> Iterator[Spot]:
    for role, number, asked, procedure in _permitted(view, Action.REGISTER):
        if view.is_for_anybody(role):
            yield Spot(
                (*role.place, "permissions", number),
                f"anonymous peers may register {procedure}, which decides about others ({printed(asked)})",
                f'add {{"uri": "{procedure}"}}, which allows nothing',
            )


def _others_decide(view: View) -> Iterator[Spot]:
    for role, number, asked, procedure in _permitted(view, Action.REGISTER):
        if _is_by_the_way(view, role, number, procedure):
            yield Spot(
                (*role.place, "permissions", number),
                f"{role.role.name} may register {procedure}, which decides about others ({printed(asked)}), by "
                f"{_pattern(role.role.permissions[number])}",
                f'add {{"uri": "{procedure}"}}, which allows nothing, or allow register in it to the role that provides it',
            )


def _strangers_ask(view: View) -> Iterator[Spot]:
    for role, number, asked, procedure in _permitted(view, Action.CALL):
        if asked[-1] != _AUTHORIZER and view.is_for_anybody(role):
            yield Spot(
                (*role.place, "permissions", number),
                f"anonymous peers may call {procedure} ({printed(asked)}), to guess credentials or read those that it returns",
                f'add {{"uri": "{procedure}"}}, which allows nothing',
            )


def _others_ask(view: View) -> Iterator[Spot]:
    for role, number, asked, procedure in _permitted(view, Action.CALL):
        if asked[-1] != _AUTHORIZER and _is_by_the_way(view, role, number, procedure):
            yield Spot(
                (*role.place, "permissions", number),
                f"{role.role.name} may call {procedure} ({printed(asked)}) by {_pattern(role.role.permissions[number])}, to guess "
                "credentials or read those that it returns",
                f'add {{"uri": "{procedure}"}} without call',
            )


def _is_by_the_way(view: View, role: RoleAt, number: int, procedure: str) -> bool:
    """Tell whether a role that clients log in with has such a permission without being the one that it is written for."""
    permission = role.role.permissions[number]
    is_meant = permission.match == "exact" and permission.uri == procedure
    return bool(view.holders(role)) and not view.is_for_anybody(role) and not is_meant


def _permitted(view: View, action: Action) -> Iterator[tuple[RoleAt, int, Place, str]]:
    """Yield who may do something to a procedure that decides about others: role, permission, who asks, procedure."""
    for asked, procedure, realm in _deciding(view):
        for role in view.roles:
            if view.in_realm(role, realm):
                number = role.permitting(action, procedure)
                if number is not None:
                    yield role, number, asked, procedure


def _deciding(view: View) -> Iterator[tuple[Place, str, str | None]]:
    """Yield where a procedure is asked who may do what, the procedure, and its realm, None for any."""
    for door in view.doors:
        for name, method in door.methods.items():
            if isinstance(method, Dynamic):
                yield (*door.place, "auth", name), method.authenticator, method.authenticator_realm
    for one in view.roles:
        if one.role.authorizer is not None:
            # Those on demand have no name here; one that no realm has leads to them.
            yield (*one.place, _AUTHORIZER), one.role.authorizer, "" if one.realm is None else one.realm


def _strangers_kill(view: View) -> Iterator[Spot]:
    for role, number, uri, more in _killers(view):
        if view.is_for_anybody(role):
            yield Spot(
                (*role.place, "permissions", number),
                f"anonymous peers may call {uri}{more}, and so end what others do",
                "allow call to a role that logs in",
            )


def _killing_by_pattern(view: View) -> Iterator[Spot]:
    for role, number, uri, more in _killers(view):
        permission = role.role.permissions[number]
        if view.holders(role) and not view.is_for_anybody(role) and permission.match != "exact":
            yield Spot(
                (*role.place, "permissions", number),
                f"{role.role.name} may call {uri}{more} by {_pattern(permission)}, and so end what others do",
                "name the procedures below wamp. that it needs",
            )


def _killers(view: View) -> Iterator[tuple[RoleAt, int, str, str]]:
    """Yield the roles that may act on other sessions, once for each permission, with a procedure and how many more."""
    for role in view.roles:
        by_permission: dict[int, list[str]] = {}
        for uri in sorted(INTRUSIVE):
            number = role.permitting(Action.CALL, uri)
            if number is not None:
                by_permission.setdefault(number, []).append(uri)
        for number, (uri, *others) in by_permission.items():
            yield role, number, uri, f" and {len(others)} more such" if others else ""


def _everything_for_many(view: View) -> Iterator[Spot]:
    for role in view.roles:
        holders = [login for login in view.holders(role) if login.method != "anonymous"]
        if not any(login.door.front.is_reachable for login in holders):
            continue
        for place, permission in _effective(role):
            if is_everywhere(permission) and permission.allow.actions == frozenset(ACTIONS):
                yield Spot(
                    (*place, "allow"),
                    f"{role.role.name} may do everything everywhere, so each of its peers can take the place of any other",
                    'name what it offers and uses, such as {"uri": "com.example.*", "allow": "all"}',
                )


def _everything_disclosed(view: View) -> Iterator[Spot]:
    for role in view.roles:
        if not any(login.door.front.is_reachable for login in view.holders(role)):
            continue
        disclosing = [((*role.place, "disclose"), role.role.disclose)]
        disclosing += [((*at, "disclose"), each.disclose) for at, each in _effective(role) if is_everywhere(each)]
        for place, disclose in disclosing:
            if disclose.caller and disclose.publisher:
                yield Spot(
                    place,
                    f"whoever {role.role.name} calls and publishes to is told who it is, everywhere",
                    "disclose where the other end needs it, in a permission of its own",
                )


def _effective(one: RoleAt) -> Iterator[tuple[Place, Permission]]:
    """Yield the permissions that count: of those with the same URI and match the last."""
    permissions = one.role.permissions
    last = {(permission.uri, permission.match): number for number, permission in enumerate(permissions)}
    for number in sorted(last.values()):
        yield (*one.place, "permissions", number), permissions[number]


def _pattern(permission: Permission) -> str:
    return f"{shown(permission.uri)}" if permission.match == "exact" else f"{permission.match} {shown(permission.uri)}"


WEAKNESSES: Final = (
    Weakness(
        "open-to-strangers",
        Severity.HIGH,
        "Anonymous peers may register or publish everywhere, on a port that others reach, directly or through a proxy.",
        "Give them permissions for what they need.",
        _open_to_strangers,
    ),
    Weakness(
        "needlessly-insecure",
        Severity.LOW,
        "`insecure` is true, although nothing would be refused without it.",
        "Remove it.",
        _needlessly_insecure,
    ),
    Weakness(
        "strangers-register",
        Severity.MEDIUM,
        "Anonymous peers from other machines may register procedures: they get what others call them with.",
        "Let only roles register that log in.",
        _strangers_register,
    ),
    Weakness(
        "strangers-decide",
        Severity.HIGH,
        "Anonymous peers may register the procedure that an authenticator or authorizer is, and then decide who gets in and may do "
        "what. It also holds on loopback, where any program and many a web page can connect.",
        "Add a permission with the procedure's URI that allows nothing.",
        _strangers_decide,
    ),
    Weakness(
        "others-decide",
        Severity.MEDIUM,
        "A role that clients log in with may register an authenticator or authorizer, by a permission for more than that.",
        "Allow it with its very URI to the role that provides it, and deny it to the others.",
        _others_decide,
    ),
    Weakness(
        "strangers-ask",
        Severity.HIGH,
        "Anonymous peers may call a dynamic authenticator. They can try credentials there without being slowed down, and for "
        "WAMP-CRA and SCRAM it returns what others log in with.",
        "Add a permission with the procedure's URI that allows nothing.",
        _strangers_ask,
    ),
    Weakness(
        "others-ask",
        Severity.MEDIUM,
        "A role that clients log in with may call a dynamic authenticator, by a permission for more than that.",
        "Add a permission with the procedure's URI that does not allow call.",
        _others_ask,
    ),
    Weakness(
        "strangers-kill",
        Severity.HIGH,
        "Anonymous peers may call the router's procedures that act on others, such as `wamp.session.kill`.",
        "Let only roles call them that log in.",
        _strangers_kill,
    ),
    Weakness(
        "kill-by-pattern",
        Severity.LOW,
        "A role may call the procedures that act on others by a pattern such as `wamp.*`.",
        "Name those that it needs.",
        _killing_by_pattern,
    ),
    Weakness(
        "everything-for-many",
        Severity.LOW,
        "A role that clients log in with from other machines may do everything everywhere.",
        "Name what it offers and uses.",
        _everything_for_many,
    ),
    Weakness(
        "everything-disclosed",
        Severity.LOW,
        "A role that comes from other machines is disclosed to everybody that it calls and publishes to.",
        "Disclose in the permissions where the other end needs it.",
        _everything_disclosed,
    ),
)
