"""What an operator who moves over from Crossbar should know of one file: fields, then permissions."""

import os
from collections.abc import Iterator
from pathlib import Path

from wamprouter.cli.permissions import differences
from wamprouter.config import Checked
from wamprouter.config.document import read
from wamprouter.config.environment import substitute
from wamprouter.config.loading import is_crossbar


def report(file: Path, found: Checked) -> Iterator[str]:
    """Yield a line for each thing that differs."""
    document = read(file).document
    if not is_crossbar(document):
        yield "the file is not in Crossbar's form"
        return
    told = [found.line(note) for note in found.notes]
    yield from told
    replaced, _ = substitute(document, os.environ, file.absolute().parent)
    outcomes = differences(replaced, found.config) if isinstance(replaced, dict) else []
    yield from outcomes
    if not outcomes:
        yield "permissions: no difference found"
