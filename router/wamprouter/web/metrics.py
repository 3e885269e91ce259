"""``/metrics``: the router's statistics as Prometheus reads them, in its text format or as OpenMetrics.

The numbers are taken from the router when somebody asks; nothing is kept here. Composing the answer takes a few milliseconds,
in which no message is handled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from twisted.web.server import Request

from wamprouter.statistics.metrics import METRICS, Metric
from wamprouter.statistics.timing import BOUNDS
from wamprouter.web.pages import Page

__all__ = ["Metrics", "SnapshotCollector"]

_BOUNDS = [*(repr(bound) for bound in BOUNDS), "+Inf"]


class SnapshotCollector(Collector):
    """Looks like a registry of Prometheus' library, and reads one snapshot."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            yield _family(metric, self._snapshot)


def _family(metric: Metric, snapshot: Mapping[str, Any]) -> Family:
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, timing in metric.read(snapshot):
            buckets = list(zip(_BOUNDS, accumulate(timing["buckets"]), strict=True))
            histogram.add_metric(labels, buckets, timing["seconds"])
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in metric.read(snapshot):
        family.add_metric(labels, value)
    return family


class Metrics(Page):
    """The page."""

    def __init__(self, snapshot: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self._snapshot = snapshot

    def render_GET(self, request: Request) -> bytes:
        encode, content_type = choose_encoder(request.getHeader("accept") or "")
        request.setHeader(b"content-type", content_type.encode())
        request.setHeader(b"cache-control", b"no-store")
        return encode(SnapshotCollector(self._snapshot()))
