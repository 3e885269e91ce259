"""The trace that a call or an event belongs to, handed on beside it (W3C, "Trace Context", level 1).

Implementations may add attributes that begin with an underscore. ``_traceparent`` and ``_tracestate`` are the two headers of HTTP;
the router hands them on as they came, and makes no spans of its own. What is not of the right form is left out, as
that recommendation demands, so that nobody has to check it again, and nothing of unknown length is kept.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["add_trace"]

_PARENT: Final = "_traceparent"
_STATE: Final = "_tracestate"

# Version, trace, span, flags. Version ff and ids of zeros are no good.
_PARENT_FORM: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STATE_FORM: Final = re.compile(r"[\x20-\x7e]{1,512}")


def add_trace(details: dict[str, Any], options: dict[str, Any]) -> None:
    """Add to the details of what goes to a receiver the trace that the options of the sender name, if they name one."""
    if _PARENT not in options:
        return
    parent = options[_PARENT]
    if not isinstance(parent, str) or not _PARENT_FORM.fullmatch(parent):
        return
    details[_PARENT] = parent
    state = options.get(_STATE)
    if isinstance(state, str) and _STATE_FORM.fullmatch(state):
        details[_STATE] = state
