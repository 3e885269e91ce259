"""The realms of a router: those of its configuration, and those that are made on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from wamp.protocol.uris import is_reserved, is_valid_realm
from wamprouter import config
from wamprouter.realm.realm import Realm

__all__ = ["Realms"]


class Realms:
    """Finds a realm by its name; makes it, if the configuration has a template for such."""

    def __init__(self, make: Callable[[config.Realm], Realm], end: Callable[[Realm], None] = lambda _: None) -> None:
        """``end`` is told of a realm that was made on demand and is forgotten."""
        self._make = make
        self._end = end
        self._fixed: Mapping[str, Realm] = {}
        self._template: config.RealmTemplate | None = None
        self._on_demand: dict[str, Realm] = {}

    def replace(self, fixed: Mapping[str, Realm], template: config.RealmTemplate | None) -> Callable[[], None]:
        """Have these realms from now on, and those made on demand only as long as there is a template.

        Return what takes that back.
        """
        before = self._fixed, self._template, self._on_demand
        kept = {} if template is None else {name: realm for name, realm in self._on_demand.items() if name not in fixed}
        self._fixed, self._template, self._on_demand = fixed, template, kept

        def take_back() -> None:
            self._fixed, self._template, self._on_demand = before

        return take_back

    def __iter__(self) -> Iterator[Realm]:
        yield from self._fixed.values()
        yield from self._on_demand.values()

    def __getitem__(self, name: str) -> Realm:
        return self._fixed.get(name) or self._on_demand[name]

    def is_on_demand(self, realm: Realm) -> bool:
        """Tell whether a realm was made because somebody wanted to join it."""
        return self._on_demand.get(realm.name) is realm

    def may_have(self, name: str) -> bool:
        """Tell whether there is a realm of that name, or may be. Nothing is made for somebody who has not shown who it is."""
        return self.existing(name) is not None or self._is_for_template(name)

    def existing(self, name: str) -> Realm | None:
        """Return the realm of that name; None if there is none now. None is made."""
        return self._fixed.get(name) or self._on_demand.get(name)

    def get(self, name: str) -> Realm | None:
        """Return the realm of that name; None if there is none and none may be made."""
        return self.existing(name) or self._made(name)

    def _made(self, name: str) -> Realm | None:
        template = self._template
        if template is None or not self._is_for_template(name):
            return None
        if len(self._on_demand) >= template.max_realms:
            self._forget_empty_ones()
        if len(self._on_demand) >= template.max_realms:
            return None
        realm = self._on_demand[name] = self._make(template.realm(name))
        return realm

    def _forget_empty_ones(self) -> None:
        empty = [realm for realm in self._on_demand.values() if not realm.sessions]
        for realm in empty:
            del self._on_demand[realm.name]
        for realm in empty:
            self._end(realm)

    def _is_for_template(self, name: str) -> bool:
        return self._template is not None and is_valid_realm(name) and not is_reserved(name)
