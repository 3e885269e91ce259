"""Another configuration for a router that runs: everything that can fail comes first, and then everything is changed at once.

All of it happens in one turn of the reactor, so nobody ever meets half of it. What is the same in both configurations is
left alone. Sessions that would still be admitted stay, and are not asked anything; what they hold and may not have any
more is revoked. The others are told to leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from wamprouter import config
from wamprouter.config.auth import TicketJwt
from wamprouter.config.safety import services
from wamprouter.guests import Guest
from wamprouter.local import LocalConnection
from wamprouter.realm.realm import Realm
from wamprouter.server.admission import AdmissionLimits
from wamprouter.server.listeners import Listener

if TYPE_CHECKING:
    from wamprouter.node import Behaviour, Node

__all__ = ["FAREWELL", "reload"]

FAREWELL: Final = 1.0  # seconds that clients have to answer a close frame before their connections are cut


def reload(node: Node, new: config.NodeConfig) -> list[str]:
    """Give a router another configuration; return what has changed, in words.

    Raise CannotStart, with a line for the operator, if it cannot be had. Then nothing has changed.
    """
    with ExitStack() as undo:
        change = _Change(node, new, undo)
        change.prepare()
        undo.pop_all()
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
        self._leaving: list[Listener] = []

    # -- what can fail

    def prepare(self) -> None:
        self._prepare_listeners()
        self._prepare_realms()
        self._prepare_components()
        self._prepare_guests()

    def _prepare_listeners(self) -> None:
        node = self._node
        standing = list(node.listeners)
        listeners: list[Listener] = []
        added: list[Listener] = []
        for transport in self._new.transports:
            listener = next((one for one in standing if _is_same_place(one.transport, transport)), None)
            if listener is None:
                listener = Listener(transport, node)
                added.append(listener)
            else:
                standing.remove(listener)
                if listener.transport != transport or _reads_files(transport):
                    self._in_place.append(listener.prepare(transport))
                    how = (
                        "is changed" if listener.transport != transport else "has read its certificates and keys again"
                    )
                    self._done.append(f"transport {transport.endpoint.address} {how}")
            listeners.append(listener)
        for listener in standing:
            self._done.append(f"transport {listener.transport.endpoint.address} is closed")
        self._leaving = standing
        self._open(added)
        self._in_place.append(lambda: setattr(node, "listeners", listeners))

    def _open(self, added: list[Listener]) -> None:
        """Open new ports. One that an old transport has on another interface is taken from that first."""
        for listener in self._leaving:
            if any(_share_port(listener.transport, one.transport) for one in added):
                listener.close_at_once()
                self._undo.callback(listener.listen)
        for listener in added:
            listener.listen()
            self._undo.callback(listener.close_at_once)
            self._done.append(f"transport {listener.transport.endpoint.address} is open")

    def _prepare_realms(self) -> None:
        node = self._node
        old = {realm.name: realm for realm in self._old.realms}
        fixed: dict[str, Realm] = {}
        for realm in self._new.realms:
            existing = node.realms.existing(realm.name)
            if existing is None:
                fixed[realm.name] = node.make_realm(realm)
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
                self._done.append(f"realm {other.name} is closed")
            elif template != self._old.realm_template:
                self._change_realm(other, template.realm(other.name))
        self._undo.callback(node.realms.replace(fixed, template))

    def _change_realm(self, realm: Realm, described: config.Realm) -> None:
        from wamprouter.node import Behaviour

        before = Behaviour(dict(realm.roles), realm.settings, realm.tell_others)
        after = self._node.behaviour(described)
        realm.configure(*after)
        self._undo.callback(after.retire)
        self._undo.callback(realm.configure, *before)
        self._retiring.append(before)
        self._changed_realms.add(realm)
        self._done.append(f"realm {realm.name} is changed")

    def _prepare_components(self) -> None:
        node = self._node
        standing = list(node.hosted)
        hosted: list[tuple[config.Component, LocalConnection]] = []
        for component in self._new.components:
            if isinstance(component, config.GuestComponent):
                continue
            known = next((one for one in standing if one[0] == component and one[1].is_open()), None)
            if known is not None:
                standing.remove(known)
                hosted.append(known)
                continue
            connection = node.host(component)
            self._undo.callback(connection.abort)
            hosted.append((component, connection))
            self._done.append(f"component {component.name} is started")
        for component, connection in standing:
            self._done.append(f"component {component.name} is ended")
            self._in_place.append(connection.leave)
        self._in_place.append(lambda: setattr(node, "hosted", hosted))

    def _prepare_guests(self) -> None:
        node = self._node
        standing = list(node.guests)
        guests: list[tuple[config.GuestComponent, Guest]] = []
        for component in self._new.components:
            if not isinstance(component, config.GuestComponent):
                continue
            known = next((one for one in standing if one[0] == component), None)
            if known is not None:
                standing.remove(known)
                guests.append(known)
                continue
            guest = Guest(component, node.reactor)
            guest.start()
            self._undo.callback(guest.stop)
            guests.append((component, guest))
            self._done.append(f"guest {component.name} is started")
        for component, guest in standing:
            self._done.append(f"guest {component.name} is ended")
            self._in_place.append(_calling(guest.stop))
        self._in_place.append(lambda: setattr(node, "guests", guests))

    # -- what cannot

    def carry_out(self) -> list[str]:
        node = self._node
        for behaviour in self._retiring:
            behaviour.retire()
        for put_in_place in self._in_place:
            put_in_place()
        if self._new.limits != self._old.limits:
            node.admission.limits = AdmissionLimits(**self._new.limits.model_dump())
            self._done.append("limits are changed")
        node.config = self._new
        ended = self._revise_sessions()
        if ended:
            self._done.append(f"{ended} session{'' if ended == 1 else 's'} ended")
        for listener in self._leaving:
            listener.stop_listening()
            for connection in listener.connections:
                connection.go_away()
            node.reactor.callLater(FAREWELL, _cut, listener)
        node.gates.keep(cookie for transport in self._new.transports for cookie in _cookies(transport))
        node.dispatcher.flush()
        return self._done or ["nothing has changed"]

    def _revise_sessions(self) -> int:
        node = self._node
        before = _count(node.realms)
        for listener in node.listeners:
            for connection in listener.connections:
                connection.revise(self._changed_realms)
        for _, component in node.hosted:
            component.revise(self._changed_realms)
        return before - _count(node.realms)


def _cut(listener: Listener) -> None:
    for connection in listener.connections:
        connection.drop("its transport is closed")


def _cookies(transport: config.Transport) -> Iterator[config.Cookie]:
    for _, service in services(transport):
        if isinstance(service, config.WebSocketService) and service.cookie is not None:
            yield service.cookie


def _count(realms: Iterable[Realm]) -> int:
    return sum(len(realm.sessions) for realm in realms)


def _calling(action: Callable[[], Any]) -> Callable[[], None]:
    """Return an action that returns nothing."""

    def call() -> None:
        action()

    return call


def _is_same_place(one: config.Transport, other: config.Transport) -> bool:
    """Tell whether two transports listen in the same place, so that the port can stay open."""
    a, b = one.endpoint, other.endpoint
    if isinstance(a, config.TcpEndpoint) and isinstance(b, config.TcpEndpoint):
        # Where the system chooses the port, an id tells which one it is.
        return (a.interface, a.port) == (b.interface, b.port) and (a.port != 0 or one.id == other.id)
    return isinstance(a, config.UnixEndpoint) and isinstance(b, config.UnixEndpoint) and a.path == b.path


def _share_port(one: config.Transport, other: config.Transport) -> bool:
    a, b = one.endpoint, other.endpoint
    return isinstance(a, config.TcpEndpoint) and isinstance(b, config.TcpEndpoint) and a.port == b.port != 0


def _reads_files(transport: config.Transport) -> bool:
    """Tell whether files behind a transport may have changed, although the configuration has not: certificates and keys."""
    if isinstance(transport.endpoint, config.TcpEndpoint) and transport.endpoint.tls is not None:
        return True
    return any(isinstance(service.auth.ticket, TicketJwt) for _, service in services(transport))
