"""What two looks at a router's statistics say together: rates and latencies, as numbers and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

__all__ = ["Look", "figures", "lines"]

_MOST_REALMS: Final = 8
_MOST_ROWS: Final = 6
_OTHER: Final = "other"


class Look(NamedTuple):
    """What was found at one time."""

    info: Mapping[str, Any]
    """Of ``router.info``."""
    statistics: Mapping[str, Any]
    """Of ``router.statistics``."""
    sessions: Sequence[Mapping[str, Any]]
    """Those that have sent most, of ``router.session.list``."""
    queues: Sequence[Mapping[str, Any]]
    """Those for which most waits."""


def figures(before: Look, after: Look) -> dict[str, Any]:
    """Return rates a second between two looks, and what there is at the second one. Times are in seconds."""
    old, new = before.statistics, after.statistics
    seconds = max(new.get("at", 0.0) - old.get("at", 0.0), 0.001)
    rates = _Rates(old, new, seconds)
    bounds = new.get("bounds", ())
    return {
        "at": new.get("at"),
        "version": after.info.get("version"),
        "pid": after.info.get("pid"),
        "uptime": after.info.get("uptime", 0.0),
        "sessions": _at(new, "sessions", "open"),
        "connections": _at(new, "connections", "open"),
        "joins": rates.of("sessions", "joined"),
        "messages": {way: rates.sum("messages", way) for way in ("in", "out")},
        "octets": {way: rates.sum_each("bytes", way) for way in ("in", "out")},
        "queues": dict(new.get("queues", {})),
        "cpu": rates.of("process", "cpu"),
        "memory": _at(new, "process", "memory"),
        "event_loop": dict(new.get("event_loop", {})),
        "latency": _latency(_all_buckets(old), _all_buckets(new), bounds),
        "realms": _realms(old, new, seconds),
        "procedures": _procedures(old, new, seconds, bounds)[:_MOST_ROWS],
        "busiest": _busiest(before.sessions, after.sessions, seconds)[:_MOST_ROWS],
        "slow": [session for session in after.queues if session["queued"]][:_MOST_ROWS],
        "refusals": _refusals(old, new, seconds)[:_MOST_ROWS],
    }


class _Rates(NamedTuple):
    """How fast numbers of a snapshot have grown."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    seconds: float

    def of(self, *path: str) -> float:
        grown: float = _at(self.new, *path) - _at(self.old, *path)
        return max(0.0, grown / self.seconds)

    def sum(self, *path: str) -> float:
        """Of all numbers of an object together."""
        return max(0.0, (_total(self.new, *path) - _total(self.old, *path)) / self.seconds)

    def sum_each(self, name: str, way: str) -> float:
        """Of one field of all objects in an object."""
        old, new = (float(sum(each.get(way, 0) for each in one.get(name, {}).values())) for one in (self.old, self.new))
        return max(0.0, (new - old) / self.seconds)


def _at(node: Any, *path: str) -> Any:
    for step in path:
        node = node.get(step, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, int | float) else 0


def _total(node: Any, *path: str) -> float:
    for step in path:
        node = node.get(step, {})
    return float(sum(node.values()))


def _by(entries: Iterable[Mapping[str, Any]], *keys: str) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {tuple(entry.get(key) for key in keys): entry for entry in entries}


def _realms(old: Mapping[str, Any], new: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
    known = _by(old.get("realms", ()), "realm")
    found = []
    for realm in new.get("realms", ()):
        rates = _Rates(known.get((realm["realm"],), {}), realm, seconds)
        found.append(
            {
                "realm": realm["realm"],
                "sessions": realm.get("sessions", 0),
                "calls_in_flight": realm.get("calls_in_flight", 0),
                "calls": rates.of("calls"),
                "publications": rates.of("publications"),
                "events": rates.of("events"),
                "errors": rates.sum("errors"),
            }
        )
    return sorted(found, key=lambda realm: (-realm["calls"] - realm["events"], -realm["sessions"], realm["realm"]))


def _procedures(
    old: Mapping[str, Any], new: Mapping[str, Any], seconds: float, bounds: Sequence[float]
) -> list[dict[str, Any]]:
    known = _by(old.get("calls", ()), "realm", "procedure", "match")
    found = []
    for entry in new.get("calls", ()):
        before = known.get((entry["realm"], entry["procedure"], entry["match"]), {})
        rate = (entry["count"] - before.get("count", 0)) / seconds
        if rate > 0:
            latency = _latency(before.get("buckets", ()), entry["buckets"], bounds)
            found.append({"realm": entry["realm"], "procedure": entry["procedure"], "calls": rate, "latency": latency})
    return sorted(found, key=lambda entry: -entry["calls"])


def _all_buckets(snapshot: Mapping[str, Any]) -> list[int]:
    return [sum(column) for column in zip(*(entry["buckets"] for entry in snapshot.get("calls", ())), strict=False)]


def _latency(old: Sequence[int], new: Sequence[int], bounds: Sequence[float]) -> dict[str, float | None]:
    """Return the bounds below which half and nearly all of the calls were that have ended meanwhile; None for beyond all."""
    counts = [count - before for count, before in zip(new, old or [0] * len(new), strict=True)]
    total = sum(counts)
    if total <= 0:
        return {}
    return {f"p{share}": _bound(counts, total * share / 100, bounds) for share in (50, 99)}


def _bound(counts: Sequence[int], wanted: float, bounds: Sequence[float]) -> float | None:
    seen = 0
    for count, bound in zip(counts, bounds, strict=False):
        seen += count
        if seen >= wanted:
            return bound
    return None


def _busiest(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], seconds: float
) -> list[dict[str, Any]]:
    known = _by(old, "session")
    found = []
    for session in new:
        rates = _Rates(known.get((session["session"],), {}), session, seconds)
        if (session["session"],) in known:
            told = {key: session[key] for key in ("session", "realm", "authid", "authrole", "peer")}
            found.append(told | {"received": rates.of("received"), "sent": rates.of("sent")})
    return sorted(found, key=lambda session: -session["received"] - session["sent"])


def _refusals(old: Mapping[str, Any], new: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
    found = []
    for kind in ("refusals", "errors"):
        for reason, count in new.get(kind, {}).items():
            rate = (count - old.get(kind, {}).get(reason, 0)) / seconds
            if count:
                found.append({"reason": reason, "count": count, "rate": max(0.0, rate)})
    return sorted(found, key=lambda entry: (-entry["rate"], -entry["count"]))


# -- for people


def lines(found: Mapping[str, Any], width: int = 100, height: int | None = None) -> list[str]:
    """Return figures as lines that are no longer than the screen is wide, and no more than it is high."""
    text = [*_head(found), "", *_table_of_realms(found["realms"])]
    for table in (
        _table_of_procedures(found),
        _table_of_sessions(found),
        _table_of_queues(found),
        _table_of_refusals(found),
    ):
        if len(table) > 1:
            text += ["", *table]
    return [_clean(line)[:width] for line in text[:height]]


def _head(found: Mapping[str, Any]) -> list[str]:
    messages, octets, queues, loop = found["messages"], found["octets"], found["queues"], found["event_loop"]
    return [
        f"wamprouter {found['version']}  process {found['pid']}  up {_duration(found['uptime'])}",
        f"sessions {found['sessions']:,}  connections {found['connections']:,}  joins {_rate(found['joins'])}/s  "
        f"cpu {found['cpu']:.0%}  memory {_octets(found['memory'])}",
        f"messages in {_rate(messages['in'])}/s out {_rate(messages['out'])}/s  "
        f"octets in {_octets(octets['in'])}/s out {_octets(octets['out'])}/s",
        f"calls {_latencies(found['latency'])}  event loop {_seconds(loop.get('lag', 0.0))} late  "
        f"queued {_octets(queues.get('bytes', 0))} for {queues.get('congested', 0)} slow, {queues.get('slow_consumers', 0)} cut off",
    ]


def _table_of_realms(realms: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        (
            realm["realm"],
            f"{realm['sessions']:,}",
            _rate(realm["calls"]),
            f"{realm['calls_in_flight']:,}",
            _rate(realm["publications"]),
            _rate(realm["events"]),
            _rate(realm["errors"]),
        )
        for realm in realms[:_MOST_REALMS]
    ]
    heads = ("REALM", "SESSIONS", "CALLS/s", "IN FLIGHT", "PUBLISHED/s", "EVENTS/s", "ERRORS/s")
    return _table(heads, rows, texts=1)


def _table_of_procedures(found: Mapping[str, Any]) -> list[str]:
    rows = [
        (each["procedure"], each["realm"], _rate(each["calls"]), _latencies(each["latency"]))
        for each in found["procedures"]
    ]
    return _table(("PROCEDURE", "REALM", "CALLS/s", "TIME"), rows, texts=2)


def _table_of_sessions(found: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            each["authid"],
            each["realm"],
            each["peer"],
            str(each["session"]),
            _rate(each["received"]),
            _rate(each["sent"]),
        )
        for each in found["busiest"]
        if each["received"] or each["sent"]
    ]
    return _table(("BUSIEST", "REALM", "PEER", "SESSION", "SENDS/s", "GETS/s"), rows, texts=3)


def _table_of_queues(found: Mapping[str, Any]) -> list[str]:
    rows = [
        (each["authid"], each["realm"], each["peer"], str(each["session"]), _octets(each["queued"]))
        for each in found["slow"]
    ]
    return _table(("SLOW", "REALM", "PEER", "SESSION", "WAITS"), rows, texts=3)


def _table_of_refusals(found: Mapping[str, Any]) -> list[str]:
    rows = [(each["reason"], _rate(each["rate"]), f"{each['count']:,}") for each in found["refusals"]]
    return _table(("REFUSED", "/s", "SO FAR"), rows, texts=1)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int) -> list[str]:
    """Return a table, the first columns to the left and the others, which are numbers, to the right."""
    cells = [heads, *([cell[:40] for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return ["  ".join(_padded(row, widths, texts)).rstrip() for row in cells]


def _padded(row: Sequence[str], widths: Sequence[int], texts: int) -> list[str]:
    return [
        cell.ljust(width) if column < texts else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _clean(text: str) -> str:
    """Return a text without what would command a terminal: names are the clients' own."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def _octets(value: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f} B"


def _seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.1f} s"


def _latencies(found: Mapping[str, float | None]) -> str:
    told = [f"{name} {'very slow' if bound is None else f'< {_seconds(bound)}'}" for name, bound in found.items()]
    return " ".join(told) or "none"


def _duration(seconds: float) -> str:
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours >= 48:
        return f"{hours // 24} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {seconds % 60:.0f} s"
