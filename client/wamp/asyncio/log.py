"""A logger with the methods that Autobahn's components know, over ``logging``."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

__all__ = ["Log", "begin_logging"]

_LEVELS: Final = {"trace": 5, "warn": logging.WARNING, "failure": logging.ERROR}


class Log:
    """Logs texts with named fields: ``log.info("{count} orders", count=3)``. The fields are filled in only if it is logged.

    A field may have any name, ``text`` too.
    """

    def __init__(self, name: str = "wamp") -> None:
        self._logger = logging.getLogger(name)

    def emit(self, level: int, text: str, exception: BaseException | None = None, /, **facts: Any) -> None:
        """Log a text at a level of ``logging``, with the traceback of an exception."""
        if self._logger.isEnabledFor(level):
            message = text.format(**facts) if facts else text
            self._logger.log(level, "%s", message, exc_info=exception)

    def trace(self, text: str = "", /, **facts: Any) -> None:
        self.emit(_LEVELS["trace"], text, **facts)

    def debug(self, text: str = "", /, **facts: Any) -> None:
        self.emit(logging.DEBUG, text, **facts)

    def info(self, text: str = "", /, **facts: Any) -> None:
        self.emit(logging.INFO, text, **facts)

    def warn(self, text: str = "", /, **facts: Any) -> None:
        self.emit(logging.WARNING, text, **facts)

    def error(self, text: str = "", /, **facts: Any) -> None:
        self.emit(logging.ERROR, text, **facts)

    def critical(self, text: str = "", /, **facts: Any) -> None:
        self.emit(logging.CRITICAL, text, **facts)

    def failure(self, text: str, /, failure: Any = None, **facts: Any) -> None:
        """Log a failure, by default the exception that is being handled."""
        exception = sys.exception() if failure is None else failure.value
        self.emit(logging.ERROR, text, exception, **facts)


def begin_logging(level: str) -> None:
    """Log to standard error from a level on, unless the program has set up logging already."""
    number = _LEVELS.get(level) or logging.getLevelName(level.upper())
    logging.basicConfig(level=number, format="%(asctime)s %(name)s %(levelname)s %(message)s")
