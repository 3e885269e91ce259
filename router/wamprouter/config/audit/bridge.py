"""What anybody may do by requests of HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wamprouter.config.audit.browsers import is_any
from wamprouter.config.audit.view import Front, View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.bridge import BridgePath, CallerPath, PublisherPath, WebhookPath
from wamprouter.config.problems import Place

__all__ = ["WEAKNESSES"]

_DONE: Final = {"publisher": "publish", "caller": "call", "webhook": "deliver"}


def _unsigned(view: View) -> Iterator[Spot]:
    for front, place, path in _bridges(view):
        if not isinstance(path, PublisherPath | CallerPath | WebhookPath):
            continue
        if front.is_reachable and not front.asks_for_certificates and not path.options.knows_senders:
            field = '"github_secret"' if isinstance(path, WebhookPath) else '"key" and "secret"'
            yield Spot(
                place,
                f"anybody may {_DONE[path.type]} here with the role {path.role}",
                f'set {field} in options, or "tokens", or "require_ip"',
            )


def _any_page(view: View) -> Iterator[Spot]:
    for front, place, path in _bridges(view):
        cors = path.options.cors
        if cors is None or path.options.knows_senders or not front.is_inside:
            continue
        if any(is_any(entry) for entry in cors.allowed_origins):
            yield Spot(
                (*place, "options", "cors", "allowed_origins"),
                f"every page that is opened in a browser here may use {front.endpoint.address}, which strangers cannot reach "
                "themselves",
                'name those of your pages, such as ["https://app.example.com"]',
            )


def _sha1(view: View) -> Iterator[Spot]:
    for _, place, path in _bridges(view):
        if isinstance(path, WebhookPath) and path.options.github_secret is not None and path.options.allow_sha1:
            yield Spot(
                (*place, "options", "allow_sha1"),
                "signatures of SHA-1 are taken",
                "leave it out if the sender has X-Hub-Signature-256, as GitHub has",
            )


def _bridges(view: View) -> Iterator[tuple[Front, Place, BridgePath]]:
    for front, place, path in view.paths:
        if isinstance(path, BridgePath):
            yield front, place, path


WEAKNESSES: Final = (
    Weakness(
        "unsigned-requests",
        Severity.MEDIUM,
        "A path of the HTTP bridge takes requests without a signature or a token, and others reach it: they publish, call or deliver with its role.",
        "Set `key` and `secret`, or `github_secret`, or `tokens`; or name the addresses in `require_ip`.",
        _unsigned,
    ),
    Weakness(
        "any-page-may-post",
        Severity.MEDIUM,
        "Every web page may use a path of the HTTP bridge that only this machine or network reaches, by the browser of whoever looks at it.",
        "Name your pages in `cors`, or sign requests.",
        _any_page,
    ),
    Weakness(
        "sha1-signature",
        Severity.LOW,
        "A webhook also takes signatures that are made with SHA-1.",
        "Leave `allow_sha1` out.",
        _sha1,
    ),
)
