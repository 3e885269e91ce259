"""Walking through a Crossbar document by the table of fields, and telling what becomes of them.

Works on the document as it is written, before variables are replaced, so that the lowered document can be written to a
file again. Knows nothing of single fields: the table does, and the modules about workers, realms, transports and
components do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import BaseModel

from wamprouter.config.auth import Auth, Cookie
from wamprouter.config.bridge import CallerOptions, SignedOptions, WebhookOptions
from wamprouter.config.components import ClassComponent, GuestComponent
from wamprouter.config.crossbar.notes import Kind, Note
from wamprouter.config.crossbar.policy import ENTRY, TABLES, TYPES, VALUE
from wamprouter.config.endpoints import TcpEndpoint, Tls, UnixEndpoint
from wamprouter.config.environment import MAX_DEPTH
from wamprouter.config.longpoll import LongPollPath
from wamprouter.config.options import LongPollOptions, RawSocketOptions, WebSocketOptions
from wamprouter.config.problems import Place, Problem, choice, did_you_mean, shown
from wamprouter.config.realms import Permission, Realm, RealmOptions, Role
from wamprouter.config.transports import (
    EchoTransport,
    RawSocketService,
    RawSocketTransport,
    UniversalTransport,
    UniversalWebSocket,
    WebService,
    WebSocketPath,
    WebSocketTransport,
    WebTransport,
)
from wamprouter.config.web import JsonOptions, StaticOptions, StaticPath, WebOptions

__all__ = ["OURS", "Document", "Lower", "Walk", "is_variable", "origin"]

Document: TypeAlias = dict[str, Any]
Lower: TypeAlias = "Callable[[Walk, Document, Place, Place], Document]"

# What our own form adds to an object of Crossbar's may stand in a Crossbar file as well.
OURS: Mapping[str, type[BaseModel]] = {
    "realm": Realm,
    "realm options": RealmOptions,
    "role": Role,
    "permission": Permission,
    "endpoint tcp": TcpEndpoint,
    "endpoint unix": UnixEndpoint,
    "transport websocket": WebSocketTransport,
    "transport rawsocket": RawSocketTransport,
    "transport web": WebTransport,
    "transport universal": UniversalTransport,
    "transport websocket.testee": EchoTransport,
    "universal rawsocket": RawSocketService,
    "universal websocket": UniversalWebSocket,
    "universal web": WebService,
    "websocket options": WebSocketOptions,
    "rawsocket options": RawSocketOptions,
    "web options": WebOptions,
    "path websocket": WebSocketPath,
    "path longpoll": LongPollPath,
    "longpoll options": LongPollOptions,
    "publisher options": SignedOptions,
    "caller options": CallerOptions,
    "webhook options": WebhookOptions,
    "path static": StaticPath,
    "static options": StaticOptions,
    "json options": JsonOptions,
    "tls": Tls,
    "auth": Auth,
    "cookie": Cookie,
    "component": ClassComponent,
    "container component": ClassComponent,
    "guest": GuestComponent,
}


@dataclass(slots=True)
class Walk:
    """What is found on the way through a document.

    A place ``at`` is one of the original document, a place ``to`` one of the lowered. ``special`` lowers the objects for
    which going through their fields is not enough, by the names of their tables.
    """

    special: Mapping[str, Lower]
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Place, Place] = field(default_factory=dict)  # place in the lowered document -> in the original

    def note(self, at: Place, kind: Kind, text: str) -> None:
        """Tell the operator of something."""
        self.notes.append(Note(at, kind, text))

    def refuse(self, at: Place, text: str, *, is_key: bool = False) -> None:
        """Tell of something that the file must not have."""
        self.problems.append(Problem(at, text, key=at if is_key else None))

    def origin(self, place: Place) -> Place:
        """Return where in the original document a place of the lowered one comes from."""
        return origin(self.origins, place)

    def fields(self, table: str, node: Document, at: Place, to: Place, *, taken: Collection[str] = ()) -> Document:
        """Return the fields of an object as our form has them, without those that the caller takes on itself.

        Tells of those that are treated in another way than in Crossbar, refuses those that nobody knows.
        """
        self.origins[to] = at
        if len(at) > MAX_DEPTH:
            self.refuse(at[:3], f"nested deeper than {MAX_DEPTH} levels")
            return {}
        lowered: Document = {}
        for key, value in node.items():
            row = TABLES[table].get(key)
            if row is None:
                if key in self._added(table, node):
                    lowered[key] = value
                else:
                    self._unknown(table, key, at)
                continue
            if row.kind is Kind.REFUSED:
                self.refuse((*at, key), f"not supported: {row.text}")
                continue
            if row.kind is not Kind.HONOURED and not _is_harmless(value, row.harmless):
                self.note((*at, key), row.kind, row.text)
            if row.kind is not Kind.IGNORED and key not in taken:
                lowered[key] = self._below(row.below, value, (*at, key), (*to, key))
        return lowered

    def lower(self, table: str, node: Document, at: Place, to: Place) -> Document:
        """Return an object of Crossbar's in our form."""
        special = self.special.get(table)
        return self.fields(table, node, at, to) if special is None else special(self, node, at, to)

    def _added(self, table: str, node: Document) -> Collection[str]:
        name = f"{table} {node.get('type')}" if table == "endpoint" else table
        model = OURS.get(name)
        return {f.alias or n for n, f in model.model_fields.items()} if model is not None else ()

    def _unknown(self, table: str, key: str, at: Place) -> None:
        known = sorted(TABLES[table])
        near = did_you_mean(key, known)
        self.refuse((*at, key), f"unknown field{near or f', expected {choice(known)}'}", is_key=True)

    def _below(self, table: str, value: Any, at: Place, to: Place) -> Any:
        """Lower what stands in a field. What has not the shape it should have stays, and is told by the models."""
        name = table.removesuffix(ENTRY).removesuffix(VALUE)
        match value:
            case list() if table.endswith(ENTRY):
                return [self._below(name, entry, (*at, i), (*to, i)) for i, entry in enumerate(value)]
            case dict() if table.endswith(VALUE):
                return {key: self._below(name, entry, (*at, key), (*to, key)) for key, entry in value.items()}
            case dict() if name == table and table:
                return self.lower(table, value, at, to)
        return value

    def kind(self, what: str, node: Document, at: Place) -> str | None:
        """Return the type of an object, or None after telling that there is none that could be used."""
        known = TYPES[what]
        if "type" not in node:
            self.refuse((*at, "type"), f"missing, expected {choice(known)}")
            return None
        found = node["type"]
        row = known.get(found) if isinstance(found, str) else None
        if row is None:
            near = did_you_mean(found, list(known))
            self.refuse((*at, "type"), f"got {shown(found)}, expected {choice(known)}{near}")
            return None
        if row.kind is Kind.REFUSED:
            self.refuse((*at, "type"), f"{shown(found)} is not supported: {row.text}")
            return None
        if row.kind is not Kind.HONOURED:
            self.note((*at, "type"), row.kind, f"{shown(found)}: {row.text}")
        return str(found)

    def entries(self, node: Document, key: str, at: Place) -> list[tuple[Document, Place]]:
        """Return the objects in the list of a field, each with its place; tell of what is none."""
        found = node.get(key, [])
        if not isinstance(found, list):
            self.refuse((*at, key), f"got {shown(found)}, expected a list")
            return []
        objects = []
        for index, entry in enumerate(found):
            if isinstance(entry, dict):
                objects.append((entry, (*at, key, index)))
            else:
                self.refuse((*at, key, index), f"got {shown(entry)}, expected an object")
        return objects

    def add(self, lowered: Document, to: Place, key: str, value: Any, origin: Place) -> None:
        """Put a field into an object that the original has not, or has elsewhere."""
        lowered[key] = value
        self.origins[*to, key] = origin


def origin(origins: Mapping[Place, Place], place: Place) -> Place:
    """Return where a place of the lowered document comes from, given where the parts around it do."""
    around = next(length for length in range(len(place), -1, -1) if place[:length] in origins or not length)
    return (*origins.get(place[:around], ()), *place[around:])


def is_variable(value: object) -> bool:
    """Say whether a value is known only when variables are replaced."""
    return isinstance(value, str) and "$" in value


def _is_harmless(value: object, harmless: Collection[object]) -> bool:
    return any(type(value) is type(one) and value == one for one in harmless)
