"""Procedures and who implements them (basic profile, "Registering"; advanced profile, "Shared Registration").

One registration stands for one (procedure, match) of the realm; with every policy but ``single`` callees come and go in it.
What calls need of it is worked out when it changes, so that a call finds it ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import (
    InvalidArgument,
    LimitExceeded,
    NoSuchRegistration,
    ProcedureAlreadyExists,
)
from wamp.protocol.messages import Register, Registered, Unregister, Unregistered
from wamp.protocol.options import InvokePolicy, RegisterOptions, read
from wamp.protocol.uris import Match, is_reserved
from wamprouter.realm import facts
from wamprouter.realm.delivery import Delivery
from wamprouter.realm.patterns import PatternIndex
from wamprouter.realm.policies import POLICIES, Choose, of_key

if TYPE_CHECKING:
    from wamprouter.session import Session
    from wamprouter.statistics.tally import Tally
    from wamprouter.statistics.timing import Timing

__all__ = ["REROUTING", "REVOKED_BY_FORCE", "Endpoint", "Registration", "Registrations"]

REROUTING: Final = "callee.call_reroute"
REVOKED_BY_FORCE: Final = "wamp.error.unregistered"
"""The reason that a callee is given when another one has taken its registration over."""
_REVOCATION: Final = "callee.registration_revocation"

_DEFAULT_OPTIONS: Final = RegisterOptions()


class Endpoint:
    """One callee of a registration, on its own terms."""

    __slots__ = (
        "callee",
        "concurrency",
        "disclose_caller",
        "forward_timeout",
        "needs_plan",
        "number",
        "reroutes",
        "running",
    )

    def __init__(self, callee: Session, number: int, options: RegisterOptions) -> None:
        self.callee = callee
        self.number = number
        """Counts the callees of a registration in the order of registering; never given again."""
        self.running = 0
        """Its invocations, of those that have a plan; every one has, if there is a limit."""
        self.accept(options)

    def accept(self, options: RegisterOptions) -> None:
        """Take over what the callee wants."""
        self.concurrency = options.concurrency
        self.forward_timeout = options.forward_timeout
        self.disclose_caller = options.disclose_caller
        self.reroutes = options.invoke != "single" and REROUTING in self.callee.features
        """Whether a call that it cannot take may go to another one."""
        self.needs_plan = self.concurrency is not None or self.reroutes
        """Whether also a call without options needs one."""

    @property
    def is_busy(self) -> bool:
        """Whether it works on as many invocations as it wants to at a time."""
        return self.concurrency is not None and self.running >= self.concurrency


class Registration:
    """A procedure, or a pattern of procedures, and who implements it."""

    __slots__ = (
        "_has_limits",
        "_latest",
        "_previous",
        "created",
        "endpoints",
        "id",
        "invoke",
        "match",
        "plain_callee",
        "procedure",
        "timing",
    )

    def __init__(
        self, registration_id: int, procedure: str, match: Match, invoke: InvokePolicy, created: float, timing: Timing
    ) -> None:
        self.id = registration_id
        self.procedure = procedure
        self.match = match
        self.invoke = invoke
        self.created = created
        """Seconds since 1970."""
        self.timing = timing
        """Where its calls are counted."""
        self.endpoints: list[Endpoint] = []  # in the order of registering
        self.plain_callee: Session | None = None
        """Whom to hand a call without options, if nothing about that needs thought: the usual case."""
        self._latest = 0  # the number of the endpoint that came last
        self._previous = 0  # the number of the endpoint that was invoked last
        self._has_limits = False

    @property
    def callees(self) -> list[Session]:
        """All callees, in the order of their registering."""
        return [endpoint.callee for endpoint in self.endpoints]

    def add(self, callee: Session, options: RegisterOptions) -> bool:
        """Let a callee in, or change its terms if it is there; tell whether it is new."""
        endpoint = next((one for one in self.endpoints if one.callee is callee), None)
        if endpoint is None:
            self._latest += 1
            self.endpoints.append(Endpoint(callee, self._latest, options))
        else:
            endpoint.accept(options)
        self._settle()
        return endpoint is None

    def discard(self, callee: Session) -> None:
        """Let a callee go."""
        self.endpoints = [endpoint for endpoint in self.endpoints if endpoint.callee is not callee]
        self._settle()

    def _settle(self) -> None:
        self._has_limits = any(endpoint.concurrency is not None for endpoint in self.endpoints)
        self.plain_callee = None
        if len(self.endpoints) == 1 and self.match is Match.EXACT:
            (endpoint,) = self.endpoints
            if not endpoint.needs_plan and not endpoint.disclose_caller:
                self.plain_callee = endpoint.callee

    def choose(
        self, needs: frozenset[str], tried: frozenset[int], key: str | None, by_chance: Choose
    ) -> Endpoint | None:
        """Return whom to invoke, None if nobody can be.

        ``needs``: features that the callee must have announced. ``tried``: the numbers of endpoints that are unavailable.
        ``key``: of a partitioned call. It has its one callee, and does not move to another one for a time of much work.
        """
        endpoints = self.endpoints
        if needs or tried:
            endpoints = [one for one in endpoints if needs <= one.callee.features and one.number not in tried]
        if key is not None:
            endpoints = [of_key(endpoints, key)] if endpoints else []
        if self._has_limits:
            endpoints = [one for one in endpoints if not one.is_busy]
        if not endpoints:
            return None
        endpoint = POLICIES[self.invoke](endpoints, self._previous, by_chance)
        self._previous = endpoint.number
        return endpoint

    def is_able(self, needs: frozenset[str]) -> bool:
        """Tell whether any callee has announced these features."""
        return any(needs <= endpoint.callee.features for endpoint in self.endpoints)


class Registrations:
    """All registrations of a realm."""

    def __init__(self, *, ids: Iterator[int], tell: facts.Tell, tally: Tally, wall_clock: Callable[[], float]) -> None:
        self._ids = ids
        self._tell = tell
        self._tally = tally
        self._wall_clock = wall_clock
        self.limit = 0
        """Registrations of one session; set by the dealer."""
        self.index: PatternIndex[Registration] = PatternIndex()

    def register(self, session: Session, message: Register) -> list[Delivery]:
        """Register a procedure; raise ProcedureAlreadyExists if those who have registered it do not share it so.

        With ``force_reregister`` they lose it (advanced profile, "Registration Revocation").
        """
        options = read(RegisterOptions, message.options) if message.options else _DEFAULT_OPTIONS
        if options.concurrency is not None and options.concurrency < 1:
            raise InvalidArgument(f"concurrency is 1 or more, not {options.concurrency}")
        existing = self.index.get(message.procedure, options.match)
        is_held = existing is not None and existing.id in session.registrations
        # The router's own session registers what is reserved, and as much as there is.
        if not is_held and len(session.registrations) >= self.limit and not is_reserved(message.procedure):
            raise LimitExceeded(f"a session has at most {self.limit} registrations")
        revocations = []
        if existing is not None and options.force_reregister:
            for callee in existing.callees:
                revocations += self.revoke(existing, callee, REVOKED_BY_FORCE)
        elif existing is not None and (options.invoke == "single" or options.invoke != existing.invoke):
            raise ProcedureAlreadyExists(f"procedure {message.procedure} is already registered: {existing.invoke}")
        registration = self._join(session, message.procedure, options)
        return [*revocations, Delivery(Registered(message.request, registration.id), (session,))]

    def _join(self, session: Session, procedure: str, options: RegisterOptions) -> Registration:
        registration = self.index.get(procedure, options.match)
        if registration is None:
            timing = self._tally.timing(procedure, options.match)
            created = self._wall_clock()
            registration = Registration(next(self._ids), procedure, options.match, options.invoke, created, timing)
            self.index.add(procedure, options.match, registration)
            self._enter(session, registration, options)
            self._tell(facts.RegistrationCreated(session, registration))
            self._tell(facts.Registered(session, registration))
        elif self._enter(session, registration, options):
            self._tell(facts.Registered(session, registration))
        return registration

    @staticmethod
    def _enter(session: Session, registration: Registration, options: RegisterOptions) -> bool:
        session.registrations[registration.id] = registration
        return registration.add(session, options)

    def unregister(self, session: Session, message: Unregister) -> list[Delivery]:
        """End a registration; raise NoSuchRegistration for an id that the session does not hold.

        Invocations that are already with the callee go on and are answered.
        """
        registration = session.registrations.get(message.registration)
        if registration is None:
            raise NoSuchRegistration(f"no registration {message.registration} of this session")
        self._remove(session, registration)
        return [Delivery(Unregistered(message.request), (session,))]

    def revoke(self, registration: Registration, callee: Session, reason: str) -> list[Delivery]:
        """Take a registration from one of its callees; its invocations go on and are answered.

        Return what it hears of that: nothing, if it has not announced ``registration_revocation`` (advanced profile,
        "Registration Revocation"). ``reason`` is a URI; an empty one is left out.
        """
        self._remove(callee, registration)
        if _REVOCATION not in callee.features:
            return []
        details: dict[str, Any] = {"registration": registration.id}
        if reason:
            details["reason"] = reason
        return [Delivery(Unregistered(0, details), (callee,))]

    def detach(self, session: Session) -> None:
        """End all registrations of a session that has left."""
        for registration in list(session.registrations.values()):
            self._remove(session, registration)

    def _remove(self, session: Session, registration: Registration) -> None:
        registration.discard(session)
        del session.registrations[registration.id]
        if not registration.endpoints:
            self.index.discard(registration.procedure, registration.match)
        self._tell(facts.Unregistered(session, registration))
        if not registration.endpoints:
            self._tell(facts.RegistrationDeleted(session, registration))
