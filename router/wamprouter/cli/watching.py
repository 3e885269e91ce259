"""Which Python files of a folder have changed, asked again and again: by the times in the file system, without a library for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["MOST", "Watch"]

MOST: Final = 10_000
"""Files that are looked at: each look asks the file system for all of them."""

_PASSED_OVER: Final = frozenset({"__pycache__", "node_modules", "site-packages"})


class Watch:
    """The Python files below a folder. Hidden folders, installed packages and virtual environments are passed over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._look()

    @property
    def is_complete(self) -> bool:
        """Whether all files are looked at."""
        return len(self._seen) < MOST

    def changed(self) -> list[str]:
        """Return the files that have changed, come or gone since this was asked last, relative to the folder."""
        before, self._seen = self._seen, self._look()
        return sorted(
            os.path.relpath(name, self._folder)
            for name in before.keys() | self._seen.keys()
            if before.get(name) != self._seen.get(name)
        )

    def _look(self) -> dict[str, tuple[int, int]]:
        """Return the files, each with when it was written and how long it is."""
        found: dict[str, tuple[int, int]] = {}
        for folder, folders, files in os.walk(self._folder):
            folders[:] = [name for name in folders if not _is_passed_over(folder, name)]
            for name in files:
                if not name.endswith(".py"):
                    continue
                path = os.path.join(folder, name)
                try:
                    status = os.stat(path)
                except OSError:  # it has gone meanwhile
                    continue
                found[path] = status.st_mtime_ns, status.st_size
                if len(found) >= MOST:
                    return found
        return found


def _is_passed_over(folder: str, name: str) -> bool:
    return name.startswith(".") or name in _PASSED_OVER or os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
