"""What the router counts: one object that the composition root makes, and that everybody reads the same numbers from.

Whoever does something counts it where it happens, in plain integers (``tally``, ``timing``, ``traffic``, ``attendance``); nothing is
told, copied or added up until somebody asks. ``Statistics.snapshot`` returns everything as plain data, made of ``dict``,
``list``, ``str``, ``int`` and ``float`` only, so that it can be sent as it is. Its size has a bound, whatever clients do, and making
it takes a few milliseconds with 10,000 sessions. ``/metrics`` shows the same snapshot to Prometheus.

::

    {
        "version": "0.1.0",
        "started": 1764086400.0,            # seconds since 1970
        "uptime": 12.5,                     # seconds; all other times and durations are in seconds too
        "sessions": {
            "open": 3, "joined": 10,
            "ended": {"goodbye": 4, "lost": 3, ...},              # by reason
            "by": [{"realm": "realm1", "role": "user", "transport": "websocket", "serializer": "json", "open": 3}, ...],
        },
        "connections": {
            "open": 3, "opened": 12,
            "closed": {"peer": 8, "timeout": 1, ...},             # by reason
            "by": {"websocket": {"open": 3, "opened": 12}, "rawsocket": {...}, ...},
        },
        "handshakes": {"failed": {"timeout": 0, "full": 1, ...}}, # of the transports, by reason
        "joins": {"refused": {"wamp.error.no_such_realm": 2, ...}},  # HELLOs that became no session, by URI or reason
        "authentication": {"anonymous": HISTOGRAM, "ticket": HISTOGRAM, ...},  # from HELLO to WELCOME, by method
        "messages": {"in": {"CALL": 100, ...}, "out": {"INVOCATION": 100, ...}},
        "bytes": {"websocket": {"in": 4711, "out": 4712}, ...},
        "realms": [                         # the first 100 by name; all others together as "other"
            {"realm": "realm1", "sessions": 3, "calls": 100, "calls_in_flight": 2, "publications": 7, "events": 21,
             "errors": {"wamp.error.no_such_procedure": 1, "other": 2}},
            ...
        ],
        "calls": [                          # the first 50 procedures, and of each realm all others together as "other"
            {"realm": "realm1", "procedure": "com.example.add", "match": "exact", **HISTOGRAM}, ...
        ],
        "bounds": [0.0005, 0.001, ...],     # seconds: BOUNDS
        "errors": {"wamp.error.no_such_procedure": 1, "other": 2},  # of all realms; the application's own are "other"
        "queues": {"bytes": 0, "congested": 0, "longest": 0, "dropped_events": 0, "slow_consumers": 0},
        "refusals": {"not_authorized": 1, "connections": 0, "joins": 0, "message_rate": 0, ...},  # by reason
        "event_loop": {"lag": 0.0004, "longest": 0.02, ...},       # seconds that a timer came too late: the last, the worst
        "process": {"cpu": 1.25, "memory": 73400320, "open_files": 25, "most_open_files": 1048576},
        "http_events": [                    # of each component that sends events to web services
            {"component": "http", "waiting": 2, "outcomes": {"delivered": 7, "given_up": 0, "dropped": 0, "lost": 0}}, ...
        ],
        "certificates": [{"endpoint": "tcp://0.0.0.0:8443", "expires": 1795622400.0}, ...],
    }

    HISTOGRAM = {"count": 100, "seconds": 0.25, "buckets": [90, 8, 2, 0, ...]}  # calls that took at most BOUNDS[i], not
                                            # cumulated; the last one has those that took longer than all of BOUNDS
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from wamprouter import __version__
from wamprouter.statistics.attendance import Attendance
from wamprouter.statistics.tally import OTHER, Procedures, Tallies, Tally
from wamprouter.statistics.timing import BOUNDS, Moment
from wamprouter.statistics.traffic import Transports

if TYPE_CHECKING:
    from wamp.protocol.messages import Message

__all__ = ["BOUNDS", "Statistics"]


class Statistics:
    """Everything that one router counts. ``now`` is in seconds and never goes back, ``wall_clock`` in seconds since 1970."""

    def __init__(
        self, now: Callable[[], float], wall_clock: Callable[[], float], *, procedures: Iterable[str] = ()
    ) -> None:
        """``procedures`` are URIs, or patterns as they are registered, whose calls are counted apart in any case."""
        self._now = now
        self._began = now()
        self.started = wall_clock()
        self.moment = Moment(now)
        self.procedures = Procedures(self.moment, procedures)
        self.tallies = Tallies(self.procedures)
        self.attendance = Attendance(self.moment)
        self.transports = Transports()
        self.parts: dict[str, Callable[[], Any]] = {}  # key of the snapshot -> what returns its value
        """What others count, each by itself: the composition root has it read here."""
        self.received: Mapping[type[Message], int] = {}
        """Messages that are for no realm."""
        self.sent: Mapping[type[Message], int] = {}
        """Messages to sessions, but for those with a payload, which ``tallies`` count."""
        self.unsent: Mapping[type[Message], int] = {}
        """What is to be taken from the tallies, because it was not sent after all."""

    def errors(self, uri: str) -> int:
        """Return how many requests have failed with one of the protocol's errors."""
        return sum(tally.errors.get(uri, 0) for tally in self.tallies)

    def snapshot(self) -> dict[str, Any]:
        """Return all numbers as they are now, as the module's text describes them."""
        tallies = list(self.tallies)
        shown: dict[str, Any] = {
            "version": __version__,
            "started": self.started,
            "uptime": self._now() - self._began,
            "sessions": self.attendance.shown(),
            "connections": self._connections(),
            "handshakes": {"failed": _sums(traffic.failed for traffic in self.transports.kinds.values())},
            "joins": {"refused": dict(self.attendance.refused)},
            "authentication": {name: timing.shown() for name, timing in self.attendance.authentications.items()},
            "messages": {"in": self._received(tallies), "out": self._sent(tallies)},
            "bytes": self._bytes(),
            "realms": self._realms(tallies),
            "calls": self._calls(),
            "bounds": list(BOUNDS),
            "errors": _sums(tally.errors for tally in tallies),
        }
        for key, part in self.parts.items():
            shown[key] = part()
        shown["queues"] = {**self.transports.queues(), **shown.get("queues", {})}
        return shown

    def _connections(self) -> dict[str, Any]:
        kinds = self.transports.kinds.items()
        by: dict[str, Any] = {
            kind: {"open": each.open, "opened": each.opened, "closed": dict(each.closed)} for kind, each in kinds
        }
        return {
            "open": sum(each["open"] for each in by.values()),
            "opened": sum(each["opened"] for each in by.values()),
            "closed": _sums(each["closed"] for each in by.values()),
            "by": by,
        }

    def _bytes(self) -> dict[str, Any]:
        # Of HTTP nobody counts them.
        kinds = self.transports.kinds.items()
        return {kind: {"in": each.received, "out": each.sent} for kind, each in kinds if each.received or each.sent}

    def _received(self, tallies: list[Tally]) -> dict[str, int]:
        counts = _by_name(_sums(chain([self.received], (tally.received for tally in tallies))))
        counts["CALL"] = sum(tally.calls for tally in tallies)
        counts["YIELD"] = sum(tally.yields for tally in tallies)
        counts["PUBLISH"] = sum(tally.publications for tally in tallies)
        return {name: count for name, count in counts.items() if count}

    def _sent(self, tallies: list[Tally]) -> dict[str, int]:
        counts = {
            "INVOCATION": sum(tally.invoked + tally.reinvoked + tally.calls_continued for tally in tallies),
            "RESULT": sum(tally.yields + tally.own_yields - tally.late_yields for tally in tallies),
            "EVENT": sum(tally.events for tally in tallies),
            "ERROR": sum(sum(tally.errors.values()) - tally.unsaid_errors for tally in tallies),
        }
        for name, count in _by_name(self.sent).items():
            counts[name] = counts.get(name, 0) + count
        for name, count in _by_name(self.unsent).items():
            counts[name] = counts.get(name, 0) - count
        return {name: count for name, count in counts.items() if count}

    def _realms(self, tallies: list[Tally]) -> list[dict[str, Any]]:
        sessions: dict[str, int] = {}
        for group, count in self.attendance.open.items():
            sessions[group.realm] = sessions.get(group.realm, 0) + count
        ended: dict[str, int] = {}
        for label, timing in self.procedures:
            ended[label.realm] = ended.get(label.realm, 0) + timing.count
        return [
            {
                "realm": tally.realm,
                "sessions": sessions.get(tally.realm, 0),
                "calls": tally.calls,
                "calls_in_flight": tally.invoked - ended.get(tally.realm, 0),
                "publications": tally.publications,
                "events": tally.events,
                "errors": dict(tally.errors),
            }
            for tally in tallies
        ]

    def _calls(self) -> list[dict[str, Any]]:
        # What nobody has called yet is shown all the same: a counter that appears with its first increment hides that.
        return [
            {**label._asdict(), **timing.shown()}
            for label, timing in self.procedures
            if timing.count or not (label.procedure == OTHER or label.procedure.endswith("*"))
        ]


def _by_name(counts: Mapping[type[Message], int]) -> dict[str, int]:
    return {kind.__name__.upper(): count for kind, count in counts.items()}


def _sums(counts: Iterable[Mapping[Any, int]]) -> dict[Any, int]:
    total: dict[Any, int] = {}
    for each in counts:
        for key, count in each.items():
            total[key] = total.get(key, 0) + count
    return total
