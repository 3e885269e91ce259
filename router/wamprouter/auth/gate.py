"""The gate of a transport: chooses the method, slows down who guesses, and lets nobody learn more than yes or no."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NoReturn

from wamp.protocol.errors import (
    AuthenticationDenied,
    AuthenticationRequired,
    JoinRefused,
    NoMatchingAuthMethod,
    WampError,
)
from wamprouter.auth import Applicant, Challenge, Grant, Later, Method, NotReady, Step
from wamprouter.auth.cookie import CookieMethod
from wamprouter.auth.principals import Denied, shown
from wamprouter.auth.throttle import Throttle
from wamprouter.authz import Access

__all__ = ["MethodGate"]

Remark = Callable[[str], None]
"""Takes a line for the operator."""

_SAME: Final = "wrong authid or credential"


class MethodGate:
    """Admits by the methods of one ``auth``, in their order.

    ``delay`` calls something after some seconds. ``remark`` is told, for the operator, who was refused and why.
    """

    def __init__(
        self,
        methods: Sequence[Method],
        throttle: Throttle,
        delay: Callable[[float, Callable[[], None]], object],
        remark: Remark,
        *,
        names_unknown: bool = False,
    ) -> None:
        self.access = Access.CLIENT
        self._methods = methods
        self._throttle = throttle
        self._delay = delay
        self._remark = remark
        self._names_unknown = names_unknown
        self._cookies = next((method for method in methods if isinstance(method, CookieMethod)), None)

    def admit(self, applicant: Applicant) -> Step:
        offered = applicant.details.authmethods or ["anonymous"]
        usable = [(method, name) for method in self._methods for name in method.names if name in offered]
        if not usable:
            self._nothing_matches(applicant)
        attempt = _Attempt(self, applicant)
        for method, name in usable:
            if self._cookies is method and not self._may_use_cookie(applicant):
                continue
            attempt.method = name
            try:
                step = method.hello(applicant, name)
            except WampError as refusal:
                raise attempt.refused(refusal) from None
            if step is not None:
                return attempt.watch(step)
        names = ", ".join(name for _, name in usable)
        raise AuthenticationRequired(f"this HELLO has not what {names} needs")

    def _nothing_matches(self, applicant: Applicant) -> NoReturn:
        known = ", ".join(method.names[0] for method in self._methods) or "none"
        if not applicant.details.authmethods:
            raise AuthenticationRequired(f"authentication is required here; methods: {known}")
        raise NoMatchingAuthMethod(f"none of the offered authentication methods is available here; methods: {known}")

    def _may_use_cookie(self, applicant: Applicant) -> bool:
        """A cookie remembers an authentication; what the configuration no longer admits is forgotten."""
        assert self._cookies is not None
        grant = self._cookies.remembered(applicant.cookie)
        if grant is None:
            return False
        if self.still_admits(grant):
            return True
        self._cookies.forget(applicant.cookie)
        return False

    def adopt(self, other: MethodGate) -> None:
        """Admit from now on as another gate does: the configuration has changed, and connections refer to this one."""
        self.access = other.access
        self._methods, self._cookies = other._methods, other._cookies
        self._names_unknown = other._names_unknown

    def close(self) -> None:
        """Admit nobody any more: the configuration has this service no longer."""
        self._methods, self._cookies = (), None

    def still_admits(self, grant: Grant) -> bool:
        method = grant.learnt_by or grant.authmethod
        return any(method in each.names and each.still_admits(grant) for each in self._methods)

    def knows_cookie(self, cookie: str) -> bool:
        return self._cookies is not None and self._cookies.remembered(cookie) is not None

    def forget(self, cookie: str | None) -> None:
        if self._cookies is not None:
            self._cookies.forget(cookie)

    # -- for attempts

    def granted(self, applicant: Applicant, grant: Grant) -> Grant:
        if grant.authmethod not in ("anonymous", "cookie"):
            self._throttle.succeeded(applicant.address, applicant.details.authid)
            if self._cookies is not None and applicant.cookie is not None:
                self._cookies.remember(applicant.cookie, grant, is_new=applicant.has_new_cookie)
        return grant

    def said(self, applicant: Applicant, method: str, refusal: WampError) -> WampError:
        """Return what the client is told of a refusal; tell the operator what really was."""
        if not isinstance(refusal, NotReady | JoinRefused):
            return refusal
        if isinstance(refusal, Denied):
            self._throttle.failed(applicant.address, applicant.details.authid)
        who = f"{shown(applicant.details.authid)} from {applicant.address} by {method}"
        self._remark(f"authentication of {who} refused: {' '.join(str(refusal).split())}")
        if not isinstance(refusal, Denied):
            return refusal
        if self._names_unknown:
            return refusal.unknown or AuthenticationDenied(_SAME)
        return AuthenticationDenied(_SAME)

    def after(self, seconds: float, action: Callable[[], Step]) -> Step:
        """Return the step that an action leads to in some seconds."""
        later = Later()

        def act() -> None:
            try:
                later.settle(action())
            except WampError as refusal:
                later.settle(refusal)

        self._delay(seconds, act)
        return later

    def reserve(self, applicant: Applicant) -> float:
        return self._throttle.reserve(applicant.address, applicant.details.authid)

    def begun(self, applicant: Applicant) -> Callable[[], None]:
        """Take it that an answer is being decided about; return what is to be called when it is."""
        return partial(self._throttle.ended, self._throttle.begun(applicant.address, applicant.details.authid))


class _Attempt:
    """One HELLO on its way: passes the steps of its method on, and everything that ends it through the gate."""

    __slots__ = ("_applicant", "_gate", "method")

    def __init__(self, gate: MethodGate, applicant: Applicant) -> None:
        self._gate = gate
        self._applicant = applicant
        self.method = ""

    def refused(self, refusal: WampError) -> WampError:
        return self._gate.said(self._applicant, self.method, refusal)

    def watch(self, step: Step, *, is_answer: bool = False) -> Step:
        if isinstance(step, Grant):
            return self._gate.granted(self._applicant, step)
        if isinstance(step, Challenge):
            answer = step.answer
            return Challenge(step.method, step.extra, lambda signature, extra: self._answered(answer, signature, extra))
        watched = Later()
        ended = self._gate.begun(self._applicant) if is_answer else None

        def settled(outcome: Step | WampError) -> None:
            if ended is not None:
                ended()
            if isinstance(outcome, WampError):
                watched.settle(self.refused(outcome))
            else:
                watched.settle(self.watch(outcome, is_answer=is_answer))

        step.then(settled)
        return watched

    def _answered(
        self, answer: Callable[[str, Mapping[str, Any]], Step], signature: str, extra: Mapping[str, Any]
    ) -> Step:
        try:
            wait = self._gate.reserve(self._applicant)
            # Waiting comes before looking: otherwise guesses sent all at once would be looked at all at once.
            step = answer(signature, extra) if not wait else self._gate.after(wait, lambda: answer(signature, extra))
        except WampError as refusal:
            raise self.refused(refusal) from None
        return self.watch(step, is_answer=True)
