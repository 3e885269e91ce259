"""The console: files that a browser runs, and the headers that keep them to themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from wamprouter.web.pages import JsonValue
from wamprouter.web.site import StaticFiles

__all__ = ["console_files"]

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may do (Content Security Policy, level 3): nothing but its own files, and a WebSocket to where it is from."""

_HEADERS: Final = {
    b"content-security-policy": _POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
}


class _ConsoleFiles(StaticFiles):
    """The console's files, each with the headers above."""

    def render_GET(self, request: Any) -> Any:
        for name, value in _HEADERS.items():
            request.setHeader(name, value)
        return super().render_GET(request)

    render_HEAD = render_GET


def console_files(realm: str) -> Any:
    """Return what serves the console's files, and ``settings.json`` beside them, which names the admin realm."""
    files = _ConsoleFiles(str(Path(__file__).parent / "files"), list_folders=False, cache_timeout=0)
    files.indexNames = ["index.html"]
    files.putChild(b"settings.json", JsonValue({"realm": realm}, is_public=False, may_be_kept=False, is_indented=False))
    return files
