"""Which file is meant: by --config, by --cbdir as Crossbar's users write it, or by neither."""

from collections.abc import Mapping
from pathlib import Path

# What a folder may call its configuration, in the order in which they are looked for.
NAMES = ("config.json", "config.yaml", "config.yml", "router.json", "router.yaml", "router.toml")


class NothingThere(Exception):
    """A folder without a configuration; its text is one line for the operator."""


def located(config: Path | None, cbdir: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the configuration file, or None if none is named and none stands in `.crossbar`.

    A folder stands for the configuration in it, or in a folder `.crossbar` in it. Raises `NothingThere` if neither has one.
    """
    if config is not None:
        return _file(cbdir / config if cbdir is not None else config)
    if cbdir is not None:
        return _file(cbdir)
    if environ.get("CROSSBAR_DIR"):
        return _file(Path(environ["CROSSBAR_DIR"]))
    return _in_folder(Path(".crossbar"))


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = _in_folder(path) or _in_folder(path / ".crossbar")
    if found is None:
        raise NothingThere(f"{path}: no configuration in this folder, expected {', '.join(NAMES[:-1])} or {NAMES[-1]}")
    return found


def _in_folder(folder: Path) -> Path | None:
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)
