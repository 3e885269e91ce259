"""The HTTP bridge of Crossbar's files."""

from __future__ import annotations

from typing import Any

import pytest

from wamprouter.config import validate
from wamprouter.config.crossbar import Kind, Lowered, lower


def document(kind: str, **options: Any) -> dict[str, Any]:
    paths = {"bridge": {"type": kind, "realm": "realm1", "role": "anonymous", "options": options}}
    transport = {"type": "web", "endpoint": {"type": "tcp", "port": 8080, "interface": "127.0.0.1"}, "paths": paths}
    realm = {"name": "realm1", "roles": [{"name": "anonymous", "permissions": []}]}
    return {"version": 2, "workers": [{"type": "router", "realms": [realm], "transports": [transport]}]}


def lowered(kind: str, **options: Any) -> Lowered:
    return lower(document(kind, **options), environ={})


def options(kind: str, **given: Any) -> Any:
    return lowered(kind, **given).document["transports"][0]["paths"]["bridge"]["options"]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (
            "publisher",
            {"key": "k", "secret": "s", "timestamp_delta_limit": 10, "post_body_limit": 8192, "debug": False},
        ),
        ("caller", {"require_tls": True, "require_ip": ["192.168.1.0/24"]}),
        ("webhook", {"topic": "com.a", "github_secret": "g", "success_response": "ok", "error_response": "no"}),
        ("caller", {"max_requests": 10}),
    ],
)
def test_a_path_is_taken_as_it_is(kind: str, given: dict[str, Any]) -> None:
    """With what our form adds."""
    [transport] = validate(document(kind, **given), environ={}).transports
    found = transport.paths["bridge"].options  # type: ignore[union-attr]  # it is a web transport with such a path
    for name, value in given.items():
        if name not in ("debug", "require_ip"):
            assert value == getattr(found, name)


def test_errors_of_the_application_have_the_status_that_crossbar_gives_them() -> None:
    """Its clients look at the body."""
    assert 200 == options("caller")["error_status"]
    assert 422 == options("caller", error_status=422)["error_status"]


def test_pages_of_other_origins_may_use_it() -> None:
    """Crossbar lets all of them."""
    assert {"allowed_origins": ["*"], "allow_null_origin": True} == options("publisher")["cors"]


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("post_body_limit", 0, 1024**2),
        ("post_body_limit", 100, 512),
        ("post_body_limit", 10**9, 64 * 1024**2),
        ("timestamp_delta_limit", 0, 86_400),
    ],
)
def test_a_limit_that_cannot_be_is_told(name: str, value: int, held: int) -> None:
    """0 is no limit in Crossbar."""
    found = lowered("publisher", **{name: value})
    [note] = [note for note in found.notes if note.kind is Kind.DIFFERS]
    assert note.problem.line("c").endswith(f"{held} {'seconds' if 'timestamp' in name else 'bytes'} hold")
    assert held == options("publisher", **{name: value})[name]
