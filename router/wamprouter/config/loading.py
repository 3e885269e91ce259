"""From a file, or a plain document, to a checked configuration: every mistake at once, or none."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wamprouter.config.document import read
from wamprouter.config.environment import substitute
from wamprouter.config.mistakes import mistakes
from wamprouter.config.node import NodeConfig
from wamprouter.config.positions import Position, Positions
from wamprouter.config.problems import ConfigError, Problem
from wamprouter.config.references import dangling
from wamprouter.config.safety import unsafe
from wamprouter.config.starter import STARTER


def load(path: Path, *, environ: Mapping[str, str] = os.environ) -> NodeConfig:
    """Read a configuration file: .json, .yaml, .yml or .toml.

    Relative paths in it start at its folder. Raises `UnreadableConfig` if it is no document, `ConfigError` with a line
    for each mistake if it is no configuration.
    """
    file = read(path)
    return validate(
        file.document,
        source=str(path),
        folder=path.absolute().parent,
        environ=environ,
        positions=file.positions,
        problems=file.problems,
    )


def validate(
    document: object,
    *,
    source: str = "configuration",
    folder: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    positions: Positions | None = None,
    problems: Sequence[Problem] = (),
) -> NodeConfig:
    """Return the configuration that a plain document holds.

    Relative paths start at the folder, and stay relative without one. Raises `ConfigError` with lines that begin with
    the source; with positions also with line and column, and from the top of the file to its end. Problems are what is
    already known to be wrong with the document.
    """
    document, unset = substitute(document, environ, folder)
    known = [*problems, *unset]
    told = {problem.place for problem in known}
    config, mistaken = _modelled(document, folder)
    found = [*known, *(p for p in [*mistaken, *dangling(document, mistaken)] if p.place not in told)]
    if config is not None and not found:
        found = unsafe(config)
    if config is None or found:
        raise ConfigError(_lines(found, source, positions))
    return config


def _lines(problems: list[Problem], source: str, positions: Positions | None) -> list[str]:
    if positions is None:
        return [problem.line(source) for problem in problems]
    placed = [(_position(problem, positions), problem) for problem in problems]
    placed.sort(key=lambda pair: pair[0])
    return [problem.line(f"{source}:{at.line}:{at.column}") for at, problem in placed]


def _position(problem: Problem, positions: Positions) -> Position:
    return positions.value(problem.place) if problem.key is None else positions.key(problem.key)


def _modelled(document: object, folder: Path | None) -> tuple[NodeConfig | None, list[Problem]]:
    try:
        return NodeConfig.model_validate(document, context={"folder": folder}), []
    except ValidationError as error:
        return None, mistakes(error, NodeConfig, document)


def default() -> NodeConfig:
    """Return the configuration of a router without a file: realm1 for anyone on this machine, at
    ws://127.0.0.1:8080/ws."""
    return validate(json.loads(STARTER), source="default")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **NodeConfig.model_json_schema(by_alias=True),
        "title": "wamprouter configuration",
    }
