"""Where hosted components are found: the folders that go in front of Python's own search path."""

import os
import sys
from pathlib import Path

from wamprouter.config import NodeConfig


def extend_path(config: NodeConfig, file: Path | None) -> None:
    """Put the configuration file's folder, then its pythonpath, then the current folder in front of `sys.path`.

    Crossbar's users expect their components beside the configuration; the `wamprouter` command, unlike `python -m`,
    would not even look in the current folder.
    """
    own = [file.absolute().parent] if file else []
    folders = dict.fromkeys(str(folder) for folder in [*own, *config.pythonpath, Path.cwd()])
    sys.path[:] = [*folders, *(entry for entry in sys.path if entry not in folders)]


def set_environment(config: NodeConfig) -> None:
    """Give components the environment variables of the configuration."""
    os.environ.update(config.environment)
