"""Who of a subscription's subscribers receives an event.

Advanced profile, "Subscriber Black- and Whitelisting" and "Publisher Exclusion". All conditions hold at once, and a
list that is there counts even if it is empty: ``eligible: []`` means nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from wamp.protocol.options import PublishOptions

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["receivers"]

_SELECTIVE = (
    "exclude",
    "exclude_authid",
    "exclude_authrole",
    "eligible",
    "eligible_authid",
    "eligible_authrole",
)


def receivers(subscribers: Sequence[Session], publisher: Session, options: PublishOptions) -> Sequence[Session]:
    """Return those of ``subscribers`` who get an event that ``publisher`` published with ``options``."""
    chosen: Iterable[Session] = subscribers
    if any(getattr(options, name) is not None for name in _SELECTIVE):
        chosen = [session for session in chosen if _is_eligible(session, options)]
    if options.exclude_me:
        return [session for session in chosen if session is not publisher]
    return list(chosen)


def _is_eligible(session: Session, options: PublishOptions) -> bool:
    return (
        _admits(options.exclude, options.eligible, session.id)
        and _admits(options.exclude_authid, options.eligible_authid, session.authid)
        and _admits(options.exclude_authrole, options.eligible_authrole, session.authrole)
    )


def _admits(exclude: list[int] | list[str] | None, eligible: list[int] | list[str] | None, value: object) -> bool:
    return (exclude is None or value not in exclude) and (eligible is None or value in eligible)
