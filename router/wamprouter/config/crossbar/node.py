"""A Crossbar node becomes one document of our form: the level of workers goes, their parts are put together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from wamprouter.config.auth import ANONYMOUS_ROLE
from wamprouter.config.crossbar import realms, transports
from wamprouter.config.crossbar.components import container_component, guest, router_component
from wamprouter.config.crossbar.lowering import Document, Walk, is_variable, origin
from wamprouter.config.crossbar.notes import Kind, Note
from wamprouter.config.crossbar.shapes import SPECIAL
from wamprouter.config.environment import substitute
from wamprouter.config.node import NodeConfig
from wamprouter.config.problems import Place, Problem, shown
from wamprouter.config.safety import unsafe

__all__ = ["Lowered", "lower"]

VERSION: Final = 2
_OWN_LISTS: Final = ("version", "realms", "transports", "components", "pythonpath", "environment")

_ALL_INTERFACES = "listens on all interfaces, as in Crossbar; our own form listens on loopback by default"
_LOOPBACK = (
    'listens on loopback only, because anonymous peers may register or publish everything: write "interface": "{}" here '
    'and "insecure": true at the top of the file to open it to everyone as in Crossbar'
)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A Crossbar document in our form, and what there is to say about it."""

    document: Document
    notes: tuple[Note, ...]
    problems: tuple[Problem, ...]
    origins: Mapping[Place, Place]

    def origin(self, place: Place) -> Place:
        """Return where in the original document a place of the lowered one comes from."""
        return origin(self.origins, place)


def lower(document: Document, *, environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> Lowered:
    """Return a Crossbar document in our form, with its variables as they are written.

    What they become only says which workers are disabled, and whether a transport may be open to all.
    """
    return _Node(document, lambda part: substitute(part, environ, folder)).lowered()


class _Node:
    def __init__(self, document: Document, substituted: Callable[[Any], tuple[Any, list[Problem]]]) -> None:
        self._document = document
        self._substituted = substituted
        self._walk = Walk(SPECIAL)
        self._pythonpath: list[Any] = []
        self._variables: Document = {}
        self._realms: list[Document] = []
        self._transports: list[Document] = []
        self._components: list[Document] = []
        self._wide: list[int] = []  # transports that Crossbar opens on all interfaces

    def lowered(self) -> Lowered:
        walk = self._walk
        version = self._document.get("version")
        if version is None:
            walk.note((), Kind.DIFFERS, f'has no version, and is read as version {VERSION}: write "version": {VERSION}')
        elif version != VERSION:
            walk.refuse(
                ("version",),
                f"got {shown(version)}, expected {VERSION}: `crossbar upgrade` turns older files into version {VERSION}",
            )
        own = {key: f for key, f in _own_fields().items() if key in self._document}
        rest = {key: value for key, value in self._document.items() if key not in own}
        walk.fields("node", rest, (), (), taken=("version", "controller", "workers"))
        if isinstance(rest.get("controller"), dict):
            walk.fields("controller", rest["controller"], ("controller",), ("controller",))
        self._workers()
        document = {
            "version": 1,
            **{key: self._document[key] for key in own},
            **({"pythonpath": self._pythonpath} if self._pythonpath else {}),
            **({"environment": self._variables} if self._variables else {}),
            "realms": self._realms,
            "transports": self._transports,
            **({"components": self._components} if self._components else {}),
        }
        self._tell_of_nothing()
        realms.told_twice(walk, self._realms)
        self._give_roles()
        self._rename_twins()
        self._open(document)
        return Lowered(document, tuple(walk.notes), tuple(walk.problems), walk.origins)

    def _tell_of_nothing(self) -> None:
        """Tell that there are no realms or no transports, unless that follows from another mistake."""
        walk = self._walk
        for name, found in (("realms", self._realms), ("transports", self._transports)):
            if not found:
                walk.origins[name,] = walk.problems[0].place if walk.problems else ("workers",)
                if not walk.problems:
                    walk.refuse(("workers",), f"expected a router with at least one of {shown(name)}")

    def _workers(self) -> None:
        walk = self._walk
        workers = [
            (worker, at)
            for worker, at in walk.entries(self._document, "workers", ())
            if not self._is_disabled(worker, at)
        ]
        routers = [
            transport
            for worker, _ in workers
            if worker.get("type") == "router" and isinstance(worker.get("transports"), list)
            for transport in self._substituted(worker["transports"])[0]
        ]
        for worker, at in workers:
            match walk.kind("worker", worker, at):
                case "router":
                    self._router(worker, at)
                case "container":
                    self._options(walk.fields("container", worker, at, at, taken=("components",)), (*at, "options"))
                    for component, place in walk.entries(worker, "components", at):
                        to = ("components", len(self._components))
                        self._keep(self._components, self._contained(component, place, to, routers))
                case "guest":
                    self._components.append(guest(walk, worker, at, ("components", len(self._components))))
                case "websocket-testee":
                    self._options(walk.fields("websocket-testee", worker, at, at, taken=("transport",)), at)
                    self._testee(worker, at)

    def _contained(self, component: Document, at: Place, to: Place, transports: list[Any]) -> Document | None:
        destination = self._substituted(component.get("transport"))[0]
        return container_component(self._walk, component, at, to, destination, transports)

    def _router(self, worker: Document, at: Place) -> None:
        walk = self._walk
        kept = walk.fields("router", worker, at, at, taken=("realms", "transports", "components"))
        self._options(kept, (*at, "options"))
        for realm, place in walk.entries(worker, "realms", at):
            self._realms.append(realms.realm(walk, realm, place, ("realms", len(self._realms))))
        for transport, place in walk.entries(worker, "transports", at):
            self._listen(transport, transports.transport(walk, transport, place, self._next_transport()))
        for component, place in walk.entries(worker, "components", at):
            to = ("components", len(self._components))
            self._keep(self._components, router_component(walk, component, place, to))

    def _next_transport(self) -> Place:
        return ("transports", len(self._transports))

    def _keep(self, where: list[Document], lowered: Document | None) -> None:
        if lowered is not None:
            where.append(lowered)

    def _listen(self, original: Document, lowered: Document | None) -> None:
        if lowered is None:
            return
        if transports.is_open_by_default(original.get("endpoint")):
            self._wide.append(len(self._transports))
        self._transports.append(lowered)

    def _testee(self, worker: Document, at: Place) -> None:
        transport = worker.get("transport")
        if not isinstance(transport, dict):
            self._walk.refuse((*at, "transport"), "missing or no object, expected a WebSocket transport")
            return
        self._listen(transport, transports.testee(self._walk, transport, (*at, "transport"), self._next_transport()))

    def _is_disabled(self, worker: Document, at: Place) -> bool:
        """Say whether a worker is not to be started; any value of a variable but an empty one says so."""
        options = worker.get("options")
        written = options.get("disabled") if isinstance(options, dict) else None
        disabled = written
        if isinstance(written, str):
            value, problems = self._substituted(written)
            disabled = bool(value) and not problems
            if is_variable(written):
                self._walk.note(
                    (*at, "options", "disabled"), Kind.DIFFERS, "a converted file has this as the environment is now"
                )
        if disabled:
            self._walk.note(at, Kind.IGNORED, "the worker is disabled")
        return bool(disabled)

    def _options(self, worker: Document, at: Place) -> None:
        """Take over what the options of a worker mean for the process."""
        options = worker.get("options")
        if not isinstance(options, dict):
            return
        folders = options.get("pythonpath", [])
        if isinstance(folders, list):
            for index, folder in enumerate(folders):
                self._walk.origins["pythonpath", len(self._pythonpath)] = (*at, "pythonpath", index)
                self._pythonpath.append(folder)
        else:
            self._walk.refuse((*at, "pythonpath"), f"got {shown(folders)}, expected a list")
        env = options.get("env")
        variables = env.get("vars", {}) if isinstance(env, dict) else {}
        if not isinstance(variables, dict):
            self._walk.refuse((*at, "env", "vars"), f"got {shown(variables)}, expected an object")
            return
        for name, value in variables.items():
            if self._variables.setdefault(name, value) != value:
                self._walk.refuse(
                    (*at, "env", "vars", name),
                    "another worker gives this variable another value, and all share one process: rename one of them",
                )
            self._walk.origins["environment", name] = (*at, "env", "vars", name)

    def _give_roles(self) -> None:
        """Add the roles that Crossbar has without being told, where something needs them."""
        for component in self._components:
            realms.ensure_role(self._realms, component.get("realm"), component.get("role"))
        if self._realms and _has_service_without_auth(self._transports):
            known = [
                role.get("name")
                for realm in self._realms
                if isinstance(realm.get("roles"), list)
                for role in realm["roles"]
                if isinstance(role, dict)
            ]
            if ANONYMOUS_ROLE not in known:
                realms.ensure_role(self._realms, self._realms[0].get("name"), ANONYMOUS_ROLE)

    def _rename_twins(self) -> None:
        """Tell ids apart that are the same in two workers, where that is no mistake."""
        for name, things in (("transports", self._transports), ("components", self._components)):
            seen: dict[str, Place] = {}
            for index, thing in enumerate(things):
                found, at = thing.get("id"), self._walk.origin((name, index))
                if not isinstance(found, str):
                    continue
                if found in seen and seen[found][:2] != at[:2]:
                    thing["id"] = f"{found}-{index + 1}"
                    self._walk.note(
                        (*at, "id"), Kind.DIFFERS, f"another worker has this id too: it becomes {thing['id']}"
                    )
                seen.setdefault(found, at)

    def _open(self, document: Document) -> None:
        """Listen on all interfaces as Crossbar does, but not where that would open the router to strangers."""
        for index in self._wide:
            endpoint = self._transports[index]["endpoint"]
            if isinstance(endpoint, dict) and "interface" not in endpoint:
                endpoint["interface"] = transports.all_interfaces(endpoint)
        too_open = _unsafe(self._substituted(document)[0])
        for index in self._wide:
            endpoint, to = self._transports[index]["endpoint"], ("transports", index, "endpoint")
            if not isinstance(endpoint, dict):
                continue
            at = self._walk.origin(to)
            if index in too_open:
                self._walk.note(at, Kind.DIFFERS, _LOOPBACK.format(endpoint.pop("interface")))
            else:
                self._walk.note(at, Kind.HONOURED, _ALL_INTERFACES)


def _own_fields() -> Mapping[str, Any]:
    """Return what may stand at the top of a Crossbar file although it is our own: "insecure", limits."""
    return {
        field.alias or name: field
        for name, field in NodeConfig.model_fields.items()
        if name not in (*_OWN_LISTS, "json_schema")
    }


def _unsafe(document: Any) -> set[int]:
    """Return the transports that a document without variables opens to strangers; none if it has mistakes to tell."""
    try:
        config = NodeConfig.model_validate(document)
    except ValidationError:
        return set()
    return {int(problem.place[1]) for problem in unsafe(config)}


def _has_service_without_auth(transports: list[Document]) -> bool:
    def services(node: Any) -> bool:
        if not isinstance(node, dict):
            return False
        if node.get("type") in ("websocket", "rawsocket"):
            return "auth" not in node
        paths = node.get("paths")
        return isinstance(paths, dict) and any(services(path) for path in paths.values())

    return any(services(transport) for transport in transports)
