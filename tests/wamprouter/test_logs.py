"""The lines of the log in Crossbar's three formats."""

from __future__ import annotations

import io

import pytest
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from wamprouter.logs import FORMATS, log_lines


def logged(form: str, **event: object) -> str:
    """Return what one event becomes, at the beginning of 1970."""
    file = io.StringIO()
    log_lines(file, form)(
        {"log_time": 0.0, "log_level": LogLevel.warn, "log_namespace": "wamprouter", "log_logger": Logger(), **event}
    )
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("standard", "[wamprouter#warn] 5 of 6\n"),
        ("syslogd", "[wamprouter#warn] 5 of 6\n"),
        ("none", "5 of 6\n"),
    ],
)
def test_a_line_begins_as_its_format_says(form: str, line: str) -> None:
    found = logged(form, log_format="{a} of {b}", a=5, b=6)
    time, _, rest = found.partition(" ") if form == "standard" else ("", "", found)
    assert rest == line
    assert bool(time) == (form == "standard")


def test_there_are_crossbars_formats() -> None:
    assert list(FORMATS) == ["standard", "syslogd", "none"]


@pytest.mark.parametrize("form", ["syslogd", "none"])
def test_a_traceback_goes_below_its_line(form: str) -> None:
    """Indented, so that a line that begins at the margin is an event."""
    lines = logged(form, log_format="failed", log_failure=Failure(ValueError("x"))).splitlines()
    assert lines[0].endswith("failed")
    assert any("builtins.ValueError: x" in line for line in lines)
    assert all(line.startswith("\t") for line in lines[1:])


def test_an_event_without_text_is_no_line() -> None:
    assert logged("none") == ""
