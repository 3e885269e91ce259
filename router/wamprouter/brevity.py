"""The log, where a flood of connections or mistakes must not become a flood of lines.

Of each kind of line only ``MOST`` are written in ``PERIOD`` seconds. A kind is the text before values are put into it. What is
left out is said: once when it begins, and with its number when the next line of that kind is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.logger import ILogObserver, LogLevel
from zope.interface import implementer

__all__ = ["MOST", "PERIOD", "BriefObserver"]

MOST: Final = 10
"""Lines of a kind: enough to see what goes on and from where."""

PERIOD: Final = 10.0
"""Seconds: so that a flood that lasts is a line a second."""

_MOST_KINDS: Final = 1000  # there are as many as lines in the source; but a library may put values into its formats


class _Kind:
    __slots__ = ("left_out", "since", "written")

    def __init__(self, since: float) -> None:
        self.since = since
        self.written = 0
        self.left_out = 0


@implementer(ILogObserver)
class BriefObserver:
    """Passes events on to another observer, few of each kind. Debugging wants everything, and gets it.

    So does ``is_ours=True`` in an event: what the operator's own file leads to, and no peer. And ``is_rationed=True``: whoever
    logs it sees to it that it is not too much.
    """

    def __init__(self, observer: Callable[[Any], object], now: Callable[[], float]) -> None:
        self._observer = observer
        self._now = now
        self._kinds: dict[tuple[Any, Any], _Kind] = {}

    def __call__(self, event: Any) -> None:
        if event.get("log_level") is LogLevel.debug or event.get("is_ours") or event.get("is_rationed"):
            self._observer(event)
            return
        kind = self._kind(event)
        if kind.written < MOST:
            kind.written += 1
            self._observer(event)
            return
        kind.left_out += 1
        if kind.left_out == 1:
            self._say(event, f"more lines like the last one are left out, for {PERIOD:g} s")

    def _kind(self, event: Any) -> _Kind:
        """Return what is known of such lines, anew if that was long ago."""
        key = event.get("log_namespace"), event.get("log_format")
        now = self._now()
        kind = self._kinds.get(key)
        if kind is not None and now - kind.since < PERIOD:
            return kind
        if kind is not None and kind.left_out:
            self._say(event, f"{kind.left_out} lines like the next one were left out")
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        kind = self._kinds[key] = _Kind(now)
        return kind

    def _say(self, event: Any, text: str) -> None:
        self._observer(
            {
                "log_format": "{text}",
                "log_level": event.get("log_level"),
                "log_namespace": event.get("log_namespace"),
                "log_time": event.get("log_time"),
                "text": text,
            }
        )
