"""From a file, or a plain document, to a checked configuration: every mistake at once, or none."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

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

if TYPE_CHECKING:
    from wamprouter.config.crossbar import Note

CROSSBAR_VERSION = 2  # of a configuration in Crossbar's form; ours is 1


def load(path: Path, *, environ: Mapping[str, str] = os.environ) -> NodeConfig:
    """Read a configuration file: .json, .yaml, .yml or .toml.

    Relative paths in it start at its folder. Raises `UnreadableConfig` if it is no document, `ConfigError` with a line
    for each mistake if it is no configuration.
    """
    return opened(path, environ=environ).config


def opened(path: Path, *, environ: Mapping[str, str] = os.environ) -> "Checked":
    """Read a configuration file as `load` does, and return with it what there is to say of a Crossbar file."""
    file = read(path)
    return checked(
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
    """Return the configuration that a plain document holds, in our form or in Crossbar's.

    Relative paths start at the folder, and stay relative without one. Raises `ConfigError` with lines that begin with
    the source; with positions also with line and column, and from the top of the file to its end. Problems are what is
    already known to be wrong with the document.
    """
    return checked(
        document, source=source, folder=folder, environ=environ, positions=positions, problems=problems
    ).config


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration without a mistake, and what an operator who comes from Crossbar should know of it."""

    config: NodeConfig
    notes: "tuple[Note, ...]"
    source: str
    positions: Positions | None
    document: object = None
    """As it is written, with its variables."""
    original: Callable[[Problem], Problem] = lambda problem: problem
    """Takes a problem from its place in the configuration to that in the document, which may be in Crossbar's form."""

    def line(self, note: "Note") -> str:
        """Return a note as one line, with its place in the file."""
        return _lines([note.problem], self.source, self.positions)[0]

    def lines(self, problems: Iterable[Problem]) -> list[str]:
        """Return problems of the configuration as lines, from the top of the file to its end."""
        return _lines([self.original(problem) for problem in problems], self.source, self.positions)

    @property
    def warnings(self) -> list[str]:
        """Return what to tell at every start, once for each kind of thing."""
        if not self.notes:
            return []
        from wamprouter.config.crossbar import Kind, once

        return [self.line(note) for note in once(note for note in self.notes if note.kind is not Kind.HONOURED)]


def checked(
    document: object,
    *,
    source: str = "configuration",
    folder: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    positions: Positions | None = None,
    problems: Sequence[Problem] = (),
) -> Checked:
    """Return the configuration that a plain document holds as `validate` does, and what there is to say of it."""
    written = document
    document, notes, lowering, original = _in_our_form(document, environ, folder)
    document, unset = substitute(document, environ, folder)
    known = [*problems, *lowering, *map(original, unset)]
    told = {problem.place for problem in known}
    config, mistaken = _modelled(document, folder)
    misspelt = {problem.meant for problem in mistaken}
    names = [problem for problem in dangling(document, mistaken) if problem.place not in misspelt]
    later = map(original, [*mistaken, *names])
    found = [*known, *(problem for problem in later if problem.place not in told)]
    if config is not None and not found:
        found = list(map(original, unsafe(config, lambda place: original(Problem(place, "")).place)))
    if config is None or found:
        raise ConfigError(_lines(found, source, positions))
    return Checked(config, notes, source, positions, written, original)


def is_crossbar(document: object) -> TypeGuard[dict[str, Any]]:
    """Say whether a document is in Crossbar's form, whatever its version: what stands at its top tells, not a number."""
    if not isinstance(document, dict):
        return False
    is_bare = document.get("version") == CROSSBAR_VERSION and not {"realms", "transports"} & document.keys()
    return is_bare or "workers" in document or "controller" in document


def _in_our_form(
    document: object, environ: Mapping[str, str], folder: Path | None
) -> "tuple[object, tuple[Note, ...], Sequence[Problem], Callable[[Problem], Problem]]":
    """Lower a document of Crossbar's; return it with what was noticed, and what takes problems back to their places."""
    if not is_crossbar(document):
        return document, (), (), lambda problem: problem
    from wamprouter.config.crossbar import lower

    lowered = lower(document, environ=environ, folder=folder)

    def original(problem: Problem) -> Problem:
        key = None if problem.key is None else lowered.origin(problem.key)
        return replace(problem, place=lowered.origin(problem.place), key=key)

    return lowered.document, lowered.notes, lowered.problems, original


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
