"""The meta API: what a realm tells of itself, and what may be done to it by calling it.

Its procedures are ordinary registrations, and its events ordinary publications, of a session of the router's own. So who
may call or hear what is a matter of permissions like everything else, and patterns, eligibility, history and statistics
need to know nothing of it. That session is in the realm's broker and dealer only: it is not counted, listed or killed.

Invocations of it are answered, and events of what has happened published, in the same step as the message that led to
them. The events come last: after SUBSCRIBED or REGISTERED, and when who has left is gone from every table.
"""

from __future__ import annotations

from wamprouter.realm.meta.meta import FEATURES, Meta

__all__ = ["FEATURES", "Meta"]
