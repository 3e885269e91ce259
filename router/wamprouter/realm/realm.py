"""A realm: a broker, a dealer, and the sessions that meet there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import RequestError, Unavailable
from wamp.protocol.ids import RouterIds
from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    EventReceived,
    Goodbye,
    Message,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Yield,
)
from wamp.protocol.roles import announcement
from wamp.protocol.uris import Match
from wamprouter.authz import Action, Decision
from wamprouter.realm import broker, dealer, facts, meta
from wamprouter.realm.delivery import Delivery, refusal
from wamprouter.realm.policies import Choose
from wamprouter.realm.settings import DEFAULT, Settings
from wamprouter.realm.testaments import Testaments
from wamprouter.statistics.tally import Procedures, Tally
from wamprouter.statistics.timing import Moment

if TYPE_CHECKING:
    from wamprouter.authz import AnyRole
    from wamprouter.realm.registrations import Registration
    from wamprouter.session import Session
    from wamprouter.store import EventStore

__all__ = ["ROUTER_ROLES", "Realm"]

ROUTER_ROLES: Final = announcement(
    {
        "broker": sorted((*broker.FEATURES, *meta.FEATURES["broker"])),
        "dealer": sorted((*dealer.FEATURES, *meta.FEATURES["dealer"])),
    }
)
"""``WELCOME.Details.roles``."""


class Realm:
    """One routing namespace. Sessions of different realms never meet."""

    def __init__(
        self,
        name: str,
        roles: Mapping[str, AnyRole],
        *,
        publications: Iterator[int],
        tell: facts.Tell,
        now: Callable[[], float],
        wall_clock: Callable[[], float],
        choose: Choose,
        wake: Callable[[float], None],
        store: EventStore,
        refuse_publication: Callable[[Session, Publish], RequestError | None],
        settings: Settings = DEFAULT,
        tally: Tally | None = None,
    ) -> None:
        """``wall_clock`` returns seconds since 1970, as they are told to clients; ``store`` keeps event history.

        ``refuse_publication`` says why a session may not publish something at its end, or None: nobody else can be asked then.
        ``now`` is in seconds too and never goes back; ``wake`` is told when ``expire`` must be called sooner than known.
        ``tally`` counts what happens here; without one nobody wants to know.
        """
        self.name = name
        self.roles = roles
        self.settings = settings
        self.tally = tally = Tally(name, Procedures(Moment(now))) if tally is None else tally
        self.sessions: dict[int, Session] = {}  # session id -> Session
        self.tell_others = tell
        self._meta: meta.Meta | None = None
        # What the meta API has to do: looked at after every message, hence not asked of it.
        self._asked: Mapping[int, object] = {}
        self._news: list[facts.Fact] = []
        self.broker = broker.Broker(
            realm=name,
            ids=RouterIds(),
            publications=publications,
            tell=self._tell,
            tally=tally,
            settings=settings,
            wall_clock=wall_clock,
            store=store,
        )
        self.testaments = Testaments(
            limit=settings.max_testaments, refuse=refuse_publication, publish=self.broker.publish
        )
        self.dealer = dealer.Dealer(
            ids=RouterIds(),
            tell=self._tell,
            tally=tally,
            settings=settings,
            now=now,
            wall_clock=wall_clock,
            choose=choose,
            wake=wake,
        )
        self._routes: Mapping[type[Message], Callable[[Session, Any], list[Delivery]]] = {
            Publish: self.broker.publish,
            Subscribe: self.broker.subscribe,
            Unsubscribe: self.broker.unsubscribe,
            Call: self.dealer.call,
            Cancel: self.dealer.cancel,
            Yield: self.dealer.yield_,
            Error: self.dealer.error,
            Register: self.dealer.register,
            Unregister: self.dealer.unregister,
            EventReceived: self.broker.event_received,
        }

    def configure(self, roles: Mapping[str, AnyRole], settings: Settings, tell: facts.Tell) -> None:
        """Take new roles and settings, which ``revise`` applies to who is here already.

        That can be taken back by another ``configure``. ``resize`` cannot.
        """
        self.roles = roles
        self.settings = settings
        self.tell_others = tell
        self.broker.configure(settings)
        self.dealer.configure(settings)
        self.testaments.limit = settings.max_testaments

    def resize(self) -> None:
        """Forget what is kept beyond what the settings say, and begin to keep what they say."""
        self.broker.resize(self.settings)

    def close(self) -> None:
        """Let go of what is kept of this realm, which is no more. Everybody has left it."""
        self.broker.close()

    def revise(self, session: Session, reason: str) -> list[Delivery]:
        """Give a session the role that now has the name of its old one; return what it and others must hear of that.

        What it holds and may no longer have is revoked. What cannot be decided at once stays: who has decided it before
        would have to be asked again.
        """
        session.role = self.roles[session.role.name].for_session(session)
        deliveries: list[Delivery] = []
        for registration in list(session.registrations.values()):
            if _is_denied(session, Action.REGISTER, registration.procedure, registration.match):
                deliveries += self.dealer.revoke(registration, session, reason)
        for subscription in list(session.subscriptions.values()):
            if _is_denied(session, Action.SUBSCRIBE, subscription.topic, subscription.match):
                deliveries += self.broker.revoke(subscription, session, reason)
        return self._attended(deliveries)

    def drain(self) -> None:
        """Take no new calls from now on: the router stops. What is in flight comes to its end."""
        self._routes = {**self._routes, Call: self._refuse_call}

    def _refuse_call(self, session: Session, message: Call) -> list[Delivery]:
        # Taken are: more of a progressive call, what the router itself asks, and what a callee needs for its answer.
        if message.request in session.calls or session.is_own or session.invocations:
            return self.dealer.call(session, message)
        raise Unavailable("the router is shutting down")

    def open_meta_api(self, session_id: int) -> None:
        """Let the router's own session in, which can be called for the meta procedures and publishes the meta events."""
        self._meta = meta.Meta(self, session_id)
        self._asked, self._news = self._meta.session.invocations, self._meta.news
        self._meta.register()

    @property
    def registrations(self) -> Mapping[int, Registration]:
        """All registrations by their ids, in the order of their creation; none without the meta API, which keeps them."""
        return {} if self._meta is None else self._meta.registrations

    def attach(self, session: Session) -> list[Delivery]:
        """Let a session in, and return what others must hear of it."""
        self.sessions[session.id] = session
        self._tell(facts.SessionJoined(session))
        return self._attended([])

    def detach(self, session: Session) -> list[Delivery]:
        """Forget a session that has left or is lost, and return what others must hear of it."""
        return self._attended(self._forget(session))

    def expel(self, session: Session, reason: str, message: str = "", *, quietly: bool = False) -> list[Delivery]:
        """Put a session out at once; return what others must hear of it, and the GOODBYE to itself.

        It is out of all tables whatever it does: who carries its messages is told not to read them any more. ``quietly``:
        no meta events and no testaments.
        """
        before = len(self._news)
        deliveries = self._forget(session, with_testaments=not quietly)
        if quietly:
            del self._news[before:]
        self._tell(facts.SessionKilled(session))
        goodbye = Goodbye({"message": message} if message else {}, reason)
        return [*deliveries, Delivery(goodbye, (session,))]

    def _forget(self, session: Session, *, with_testaments: bool = True) -> list[Delivery]:
        if self.sessions.pop(session.id, None) is None:
            return []
        deliveries = self.dealer.detach(session)
        self.broker.detach(session)
        if with_testaments:
            deliveries += self.testaments.execute(session)
        self._tell(facts.SessionLeft(session))
        return deliveries

    def handle(self, session: Session, message: Message) -> list[Delivery]:
        """Return what an authorized message leads to; raise ProtocolViolation if it breaks the rules."""
        try:
            deliveries = self._routes[type(message)](session, message)
        except RequestError as error:
            deliveries = self.refuse(session, message, error)
        return self._attended(deliveries) if self._asked or self._news else deliveries

    def next_deadline(self) -> float | None:
        """Return when ``expire`` has something to do, None if nothing is waited for."""
        return self.dealer.next_deadline()

    def expire(self, now: float) -> list[Delivery]:
        """Return what follows from it being that late."""
        return self._attended(self.dealer.expire(now))

    def _attended(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Let the meta API do its part: answer calls of it, and tell what has happened."""
        return deliveries if self._meta is None else self._meta.attend(deliveries)

    def _tell(self, fact: facts.Fact) -> None:
        self.tell_others(fact)
        if self._meta is not None:
            self._meta.note(fact)

    @staticmethod
    def refuse(session: Session, message: Any, error: RequestError) -> list[Delivery]:
        """Answer a request with an error. A publication that asks for no acknowledgement never gets one."""
        if type(message) is Publish and not message.options.get("acknowledge"):
            session.realm.tally.fail(error.uri)
            session.realm.tally.unsaid_errors += 1
            return []
        if type(message) is Call:
            session.realm.tally.calls_refused += 1
            return dealer.Dealer.refuse(session, message, error)
        return [refusal(session, message.CODE, message.request, error)]


def _is_denied(session: Session, action: Action, uri: str, match: Match) -> bool:
    return session.role.known(action, uri, match) not in (None, Decision.PERMITTED, Decision.DISCLOSED)
