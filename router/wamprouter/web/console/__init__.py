"""The console: files that a browser runs, and the headers that keep them to themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wamprouter.web.site import static_files

__all__ = ["console_files"]


def console_files() -> Any:
    """Return what serves the console's files."""
    return static_files(
        Path(__file__).parent / "files", list_folders=False, default_file="index.html", cache_timeout=0, mime_types={}
    )
