"""Alerts and dashboard ask for metrics that there are, by labels that they have."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.docs.pages import DOCS, ROOT, blocks
from wamprouter.config.operations import MetricsPath
from wamprouter.logs import FIELDS, FORMATS
from wamprouter.statistics.attendance import Group
from wamprouter.statistics.metrics import METRICS
from wamprouter.statistics.tally import MOST_PROCEDURES, MOST_REALMS

DASHBOARD = json.loads((ROOT / "config/grafana/dashboard.json").read_text("utf-8"))
PAGE = DOCS / "howto/prometheus.md"
YAML = {each.name: yaml.safe_load(each.text) for each in blocks(PAGE) if each.language == "yaml" and each.name}
LABELS = {name: {*metric.labels, "le"} for metric in METRICS for name in metric.exposed}
# Prometheus adds these itself.
ITS_OWN = {"instance", "job"}
NAMED = re.compile(r"\b((?:wamprouter|process)_\w+)(?:\{([^}]*)\})?")
BY = re.compile(r"\bby \(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    return [rule for group in YAML["alerts.yml"]["groups"] for rule in group["rules"]]


def panels() -> list[tuple[str, str]]:
    """Return title and expression of all that the dashboard shows."""
    return [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]


EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in rules()] + panels()


@pytest.mark.parametrize(
    ("title", "expression"), EXPRESSIONS, ids=[f"{title}-{at}" for at, (title, _) in enumerate(EXPRESSIONS)]
)
def test_an_expression_is_about_metrics_that_there_are(title, expression):
    """A name that is changed in the router is changed there too."""
    found = NAMED.findall(expression)
    assert found or "up{" in expression
    known = {*ITS_OWN}
    for name, selector in found:
        assert name in LABELS
        known |= LABELS[name]
        assert set(re.findall(r"(\w+)=", selector)) <= LABELS[name] | ITS_OWN
    for labels in BY.findall(expression):
        assert {label.strip() for label in labels.split(",")} <= known


def test_an_alert_names_labels_that_are_left():
    """What is summed up has only the labels that it is summed by."""
    for rule in rules():
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        by = BY.findall(rule["expr"])
        labels = {label.strip() for each in by for label in each.split(",")}
        assert used <= (labels or ITS_OWN.union(*(LABELS[name] for name, _ in NAMED.findall(rule["expr"])))), rule[
            "alert"
        ]


def test_the_dashboard_shows_everything_but_what_is_only_for_reference():
    """What is counted is there to be seen."""
    shown = {name for _, expression in panels() for name, _ in NAMED.findall(expression)}
    shown |= {name for variable in DASHBOARD["templating"]["list"] for name, _ in NAMED.findall(str(variable["query"]))}
    hidden = {metric.name for metric in METRICS if not shown & set(metric.exposed)}
    assert hidden <= {
        "process_start_time_seconds",
        "process_open_fds",
        "process_max_fds",
        "wamprouter_event_loop_lag_max_seconds",
        "wamprouter_connections_opened",
        "wamprouter_connections_closed",
    }


def test_the_dashboard_has_no_overlapping_panels():
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    taken = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(taken) == len(set(taken))
    assert all(at["x"] + at["w"] <= 24 for at in places)


def test_prometheus_is_told_of_the_rules_and_of_the_default_address():
    config = YAML["prometheus.yml"]
    assert set(config["rule_files"]) < set(YAML)
    [job] = config["scrape_configs"]
    assert ["127.0.0.1:8090"] == job["static_configs"][0]["targets"]
    assert MetricsPath(type="metrics")


def test_the_reference_names_the_bounds_and_the_labels():
    text = (DOCS / "metrics.md").read_text("utf-8")
    assert f"the first {MOST_REALMS} realms" in text
    assert f"the first {MOST_PROCEDURES} procedures" in text
    assert {f"`{name}`" for name in Group._fields if name != "serializer"} <= set(re.findall(r"`\w+`", text))


def test_the_page_of_the_log_has_its_fields_and_formats():
    text = (DOCS / "log.md").read_text("utf-8")
    assert [name for name in (*FIELDS, *FORMATS) if f"`{name}`" not in text] == []
    line = json.loads(next(each.text for each in blocks(DOCS / "log.md")))
    assert [name for name in line if name in FIELDS] == [name for name in FIELDS if name in line]
