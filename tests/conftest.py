"""For the whole suite: where browsers are required, a test that needs one must not skip; and Autobahn is on Twisted.

Autobahn takes an event loop for the whole process, and parts of it that are imported before are useless ever after.
No example of Hypothesis has a deadline: another process that shares the tests may have the machine just then.
"""

import os
from collections.abc import Generator

import pytest
import txaio
from hypothesis import settings

txaio.use_twisted()
settings.register_profile("shared", settings.default, deadline=None)
settings.load_profile("shared")

REQUIRED = "WAMPROUTER_REQUIRE_BROWSER"  # set by .ci/run, which installs what these tests need


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that keeps the reason."""
    _, _, reason = report.longrepr  # a skip's longrepr is (path, line, reason)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: must not skip, because {REQUIRED} is set. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected_failure = hasattr(report, "wasxfail")  # which pytest files under "skipped" as well
    if os.environ.get(REQUIRED) and report.skipped and not expected_failure and item.get_closest_marker("browser"):
        forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips whole (`importorskip`) never shows the markers inside it, so none may."""
    report = yield
    if os.environ.get(REQUIRED) and report.skipped:
        forbid_skip(report)
    return report
