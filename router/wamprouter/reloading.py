"""Another configuration for a router that runs: everything that can fail comes first, and then everything is changed at once.

All of it happens in one turn of the reactor, so nobody ever meets half of it. What is the same in both configurations is
left alone. Sessions that would still be admitted stay, and are not asked anything; what they hold and may not have any
more is revoked. The others are told to leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from wamprouter import config, lean
from wamprouter.authz.dynamic import DynamicRole
from wamprouter.config.auth import TicketJwt
from wamprouter.config.safety import services
from wamprouter.guests import Guest
from wamprouter.local import LocalConnection
from wamprouter.realm.realm import Realm
from wamprouter.server.listeners import Listener

if TYPE_CHECKING:
    from wamprouter.authz import AnyRole
    from wamprouter.node import Node
    from wamprouter.realm.facts import Fact
    from wamprouter.realm.settings import Settings

__all__ = ["FAREWELL", "Behaviour", "reload"]

FAREWELL: Final = 1.0  # seconds that clients have to answer a close frame before their connections are cut

_CLOSED: Final = "this transport is no longer configured"


class Behaviour(NamedTuple):
    """What a realm can be told anew while it runs."""

    roles: dict[str, AnyRole]
    settings: Settings
    tell: Callable[[Fact], None]

    def retire(self) -> None:
        """Let go of what the roles hold outside of the realm."""
        for role in self.roles.values():
            if isinstance(role, DynamicRole):
                role.retire()


def reload(node: Node, new: config.NodeConfig, before: Callable[[list[str]], None] = lambda _: None) -> list[str]:
    """Give a router another configuration; return what has changed, in words.

    Raise CannotStart, with a line for the operator, if it cannot be had. Then nothing has changed. ``before`` is told what
    will have changed, but for the sessions that end by that, at the last moment at which everybody is still there.
    """
    if not lean.is_enough(new):
        lean.make_whole()
    with ExitStack() as undo:
        change = _Change(node, new, undo)
        change.prepare()
        undo.pop_all()
    before(change.lines)
    return change.carry_out()


class _Change:
    """The way from one configuration to another."""

    def __init__(self, node: Node, new: config.NodeConfig, undo: ExitStack) -> None:
        self._node = node
        self._old = node.config
        self._new = new
        self._undo = undo
        self._done: list[str] = []
        self._in_place: list[Callable[[], None]] = []
        self._retiring: list[Behaviour] = []
        self._changed_realms: set[Realm] = set()
        self._closed_realms: list[Realm] = []
        self._leaving: list[Listener] = []

    # -- what can fail

    def prepare(self) -> None:
        self._undo.callback(self._node.gates.keep, self._old.transports)
        self._prepare_listeners()
        self._prepare_realms()
        self._prepare_components()
        self._prepare_guests()
        self._prepare_limits()

    @property
    def lines(self) -> list[str]:
        """What changes, in words."""
        return self._done or ["nothing has changed"]

    def _prepare_limits(self) -> None:
        if self._new.limits != self._old.limits:
            self._in_place.append(lambda: self._node.limit(self._new.limits))
            self._done.append("limits are changed")

    def _prepare_listeners(self) -> None:
        node = self._node
        standing = list(node.listeners)
        listeners: list[Listener] = []
        added: list[Listener] = []
        for transport in self._new.transports:
            listener = _at_its_place(standing, transport)
            if listener is None:
                listener = Listener(transport, node)
                added.append(listener)
            else:
                standing.remove(listener)
                if listener.transport != transport:
                    self._in_place.append(listener.prepare(transport))
                    self._done.append(f"transport {listener.address} is changed")
                elif _reads_files(transport):
                    self._in_place.append(listener.prepare(transport))
                    self._done.append(f"transport {listener.address} has read its certificates and keys again")
            listeners.append(listener)
        self._leaving = standing
        self._done += [f"transport {listener.address} is closed" for listener in standing]
        self._open(added)
        self._in_place.append(lambda: setattr(node, "listeners", listeners))

    def _open(self, added: list[Listener]) -> None:
        """Open new ports. One that an old transport has on another interface is taken from that first."""
        for listener in self._leaving:
            port = listener.port
            if port is not None and any(port in _ports(one.transport) for one in added):
                listener.close_at_once()
                self._undo.callback(listener.listen, port)
        for listener in added:
            listener.listen()
            self._undo.callback(listener.close_at_once)
            self._done.append(f"transport {listener.address} is open")

    def _prepare_realms(self) -> None:
        node = self._node
        old = {realm.name: realm for realm in self._old.realms}
        fixed: dict[str, Realm] = {}
        for realm in self._new.realms:
            existing = node.realms.existing(realm.name)
            if existing is None:
                fixed[realm.name] = made = node.make_realm(realm)
                self._undo.callback(node.end_realm, made)
                self._done.append(f"realm {realm.name} is new")
            else:
                fixed[realm.name] = existing
                if old.get(realm.name) != realm:
                    self._change_realm(existing, realm)
        template = self._new.realm_template
        for other in list(node.realms):
            if other.name in fixed:
                continue
            if template is None or other.name in old:
                self._closed_realms.append(other)
                self._done.append(f"realm {other.name} is closed")
            elif template != self._old.realm_template:
                self._change_realm(other, template.realm(other.name))
        self._undo.callback(node.realms.replace(fixed, template))

    def _change_realm(self, realm: Realm, described: config.Realm) -> None:
        before = Behaviour(dict(realm.roles), realm.settings, realm.tell_others)
        after = self._node.behaviour(described)
        # Already here, because components that are to join may need a new role.
        realm.configure(*after)
        self._undo.callback(after.retire)
        self._undo.callback(realm.configure, *before)
        self._retiring.append(before)
        self._changed_realms.add(realm)
        self._done.append(f"realm {realm.name} is changed")

    def _prepare_components(self) -> None:
        node = self._node
        standing = list(node.hosted)
        hosted: list[tuple[config.SessionComponent, LocalConnection]] = []
        joining: list[tuple[config.SessionComponent, Callable[[], LocalConnection]]] = []
        for component in self._new.components:
            if isinstance(component, config.GuestComponent):
                continue
            known = next((one for one in standing if one[0] == component and one[1].is_open()), None)
            if known is not None:
                standing.remove(known)
                hosted.append(known)
            else:
                joining.append((component, node.host(component)))
        for coming, join in joining:
            connection = join()
            self._undo.callback(connection.abort)
            hosted.append((coming, connection))
            self._done.append(f"component {coming.name} is started")
        for leaving, connection in standing:
            if connection.is_open():
                self._done.append(f"component {leaving.name} is ended")
                self._in_place.append(connection.leave)
        self._in_place.append(lambda: setattr(node, "hosted", hosted))

    def _prepare_guests(self) -> None:
        node = self._node
        standing = list(node.guests)
        guests: list[tuple[config.GuestComponent, Guest]] = []
        new: list[Guest] = []
        for component in self._new.components:
            if not isinstance(component, config.GuestComponent):
                continue
            known = next((one for one in standing if one[0] == component and one[1].is_there), None)
            if known is not None:
                standing.remove(known)
                guests.append(known)
            else:
                guest = Guest(component, node.reactor)
                new.append(guest)
                guests.append((component, guest))
        leaving = [guest for _, guest in standing if guest.is_there]
        self._in_place.append(lambda: setattr(node, "guests", guests))
        for guest in new:
            self._start(guest, next((one for one in leaving if one.name == guest.name), None))
        for guest in leaving:
            self._done.append(f"guest {guest.name} is ended")
            self._in_place.append(partial(self._part_with, guest))

    def _start(self, guest: Guest, predecessor: Guest | None) -> None:
        """Start a guest; if it is another form of one that runs, once that has ended: both would want the same URIs."""
        if predecessor is None:
            guest.start()
            self._undo.callback(guest.stop)
        else:
            self._in_place.append(lambda: guest.follow(predecessor))
        self._done.append(f"guest {guest.name} is started")

    def _part_with(self, guest: Guest) -> None:
        parting = self._node.parting
        parting.append(guest)
        guest.stop().addCallback(lambda _: parting.remove(guest))

    # -- what cannot

    def carry_out(self) -> list[str]:
        node = self._node
        for behaviour in self._retiring:
            behaviour.retire()
        for put_in_place in self._in_place:
            put_in_place()
        for realm in self._changed_realms:
            realm.resize()
        node.statistics.procedures.named = frozenset(() if self._new.admin is None else self._new.admin.procedures)
        node.config = self._new
        ended = self._end_sessions()
        if ended:
            self._done.append(f"{ended} session{'' if ended == 1 else 's'} ended")
        for realm in self._closed_realms:
            node.end_realm(realm)
        node.gates.keep(self._new.transports)
        node.dispatcher.flush()
        return self.lines

    def _end_sessions(self) -> int:
        """Look at every session again; return how many are ended."""
        node = self._node
        realms = [*node.realms, *self._closed_realms]
        before = _count(realms)
        for listener in self._leaving:
            listener.retire(_CLOSED)
            node.reactor.callLater(FAREWELL, listener.cut, "its transport is closed")
        for listener in node.listeners:
            listener.revise(self._changed_realms)
        for _, component in node.hosted:
            component.revise(self._changed_realms)
        return before - _count(realms)


def _count(realms: Iterable[Realm]) -> int:
    return sum(len(realm.sessions) for realm in realms)


def _at_its_place(listeners: list[Listener], transport: config.Transport) -> Listener | None:
    """Return the listener whose port a transport can have, rather one that is the same already."""
    found = [listener for listener in listeners if _is_at_its_place(listener, transport)]
    return next((listener for listener in found if listener.transport == transport), found[0] if found else None)


def _is_at_its_place(listener: Listener, transport: config.Transport) -> bool:
    a, b = listener.transport.endpoint, transport.endpoint
    if isinstance(a, config.TcpEndpoint) and isinstance(b, config.TcpEndpoint):
        if a.port == b.port == 0:  # where the system chooses, an id tells which one it is
            return a.interface == b.interface and listener.transport.id == transport.id
        port = a.port if listener.port is None else listener.port
        return a.interface == b.interface and port in b.ports
    return isinstance(a, config.UnixEndpoint) and isinstance(b, config.UnixEndpoint) and a.path == b.path


def _ports(transport: config.Transport) -> range:
    return transport.endpoint.ports if isinstance(transport.endpoint, config.TcpEndpoint) else range(0)


def _reads_files(transport: config.Transport) -> bool:
    """Tell whether files behind a transport may have changed, although the configuration has not: certificates and keys."""
    if isinstance(transport.endpoint, config.TcpEndpoint) and transport.endpoint.tls is not None:
        return True
    return any(isinstance(service.auth.ticket, TicketJwt) for _, service in services(transport))
