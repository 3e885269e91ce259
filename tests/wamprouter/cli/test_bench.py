"""`wamprouter bench` against a router."""

import json
from pathlib import Path

import pytest

from tests.wamprouter.cli.commands import Clients

SHORT = ["--seconds", "0.05", "--clients", "2", "--in-flight", "2"]


@pytest.mark.parametrize(("what", "things"), [("rpc", "calls"), ("pubsub", "events"), ("connect", "joins")])
def test_bench_reports_rate_and_percentiles(clients: Clients, what: str, things: str) -> None:
    """Times are in milliseconds."""
    result = clients.run("bench", what, *SHORT, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found[things] > 0
    assert found["per_second"] == pytest.approx(found[things] / found["seconds"], rel=0.05)
    times = found["ms"]
    assert ["p50", "p90", "p99", "p99.9", "max"] == list(times)
    assert sorted(times.values()) == list(times.values())


def test_bench_prints_two_lines_for_people(clients: Clients) -> None:
    """And no bar where standard error is no terminal."""
    result = clients.run("bench", "rpc", *SHORT)
    rate, times = result.stdout.splitlines()
    assert rate.endswith(" calls/s")
    assert times.startswith("p50 ")
    assert "" == result.stderr


@pytest.mark.parametrize("what", ["rpc", "pubsub"])
def test_what_may_not_be_done_ends_bench_with_status_1(clients: Clients, what: str) -> None:
    result = clients.run("bench", what, *SHORT, "--realm", "realm2")
    assert 1 == result.exit_code
    assert result.stderr.startswith("wamp.error.not_authorized: ")


def test_bench_without_a_router_is_status_3(clients: Clients, tmp_path: Path) -> None:
    assert 3 == clients.run("bench", "connect", *SHORT, url=f"unix://{tmp_path}/none.sock").exit_code
