"""Authenticators outside: procedures that are called, and Python functions; whatever they do."""

import sys
from types import ModuleType
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import formatEvent, globalLogPublisher

from tests.support.auth import Guest, House, end
from wamp.exception import ApplicationError
from wamp.protocol.auth import cra, cryptosign, scram
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import (
    ABSENT,
    Call,
    Challenge,
    Error,
    Interrupt,
    Invocation,
    Message,
    Register,
    Registered,
    Welcome,
    Yield,
)
from wamp.protocol.serializers import JSON
from wamprouter.server.forms import CannotStart

DENIED, FAILED = "wamp.error.authentication_denied", "wamp.error.authentication_failed"
COME_BACK = ["the authenticator is not there"]
ASK = "com.example.authenticate"
KEY = bytes(range(32))


# Procedures


class Desk:
    """A house whose tickets (or other credentials) are judged by a procedure, and somebody who may register it."""

    def __init__(self, method: str = "ticket", **options: Any) -> None:
        asked = {"type": "dynamic", "authenticator": ASK, **options}
        self.house = House({"anonymous": {"role": "admin"}, method: asked})
        self.clerk = self.house.connect()
        self.clerk.log_in("anonymous")

    def open(self) -> None:
        [registered] = self.clerk.say(Register(1, {}, ASK))
        assert isinstance(registered, Registered)

    def knock(self, authid: str | None = "joe", ticket: str = "secret") -> Guest:
        """Return somebody about whom the procedure is being asked."""
        guest = self.house.connect()
        assert guest.log_in("ticket", authid=authid, answer=ticket) is None
        return guest

    def asked(self) -> Invocation:
        [invocation] = self.clerk.hear()
        assert isinstance(invocation, Invocation)
        return invocation

    def answer(self, *args: Any, **kwargs: Any) -> None:
        named = JSON.pack(kwargs) if kwargs else ABSENT
        self.clerk.say(Yield(self.asked().request, {}, JSON.pack(list(args)), named))
        self.house.wait()

    def refuse(self, uri: str, *args: Any) -> None:
        self.clerk.say(Error(Invocation.CODE, self.asked().request, {}, uri, JSON.pack(list(args))))
        self.house.wait()


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.open()
    return desk


def heard(guest: Guest) -> str:
    """Return what came of a login, or nothing if the connection was closed without a word, or is still waiting."""
    messages = guest.hear()
    return end(messages[0]) if messages else ""


def test_a_procedure_is_asked_with_what_is_known(desk):
    """Realm, authid, and details as Crossbar's have them: the ticket, authextra, session and transport."""
    guest = desk.house.connect()
    guest.log_in("ticket", authid="joe", answer="secret", device=7)
    realm, authid, details = JSON.unpack(desk.asked().args)
    assert ("realm1", "joe", "secret", "ticket") == (realm, authid, details["ticket"], details["authmethod"])
    assert {"device": 7} == details["authextra"]
    assert {"type": "memory", "address": "127.0.0.1"} == details["transport"]
    assert isinstance(details["session"], int)


@pytest.mark.parametrize(
    ("answer", "role"), [("user", "user"), ({"role": "admin"}, "admin"), ({"role": "user", "x_more": 1}, "user")]
)
def test_an_answer_is_a_role_or_more(desk, answer, role):
    """A text, or a dictionary, whose other fields are nobody's business."""
    guest = desk.knock()
    desk.answer(answer)
    [welcome] = guest.hear()
    assert ("joe", role, "ticket", "dynamic") == tuple(
        welcome.details[name] for name in ("authid", "authrole", "authmethod", "authprovider")
    )


def test_an_answer_may_come_by_name(desk):
    """As keyword arguments of the result."""
    guest = desk.knock()
    desk.answer(role="user")
    assert "joe" == heard(guest)


def test_an_answer_may_say_who_it_is_and_where(desk):
    """An authid, a realm, and extra for WELCOME."""
    guest = desk.knock(authid=None)
    desk.answer({"role": "user", "authid": "joe.bloggs", "realm": "realm1", "extra": {"tenant": 7}})
    [welcome] = guest.hear()
    assert ("joe.bloggs", {"tenant": 7}) == (welcome.details["authid"], welcome.details["authextra"])


@pytest.mark.parametrize(
    ("answer", "uri"),
    [
        ({"role": "nowhere"}, "wamp.error.no_such_role"),
        ("", "wamp.error.no_such_role"),
        ({"role": "user", "realm": "nowhere"}, "wamp.error.no_such_realm"),
    ],
)
def test_an_answer_may_name_what_there_is_not(desk, answer, uri):
    """Which is told as what it is."""
    guest = desk.knock()
    desk.answer(answer)
    assert uri == heard(guest)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        True,
        7,
        1.5,
        [],
        ["user"],
        {},
        {"role": None},
        {"role": 7},
        {"role": "user", "realm": 7},
        {"role": "user", "extra": []},
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_a_failure(desk, answer):
    """And no guess of the client's."""
    guest = desk.knock()
    desk.answer(answer)
    assert FAILED == heard(guest)
    assert 0 == desk.house.node.gates.throttle.failures


def test_no_authid_at_all_is_refused(desk):
    """Somebody must be somebody."""
    guest = desk.knock(authid=None)
    desk.answer("user")
    assert DENIED == heard(guest)


@pytest.mark.parametrize("uri", ["com.example.denied", "wamp.error.not_authorized", "wamp.error.authentication_denied"])
def test_a_refusal_is_as_any_other(desk, uri):
    """And counted; its own words stay in the log unless the configuration says otherwise."""
    guest = desk.knock()
    desk.refuse(uri, "joe is on holiday")
    [abort] = guest.hear()
    assert (DENIED, {"message": "wrong authid or credential"}) == (abort.reason, abort.details)
    assert 1 == desk.house.node.gates.throttle.failures


def test_a_refusal_may_be_told_in_its_own_words():
    """With name_unknown_principals."""
    desk = Desk()
    desk.house.gate._names_unknown = True
    desk.open()
    guest = desk.knock()
    desk.refuse("com.example.on_holiday", "joe is on holiday")
    [abort] = guest.hear()
    assert ("com.example.on_holiday", {"message": "joe is on holiday"}) == (abort.reason, abort.details)


@pytest.mark.parametrize("uri", ["wamp.error.runtime_error", "wamp.error.invalid_argument"])
def test_an_authenticator_that_raises_has_failed(desk, uri):
    """Nothing of it reaches the client."""
    guest = desk.knock()
    desk.refuse(uri, "KeyError: 'password of joe is secret'")
    [abort] = guest.hear()
    assert (FAILED, {"message": "the authenticator failed"}) == (abort.reason, abort.details)


def test_an_authenticator_that_is_not_there_yet_lets_clients_come_back():
    """Without ABORT, at which JavaScript clients give up."""
    desk = Desk()
    guest = desk.knock()
    assert [] == guest.hear()
    assert COME_BACK == guest.line.told_to_come_back
    desk.open()
    again = desk.knock()
    desk.answer("user")
    assert "joe" == heard(again)


@pytest.mark.parametrize("uri", ["wamp.error.unavailable", "wamp.error.network_failure", "wamp.error.canceled"])
def test_an_authenticator_that_is_busy_lets_clients_come_back(desk, uri):
    """It said nothing about them."""
    guest = desk.knock()
    desk.refuse(uri)
    assert COME_BACK == guest.line.told_to_come_back
    assert 0 == desk.house.node.gates.throttle.failures


def test_an_authenticator_that_dies_lets_clients_come_back(desk):
    """All that were waiting for it."""
    guests = [desk.knock(authid=f"user{number}") for number in range(3)]
    desk.clerk.peer.lost()
    desk.house.wait()
    assert [COME_BACK] * 3 == [guest.line.told_to_come_back for guest in guests]
    assert desk.house.is_blank()


def test_an_authenticator_that_does_not_answer_lets_clients_come_back():
    """After the time-out of the configuration, and it is told to stop."""
    desk = Desk(timeout=3000)
    desk.open()
    guest = desk.knock()
    asked = desk.asked()
    desk.house.wait(2.9)
    assert [] == guest.line.closed
    desk.house.wait(0.2)
    assert COME_BACK == guest.line.told_to_come_back
    late = desk.clerk.say(Yield(asked.request, {}, JSON.pack(["user"])))
    assert [] == [message for message in late if not isinstance(message, Interrupt)]
    assert [desk.clerk.peer.session.authid] == desk.house.guests


def test_who_has_gone_meanwhile_is_not_let_in(desk):
    """Nothing is left of it."""
    guest = desk.knock()
    guest.peer.lost()
    desk.answer("user")
    assert [desk.clerk.peer.session.authid] == desk.house.guests
    assert [] == guest.hear()


def test_a_procedure_may_be_in_another_realm():
    """Where clients have no access."""
    roles = [
        {"name": name, "permissions": [{"uri": "", "match": "prefix", "allow": "all"}]} for name in ("user", "admin")
    ]
    house = House(
        {
            "anonymous": {"role": "admin"},
            "ticket": {"type": "dynamic", "authenticator": ASK, "authenticator-realm": "internal"},
        },
        realms=[{"name": name, "roles": roles} for name in ("realm1", "internal")],
    )
    clerk = house.connect()
    clerk.hello("anonymous", realm="internal")
    clerk.say(Register(1, {}, ASK))
    guest = house.connect()
    guest.log_in("ticket", authid="joe", answer="secret")
    [invocation] = clerk.hear()
    clerk.say(Yield(invocation.request, {}, JSON.pack(["user"])))  # type: ignore[attr-defined]  # an Invocation
    assert "joe" == heard(guest)


# Other methods than tickets


SALTING = {"salt": "abc", "iterations": 100, "keylen": 32}
SCRAM = scram.derive_credential("secret", bytes(16), iterations=4096).entry()


def answers(method: str, challenge: Challenge, nonce: str = "") -> Any:
    """Return the right answer to a challenge."""
    if method == "wampcra":
        return cra.answer("secret", cra.Challenge.read(challenge.extra))
    if method == "cryptosign":
        return cryptosign.answer(KEY, bytes.fromhex(challenge.extra["challenge"]))
    first = scram.ServerFirst.read(challenge.extra, nonce)
    salted = scram.salted_password("secret", bytes(16), scram.PBKDF2, iterations=4096)
    message = scram.Exchange("joe", nonce, first).auth_message(scram.Dialect.SPECIFICATION)
    return scram.base64_text(scram.client_proof(salted, message))


METHODS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "wampcra": ("wampcra", {"secret": "secret"}, {}),
    "wampcra-salted": ("wampcra", {"secret": "secret", **SALTING}, {}),
    "scram": ("scram", SCRAM, {"nonce": "AAAA"}),
    "cryptosign": (
        "cryptosign",
        {"pubkey": cryptosign.public_key(KEY).hex()},
        {"pubkey": cryptosign.public_key(KEY).hex()},
    ),
    "cryptosign-several": (
        "cryptosign",
        {"authorized_keys": ["00" * 32, cryptosign.public_key(KEY).hex()]},
        {"pubkey": cryptosign.public_key(KEY).hex()},
    ),
}


def begin(desk: Desk, method: str, extra: dict[str, Any]) -> Guest:
    guest = desk.house.connect()
    assert [] == guest.hello(method, authid="joe", **extra)
    return guest


@pytest.mark.parametrize("name", METHODS)
def test_a_procedure_is_asked_before_the_challenge(name):
    """With what HELLO said, since it has to know the credential."""
    method, _, extra = METHODS[name]
    desk = Desk(method)
    desk.open()
    begin(desk, method, extra)
    realm, authid, details = JSON.unpack(desk.asked().args)
    assert ("realm1", "joe", method, extra) == (realm, authid, details["authmethod"], details["authextra"])


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("is_right", [True, False])
def test_a_credential_of_a_procedure_is_checked_by_the_router(name, is_right):
    """The client never sees it, the authenticator never the answer."""
    method, credential, extra = METHODS[name]
    desk = Desk(method)
    desk.open()
    guest = begin(desk, method, extra)
    desk.answer({"role": "user", **credential})
    [challenge] = guest.hear()
    assert isinstance(challenge, Challenge)
    said = answers(method, challenge, extra.get("nonce", "")) if is_right else "AAAA"
    ended = guest.authenticate(said)
    desk.house.work()
    assert ("joe" if is_right else DENIED) == end((ended or guest.hear())[0])


@pytest.mark.parametrize("name", METHODS)
def test_whom_a_procedure_does_not_know_is_challenged_all_the_same(name):
    """With what others are asked for, once somebody was known."""
    method, credential, extra = METHODS[name]
    desk = Desk(method)
    desk.open()
    known = begin(desk, method, extra)
    desk.answer({"role": "user", **credential})
    [expected] = known.hear()
    unknown = begin(desk, method, extra)
    desk.refuse("com.example.no_such_user")
    [challenge] = unknown.hear()
    assert isinstance(expected, Challenge)
    assert isinstance(challenge, Challenge)
    assert expected.extra.keys() == challenge.extra.keys()
    for shown in ("kdf", "iterations", "keylen", "memory"):
        assert expected.extra.get(shown) == challenge.extra.get(shown)
    ended = unknown.authenticate(answers(method, challenge, extra.get("nonce", "")) if method != "scram" else "AAAA")
    desk.house.work()
    assert DENIED == end((ended or unknown.hear())[0])


def test_whom_a_procedure_does_not_know_is_always_shown_the_same():
    """Whoever was known meanwhile: what changes would tell that it is invented."""
    desk = Desk("wampcra")
    desk.open()

    def shown(answer: dict[str, Any] | None) -> Any:
        guest = begin(desk, "wampcra", {})
        if answer is None:
            desk.refuse("com.example.no_such_user")
        else:
            desk.answer({"role": "user", **answer})
        [challenge] = guest.hear()
        assert isinstance(challenge, Challenge)
        return {name: value for name, value in challenge.extra.items() if name != "challenge"}

    shown({"secret": "secret", **SALTING})
    first = shown(None)
    shown({"secret": "other", "salt": "another form", "iterations": 7})
    shown({"secret": "plain"})
    assert first == shown(None)


@pytest.mark.parametrize(
    ("method", "credential"),
    [
        ("wampcra", {}),
        ("wampcra", {"secret": 7}),
        ("wampcra", {"secret": "x", "salt": "y", "iterations": 0}),
        ("wampcra", {"secret": "x", "salt": "y", "iterations": 10**12}),
        ("wampcra", {"secret": "x", "salt": "y", "keylen": -1}),
        ("wampcra", {"secret": "x", "salt": 7}),
        ("scram", {}),
        ("scram", {**SCRAM, "kdf": "md5"}),
        ("scram", {**SCRAM, "kdf": "argon2id13"}),
        ("scram", {**SCRAM, "salt": "zz"}),
        ("scram", {**SCRAM, "salt": "00"}),
        ("scram", {**SCRAM, "iterations": 0}),
        ("scram", {**SCRAM, "stored-key": "00"}),
        ("scram", {**SCRAM, "server-key": "é" * 64}),
        ("cryptosign", {"authorized_keys": "00"}),
        ("cryptosign", {"pubkey": 7}),
    ],
    ids=str,
)
def test_an_impossible_credential_is_a_failure(method, credential):
    """Told at once: neither silence nor an exception."""
    extra = {"nonce": "AAAA"} if method == "scram" else {"pubkey": cryptosign.public_key(KEY).hex()}
    desk = Desk(method)
    desk.open()
    guest = begin(desk, method, extra)
    desk.answer({"role": "user", **credential})
    assert FAILED == heard(guest)
    assert [("the authenticator failed", False)] == guest.line.closed


@pytest.mark.parametrize(
    "credential", [{}, {"pubkey": ""}, {"pubkey": None}, {"authorized_keys": []}, {"pubkey": "zz"}]
)
def test_a_role_without_a_key_lets_nobody_in(credential):
    """A cryptosign authenticator that forgets the key has not said yes to every key."""
    desk = Desk("cryptosign")
    desk.open()
    guest = begin(desk, "cryptosign", {"pubkey": cryptosign.public_key(KEY).hex()})
    desk.answer({"role": "user", **credential})
    [challenge] = guest.hear()
    assert isinstance(challenge, Challenge)
    assert DENIED == end(guest.authenticate(answers("cryptosign", challenge))[0])


@pytest.mark.parametrize("method", ["anonymous", "tls"])
def test_a_procedure_may_judge_the_connection(method):
    """Without any question to the client."""
    asked = {"type": "dynamic", "authenticator": ASK}
    house = House({"ticket": {"principals": {"clerk": {"ticket": "x", "role": "admin"}}}, method: asked})
    clerk = house.connect()
    clerk.log_in("ticket", authid="clerk", answer="x")
    clerk.say(Register(1, {}, ASK))
    outcomes = []
    for answer in ({"role": "user", "authid": "joe"}, None):
        guest = house.connect(certificate=lambda: certificate)
        assert [] == guest.hello(method)
        [invocation] = clerk.hear()
        assert isinstance(invocation, Invocation)
        assert method == JSON.unpack(invocation.args)[2]["authmethod"]
        clerk.say(
            Error(Invocation.CODE, invocation.request, {}, "com.example.no")
            if answer is None
            else Yield(invocation.request, {}, JSON.pack([answer]))
        )
        outcomes.append(heard(guest))
    assert ["joe", DENIED] == outcomes


def _certificate() -> Any:
    import trustme
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(trustme.CA().issue_cert("x@example.com").cert_chain_pems[0].bytes())


certificate = _certificate()


# Functions


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of the operator's: ``logins``."""
    made = ModuleType("logins")
    monkeypatch.setitem(sys.modules, "logins", made)
    return made


class Office:
    """A house whose tickets are judged by a function, and what the operator reads."""

    def __init__(self, authenticate: Any, module: ModuleType, **options: Any) -> None:
        module.create = options.pop("create", lambda _config: authenticate)  # type: ignore[attr-defined]  # what a module is for
        self.house = House({"ticket": {"type": "function", "create": "logins.create", **options}})

    def log_in(self, authid: str | None = "joe", ticket: str = "secret") -> Guest:
        guest = self.house.connect()
        self.ended = guest.log_in("ticket", authid=authid, answer=ticket)
        return guest

    def end(self, **who: Any) -> str:
        self.log_in(**who)
        return end(self.ended)


@pytest.fixture
def log() -> Any:
    lines: list[dict[str, Any]] = []
    globalLogPublisher.addObserver(lines.append)
    yield lines
    globalLogPublisher.removeObserver(lines.append)


async def by_coroutine(realm: str, authid: str, details: dict[str, Any]) -> str:
    return "user"


FORMS = {
    "plain": lambda _realm, _authid, _details: "user",
    "dictionary": lambda _realm, _authid, _details: {"role": "user"},
    "coroutine": by_coroutine,
    "Deferred": lambda _realm, _authid, _details: succeed("user"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_function_may_be_of_any_form(module, form):
    """It returns, or promises to."""
    office = Office(form, module)
    assert "joe" == office.end()
    assert isinstance(office.ended, Welcome)
    assert "function" == office.ended.details["authprovider"]


def test_a_function_is_asked_with_what_is_known(module):
    """As a procedure is."""
    asked: list[Any] = []
    Office(lambda *args: asked.append(args) or "user", module).log_in()
    [(realm, authid, details)] = asked
    assert ("realm1", "joe", "secret", "ticket") == (realm, authid, details["ticket"], details["authmethod"])


def test_a_function_may_take_its_time(module):
    """The client waits, and others do not."""
    answers: list[Deferred[Any]] = [Deferred(), Deferred()]
    waiting = iter(answers)
    office = Office(lambda *_: next(waiting), module)
    first, second = office.log_in(authid="joe"), office.log_in(authid="anna")
    answers[1].callback("user")
    assert ("", "anna") == (heard(first), heard(second))
    answers[0].callback("user")
    assert "joe" == heard(first)


def test_a_function_that_never_answers_lets_clients_come_back(module):
    """Nothing waits for ever, and what comes too late is not heard."""
    answer: Deferred[Any] = Deferred()
    office = Office(lambda *_: answer, module, timeout=2000)
    guest = office.log_in()
    office.house.wait(1.9)
    assert [] == guest.line.closed
    office.house.wait(0.2)
    assert COME_BACK == guest.line.told_to_come_back
    answer.callback("user")
    assert office.house.is_blank()


def test_who_has_gone_while_a_function_is_asked_is_not_let_in(module):
    """Nothing is left of it."""
    answer: Deferred[Any] = Deferred()
    office = Office(lambda *_: answer, module)
    guest = office.log_in()
    guest.peer.lost()
    answer.callback("user")
    assert [] == guest.hear()
    assert office.house.is_blank()


class AutobahnError(Exception):
    """Looks like Autobahn's ApplicationError."""

    error = "com.example.denied"

    def error_message(self) -> str:
        return "no"


@pytest.mark.parametrize("error", [ApplicationError("com.example.denied", "no"), AutobahnError("no"), AutobahnError()])
@pytest.mark.parametrize("how", ["raised", "failed"])
def test_a_function_refuses_by_an_error_of_an_application(module, error, how):
    """Ours or Autobahn's."""

    def authenticate(*_: object) -> Any:
        if how == "failed":
            return fail(error)
        raise error

    office = Office(authenticate, module)
    assert DENIED == office.end()
    assert 1 == office.house.node.gates.throttle.failures


def test_a_function_that_raises_anything_else_has_failed(module, log):
    """The operator sees where; the client only that it is so. All these lines are of one kind, so that the log is not filled."""

    def authenticate(*_: object) -> Any:
        raise KeyError("password of joe is hunter2")

    office = Office(authenticate, module)
    for _ in range(3):
        assert FAILED == office.end()
    assert {"message": "the authenticator failed"} == office.ended.details
    events = [event for event in log if "logins.create raised" in formatEvent(event)]
    assert 3 == len([event for event in events if "Traceback" in formatEvent(event)])
    assert 1 == len({event["log_format"] for event in events})


RUBBISH = [
    None,
    7,
    b"user",
    [],
    object(),
    lambda: "user",
    {"role": b"user"},
    {"role": "user", "extra": {"x": object()}},
    {"role": "user", "extra": {1: 2}},
    {"role": "user", "extra": {"x": 2**70}},
    {"role": "user", "extra": {"x": "\ud83d"}},
    {"role": "\ud83d"},
    {7: "user"},
    {"role": "user", "realm": {}},
    float("nan"),
]


@pytest.mark.parametrize("answer", RUBBISH, ids=range(len(RUBBISH)))
@pytest.mark.parametrize("codec", ["json", "msgpack", "cbor"])
def test_a_function_that_returns_rubbish_has_failed(module, answer, codec):
    """Also if it is rubbish only on the way to the client."""
    office = Office(lambda *_: answer, module)
    guest = office.house.connect(CODECS[codec])
    assert FAILED == end(guest.log_in("ticket", authid="joe", answer="secret"))
    assert [] == office.house.guests


def test_what_a_function_adds_is_told_to_the_client(module):
    """In every serializer, binary values included."""
    extra = {"tenant": 7, "blob": b"\x00\xff", "many": (1, 2)}
    for codec in CODECS.values():
        office = Office(lambda *_: {"role": "user", "extra": extra}, module)
        welcome = office.house.connect(codec).log_in("ticket", authid="joe", answer="secret")
        assert isinstance(welcome, Welcome)
        assert {"tenant", "blob", "many"} == welcome.details["authextra"].keys()


# What makes the function


def test_what_makes_the_function_gets_its_configuration(module):
    """Once, at the start. A second parameter is Crossbar's controller, which there is none of here."""
    seen: list[Any] = []
    Office(None, module, create=lambda config: seen.append(config) or FORMS["plain"], config={"a": 1}).log_in()
    Office(None, module, create=lambda config, controller: seen.append((config, controller)) or FORMS["plain"])
    assert [{"a": 1}, (None, None)] == seen


def test_what_makes_the_function_may_take_its_time(module):
    """Whoever comes before it is done waits for it."""
    made: Deferred[Any] = Deferred()
    office = Office(None, module, create=lambda _config: made)
    guest = office.log_in()
    assert "" == heard(guest)
    made.callback(FORMS["plain"])
    assert "joe" == heard(guest)
    assert "joe" == office.end()


def test_what_makes_the_function_may_be_a_coroutine(module):
    """As Crossbar's are."""

    async def create(_config: Any) -> Any:
        return by_coroutine

    assert "joe" == Office(None, module, create=create).end()


def test_what_never_makes_the_function_lets_clients_come_back(module):
    """And nothing of them is kept."""
    office = Office(None, module, create=lambda _config: Deferred(), timeout=1000)
    guests = [office.log_in(authid=f"user{number}") for number in range(10)]
    office.house.wait(1.1)
    assert [COME_BACK] * 10 == [guest.line.told_to_come_back for guest in guests]
    assert office.house.is_blank()


@pytest.mark.parametrize("late", [RuntimeError("no database"), 7, None], ids=str)
def test_what_fails_to_make_the_function_later_lets_nobody_in(module, late, log):
    """The router has started by then; the operator is told."""
    made: Deferred[Any] = fail(late) if isinstance(late, Exception) else succeed(late)
    assert FAILED == Office(None, module, create=lambda _config: made).end()
    assert any("authenticator logins.create" in formatEvent(event) for event in log)


def raising(_config: Any) -> Any:
    raise RuntimeError("no database")


@pytest.mark.parametrize(
    ("name", "create", "said"),
    [
        ("logins.create", raising, r"failed to start: RuntimeError\('no database'\)"),
        ("logins.create", lambda: None, "failed to start: TypeError"),
        ("logins.create", lambda _config: 7, "made no function, but a int"),
        ("logins.create", lambda _config: None, "made no function, but a NoneType"),
        ("logins.create", "text", "failed to start: TypeError"),
        ("logins.make", raising, "module logins has no make"),
        ("nowhere.create", raising, "no module named 'nowhere'"),
    ],
)
def test_what_cannot_make_the_function_keeps_the_router_from_starting(module, name, create, said):
    """With one line that says why."""
    module.create = create
    with pytest.raises(CannotStart, match=said) as refused:
        House({"ticket": {"type": "function", "create": name}})
    assert "\n" not in str(refused.value)


def test_there_is_a_bound_on_who_waits(module, monkeypatch):
    """For a function, as for threads."""
    monkeypatch.setattr("wamprouter.gates._MOST_ASKED", 3)
    office = Office(lambda *_: Deferred(), module)
    guests = [office.log_in(authid=f"user{number}") for number in range(5)]
    assert [[], [], [], COME_BACK, COME_BACK] == [guest.line.told_to_come_back for guest in guests]
    office.house.wait(10)


def test_sessions_of_an_authenticator_stay_at_a_reload(module):
    """Nobody but the authenticator could say whether it would let them in again."""
    office = Office(FORMS["plain"], module)
    guest = office.log_in()
    assert guest.peer.grant is not None
    assert office.house.gate.still_admits(guest.peer.grant)
    static = House({"ticket": {"principals": {"joe": {"ticket": "secret", "role": "user"}}}})
    assert not static.gate.still_admits(guest.peer.grant)


def messages_of(guest: Guest) -> list[type[Message]]:
    return [type(message) for message in guest.hear()]


def test_an_authenticator_may_log_in_by_another_method(desk):
    """It is a client as any other; calls to it by others are authorized as any."""
    caller = desk.house.connect()
    caller.log_in("anonymous")
    caller.say(Call(1, {}, ASK, JSON.pack(["realm1", "joe", {}])))
    assert [Invocation] == messages_of(desk.clerk)
