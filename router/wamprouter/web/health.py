"""What monitoring and orchestration ask: does it work, may clients be sent here, what is it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from twisted.web.server import Request

from wamprouter.web.pages import Page

__all__ = ["Health", "Info"]

_JSON: Final = b"application/json"


class Health(Page):
    """200 if nothing is in the way, else 503; the body says what is."""

    def __init__(self, obstacles: Callable[[], list[str]]) -> None:
        super().__init__()
        self._obstacles = obstacles

    def render_GET(self, request: Request) -> bytes:
        obstacles = self._obstacles()
        request.setResponseCode(503 if obstacles else 200)
        answer: dict[str, Any] = {"status": "unavailable", "obstacles": obstacles} if obstacles else {"status": "ok"}
        return _json(request, answer)


class Info(Page):
    """Facts about the router as JSON."""

    def __init__(self, about: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._about = about

    def render_GET(self, request: Request) -> bytes:
        return _json(request, self._about())


def _json(request: Request, value: Any) -> bytes:
    request.setHeader(b"content-type", _JSON)
    request.setHeader(b"cache-control", b"no-store")
    return json.dumps(value, indent=2).encode() + b"\n"
