"""What happens in realms, counted by broker, dealer and inbox as they do it.

The frequent messages have a field each, as an addition to one is the cheapest thing that can be remembered of them. Labels have
bounds: an application makes up its URIs, and a realm may have been made on demand by whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from wamp.protocol import errors
from wamp.protocol.messages import Message
from wamp.protocol.uris import Match
from wamprouter.statistics.timing import Moment, Timing

__all__ = ["KNOWN_ERRORS", "MOST_PROCEDURES", "MOST_REALMS", "OTHER", "Label", "Procedures", "Tallies", "Tally"]

OTHER: Final = "other"
"""What stands for everything that has no name of its own here."""

OWN: Final = ("wamp.", "router.")
"""How the router's own procedures begin: all of one kind are counted together, as ``wamp.*``."""

MOST_REALMS: Final = 100
MOST_PROCEDURES: Final = 50
"""Of the whole router, those apart that the operator names. A histogram is 18 lines of ``/metrics``."""

KNOWN_ERRORS: Final = frozenset(
    found.uri for found in vars(errors).values() if isinstance(found, type) and issubclass(found, errors.WampError)
)
"""The URIs that are counted apart: those of the protocol. An application makes up its own."""


class Label(NamedTuple):
    """What a call is counted under."""

    realm: str
    procedure: str
    match: str


class Procedures:
    """The timings of procedures: of those that are named, and of those that come first."""

    def __init__(self, moment: Moment, named: Iterable[str] = (), most: int = MOST_PROCEDURES) -> None:
        self._moment = moment
        self.named = frozenset(named)
        """Those that are shown apart whenever they are registered. May be replaced at any time."""
        self._left = most
        self._timings: dict[Label, Timing] = {}

    def __iter__(self) -> Iterator[tuple[Label, Timing]]:
        return iter(self._timings.items())

    def timing(self, realm: str, procedure: str, match: Match) -> Timing:
        """Return where calls of a registration are counted, the same each time."""
        own = next((prefix for prefix in OWN if procedure.startswith(prefix)), None)
        if own is not None:
            label = Label(realm, f"{own}*", Match.PREFIX.value)
        else:
            label = Label(realm, procedure, match.value)
            if label not in self._timings and not self._has_room(procedure):
                label = Label(realm, OTHER, "")
        found = self._timings.get(label)
        if found is None:
            found = self._timings[label] = Timing(self._moment)
        return found

    def _has_room(self, procedure: str) -> bool:
        if procedure in self.named:
            return True
        if self._left > 0:
            self._left -= 1
            return True
        return False


class Tally:
    """What has happened in one realm, or in all those that have no tally of their own."""

    __slots__ = (
        "calls_continued",
        "calls_ignored",
        "calls_refused",
        "errors",
        "events",
        "invoked",
        "late_yields",
        "own_yields",
        "procedures",
        "publications",
        "realm",
        "received",
        "reinvoked",
        "unsaid_errors",
        "withheld_events",
        "yields",
    )

    def __init__(self, realm: str, procedures: Procedures) -> None:
        self.realm = realm
        """Its label: the name of the realm, or OTHER."""
        self.procedures = procedures
        self.calls_refused = 0
        """CALLs that were answered with an error at once."""
        self.calls_continued = 0
        """CALLs that were the next part of another one."""
        self.calls_ignored = 0
        """CALLs that would have been, if that one had not been over already."""
        self.yields = 0
        """YIELDs."""
        self.own_yields = 0
        """Results of the meta API."""
        self.late_yields = 0
        """YIELDs that nobody waited for any more."""
        self.publications = 0
        """PUBLISHes."""
        self.received: dict[type[Message], int] = {}
        """All other messages of sessions, by their kind."""
        self.invoked = 0
        """Calls that were handed to a callee, each once."""
        self.reinvoked = 0
        """Calls that were handed to another callee after that, each time."""
        self.events = 0
        """Events that were handed on, counted once for each receiver."""
        self.withheld_events = 0
        """Those that were not, because their payload is for who knows payload passthru mode only."""
        self.errors: dict[str, int] = {}  # URI of ours, or OTHER -> requests that failed with it
        self.unsaid_errors = 0
        """Those of publications that nobody is told of."""

    @property
    def calls(self) -> int:
        """CALLs. They are not counted as such: nearly each one is handed to a callee, and counted then."""
        return self.invoked + self.calls_refused + self.calls_continued + self.calls_ignored

    def receive(self, kind: type[Message]) -> None:
        """Count a message that is not among the frequent ones."""
        self.received[kind] = self.received.get(kind, 0) + 1

    def fail(self, uri: str) -> None:
        """Count a request that is answered with an error, or would be if its sender wanted to know."""
        if uri not in KNOWN_ERRORS:
            uri = OTHER
        self.errors[uri] = self.errors.get(uri, 0) + 1

    def timing(self, procedure: str, match: Match) -> Timing:
        """Return where calls of a registration are counted."""
        return self.procedures.timing(self.realm, procedure, match)


class Tallies:
    """The tallies of a router's realms. One outlives its realm: what has been counted does not become less."""

    def __init__(self, procedures: Procedures, most: int = MOST_REALMS) -> None:
        self.procedures = procedures
        self._most = most
        self._tallies: dict[str, Tally] = {}

    def __iter__(self) -> Iterator[Tally]:
        return iter(self._tallies.values())

    def of(self, realm: str) -> Tally:
        """Return the tally of a realm, the same each time."""
        if realm not in self._tallies and len(self._tallies) >= self._most:
            realm = OTHER
        found = self._tallies.get(realm)
        if found is None:
            found = self._tallies[realm] = Tally(realm, self.procedures)
        return found
