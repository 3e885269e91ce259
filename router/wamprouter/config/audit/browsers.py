"""What web pages may do in the name of those who look at them, and what a web transport shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wamprouter.config.audit.view import Door, View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.auth import AnonymousStatic, Cookie
from wamprouter.config.options import PageOptions
from wamprouter.config.problems import Place, choice
from wamprouter.config.web import StaticPath
from wamprouter.server.origins import origin_patterns

__all__ = ["WEAKNESSES", "is_any"]

_MONTH: Final = 30 * 86_400
_ANYWHERE: Final = ("https://anywhere.invalid:443", "http://anywhere.invalid:80")
_NAME_THEM: Final = 'name those of your pages, such as ["https://app.example.com"]'


def _any_origin_with_credentials(view: View) -> Iterator[Spot]:
    for door, entry in _open_to_pages(view):
        sent = [name for name in ("cookie", "tls") if name in door.methods]
        if not sent and door.front.asks_for_certificates:
            sent = ["tls"]
        if sent:
            yield Spot(
                (*door.options_place, "allowed_origins"),
                f"{entry} lets every page that a user opens connect as that user, because browsers send what {' and '.join(sent)} "
                "needs by themselves",
                _NAME_THEM,
            )


def _any_origin_inside(view: View) -> Iterator[Spot]:
    for door, entry in _open_to_pages(view):
        if door.front.is_inside and not door.front.asks_for_certificates and _serves_anonymous(view, door):
            yield Spot(
                (*door.options_place, "allowed_origins"),
                f"{entry} lets every page that is opened in a browser here connect to {door.front.endpoint.address}, which "
                "strangers cannot reach themselves",
                f"{_NAME_THEM}, and allow_null_origin false",
            )


def _any_origin(view: View) -> Iterator[Spot]:
    told = {spot.place for find in (_any_origin_with_credentials, _any_origin_inside) for spot in find(view)}
    for door, entry in _open_to_pages(view):
        place = (*door.options_place, "allowed_origins")
        if door.front.is_reachable and place not in told:
            yield Spot(
                place,
                f"{entry} lets every page have its visitors' browsers connect, each from an address of its own",
                _NAME_THEM,
            )


def _open_to_pages(view: View) -> Iterator[tuple[Door, str]]:
    """Yield the doors that pages of any origin may connect to, with the entry that says so."""
    for door in view.doors:
        if isinstance(door.options, PageOptions):
            entry = next((each for each in door.options.allowed_origins if is_any(each)), None)
            if entry is not None:
                yield door, f'"{entry}"'


def is_any(entry: str) -> bool:
    """Tell whether an entry of allowed_origins stands for pages of anywhere."""
    (pattern,) = origin_patterns([entry])
    return any(pattern.match(origin) for origin in _ANYWHERE)


def _serves_anonymous(view: View, door: Door) -> bool:
    """Tell whether peers without credentials may do anything."""
    anonymous = door.service.auth.anonymous
    if not isinstance(anonymous, AnonymousStatic):
        return anonymous is not None
    return any(
        one.role.authorizer or any(permission.allow.actions for permission in one.role.permissions)
        for one in view.roles
        if one.role.name == anonymous.role and view.in_realm(one, anonymous.realm)
    )


def _null_origin(view: View) -> Iterator[Spot]:
    for door in view.doors:
        options = door.options
        if not isinstance(options, PageOptions) or not options.allow_null_origin:
            continue
        if not any(is_any(entry) for entry in options.allowed_origins):
            yield Spot(
                (*door.place, "options", "allow_null_origin"),
                "any page can have its frames come without an origin, and so get past allowed_origins",
                "write false",
            )


def _cookies(view: View) -> Iterator[tuple[Door, Place, Cookie]]:
    for door in view.doors:
        cookie = getattr(door.service, "cookie", None)
        if cookie is not None:
            yield door, (*door.place, "cookie"), cookie


def _cookie_for_other_sites(view: View) -> Iterator[Spot]:
    for _, place, cookie in _cookies(view):
        if cookie.same_site.lower() == "none":
            yield Spot(
                (*place, "same_site"), '"none" lets pages of other sites use the cookie', 'write "lax" or "strict"'
            )


def _cookie_without_tls(view: View) -> Iterator[Spot]:
    for door, place, cookie in _cookies(view):
        has_tls = door.front.tls is not None
        if cookie.secure is False and has_tls:
            yield Spot((*place, "secure"), "false lets the cookie travel without TLS", "leave it out")
        elif not cookie.secure and door.front.is_proxied and not has_tls:
            yield Spot(
                (*place, "secure"),
                "the endpoint has no TLS, so the cookie may travel without it to the proxy",
                "write true",
            )


def _cookie_for_scripts(view: View) -> Iterator[Spot]:
    for _, place, cookie in _cookies(view):
        if not cookie.http_strict:
            yield Spot((*place, "http_strict"), "false lets scripts of a page read the cookie", "leave it out")


def _lasting_cookie(view: View) -> Iterator[Spot]:
    for _, place, cookie in _cookies(view):
        if cookie.max_age > _MONTH:
            yield Spot(
                (*place, "max_age"),
                f"a stolen cookie is good for {cookie.max_age // 86_400} days",
                "write 30 days or fewer",
            )


def _listed_folders(view: View) -> Iterator[Spot]:
    for _, place, path in view.paths:
        if isinstance(path, StaticPath) and path.options.enable_directory_listing:
            yield Spot(
                (*place, "options", "enable_directory_listing"),
                "folders show the names of all their files",
                "leave it out",
            )


def _missing_headers(view: View) -> Iterator[Spot]:
    for front in view.fronts:
        if front.web is None:
            continue
        place, options = front.web
        headers = {name.lower(): value for name, value in options.headers.items()}
        removed = [name for name in ("x-content-type-options", "x-frame-options") if headers.get(name, "") is None]
        if "frame-ancestors" in (headers.get("content-security-policy") or ""):
            removed = [name for name in removed if name != "x-frame-options"]
        if removed:
            yield Spot(
                (*place, "headers"),
                f"answers come without {' and '.join(removed)}",
                f"leave {choice(removed)} out here"
                + (", or say frame-ancestors in a Content-Security-Policy" if "x-frame-options" in removed else ""),
            )


def _server_version(view: View) -> Iterator[Spot]:
    places = [((*front.place, "options"), getattr(front.transport, "options", None)) for front in view.fronts]
    places += [front.web for front in view.fronts if front.web is not None]
    places += [((*place, "options"), getattr(path, "options", None)) for _, place, path in view.paths]
    for place, options in places:
        if getattr(options, "show_server_version", False):
            yield Spot((*place, "show_server_version"), "every answer names product and version", "leave it out")


WEAKNESSES: Final = (
    Weakness(
        "any-origin-with-credentials",
        Severity.HIGH,
        "Pages of any origin may connect where browsers send credentials by themselves: cookies, client certificates.",
        "Name your pages in `allowed_origins`.",
        _any_origin_with_credentials,
    ),
    Weakness(
        "any-origin-inside",
        Severity.MEDIUM,
        "Pages of any origin may connect to a loopback or private address, where anonymous peers may do something: a page that "
        "somebody opens acts from inside.",
        "Name your pages in `allowed_origins`, and `allow_null_origin: false`.",
        _any_origin_inside,
    ),
    Weakness(
        "any-origin",
        Severity.LOW,
        "Pages of any origin may connect to a router that others reach: from many browsers, past the limits of one address.",
        "Name your pages in `allowed_origins`.",
        _any_origin,
    ),
    Weakness(
        "null-origin",
        Severity.MEDIUM,
        "`allowed_origins` names pages, and pages without an origin may connect all the same. Any page can make such frames.",
        "`allow_null_origin: false`.",
        _null_origin,
    ),
    Weakness(
        "cookie-for-other-sites",
        Severity.MEDIUM,
        'A cookie has `same_site: "none"`.',
        "`lax` or `strict`.",
        _cookie_for_other_sites,
    ),
    Weakness(
        "cookie-without-tls",
        Severity.MEDIUM,
        "A cookie may travel without TLS, although there is TLS at the endpoint or a proxy in front.",
        "Leave `secure` out with TLS at the endpoint, write `true` behind a proxy.",
        _cookie_without_tls,
    ),
    Weakness(
        "cookie-for-scripts",
        Severity.MEDIUM,
        "Scripts may read a cookie.",
        "Leave `http_strict` out.",
        _cookie_for_scripts,
    ),
    Weakness(
        "lasting-cookie", Severity.LOW, "A cookie is good for more than 30 days.", "A lower `max_age`.", _lasting_cookie
    ),
    Weakness(
        "listed-folders",
        Severity.LOW,
        "Folders are listed.",
        "Leave `enable_directory_listing` out.",
        _listed_folders,
    ),
    Weakness(
        "missing-headers",
        Severity.LOW,
        "`X-Content-Type-Options` or `X-Frame-Options` is taken out, the latter without `frame-ancestors` in its place.",
        "Leave them in.",
        _missing_headers,
    ),
    Weakness(
        "server-version",
        Severity.LOW,
        "Answers name product and version.",
        "Leave `show_server_version` out.",
        _server_version,
    ),
)
