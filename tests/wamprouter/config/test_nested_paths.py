"""Paths below paths of a web server are looked at like any other."""

from typing import Any

import pytest

from tests.wamprouter.config.documents import changed, lines

SOCKET = {"type": "websocket"}


def nested(path: dict[str, Any], depth: int = 1, **endpoint: Any) -> dict[str, Any]:
    """Return a document with a path that is so many levels down."""
    for _ in range(depth):
        path = {"type": "path", "paths": {"a": path}}
    web = {"type": "web", "endpoint": {"type": "tcp", "port": 0, **endpoint}, "paths": {"b": path}}
    return changed(("transports.0", web))


@pytest.mark.parametrize("depth", [0, 1, 2, 10])
def test_strangers_are_kept_out_at_every_depth(depth: int) -> None:
    """A file that lets anyone do everything is refused wherever the door is."""
    [line] = lines(nested(SOCKET, depth, interface="0.0.0.0"))
    assert "anonymous peers may register and publish everywhere" in line


@pytest.mark.parametrize("depth", [0, 1, 2, 10])
def test_a_role_that_no_realm_has_is_found_at_every_depth(depth: int) -> None:
    """With its place."""
    [line] = lines(nested({**SOCKET, "auth": {"anonymous": {"role": "nobody"}}}, depth))
    below = ".paths.a" * depth
    assert line.startswith(f"router.json: transports[0].paths.b{below}.auth.anonymous.role: ")
