"""Programs, and the same programs for another library and another event loop."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
STYLES = ("session", "component", "hooks")
LIBRARIES = ("autobahn", "wamp")
LOOPS = ("twisted", "asyncio")


class Program(NamedTuple):
    """One text, on one event loop."""

    style: str
    name: str
    loop: str
    file: Path

    @property
    def id(self) -> str:
        return f"{self.style}-{self.name}-{self.loop}"


def programs() -> list[Program]:
    """Return all. A file is for both loops, unless its name ends in one of theirs."""
    found = []
    for style in STYLES:
        for file in sorted((HERE / style).glob("*.py")):
            name, _, only = file.stem.rpartition("_")
            if only in LOOPS:
                found.append(Program(style, name, only, file))
            else:
                found.extend(Program(style, file.stem, loop, file) for loop in LOOPS)
    return found


def rewritten(text: str, library: str, loop: str) -> str:
    """Return a program, written for Autobahn on asyncio, with the imports of another library and event loop."""
    text = re.sub(r"\b(autobahn|loops)\.(asyncio|twisted)\b", rf"\1.{loop}", text)
    if library == "autobahn":
        return text
    # Both libraries have all of them in one module.
    text = re.sub(r"\bautobahn\.(asyncio|twisted)\.(wamp|component)\b", r"wamp.\1", text)
    text = text.replace("from autobahn import wamp", "import wamp")
    return re.sub(r"\bautobahn\.wamp\b", "wamp", text)
