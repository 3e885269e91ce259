"""The file that `wamprouter init` writes, and what to do with it."""

import shlex
from pathlib import Path

from wamprouter.config import STARTER

_NEXT_STEPS = """\
{file}: written

  wamprouter start --config {quoted}

then connect to ws://127.0.0.1:8080/ws, realm realm1, and open the console, whose address it prints. Anyone on this machine may do everything: give roles fewer
permissions before "interface" names another address. After a change, check it:

  wamprouter check --config {quoted}"""


def write(file: Path) -> None:
    """Write the starter configuration into a new file.

    Raises `FileExistsError` if the file exists, and any other `OSError` if it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as new:
        new.write(STARTER)


def next_steps(file: Path) -> str:
    """Return what to tell the person who now has the file."""
    return _NEXT_STEPS.format(file=file, quoted=shlex.quote(str(file)))
