"""Whether a request is tried again, and when. Chance and time are the caller's."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Final

from wamprouter import config

__all__ = ["delay_of", "is_delivered", "is_worth_another", "retry_after"]

_LONGEST_WAIT: Final = 3600.0  # seconds; who asks for more gets this event never


def is_delivered(status: int | None) -> bool:
    """Tell whether an answer says that the request has done what it should; None stands for no answer."""
    return status is not None and 200 <= status < 300


def is_worth_another(status: int | None) -> bool:
    """Tell whether the same request may succeed later."""
    return status is None or status == 429 or status >= 500


def delay_of(rule: config.HttpEvent, attempts: int, wanted: float, chance: float) -> float | None:
    """Return the seconds before the next attempt after so many; None if there is none any more.

    ``wanted`` is what the server asks for. ``chance`` is from 0 to 1: between half of the delay and all of it is waited, so that
    many routers do not come back at the same moment.
    """
    if attempts >= rule.attempts or wanted > _LONGEST_WAIT:
        return None
    longest: float = min(rule.retry_delay << min(attempts - 1, 30), rule.max_retry_delay) / 1000
    return max(longest * (0.5 + 0.5 * chance), wanted)


def retry_after(value: str | None, now: float) -> float:
    """Return the seconds that a header ``Retry-After`` asks for (RFC 9110, section 10.2.3); 0 for none, or for nonsense.

    ``now`` is in seconds since 1970.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0
