"""The keyboard of `wamprouter shell`: a history that survives, and Tab that knows procedures and topics."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from rlcompleter import Completer
from time import monotonic
from typing import Any, Final

from wamp.asyncio.client import Client
from wamp.exception import Error
from wamprouter.cli.catalogue import META_PROCEDURES, Kind, uris
from wamprouter.cli.console import Background

__all__ = ["Completions", "history_file", "keyboard"]

_FRESH: Final = 5.0  # seconds for which a list of URIs is good
_PATIENCE: Final = 1.0  # seconds that a list may take: somebody waits with a finger on the key
_LINES: Final = 1000
_QUOTED: Final = re.compile(r"""['"]$""")
_TOPIC: Final = re.compile(r"""\b(publish|subscribe)\([^()]*['"]$""")
_RPC: Final = re.compile(r"^((?:\w+\.)?rpc\.)")


def history_file(environ: Mapping[str, str]) -> Path:
    """Return where what was typed is kept (XDG Base Directory Specification)."""
    state = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "wamprouter" / "history"


@contextmanager
def keyboard(background: Background, session: Client, namespace: dict[str, Any]) -> Iterator[None]:
    """Edit lines with history and Tab, where Python has readline; read the history first, and write it last."""
    try:
        import readline
    except ImportError:
        yield
        return
    completions = Completions(background, session, namespace)

    def complete(text: str, state: int) -> str | None:
        if state == 0:
            before = readline.get_line_buffer()[: readline.get_begidx()]
            completions.choose(before, text)
        return completions.chosen[state] if state < len(completions.chosen) else None

    readline.set_completer_delims(readline.get_completer_delims().replace("-", ""))
    readline.set_completer(complete)
    # The one of macOS has another language.
    readline.parse_and_bind("bind ^I rl_complete" if "libedit" in (readline.__doc__ or "") else "tab: complete")
    readline.set_history_length(_LINES)
    file = history_file(os.environ)
    with suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        readline.set_completer(None)
        with suppress(OSError):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)  # what was typed may have been a secret
            readline.write_history_file(file)


class Completions:
    """What the word under the cursor could become: ``chosen``."""

    def __init__(self, background: Background, session: Client, namespace: dict[str, Any]) -> None:
        self._background = background
        self._session = session
        self._python = Completer(namespace)
        self._known: dict[Kind, tuple[float, list[str]]] = {}
        self.chosen: list[str] = []

    def choose(self, before: str, text: str) -> None:
        """Choose for a word, given what stands before it: URIs inside of quotes and after ``rpc.``, or else Python's names."""
        rpc = _RPC.match(text)
        if _QUOTED.search(before):
            found = self._uris("subscription" if _TOPIC.search(before) else "registration")
        elif rpc is not None:
            found = [rpc[1] + uri for uri in self._uris("registration")]
        else:
            found = self._names(text)
        self.chosen = [each for each in found if each.startswith(text)]

    def _names(self, text: str) -> list[str]:
        found: list[str] = []
        while (name := self._python.complete(text, len(found))) is not None:
            found.append(name)
        return found

    def _uris(self, kind: Kind) -> list[str]:
        asked, found = self._known.get(kind, (-_FRESH, []))
        if monotonic() - asked < _FRESH:
            return found
        try:
            found = self._background.run(uris(self._session, kind), _PATIENCE)
        except (Error, TimeoutError):  # no connection, or a slow one: what was known may still be right
            return found
        if kind == "registration":
            found = sorted({*found, *META_PROCEDURES})
        self._known[kind] = monotonic(), found
        return found
