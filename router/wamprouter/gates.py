"""Makes the gates of transports from their configuration: the part of the composition root that is about who may join.

What outlives a reload is here as well: the failed attempts, what cookies stand for, and the functions that are asked.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import time
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure as Raised

from wamp.exception import ApplicationError
from wamp.protocol.errors import (
    AuthenticationFailed,
    CallTimeout,
    InvalidArgument,
    ProtocolViolation,
    Unavailable,
    WampError,
)
from wamp.protocol.serializers import TranscodingError
from wamprouter import config
from wamprouter.auth import Later, Method, NotReady, Step
from wamprouter.auth.anonymous import AnonymousMethod, AskedAnonymous
from wamprouter.auth.cookie import CookieMethod
from wamprouter.auth.gate import MethodGate
from wamprouter.auth.principals import Ask, Asked, Failure, Principal, Principals, Static
from wamprouter.auth.throttle import Throttle
from wamprouter.callers import Answer, Caller
from wamprouter.config import auth as settings
from wamprouter.config.auth import methods as configured_methods
from wamprouter.config.safety import services
from wamprouter.local import CODEC
from wamprouter.server.admission import is_local, network_of
from wamprouter.server.forms import CannotStart
from wamprouter.store.cookies import FileCookies, MemoryCookies

__all__ = ["Gates", "load"]

_log = Logger()

_MOST_WAITING: Final = 100  # credentials that wait for a thread to be compared in; each takes some 50 ms
_MOST_ASKED: Final = 10_000  # logins about which one function is being asked; each has a peer waiting

RecordT = TypeVar("RecordT", bound=Principal)


# What follows from what strangers do. Of each of these three kinds of lines the log has a few at a time.


def _remark(text: str) -> None:
    _log.info("{refusal}", refusal=text)


def _complain(text: str) -> None:
    _log.warn("{complaint}", complaint=text)


def _blame(text: str) -> None:
    _log.error("{fault}", fault=text)


class Gates:
    """Makes gates. One for each router."""

    def __init__(self, reactor: Any, now: Callable[[], float], caller: Caller) -> None:
        self._reactor = reactor
        self._caller = caller
        self._threads = _Threads(reactor)
        self._cookies: dict[config.Cookie | Path, MemoryCookies] = {}  # or the file that they are in
        self._functions: list[tuple[config.Function, _Consulted]] = []
        self._own_key = secrets.token_bytes(32)
        # Loopback and Unix sockets are nobody's address, as for limits: a proxy there speaks for everybody.
        self.throttle = Throttle(now, lambda address: "" if is_local(address) else network_of(address))

    def make(self, auth: config.Auth, cookie: config.Cookie | None = None) -> MethodGate:
        """Return what admits sessions on a transport; raise CannotStart if that is not possible."""
        made: list[Method] = []
        for name, method in configured_methods(auth).items():
            if isinstance(method, settings.CookieStatic):
                if cookie is not None:
                    made.append(CookieMethod(self._store(cookie)))
            else:
                made.append(_MAKERS[name](self, method))
        return MethodGate(
            made,
            self.throttle,
            self._reactor.callLater,
            _remark,
            names_unknown=auth.name_unknown_principals,
        )

    def _store(self, cookie: config.Cookie) -> MemoryCookies:
        """Return the store of a kind of cookie: one for all transports that are configured alike, or share a file."""
        store, key = cookie.store, _store_key(cookie)
        made = self._cookies.get(key)
        if made is not None:
            return made
        if isinstance(store, settings.MemoryCookies):
            made = MemoryCookies(time, max_age=cookie.max_age, limit=cookie.max_cookies)
        else:
            try:
                made = FileCookies(
                    store.filename,
                    time,
                    max_age=cookie.max_age,
                    limit=cookie.max_cookies,
                    purge=store.purge_on_startup,
                    complain=_complain,
                )
            except OSError as error:
                raise CannotStart(f"cannot keep cookies in {store.filename}: {error.strerror}") from None
        self._cookies[key] = made
        return made

    def keep(self, transports: Iterable[config.Transport]) -> None:
        """Let go of all that was made for other transports: the configuration has them no longer."""
        found = [service for transport in transports for _, service in services(transport)]
        cookies = (getattr(service, "cookie", None) for service in found)
        wanted = {_store_key(cookie): cookie for cookie in cookies if cookie is not None}
        for key in [one for one in self._cookies if one not in wanted]:
            self._cookies.pop(key).close()
        for key, made in self._cookies.items():
            made.max_age, made.limit = wanted[key].max_age, wanted[key].max_cookies
        asked = [method for service in found for method in configured_methods(service.auth).values()]
        self._functions = [(method, consulted) for method, consulted in self._functions if method in asked]

    # -- the methods

    def _anonymous(self, method: Any) -> Method:
        if isinstance(method, settings.AnonymousStatic):
            return AnonymousMethod(method.role, _new_authid, authid=method.authid, realm=method.realm)
        return AskedAnonymous(self._asked(method, Principal, "anonymous"), _new_authid)

    def _ticket(self, method: Any) -> Method:
        from wamprouter.auth.ticket import AskedTickets, StaticTickets, TicketPrincipal

        if isinstance(method, settings.TicketJwt):
            return _jwt(method)
        if not isinstance(method, settings.TicketStatic):
            return AskedTickets(self._asked(method, Principal, "ticket"))
        from wamprouter.auth import hashes

        records = {
            authid: TicketPrincipal(
                **_common(principal),
                ticket=principal.ticket.reveal(),
                secret=hashes.parse(principal.ticket.reveal()),
            )
            for authid, principal in method.principals.items()
        }
        return StaticTickets(_static(records), self._threads)

    def _wampcra(self, method: Any) -> Method:
        from wamprouter.auth.wampcra import CraMethod, CraUser

        principals: Principals
        if isinstance(method, settings.CraStatic):
            principals = _static(
                {
                    authid: CraUser(
                        **_common(user),
                        secret=user.secret.reveal(),
                        salt=user.salt,
                        iterations=user.iterations,
                        keylen=user.keylen,
                    )
                    for authid, user in method.users.items()
                }
            )
        else:
            principals = self._asked(method, CraUser, "wampcra")
        key = _key(principals, self._own_key)
        return CraMethod(principals, lambda: secrets.token_hex(16), _timestamp, key, self._threads)

    def _scram(self, method: Any) -> Method:
        from wamp.protocol.auth.scram import PBKDF2, Credential
        from wamprouter.auth.scram import ScramMethod, ScramPrincipal

        principals: Principals
        if isinstance(method, settings.ScramStatic):
            principals = _static(
                {
                    authid: ScramPrincipal(
                        **_common(each),
                        kdf=each.kdf,
                        iterations=each.iterations,
                        memory=each.memory,
                        salt=each.salt,
                        stored_key=each.stored_key,
                        server_key=each.server_key,
                    )
                    for authid, each in method.principals.items()
                }
            )
        else:
            principals = self._asked(method, ScramPrincipal, "scram")
        nobody = Credential(PBKDF2, b"\0" * 16, 4096, None, secrets.token_bytes(32), secrets.token_bytes(32))
        return ScramMethod(principals, _nonce, _key(principals, self._own_key), nobody)

    def _cryptosign(self, method: Any) -> Method:
        from wamprouter.auth.cryptosign import CryptosignMethod, CryptosignPrincipal

        def challenge() -> bytes:
            return secrets.token_bytes(32)

        if not isinstance(method, settings.CryptosignStatic):
            return CryptosignMethod(self._asked(method, CryptosignPrincipal, "cryptosign"), challenge)
        records = {
            authid: CryptosignPrincipal(**_common(each), authorized_keys=each.authorized_keys)
            for authid, each in method.principals.items()
        }
        return CryptosignMethod(_static(records), challenge, requires_binding=method.require_channel_binding)

    def _tls(self, method: Any) -> Method:
        from wamprouter.auth.tls import AskedCertificates, CertificateMethod, TlsPrincipal

        if not isinstance(method, settings.TlsStatic):
            return AskedCertificates(self._asked(method, Principal, "tls"))
        return CertificateMethod(
            {
                authid: TlsPrincipal(
                    **_common(each),
                    sha256=_digits(each.certificate_sha256),
                    sha1=_digits(each.certificate_sha1),
                    cn=each.cn,
                )
                for authid, each in method.principals.items()
            }
        )

    # -- who is asked

    def _asked(self, method: config.Dynamic | config.Function, kind: type[RecordT], name: str) -> Asked[RecordT]:
        if isinstance(method, config.Dynamic):
            who, ask = f"authenticator {method.authenticator}", self._procedure(method)
        else:
            who, ask = f"authenticator {method.create}", self._function(method)
        return Asked(ask, kind, name, provider=method.type, complain=lambda text: _complain(f"{who}: {text}"))

    def _procedure(self, method: config.Dynamic) -> Ask:
        def ask(realm: str, authid: str | None, details: dict[str, Any], answered: Callable[[object], None]) -> None:
            def done(answer: Answer) -> None:
                answered(answer.value if answer.error is None else Failure(answer.error, answer.text))

            self._caller.call(
                method.authenticator_realm or realm,
                method.authenticator,
                [realm, authid, details],
                done,
                timeout=method.timeout / 1000,
            )

        return ask

    def _function(self, method: config.Function) -> Ask:
        """Return the function, which is made once for all that are configured alike. One that has failed is made anew."""
        for known, consulted in self._functions:
            if known == method and not consulted.has_failed:
                return consulted
        made = _Consulted(method, _create(method), self._reactor.callLater, _complain, _blame)
        self._functions.append((method, made))
        return made


class _Consulted:
    """A Python function that is asked about logins: an ``Ask``. The first answer counts, or that there is none in time."""

    def __init__(
        self,
        method: config.Function,
        made: Deferred[Any],
        call_later: Callable[[float, Callable[[], None]], Any],
        complain: Callable[[str], None],
        blame: Callable[[str], None],
    ) -> None:
        """``made`` becomes the function. ``blame`` is told of exceptions, with tracebacks."""
        self._name = method.create
        self._timeout = method.timeout / 1000
        self._call_later = call_later
        self._complain = complain
        self._blame = blame
        self._authenticate: Callable[..., Any] | None = None  # None until it is made
        self.has_failed = False
        """Whether no function was made."""
        self._asked: dict[_Question, None] = {}
        made.addCallbacks(self._made, self._not_made)

    def __call__(
        self, realm: str, authid: str | None, details: dict[str, Any], answered: Callable[[object], None]
    ) -> None:
        if len(self._asked) >= _MOST_ASKED:
            answered(Failure(Unavailable.uri))
            return
        question = _Question((realm, authid, details), answered)
        self._asked[question] = None
        question.timer = self._call_later(self._timeout, partial(self._answer, question, Failure(CallTimeout.uri)))
        if self._authenticate is not None:
            self._put(self._authenticate, question)

    def _made(self, authenticate: Any) -> None:
        if not callable(authenticate):
            self._blame(f"authenticator {self._name} made no function, but a {type(authenticate).__name__}")
            authenticate = _refuse
        self.has_failed = authenticate is _refuse
        self._authenticate = authenticate
        for question in list(self._asked):
            self._put(authenticate, question)

    def _not_made(self, raised: Raised) -> None:
        self._blame(f"authenticator {self._name} failed to start:\n{raised.getTraceback()}")
        self._made(_refuse)

    def _put(self, authenticate: Callable[..., Any], question: _Question) -> None:
        maybeDeferred(authenticate, *question.asked).addCallbacks(
            lambda answer: self._answer(question, self._plain(answer)),
            lambda raised: self._answer(question, self._raised(raised)),
        )

    def _answer(self, question: _Question, answer: object) -> None:
        if question not in self._asked:
            return
        del self._asked[question]
        if question.timer.active():
            question.timer.cancel()
        question.answered(answer)

    def _plain(self, answer: object) -> object:
        """Return an answer as it would be had a procedure given it: values that can be sent to others."""
        try:
            return CODEC.serializer.unpack(CODEC.serializer.pack(answer))
        except (TranscodingError, ProtocolViolation) as error:
            self._complain(f"authenticator {self._name} returned what cannot be sent: {error}")
            return Failure(InvalidArgument.uri)

    def _raised(self, raised: Raised) -> Failure:
        error: Any = raised.value
        if isinstance(error, ApplicationError) or hasattr(error, "error_message"):  # ours, or Autobahn's
            text = error.args[0] if error.args and isinstance(error.args[0], str) else ""
            return Failure(str(error.error), text)
        self._blame(f"authenticator {self._name} raised:\n{raised.getTraceback()}")
        return Failure("wamp.error.runtime_error")


def _refuse(*_: object) -> NoReturn:
    raise ApplicationError("wamp.error.runtime_error", "it has failed to start")


class _Question:
    """What a function is asked, and who waits for the answer."""

    def __init__(self, asked: tuple[str, str | None, dict[str, Any]], answered: Callable[[object], None]) -> None:
        self.asked = asked
        self.answered = answered
        self.timer: Any = None


def _store_key(cookie: config.Cookie) -> config.Cookie | Path:
    """Return what tells the stores of cookies apart."""
    return cookie if isinstance(cookie.store, settings.MemoryCookies) else cookie.store.filename.resolve()


def _jwt(method: settings.TicketJwt) -> Method:
    try:
        from wamprouter.auth.jwt import JwtTickets, read_keys
    except ImportError:
        raise CannotStart("tickets of type jwt need PyJWT: pip install 'wamprouter[jwt]'") from None
    try:
        keys = read_keys(method.jwks.read_text())
    except OSError as error:
        raise CannotStart(f"cannot read the keys of {method.jwks}: {error.strerror}") from None
    except ValueError as error:
        raise CannotStart(f"cannot use the keys of {method.jwks}: {error}") from None
    return JwtTickets(
        keys,
        algorithms=method.algorithms,
        issuer=method.issuer,
        audience=method.audience,
        leeway=method.leeway,
        authid_claim=method.authid_claim,
        role_claim=method.role_claim,
        roles=method.roles,
    )


_MAKERS: Final[Mapping[str, Callable[[Gates, Any], Method]]] = {
    "anonymous": Gates._anonymous,
    "ticket": Gates._ticket,
    "wampcra": Gates._wampcra,
    "scram": Gates._scram,
    "cryptosign": Gates._cryptosign,
    "tls": Gates._tls,
}


class _Threads:
    """Compares credentials in the reactor's threads: an ``InThread``."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._waiting = 0
        self.turned_away = 0
        """Attempts for which there was no room."""

    def __call__(self, work: Callable[[], bool], go_on: Callable[[bool], Step]) -> Step:
        if self._waiting >= _MOST_WAITING:
            self.turned_away += 1
            raise NotReady("too many logins at once")
        self._waiting += 1
        later = Later()

        def done(result: bool) -> None:
            self._waiting -= 1
            try:
                later.settle(go_on(result))
            except WampError as refusal:
                later.settle(refusal)

        def failed(failure: Raised) -> None:
            self._waiting -= 1
            _log.failure("comparing a credential failed", failure)
            later.settle(AuthenticationFailed("the router could not check the credential"))

        deferToThreadPool(self._reactor, self._reactor.getThreadPool(), work).addCallbacks(done, failed)
        return later


def _create(method: config.Function) -> Deferred[Any]:
    """Call the function that makes an authenticator; return what it makes, as it may take its time."""
    try:
        create = load(method.create)
        # Crossbar's have a second parameter, for its controller, which there is none of here.
        count = len(inspect.signature(create).parameters)
        made = create(*(method.config, None)[: max(1, min(count, 2))])
    except CannotStart:
        raise
    except Exception as error:  # noqa: BLE001  # user code: whatever it raises becomes one line for the operator
        raise CannotStart(f"authenticator {method.create} failed to start: {error!r}") from None
    if not inspect.isawaitable(made) and not callable(made):
        raise CannotStart(f"authenticator {method.create} made no function, but a {type(made).__name__}")
    return maybeDeferred(lambda: made)


def load(name: str) -> Any:
    """Return what a dotted name stands for; raise CannotStart if there is nothing of that name."""
    module_name, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        raise CannotStart(f"{name}: no module named {error.name!r}") from None
    except AttributeError:
        raise CannotStart(f"{name}: module {module_name} has no {attribute}") from None
    except Exception as error:  # noqa: BLE001  # user code: whatever it raises becomes one line for the operator
        raise CannotStart(f"{name}: importing it failed: {error!r}") from None


def _common(principal: settings.Principal) -> dict[str, Any]:
    return {"role": principal.role, "realm": principal.realm, "extra": principal.extra}


def _digits(fingerprint: str | None) -> str | None:
    return None if fingerprint is None else fingerprint.replace(":", "").lower()


def _new_authid() -> str:
    return secrets.token_urlsafe(12)


def _nonce() -> str:
    from base64 import b64encode

    return b64encode(secrets.token_bytes(18)).decode()


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _static(records: Mapping[str, RecordT]) -> Static[RecordT]:
    return Static(records, _digest(records))


def _key(principals: Principals, own: bytes) -> bytes:
    """Return what invented salts are made with: as secret as the credentials, and the same as long as they are.

    Where the router has none, because somebody else knows them, it is its own, another one at each start.
    """
    if not isinstance(principals, Static) or not principals.records:
        return own
    return _digest(principals.records)


def _digest(records: Mapping[str, Principal]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(records)).digest()
