"""A log that a flood cannot fill."""

from typing import Any

import pytest
from twisted.logger import Logger, LogLevel, formatEvent

from wamprouter.brevity import MOST, PERIOD, BriefObserver


class Log:
    """What is written, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        observer = BriefObserver(lambda event: self.lines.append(formatEvent(event)), lambda: self.now)
        self.logger = Logger("a.place", observer=observer)


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_few_lines_of_a_kind_are_all_written(log):
    for number in range(MOST):
        log.logger.info("dropping {peer}", peer=number)
    assert [f"dropping {number}" for number in range(MOST)] == log.lines


def test_of_many_the_first_are_written_and_that_there_are_more(log):
    """However many."""
    for number in range(10_000):
        log.logger.info("dropping {peer}", peer=number)
    assert MOST + 1 == len(log.lines)
    assert f"more lines like the last one are left out, for {PERIOD:g} s" == log.lines[-1]


def test_lines_of_another_kind_are_written_all_the_same(log):
    for number in range(100):
        log.logger.info("dropping {peer}", peer=number)
    log.logger.info("stopping")
    assert "stopping" == log.lines[-1]


def test_later_it_is_said_how_many_were_left_out(log):
    for number in range(MOST + 90):
        log.logger.info("dropping {peer}", peer=number)
    log.now = PERIOD
    log.logger.info("dropping {peer}", peer="another")
    assert ["90 lines like the next one were left out", "dropping another"] == log.lines[-2:]
    assert MOST + 3 == len(log.lines)


def test_a_failure_is_a_line_like_others(log):
    """A bug that every message meets must not fill the log with tracebacks."""
    for _ in range(100):
        try:
            raise RuntimeError("a bug")
        except RuntimeError:
            log.logger.failure("a message could not be handled")
    assert MOST + 1 == len(log.lines)


def test_for_debugging_everything_is_written(log):
    for number in range(100):
        log.logger.debug("< {number}", number=number)
    assert 100 == len(log.lines)


def test_kinds_without_number_do_not_fill_the_memory(log):
    """Values in a format make each line a kind of its own."""
    for number in range(3000):
        log.logger.emit(LogLevel.info, f"value {number}")
    assert 3000 == len(log.lines)
    kinds: Any = log.logger.observer
    assert len(kinds._kinds) <= 1000
