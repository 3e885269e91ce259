"""What a listener is by one configuration, and what it is made with."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from wamprouter import config
from wamprouter.auth.gate import MethodGate
from wamprouter.authz import Access
from wamprouter.server.admission import Admission
from wamprouter.server.connections import Connections
from wamprouter.server.inherited import Inherited
from wamprouter.server.peer import Lobby
from wamprouter.server.turns import Turns

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm
    from wamprouter.statistics import Statistics
    from wamprouter.web.site import BoundedSite, SitePages
    from wamprouter.web.visitors import Entrance

__all__ = ["CannotStart", "Form", "Maker"]

T = TypeVar("T")


class CannotStart(Exception):
    """The router cannot start; the text is one line for the operator."""


class Maker(Protocol):
    """What a listener is made with: the router's parts that a connection needs."""

    lobby: Lobby
    reactor: Any
    now: Callable[[], float]
    admission: Admission
    turns: Turns
    inherited: Inherited
    statistics: Statistics

    def gate(self, auth: config.Auth, cookie: config.Cookie | None = None) -> MethodGate: ...

    def obstacles(self) -> list[str]:
        """Return why clients should not be sent here now; nothing if they may be."""
        ...

    def about(self) -> dict[str, Any]:
        """Return what runs here, for those who run it."""
        ...


class Form:
    """What a listener is in one form of its configuration: a ``Maker`` whose gates and whose web server outlive it.

    Connections refer to the gate of their service. So that one keeps its gate when the configuration changes, and that gate
    learns to admit as the new configuration says. In the same way a connection of HTTP keeps its web server, a path of
    long-poll the connections that are made of requests to it, and a path of the HTTP bridge its sessions and what it remembers.
    """

    def __init__(self, maker: Maker, before: Form | None = None, access: Access = Access.CLIENT) -> None:
        """``access``: which entrance it is."""
        self.maker = maker
        self.access = access
        self.gates: dict[str, MethodGate] = {}  # path of a service, "" where there are no paths -> its gate
        self.polls: dict[str, dict[str, Any]] = {}  # path -> id -> connection that is made of requests
        self.entrances: dict[str, Entrance] = {}  # path -> where its requests enter a realm
        self.memories: dict[str, Any] = {}  # path -> what it remembers of the requests that it has had
        self.site: BoundedSite | None = None
        self.ends: list[Callable[[], None]] = []
        """What is to be done when this form serves nobody any more."""
        self._retired: list[Entrance] = []
        self._before = before
        self._successors: list[tuple[MethodGate, MethodGate]] = []
        self._pages: SitePages | None = None

    def gate(self, auth: config.Auth, cookie: config.Cookie | None, path: str) -> MethodGate:
        """Return the gate of a service; raise CannotStart if there can be none as it is configured."""
        made = self.maker.gate(auth, cookie)
        made.access = self.access
        gate = None if self._before is None else self._before.gates.get(path)
        if gate is None:
            gate = made
        else:
            self._successors.append((gate, made))
        self.gates[path] = gate
        return gate

    def poll_table(self, path: str) -> dict[str, Any]:
        """Return the table of the connections that are made of requests to a path."""
        before = {} if self._before is None else self._before.polls
        return self.polls.setdefault(path, before.get(path, {}))

    def entrance(self, path: str, realm: str, role: str) -> Entrance:
        """Return where the requests to a path enter a realm: the one of before, if it leads to the same role there."""
        from wamprouter.web.visitors import Entrance

        before = None if self._before is None else self._before.entrances.get(path)
        if before is None or (before.realm, before.role) != (realm, role):
            before = Entrance(self.maker, path, realm, role)
        self.entrances[path] = before
        return before

    def memory(self, path: str, make: Callable[[], T]) -> T:
        """Return what a path remembers of the requests that it has had: a reload must not let them come again."""
        before = {} if self._before is None else self._before.memories
        memory: T = self.memories.setdefault(path, before[path] if path in before else make())
        return memory

    @property
    def in_flight(self) -> int:
        """How many requests of the HTTP bridge are being answered."""
        return sum(entrance.in_flight for entrance in self.entrances.values())

    def revise(self, changed: Container[Realm]) -> None:
        """Look at the sessions of the HTTP bridge again: the configuration is another one now, and so are these realms."""
        for entrance in (*self.entrances.values(), *self._retired):
            entrance.revise(changed)

    def leave(self) -> None:
        """End the sessions of the HTTP bridge: the router stops."""
        for entrance in self.entrances.values():
            entrance.leave()

    def serve(self, pages: SitePages, connections: Connections) -> BoundedSite:
        """Return the web server that has these pages, once this form is put in place."""
        from wamprouter.web.site import BoundedSite

        before = None if self._before is None else self._before.site
        self._pages = pages
        self.site = BoundedSite(pages, connections) if before is None else before
        return self.site

    def put_in_place(self) -> None:
        """Let the gates admit as this form says, and those of services that are gone nobody any more."""
        before, self._before = self._before, None
        assert before is not None
        for gate, successor in self._successors:
            gate.adopt(successor)
        for path, gate in before.gates.items():
            if path not in self.gates:
                gate.close()
        for path, table in before.polls.items():
            if path not in self.polls:
                for connection in list(table.values()):
                    connection.go_away("this path is no longer configured")
        self._retired = [one for path, one in before.entrances.items() if self.entrances.get(path) is not one]
        for entrance in self._retired:
            entrance.retire()
        if self.site is not None and self._pages is not None:
            self.site.serve(self._pages)
        elif before.site is not None:
            before.site.retire()
        before.end()
        self._successors, self._pages = [], None

    def retire(self) -> None:
        """Admit nobody any more, by whichever connection."""
        for gate in self.gates.values():
            gate.close()
        self.leave()
        if self.site is not None:
            self.site.retire()
        self.end()

    def end(self) -> None:
        """Do what is to be done when this form serves nobody any more."""
        ends, self.ends = self.ends, []
        for end in ends:
            end()
