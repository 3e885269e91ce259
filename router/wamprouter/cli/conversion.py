"""Writing a configuration in our own form, as JSON or YAML."""

from pathlib import Path

from wamprouter.config import opened
from wamprouter.config.document import read
from wamprouter.config.loading import is_crossbar
from wamprouter.config.writing import kind_of, text


def converted(file: Path, output: Path | None) -> tuple[str, list[str]]:
    """Return the text of the converted file, and what to tell the operator of it.

    Raises `ConfigError` if the file is no valid configuration, or cannot be written in that form.
    """
    found = opened(file)
    document = read(file).document
    remarks = [f"{file}: comments, if it has any, are not in the converted file"] if file.suffix != ".json" else []
    if is_crossbar(document):
        from wamprouter.config.crossbar import lower

        document = lower(document, folder=file.absolute().parent).document
        remarks += found.warnings
    if output is not None and output.absolute().parent != file.absolute().parent:
        remarks.append(f"{output}: relative paths start at its folder, and started at {file.absolute().parent}")
    return text(document, kind_of(output)), remarks
