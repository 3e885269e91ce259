"""The command line reference, written from the click commands as Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from wamprouter.cli import main

__all__ = ["markdown"]


def markdown() -> str:
    """Return a section for each command, in alphabetical order as ``--help`` has them."""
    context = click.Context(main, info_name="wamprouter")
    return "\n".join(line for name in main.list_commands(context) for line in _section(main.commands[name], context))


def _section(command: click.Command, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=command.name, parent=parent)
    yield f"(command-{command.name})="
    yield f"## `wamprouter {command.name}`"
    yield ""
    yield "```text"
    yield " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield "```"
    yield ""
    yield inspect.cleandoc(command.help or "")
    yield ""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            names, text = record
            yield f"`{names}`"
            yield f": {text}"
            yield ""
