"""A plain document becomes the text of a file: JSON or YAML, as the suffix says."""

import json
from pathlib import Path
from typing import Any

from wamprouter.config.problems import UnreadableConfig

SUFFIXES = (".json", ".yaml", ".yml")


def text(document: object, suffix: str) -> str:
    """Return the text of a document, in the order of its keys and with its variables as they are.

    Raises `UnreadableConfig` if the suffix is none of those known.
    """
    match suffix.lower():
        case ".json":
            return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        case ".yaml" | ".yml":
            return _yaml(document)
    raise UnreadableConfig([f"{suffix or 'no suffix'}: unknown kind of file, expected {', '.join(SUFFIXES)}"])


def _yaml(document: object) -> str:
    import yaml  # type: ignore[import-untyped,unused-ignore]  # PyYAML carries no types; types-PyYAML may be absent

    class Dumper(yaml.SafeDumper):
        """Writes each value out, also where the same one stands twice: a person is going to read it."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    dumped = yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    return str(dumped)


def kind_of(path: Path | None) -> str:
    """Return the suffix that says what to write; JSON where there is no file."""
    return ".json" if path is None else path.suffix
