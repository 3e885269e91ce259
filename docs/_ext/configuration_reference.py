"""The configuration reference, written from the JSON Schema of ``wamprouter.config`` as Markdown.

Nothing here knows a field: a new one appears in the documentation because it is in the models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from wamprouter.config import schema

__all__ = ["Entry", "entries", "markdown"]

_WORD: Final = re.compile(r"WebSocket|RawSocket|[A-Z][a-z]*")
_ACRONYMS: Final = {"Tcp": "TCP", "Unix": "Unix", "WebSocket": "WebSocket", "RawSocket": "RawSocket"}


class Entry(NamedTuple):
    """One object of the schema, and the places in a file where it may stand."""

    name: str
    schema: Mapping[str, Any]
    places: list[str]


def entries(document: Mapping[str, Any] | None = None) -> list[Entry]:
    """Return every object of the schema, in the order in which a reader of a file meets them."""
    document = document or schema()
    found: dict[str, Entry] = {}

    def visit(name: str, node: Mapping[str, Any], place: str, above: tuple[str, ...] = ()) -> None:
        entry = found.setdefault(name, Entry(name, node, []))
        if place in entry.places:
            return
        entry.places.append(place)
        for field, described in _properties(node).items():
            for step, reference in _references(described):
                if reference not in above:  # paths below paths go on for ever
                    below = f"{place}.{field}{step}".removeprefix(".")
                    visit(reference, document["$defs"][reference], below, (*above, name))

    visit("", document, "")
    return list(found.values())


def _properties(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object that may also be written in another form."""
    for form in (node, *node.get("anyOf", ())):
        if "properties" in form:
            return dict(form["properties"])
    return {}


def _required(node: Mapping[str, Any]) -> list[str]:
    return next((form["required"] for form in (node, *node.get("anyOf", ())) if "required" in form), [])


def _references(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the objects that a field may hold: how to step into them, and their name."""
    if "$ref" in node:
        yield "", node["$ref"].removeprefix("#/$defs/")
    for form in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _references(form)
    if "items" in node:
        for step, name in _references(node["items"]):
            yield f"[]{step}", name
    for form in node.get("patternProperties", {}).values():
        for step, name in _references(form):
            yield f'["…"]{step}', name


# -- as Markdown


def markdown() -> str:
    """Return the reference: an outline of the whole file, then a section for each object."""
    every = entries()
    return "\n".join([*_outline(every), "", *(line for entry in every for line in _section(entry))])


def _outline(every: list[Entry]) -> Iterator[str]:
    """Yield the file as a tree. What may stand in several places has its branches at the first of them."""
    by_name = {entry.name: entry for entry in every}
    shown: set[str] = set()

    def branches(name: str, depth: int) -> Iterator[str]:
        if name in shown:
            return
        shown.add(name)
        for field, described in _properties(by_name[name].schema).items():
            references = list(_references(described))
            if depth and not references:  # plain fields are listed in the object's section
                continue
            step = references[0][0] if references else "[]" if described.get("type") == "array" else ""
            label = f"[`{field}{step}`](#{_anchor(name, field)})"
            links = " or ".join(f"[{_title(reference)}](#{_anchor(reference)})" for _, reference in references)
            yield f"{'  ' * depth}- {label}{': ' + links if links else ''}"
            if len(references) == 1:
                yield from branches(references[0][1], depth + 1)
                continue
            for _, reference in references:
                below = list(branches(reference, depth + 2))
                if below:
                    yield f"{'  ' * (depth + 1)}- {_title(reference)}"
                    yield from below

    yield from branches("", 0)


def _section(entry: Entry) -> Iterator[str]:
    yield f"({_anchor(entry.name)})="
    yield f"## {_title(entry.name)}"
    yield ""
    yield _plain(entry.schema.get("description") or _described_inside(entry.schema))
    yield ""
    if entry.name:
        yield "Stands at " + ", ".join(f"`{place}`" for place in entry.places) + "."
        yield ""
    required = _required(entry.schema)
    for name, field in _properties(entry.schema).items():
        yield f"[`{name}`]{{#{_anchor(entry.name, name)} .field}} {_facts(field, is_required=name in required)}"
        yield f": {_plain(field.get('description') or _described_by_kind(field))}"
        yield ""


def _described_inside(node: Mapping[str, Any]) -> str:
    return next((form["description"] for form in node.get("anyOf", ()) if "description" in form), "")


def _described_by_kind(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return "What tells this kind from the others."
    return "See there."


def _plain(text: str) -> str:
    """Write a text so that Markdown finds nothing in it: descriptions speak of stars."""
    return re.sub(r"([*<`])", r"\\\1", text)


def _facts(field: Mapping[str, Any], *, is_required: bool) -> str:
    kind = _kind(field)
    if is_required:
        return f"{kind}, **required**"
    if "default" not in field:
        return f"{kind}, the default depends on other fields"
    return f"{kind}, default {_default(field)}"


def _default(field: Mapping[str, Any]) -> str:
    value = field["default"]
    if isinstance(value, dict):
        return "as described there"
    return f"`{json.dumps(value)}`"


def _kind(node: Mapping[str, Any]) -> str:
    """Say what a field may hold, in words and links."""
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        return f"[{_title(name)}](#{_anchor(name)})"
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "enum" in node:
        return _either([f"`{json.dumps(value)}`" for value in node["enum"]])
    forms = [form for form in (*node.get("anyOf", ()), *node.get("oneOf", ())) if not _is_variable(form)]
    if forms:
        return _either([_kind(form) for form in forms])
    match node.get("type"):
        case "array":
            least = " (at least one)" if node.get("minItems") else ""
            return f"list of {_kind(node['items'])}{least}"
        case "object":
            values = [_kind(form) for form in node.get("patternProperties", {}).values()]
            return "object" + (f", each value: {_either(values)}" if values else "")
        case "integer" if "minimum" in node:
            return f"integer, {node['minimum']:,} to {node['maximum']:,}"
        case "null":
            return "`null`"
        case None:
            return "anything"
        case kind:
            return str(kind)


def _is_variable(form: Mapping[str, Any]) -> bool:
    """Numbers and flags may also be one variable; the page says so once."""
    return form.get("type") == "string" and form.get("pattern", "").startswith(r"^\$\{")


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _title(name: str) -> str:
    if not name:
        return "The file"
    first, *rest = (_ACRONYMS.get(word, word.lower()) for word in _WORD.findall(name))
    return " ".join([first[0].upper() + first[1:], *rest])


def _anchor(name: str, field: str = "") -> str:
    words = [word.lower() for word in _WORD.findall(name)] or ["file"]
    # Another prefix for fields: the field "options" of a realm is not the object "realm options".
    parts = ["field", *words, *field.strip("$").split("_")] if field else ["config", *words]
    return "-".join(parts)
