"""The lines of the log in Crossbar's three formats."""

from __future__ import annotations

import io
import json

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
    assert list(FORMATS) == ["standard", "syslogd", "none", "json"]


@pytest.mark.parametrize("form", ["syslogd", "none"])
def test_a_traceback_goes_below_its_line(form: str) -> None:
    """Indented, so that a line that begins at the margin is an event."""
    lines = logged(form, log_format="failed", log_failure=Failure(ValueError("x"))).splitlines()
    assert lines[0].endswith("failed")
    assert any("builtins.ValueError: x" in line for line in lines)
    assert all(line.startswith("\t") for line in lines[1:])


def test_an_event_without_text_is_no_line() -> None:
    assert logged("none") == ""


def as_json(**event: object) -> dict[str, object]:
    line = logged("json", **event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    found: dict[str, object] = json.loads(line)
    return found


def test_a_line_of_json_has_the_known_fields_first() -> None:
    """So that a person can read it too."""
    event = {"reason": "kicked", "session": 7, "authid": "joe", "realm": "realm1", "address": "192.0.2.1"}
    found = as_json(log_format="session {session} ended: {reason}", **event)
    assert list(found) == ["ts", "level", "event", "realm", "session", "authid", "peer", "message", "reason"]
    assert found["ts"] == "1970-01-01T00:00:00.000+00:00"
    assert (found["level"], found["event"]) == ("warn", "wamprouter")
    assert (found["session"], found["peer"], found["message"]) == (7, "192.0.2.1", "session 7 ended: kicked")


def test_a_line_of_json_is_one_line_whatever_is_in_it() -> None:
    """Names are chosen by clients; a traceback has lines of its own."""
    found = as_json(log_format="{peer} failed", peer='a"\n\x1b[31mb', log_failure=Failure(ValueError("x")))
    assert found["peer"] == 'a"\n\x1b[31mb'
    assert "builtins.ValueError: x" in str(found["traceback"])


@pytest.mark.parametrize("form", list(FORMATS))
def test_what_is_called_like_a_secret_is_not_shown(form: str) -> None:
    """Neither by its name nor in the text."""
    line = logged(form, log_format="{authid} has {ticket}", authid="joe", ticket="swordfish")
    assert "joe has <secret>" in line
    assert "swordfish" not in line
