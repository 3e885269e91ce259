"""Observers of what happens to a session or component, as ``ObservableMixin`` of Autobahn's has them.

An observer may return a value or something that can be awaited. What it raises reaches whoever fired the event.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["ObservableMixin"]

Observer = Callable[..., Any]


class ObservableMixin:
    """Lets others listen with ``on``, ``once`` and ``off``. ``_parent``, if there is one, hears of every event too."""

    _parent: ObservableMixin | None = None
    _valid_events: tuple[str, ...] = ()
    _listeners: dict[str, list[Observer]] | None = None

    @abstractmethod
    def _gather(self, results: list[Any]) -> Any:
        """Return an awaitable of all results, some of which must be awaited; it fails with the first error."""

    def set_valid_events(self, valid_events: Iterable[str] | None = None) -> None:
        """Name the events that there are; without names there are no limits."""
        self._valid_events = tuple(valid_events or ())

    def on(self, event: str, handler: Observer) -> None:
        """Call ``handler`` at each event of that name, with what ``fire`` was given."""
        self._check_event(event)
        if self._listeners is None:
            self._listeners = {}
        self._listeners.setdefault(event, []).append(handler)

    def once(self, event: str, handler: Observer) -> None:
        """Call ``handler`` at the next event of that name and not again."""

        def only_now(*args: Any, **kwargs: Any) -> Any:
            self.off(event, only_now)
            return handler(*args, **kwargs)

        self.on(event, only_now)

    def off(self, event: str | None = None, handler: Observer | None = None) -> None:
        """Stop calling a handler, all handlers of an event, or all."""
        if event is None:
            if handler is not None:
                raise RuntimeError("off: a handler without its event")
            self._listeners = None
            return
        self._check_event(event)
        handlers = (self._listeners or {}).get(event, [])
        if handler is None:
            handlers.clear()
        elif handler in handlers:
            handlers.remove(handler)

    def fire(self, event: str, *args: Any, **kwargs: Any) -> Any:
        """Call the handlers of an event; return an awaitable of the list of their results."""
        self._check_event(event)
        return self._gather(self._called(event, args, kwargs))

    def _called(self, event: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Call the handlers here, then those of the parents; return what they returned."""
        handlers = (self._listeners or {}).get(event, [])
        results = [handler(*args, **kwargs) for handler in tuple(handlers)]
        return results if self._parent is None else results + self._parent._called(event, args, kwargs)

    def _check_event(self, event: str) -> None:
        if self._valid_events and event not in self._valid_events:
            raise RuntimeError(f"no event {event!r}, expected one of {', '.join(self._valid_events)}")
