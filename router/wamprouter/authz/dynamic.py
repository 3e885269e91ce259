"""Roles whose permissions are not in the configuration: a procedure of the application decides, the authorizer.

A question and its answer take a round trip through the authorizer, during which the session's later messages wait
(``wamprouter.inbox``). So an answer may say that it holds for a while (``cache``). It is remembered for the session that it is
about, because it may depend on who asks, until it is as old as the role allows, the authorizer is registered anew, or
somebody publishes to ``<authorizer>.changed``.

Whatever is no clear yes is a no. That the authorizer is not there, late, or talks nonsense is said in the log, but not each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from wamp.protocol.uris import Match, UriCheck
from wamprouter.authz import NO_OPTIONS, Access, Action, Decision, Pending, is_usable
from wamprouter.realm.facts import Fact, Registered, Tell
from wamprouter.realm.patterns import is_matched

if TYPE_CHECKING:
    from wamprouter.callers import Answer
    from wamprouter.realm.delivery import Delivery
    from wamprouter.session import Session

__all__ = ["Ask", "DynamicRole", "Rights", "noticing_authorizers"]

Ask: TypeAlias = Callable[[Sequence[Any], Callable[["Answer"], None]], None]
"""Calls the authorizer with arguments, and tells what comes of it: exactly once, possibly at once."""

# Decisions that are remembered: URIs are made up by clients. A session of a browser uses some dozen of them.
_OF_SESSION: Final = 256
_OF_ROLE: Final = 100_000
_LONGEST_URI: Final = 200

_SILENCE: Final = 60.0  # seconds between two lines about the same authorizer


class DynamicRole:
    """A role for which an authorizer decides."""

    access = Access.CLIENT

    def __init__(
        self,
        name: str,
        authorizer: str,
        *,
        realm: str,
        describe: Callable[[Session], dict[str, Any]],
        ask: Ask,
        hear: Callable[[Callable[[list[Any]], None]], Callable[[], None]],
        deliver: Callable[[Sequence[Delivery]], None],
        later: Callable[[float, Callable[[], None]], object],
        now: Callable[[], float],
        report: Callable[[str], None],
        uri_check: UriCheck = UriCheck.LOOSE,
        trustlevel: int | None = None,
        disclose: Iterable[Action] = (),
        cache_ttl: float = 60,
    ) -> None:
        """``describe`` returns what the authorizer is told of a session's connection. ``hear`` lets a function hear of ``<authorizer>.changed``, and returns what ends that. ``deliver`` takes what follows from
        an answer that came late. ``later`` does something after so many seconds.

        ``report`` gets a line about an authorizer that does not decide. ``cache_ttl``: seconds that an answer is remembered.
        """
        self.name = name
        self.authorizer = authorizer
        self.realm = realm
        self.trustlevel = trustlevel
        self.uri_check = uri_check
        self.describe = describe
        self.ask = ask
        self.deliver = deliver
        self.epoch = 0
        """Changes whenever decisions are forgotten: an answer to an older question is not remembered."""
        self.questions = 0
        """How often the authorizer was asked."""
        self.failures = 0
        """How often it did not decide."""
        self._disclose = frozenset(disclose)
        self._cache_ttl = cache_ttl
        self._later = later
        self._now = now
        self._report = report
        self._quiet_until = 0.0
        self._unreported = 0
        self._remembering: dict[Rights, None] = {}  # who remembers anything, also sessions that have left
        self._remembered = 0
        self._is_clearing = False  # whether it is due that everything is forgotten
        self._end_hearing = hear(self.heed)

    def for_session(self, session: Session) -> Rights:
        """Return what decides for a session: it has a memory of its own."""
        return Rights(self, session)

    def retire(self) -> None:
        """Decide no longer: the realm has another role of that name now, or none."""
        self._end_hearing()
        self.forget()

    # -- answers

    def read(self, answer: Answer, action: Action) -> tuple[Decision, bool]:
        """Return what an answer means, and whether it may be remembered."""
        value = answer.value
        if answer.error is not None:
            return self._failed(f"it failed with {answer.error[:_LONGEST_URI]}"), False
        if type(value) is bool:
            allow, disclose, cache = value, False, False
        elif isinstance(value, dict):
            allow, disclose, cache = (value.get(key, False) for key in ("allow", "disclose", "cache"))
            if "allow" not in value or not type(allow) is type(disclose) is type(cache) is bool:
                kinds = ", ".join(
                    f"{key}: {_kind(value[key])}" for key in ("allow", "disclose", "cache") if key in value
                )
                return self._failed(f"it returned a dictionary with {kinds or 'no allow'}"), False
        else:
            return self._failed(f"it returned {_kind(value)}"), False
        if not allow:
            return Decision.DENIED, cache
        return Decision.DISCLOSED if disclose or action in self._disclose else Decision.PERMITTED, cache

    def _failed(self, how: str) -> Decision:
        self.failures += 1
        self._unreported += 1
        now = self._now()
        if now >= self._quiet_until:
            self._quiet_until = now + _SILENCE
            count, self._unreported = self._unreported, 0
            more = f" ({count} requests were denied since the last such line)" if count > 1 else ""
            self._report(
                f"authorizer {self.authorizer} of role {self.name} in realm {self.realm} did not decide: {how}, "
                f"expected true, false or a dictionary with allow, disclose and cache{more}"
            )
        return Decision.FAILED

    # -- memory

    def note(self, rights: Rights) -> bool:
        """Take note of one more decision that is remembered; tell whether it may be."""
        if self._cache_ttl <= 0:
            return False
        if self._remembered >= _OF_ROLE:
            self.forget()
        self._remembering[rights] = None
        self._remembered += 1
        if not self._is_clearing:
            self._is_clearing = True
            self._later(self._cache_ttl, self._clear)
        return True

    def forgot(self, count: int) -> None:
        """Take note of decisions that somebody does not remember any more."""
        self._remembered -= count

    def _clear(self) -> None:
        """Forget what is as old as it may be, and what is younger too: one timer does for all."""
        self._is_clearing = False
        self.forget()

    def forget(self, uris: Collection[str] | None = None) -> None:
        """Forget decisions: those about these URIs, or all."""
        self.epoch += 1
        for rights in list(self._remembering):
            rights.forget(uris)
        if uris is None:
            self._remembering.clear()

    def heed(self, arguments: list[Any]) -> None:
        """Take an event of ``<authorizer>.changed``: URIs, in a list or one by one; none means all."""
        flat: list[Any] = []
        for argument in arguments:
            flat += argument if isinstance(argument, list) else [argument]
        # Who says it in another way means something as well: then rather all.
        is_list = bool(flat) and all(isinstance(uri, str) for uri in flat)
        self.forget(set(flat) if is_list else None)


class Rights:
    """What decides for one session: what it was told before, or else the authorizer."""

    __slots__ = ("_others", "_role", "_who", "calls", "name", "publications", "trustlevel")

    def __init__(self, role: DynamicRole, session: Session) -> None:
        self._role = role
        self.name = role.name
        self.trustlevel = role.trustlevel
        self._who = {
            "session": session.id,
            "realm": role.realm,
            "authid": session.authid,
            "authrole": role.name,
            "authmethod": session.authmethod,
            "authprovider": session.authprovider,
            "transport": role.describe(session),
        }
        self.calls: dict[str, Decision] = {}
        self.publications: dict[str, Decision] = {}
        self._others: dict[tuple[Action, str, Match], Decision] = {}

    def known(self, action: Action, uri: str, match: Match = Match.EXACT) -> Decision | None:
        """Return what is remembered, or follows from the URI alone; None if the authorizer must be asked."""
        if action is Action.CALL:
            known = self.calls.get(uri)
        elif action is Action.PUBLISH:
            known = self.publications.get(uri)
        else:
            known = self._others.get((action, uri, match))
        if known is None and not is_usable(self._role.uri_check, action, uri, match):
            return Decision.INVALID_URI
        return known

    def decide(
        self, action: Action, uri: str, match: Match = Match.EXACT, options: Mapping[str, Any] = NO_OPTIONS
    ) -> Decision | Pending:
        """Return what is known, or ask the authorizer."""
        known = self.known(action, uri, match)
        if known is not None:
            return known
        if action in (Action.SUBSCRIBE, Action.REGISTER):
            options = {**options, "match": match.value}
        question = _Question(self, self._role, action, uri, match)
        self._role.questions += 1
        self._role.ask((self._who, uri, action.value, dict(options)), question.take)
        return question.outcome()

    def remember(self, action: Action, uri: str, match: Match, decision: Decision) -> None:
        """Keep a decision for the next time."""
        if len(uri) > _LONGEST_URI:
            return
        if self._count() >= _OF_SESSION:
            self.forget()
        if not self._role.note(self):
            return
        if action is Action.CALL:
            self.calls[uri] = decision
        elif action is Action.PUBLISH:
            self.publications[uri] = decision
        else:
            self._others[action, uri, match] = decision

    def forget(self, uris: Collection[str] | None = None) -> None:
        """Forget what was decided about these URIs, or everything."""
        before = self._count()
        if uris is None:
            self.calls.clear()
            self.publications.clear()
            self._others.clear()
        else:
            for uri in uris:
                self.calls.pop(uri, None)
                self.publications.pop(uri, None)
            for key in [key for key in self._others if key[1] in uris]:
                del self._others[key]
        self._role.forgot(before - self._count())

    def _count(self) -> int:
        """Return how many decisions are remembered."""
        return len(self.calls) + len(self.publications) + len(self._others)


class _Question:
    """One question to the authorizer, which may answer before anybody can wait for it."""

    __slots__ = ("_about", "_decision", "_epoch", "_pending", "_rights", "_role")

    def __init__(self, rights: Rights, role: DynamicRole, action: Action, uri: str, match: Match) -> None:
        self._rights = rights
        self._role = role
        self._about = (action, uri, match)
        self._epoch = role.epoch
        self._decision: Decision | None = None
        self._pending: Pending | None = None

    def take(self, answer: Answer) -> None:
        """Take the answer, and go on with the message that waits for it."""
        self._decision, may_remember = self._role.read(answer, self._about[0])
        if may_remember and self._epoch == self._role.epoch:
            self._rights.remember(*self._about, self._decision)
        if self._pending is not None:
            self._role.deliver(self._pending.settle(self._decision))

    def outcome(self) -> Decision | Pending:
        """Return the decision, or what to wait for."""
        if self._decision is not None:
            return self._decision
        self._pending = Pending()
        return self._pending


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__


def noticing_authorizers(roles: Iterable[DynamicRole], tell: Tell) -> Tell:
    """Return what tells facts, and lets roles forget what an authorizer has said when there is another one."""
    roles = tuple(roles)

    def notice(fact: Fact) -> None:
        if type(fact) is Registered:
            for role in roles:
                if is_matched(role.authorizer, fact.registration.procedure, fact.registration.match):
                    role.forget()
        tell(fact)

    return notice
