"""`wamprouter run` while an application is being written: with a router beside it, and started anew when a file changes."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from wamprouter.cli.options import words_of
from wamprouter.cli.supervising import NoRouter, Terminated, router, supervise, terminated_by_signals
from wamprouter.cli.watching import Watch

__all__ = ["develop"]

REFUSED = 1  # as in wamprouter.cli


def develop(
    context: click.Context, app: str, log_level: str, *, config: Path | None, with_router: bool, reload: bool
) -> None:
    """Run an application in a process of its own; exit with its status, or 0 after a signal."""
    words = ["run", app, "--loglevel", log_level, *words_of(context)]
    try:
        with terminated_by_signals(), ExitStack() as stack:
            process = None
            if with_router:
                url, process = stack.enter_context(router(config))
                words += ["--url", url]
            status = supervise(words, router=process, watch=Watch(Path.cwd()) if reload else None)
    except NoRouter:
        status = REFUSED
    except Terminated:
        status = 0  # as the router itself has it: it was asked to end, and has
    sys.exit(status)
