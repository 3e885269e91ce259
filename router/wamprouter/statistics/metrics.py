"""The metrics: what each is called, and where in a snapshot its numbers are.

A table, so that the reference in the documentation, the dashboard and the alert rules can be checked against it. Nothing here knows
Prometheus' library: ``wamprouter.web.metrics`` gives it what ``METRICS`` finds.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

__all__ = ["METRICS", "Metric", "Sample"]

Snapshot: TypeAlias = Mapping[str, Any]


class Sample(NamedTuple):
    """A number, or the buckets of a histogram, and the values of the metric's labels."""

    labels: tuple[str, ...]
    value: Any


class Metric(NamedTuple):
    """One metric. A counter's name is without the ``_total`` that Prometheus adds."""

    name: str
    kind: str
    """``counter``, ``gauge`` or ``histogram``."""
    help: str
    labels: tuple[str, ...]
    read: Callable[[Snapshot], Iterable[Sample]]

    @property
    def exposed(self) -> tuple[str, ...]:
        """The names under which Prometheus knows its numbers."""
        if self.kind == "histogram":
            return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")
        return (f"{self.name}_total",) if self.kind == "counter" else (self.name,)


# -- where the numbers are


def _at(*path: str) -> Callable[[Snapshot], Iterable[Sample]]:
    """Return what reads one number; nothing if the snapshot has none there."""

    def read(snapshot: Snapshot) -> Iterable[Sample]:
        value: Any = snapshot
        for step in path:
            value = value.get(step, {})
        return [] if value == {} else [Sample((), value)]

    return read


def _each(*path: str) -> Callable[[Snapshot], Iterable[Sample]]:
    """Return what reads a dictionary of numbers, whose keys are the label."""

    def read(snapshot: Snapshot) -> Iterable[Sample]:
        values: Any = snapshot
        for step in path:
            values = values.get(step, {})
        return [Sample((key,), value) for key, value in values.items()]

    return read


def _both(*path: str) -> Callable[[Snapshot], Iterable[Sample]]:
    """Return what reads a dictionary of dictionaries of numbers, whose keys are the two labels."""

    def read(snapshot: Snapshot) -> Iterable[Sample]:
        outer: Any = snapshot
        for step in path:
            outer = outer.get(step, {})
        return [Sample((key, inner), value) for key, values in outer.items() for inner, value in values.items()]

    return read


def _rows(name: str, field: str, *labels: str) -> Callable[[Snapshot], Iterable[Sample]]:
    """Return what reads one field of a list of objects; other fields of theirs are the labels."""

    def read(snapshot: Snapshot) -> Iterable[Sample]:
        return [Sample(tuple(str(row[label]) for label in labels), row[field]) for row in snapshot.get(name, ())]

    return read


def _build(snapshot: Snapshot) -> Iterable[Sample]:
    return [Sample((snapshot["version"], platform.python_version()), 1)]


def _sessions(snapshot: Snapshot) -> Iterable[Sample]:
    return [
        Sample((row["realm"], row["role"], row["transport"], row["serializer"]), row["open"])
        for row in snapshot["sessions"]["by"]
    ]


def _connections(field: str) -> Callable[[Snapshot], Iterable[Sample]]:
    def read(snapshot: Snapshot) -> Iterable[Sample]:
        return [Sample((kind,), each[field]) for kind, each in snapshot["connections"]["by"].items()]

    return read


def _closed(snapshot: Snapshot) -> Iterable[Sample]:
    by = snapshot["connections"]["by"]
    return [Sample((kind, reason), count) for kind, each in by.items() for reason, count in each["closed"].items()]


def _calls(snapshot: Snapshot) -> Iterable[Sample]:
    return [Sample((row["realm"], row["procedure"], row["match"]), row) for row in snapshot["calls"]]


def _http_events(snapshot: Snapshot) -> Iterable[Sample]:
    rows = snapshot.get("http_events", ())
    return [Sample((row["component"], outcome), count) for row in rows for outcome, count in row["outcomes"].items()]


def _errors(snapshot: Snapshot) -> Iterable[Sample]:
    return [Sample((row["realm"], uri), count) for row in snapshot["realms"] for uri, count in row["errors"].items()]


def _realms(field: str) -> Callable[[Snapshot], Iterable[Sample]]:
    return _rows("realms", field, "realm")


METRICS: Final = (
    Metric("wamprouter_build_info", "gauge", "Always 1; its labels say what runs.", ("version", "python"), _build),
    Metric(
        "process_start_time_seconds", "gauge", "When the router was started, in seconds since 1970.", (), _at("started")
    ),
    Metric(
        "process_cpu_seconds", "counter", "CPU time that the router has taken, in seconds.", (), _at("process", "cpu")
    ),
    Metric("process_resident_memory_bytes", "gauge", "Memory of the router, in bytes.", (), _at("process", "memory")),
    Metric("process_open_fds", "gauge", "Open files, connections included.", (), _at("process", "open_files")),
    Metric("process_max_fds", "gauge", "Open files that it may have.", (), _at("process", "most_open_files")),
    Metric(
        "wamprouter_event_loop_lag_seconds",
        "gauge",
        "How much too late a timer came, the last time: so long does everything wait.",
        (),
        _at("event_loop", "lag"),
    ),
    Metric(
        "wamprouter_event_loop_lag_max_seconds",
        "gauge",
        "How much too late a timer came, at most since the start.",
        (),
        _at("event_loop", "longest"),
    ),
    Metric(
        "wamprouter_sessions",
        "gauge",
        "Sessions that are established.",
        ("realm", "role", "transport", "serializer"),
        _sessions,
    ),
    Metric("wamprouter_sessions_joined", "counter", "Sessions that were established.", (), _at("sessions", "joined")),
    Metric(
        "wamprouter_sessions_ended", "counter", "Sessions that have ended.", ("reason",), _each("sessions", "ended")
    ),
    Metric(
        "wamprouter_joins_refused",
        "counter",
        "HELLOs that became no session; the reason is the URI of the ABORT, or not_ready.",
        ("reason",),
        _each("joins", "refused"),
    ),
    Metric(
        "wamprouter_authentication_seconds",
        "histogram",
        "From HELLO to WELCOME, the client's own part included.",
        ("method",),
        _each("authentication"),
    ),
    Metric("wamprouter_connections", "gauge", "Connections that are open.", ("transport",), _connections("open")),
    Metric("wamprouter_connections_opened", "counter", "Connections.", ("transport",), _connections("opened")),
    Metric(
        "wamprouter_connections_closed",
        "counter",
        "Connections that were closed after their handshake.",
        ("transport", "reason"),
        _closed,
    ),
    Metric(
        "wamprouter_handshakes_failed",
        "counter",
        "Connections that came to their end before the handshake was done.",
        ("reason",),
        _each("handshakes", "failed"),
    ),
    Metric("wamprouter_messages_received", "counter", "WAMP messages.", ("type",), _each("messages", "in")),
    Metric(
        "wamprouter_messages_sent",
        "counter",
        "WAMP messages, each recipient counted.",
        ("type",),
        _each("messages", "out"),
    ),
    Metric(
        "wamprouter_bytes",
        "counter",
        "Octets of connections, with the framing of the transport and without what TLS adds.",
        ("transport", "direction"),
        _both("bytes"),
    ),
    Metric("wamprouter_calls", "counter", "Calls, those that were refused included.", ("realm",), _realms("calls")),
    Metric(
        "wamprouter_calls_in_flight",
        "gauge",
        "Calls that are with a callee.",
        ("realm",),
        _realms("calls_in_flight"),
    ),
    Metric(
        "wamprouter_call_seconds",
        "histogram",
        "From handing a call to a callee to its last answer, or its end without one.",
        ("realm", "procedure", "match"),
        _calls,
    ),
    Metric(
        "wamprouter_errors",
        "counter",
        "Requests that were answered with an error; an application's own URIs are other.",
        ("realm", "uri"),
        _errors,
    ),
    Metric("wamprouter_publications", "counter", "Publications.", ("realm",), _realms("publications")),
    Metric(
        "wamprouter_events",
        "counter",
        "Events, each subscriber counted; divided by the publications it is the fan-out.",
        ("realm",),
        _realms("events"),
    ),
    Metric(
        "wamprouter_events_dropped",
        "counter",
        "Events that a slow subscriber, or one with another serializer, did not get.",
        (),
        _at("queues", "dropped_events"),
    ),
    Metric(
        "wamprouter_slow_consumers",
        "counter",
        "Sessions that were disconnected because they did not read.",
        (),
        _at("queues", "slow_consumers"),
    ),
    Metric("wamprouter_queued_bytes", "gauge", "Octets that wait for clients to read.", (), _at("queues", "bytes")),
    Metric("wamprouter_queues_congested", "gauge", "Clients for whom something waits.", (), _at("queues", "congested")),
    Metric("wamprouter_queue_longest_bytes", "gauge", "The longest of these queues.", (), _at("queues", "longest")),
    Metric(
        "wamprouter_refusals",
        "counter",
        "What was refused or slowed down, by the limit or the rule that did it.",
        ("reason",),
        _each("refusals"),
    ),
    Metric(
        "wamprouter_http_events",
        "counter",
        "Events for web services that have arrived, or have not: given up, dropped since too many waited, lost at the end.",
        ("component", "outcome"),
        _http_events,
    ),
    Metric(
        "wamprouter_http_events_waiting",
        "gauge",
        "Events for web services that are on their way.",
        ("component",),
        _rows("http_events", "waiting", "component"),
    ),
    Metric(
        "wamprouter_certificate_expiry_timestamp_seconds",
        "gauge",
        "When a listener's certificate expires, in seconds since 1970.",
        ("endpoint",),
        _rows("certificates", "expires", "endpoint"),
    ),
)
"""All metrics, in the order in which they are shown."""
