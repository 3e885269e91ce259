"""The documentation as tests look at it: its pages, and the code blocks in them."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
README: Final = ROOT / "README.md"
PAGES: Final = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
"""Every page below docs/."""

URL: Final = "ws://127.0.0.1:8080/ws"
"""Where the documentation says that the router is."""

_BLOCK: Final = re.compile(
    r"(?:^`(?P<name>[\w./]+)`[^\n]*:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    """One code block. ``name`` is the file that the page says it goes into, "" if it says none."""

    page: Path
    line: int
    language: str
    name: str
    text: str

    @property
    def id(self) -> str:
        """What names it in a list of tests."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page, in its order."""
    content = page.read_text("utf-8")
    return [
        Block(page, content[: match.start("text")].count("\n"), match["language"], match["name"] or "", match["text"])
        for match in _BLOCK.finditer(content)
    ]


def block(page: Path, language: str, containing: str = "") -> Block:
    """Return the first block of a language with a text in it."""
    return next(each for each in blocks(page) if each.language == language and containing in each.text)


READERS: Final = {"json": json.loads, "yaml": yaml.safe_load, "toml": tomllib.loads}
"""Language of a block -> what reads it."""


def configurations() -> list[tuple[Block, Any]]:
    """Return every configuration of a router in the documentation. A block without a version goes below the one before it."""
    found = []
    for page in (README, *PAGES):
        text = ""
        for each in blocks(page):
            if each.language in READERS and not each.name.endswith(".yml"):  # which is another program's
                text = each.text if "version" in each.text else f"{text}\n{each.text}"
                found.append((each, READERS[each.language](text)))
    return found


def extension(name: str) -> Any:
    """Return one of the modules that generate pages; they are not a package, because Sphinx wants them on its path."""
    folder = str(DOCS / "_ext")
    if folder not in sys.path:
        sys.path.append(folder)
    return __import__(name)
