"""/metrics, as Prometheus' own parser reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import openmetrics, parser
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from twisted.web.test.requesthelper import DummyRequest

from tests.support.management import House
from tests.support.process import EVERYTHING
from wamprouter.statistics.metrics import METRICS
from wamprouter.web.metrics import Metrics

assert parser
assert openmetrics

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
ODD = 'com.a"b\\c'


@pytest.fixture
def house() -> Iterator[House]:
    roles = [{"name": "anonymous", "permissions": EVERYTHING}]
    made = House(realms=[{"name": "realm1", "roles": roles, "options": {"uri_check": "loose"}}])
    yield made
    made.close()


def asked(house: House, accept: str = "") -> tuple[str, str]:
    """Return what the page answers, and of what type."""
    request = DummyRequest([b""])
    if accept:
        request.requestHeaders.setRawHeaders("accept", [accept])
    body = Metrics(house.node.statistics.snapshot).render_GET(request)
    [content_type] = request.responseHeaders.getRawHeaders("content-type")
    return body.decode(), content_type


def numbers(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return all samples: name and labels -> value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in read_text(text)
        for sample in family.samples
    }


def find(house: House, name: str, **labels: str) -> Any:
    return numbers(asked(house)[0]).get((name, tuple(sorted(labels.items()))))


def test_both_formats_are_what_prometheus_parses(house):
    """Its parser of OpenMetrics is strict about names, kinds and order."""
    text, kind = asked(house)
    assert kind.startswith("text/plain; version=0.0.4")
    assert {metric.name for metric in METRICS} <= {family.name for family in read_text(text)}
    text, kind = asked(house, OPENMETRICS)
    assert kind.startswith("application/openmetrics-text")
    assert {metric.name for metric in METRICS} == {family.name for family in read_openmetrics(text)}


def test_every_sample_has_the_name_and_the_labels_that_the_table_says(house):
    """Which is what the reference, the dashboard and the alerts go by."""
    house.join().subscribe("com.news")
    known = {name: set(metric.labels) for metric in METRICS for name in metric.exposed}
    for family in read_text(asked(house)[0]):
        for sample in family.samples:
            assert known[sample.name] == set(sample.labels) - {"le"}, sample


def test_the_values_are_those_of_the_router(house):
    worker, guest = house.join(), house.join()
    worker.offer("com.work")
    guest.subscribe("com.news")
    house.join().publish("com.news", 1)
    for _ in range(2):
        guest.ask("com.work")
        house.turn(0.3)
        worker.finish()
    guest.ask("com.work")
    where = {"realm": "realm1"}
    work = {**where, "procedure": "com.work", "match": "exact"}
    everyone = {"role": "anonymous", "transport": "memory", "serializer": "msgpack"}
    assert 3 == find(house, "wamprouter_sessions", **where, **everyone)
    assert (3, 1) == (
        find(house, "wamprouter_calls_total", **where),
        find(house, "wamprouter_calls_in_flight", **where),
    )
    assert (1, 1) == (
        find(house, "wamprouter_publications_total", **where),
        find(house, "wamprouter_events_total", **where),
    )
    assert 2 == find(house, "wamprouter_call_seconds_count", **work)
    assert pytest.approx(0.6) == find(house, "wamprouter_call_seconds_sum", **work)
    buckets = [find(house, "wamprouter_call_seconds_bucket", **work, le=bound) for bound in ("0.25", "0.5", "+Inf")]
    assert [0, 2, 2] == buckets


def test_a_label_may_have_any_characters(house):
    """A client chooses the URIs of its procedures."""
    worker = house.join()
    worker.offer(ODD)
    assert 0 == find(house, "wamprouter_call_seconds_count", realm="realm1", procedure=ODD, match="exact")


def test_nothing_is_shown_that_the_system_does_not_tell(house):
    """On other systems than Linux there is no number of open files."""
    snapshot = house.node.statistics.snapshot()
    del snapshot["process"]["open_files"]
    request = DummyRequest([b""])
    text = Metrics(lambda: snapshot).render_GET(request).decode()
    assert not [name for name, _ in numbers(text) if name == "process_open_fds"]
