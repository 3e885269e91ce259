"""What is true of every method whose principals stand in the configuration: who comes in, and what others see.

Each method has one principal, ``joe``, who is at the other end as our own client library makes its answers; that these are
the protocol's is for ``tests/wamp/protocol/auth`` and ``tests/interop``.
"""

from __future__ import annotations

import string
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.auth import Guest, House, end
from wamp import types
from wamp.auth import create_authenticator
from wamp.protocol.auth import cra, scram
from wamp.protocol.auth.cryptosign import public_key
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Abort, Authenticate, Challenge, Hello, Message, Welcome
from wamprouter.auth.hashes import Scrypt, make

DENIED = "wamp.error.authentication_denied"
KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
SALTING = cra.Salting("6cb12f0808022068781e990aa300bb91", 100, 32)
SCRAM_SALT = bytes(16)


def scram_entry(kdf: str, **cost: int) -> dict[str, Any]:
    return scram.derive_credential("secret", SCRAM_SALT, kdf, **cost).entry()


class Kind(NamedTuple):
    """A method as it may stand in a configuration, and how to log in by it."""

    config: dict[str, Any]
    name: str
    right: dict[str, Any]
    wrong: dict[str, Any]


def principals(**credential: Any) -> dict[str, Any]:
    return {"type": "static", "principals": {"joe": {"role": "user", **credential}}}


def users(**credential: Any) -> dict[str, Any]:
    return {"type": "static", "users": {"joe": {"role": "user", **credential}}}


PASSWORD = ({"password": "secret"}, {"password": "guess"})
SECRET = ({"secret": "secret"}, {"secret": "guess"})
TICKET = ({"ticket": "secret"}, {"ticket": "guess"})
ARGON2 = {"iterations": 2, "memory": 8 * 1024}
CHEAP_SCRYPT = str(Scrypt(4, 8, 1, bytes(16), bytes(32)).of("secret"))

KINDS = {
    "ticket": Kind({"ticket": principals(ticket="secret")}, "ticket", *TICKET),
    "ticket-sha256": Kind({"ticket": principals(ticket=make("secret", "sha256", bytes(16)))}, "ticket", *TICKET),
    "ticket-scrypt": Kind({"ticket": principals(ticket=CHEAP_SCRYPT)}, "ticket", *TICKET),
    "wampcra": Kind({"wampcra": users(secret="secret")}, "wampcra", *SECRET),
    "wampcra-derived": Kind(
        {
            "wampcra": users(
                secret=cra.derive_key("secret", SALTING), salt=SALTING.salt, iterations=SALTING.iterations, keylen=32
            )
        },
        "wampcra",
        *SECRET,
    ),
    "wampcra-password": Kind(
        {"wampcra": users(secret="secret", salt="salt123", iterations=100, keylen=32)}, "wampcra", *SECRET
    ),
    "scram-pbkdf2": Kind({"scram": principals(**scram_entry("pbkdf2", iterations=4096))}, "wamp-scram", *PASSWORD),
    "scram-argon2": Kind({"scram": principals(**scram_entry("argon2id13", **ARGON2))}, "wamp-scram", *PASSWORD),
    "scram-autobahn": Kind({"scram": principals(**scram_entry("argon2id-13", **ARGON2))}, "scram", *PASSWORD),
    "cryptosign": Kind(
        {"cryptosign": principals(authorized_keys=[public_key(KEY).hex()])},
        "cryptosign",
        {"privkey": KEY.hex()},
        {"privkey": OTHER_KEY.hex()},
    ),
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
"""Every method that asks a question."""

guessable = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.name != "ticket"], ids=[k for k in KINDS if "ticket" not in k]
)


class Login:
    """A client of our library at a house's gate."""

    def __init__(self, house: House, kind: Kind, how: dict[str, Any], authid: str | None = "joe", **line: Any) -> None:
        self.house = house
        self.guest: Guest = house.connect(**line)
        who = {"authid": authid} if authid is not None else {}
        self.authenticator = create_authenticator(kind.name, **who, **how)

    def hello(self) -> Challenge:
        heard = self.guest.hello(
            self.authenticator.name, authid=self.authenticator.authid, **self.authenticator.authextra
        )
        [challenge] = heard
        assert isinstance(challenge, Challenge), challenge
        return challenge

    def answer(self, challenge: Challenge) -> tuple[str, dict[str, Any]]:
        said = self.authenticator.on_challenge(NoTransport(), types.Challenge(challenge.method, challenge.extra))
        return said if isinstance(said, tuple) else (said, {})

    def run(self) -> Message | None:
        """Return WELCOME or ABORT."""
        heard = self.guest.authenticate(*self.answer(self.hello()))
        return (heard or self.later() or [None])[0]

    def later(self) -> list[Message]:
        self.house.work()
        return self.guest.hear()


class NoTransport:
    transport_details = None


@kinds
def test_who_has_the_credential_comes_in(kind):
    """As who it says, with the role of the configuration, and WELCOME says by which method."""
    house = House(kind.config)
    login = Login(house, kind, kind.right)
    welcome = login.run()
    assert isinstance(welcome, Welcome), welcome
    details = welcome.details
    assert ("joe", "user", kind.name, "static") == tuple(
        details[name] for name in ("authid", "authrole", "authmethod", "authprovider")
    )
    assert login.authenticator.on_welcome(NoTransport(), details.get("authextra")) is None
    assert ["joe"] == house.guests


@kinds
def test_who_has_not_does_not(kind):
    """And leaves nothing."""
    house = House(kind.config)
    login = Login(house, kind, kind.wrong)
    abort = login.run()
    assert (Abort, DENIED) == (type(abort), abort.reason)
    assert [("wrong authid or credential", False)] == login.guest.line.closed
    assert house.is_blank()


@kinds
@pytest.mark.parametrize("codec", ["json", "msgpack", "cbor"])
def test_nobody_can_tell_a_wrong_name_from_a_wrong_credential(kind, codec):
    """The same steps, and the same bytes but for what is drawn by lot each time."""
    seen = []
    for authid, how in (("joe", kind.wrong), ("jim", kind.wrong), ("jim", kind.right)):
        house = House(kind.config)
        login = Login(house, kind, how, authid, codec=CODECS[codec])
        challenge = login.hello()
        abort = login.guest.authenticate(*login.answer(challenge)) or login.later()
        seen.append((without_luck(challenge, authid), [CODECS[codec].encode(each) for each in abort]))
    assert seen[0] == seen[1] == seen[2]


def without_luck(challenge: Challenge, authid: str) -> Challenge:
    """Return a challenge with what differs each time cut to its form, and the authid left out."""
    extra = dict(challenge.extra)
    for name in ("challenge", "nonce", "salt"):
        if name in extra:
            extra[name] = form(extra[name].replace(authid, "…"))
    return replace(challenge, extra=extra)


def form(text: str) -> Any:
    """Return what a text looks like: the fields of an object, which alphabet, how long."""
    if text.startswith("{"):
        return sorted(part.split(":")[0] for part in text.split(", "))
    alphabet = next(name for name, known in ALPHABETS.items() if set(text) <= set(known))
    return alphabet, len(text)


ALPHABETS = {
    "hexadecimal": "0123456789abcdef",
    "lower case and digits": string.ascii_lowercase + string.digits,
    "base64": string.ascii_letters + string.digits + "+/=",
}


@guessable
def test_an_unknown_name_is_always_shown_the_same(kind):
    """Also while others log in: a salt or a cost that changes would tell that it is invented."""
    house = House(kind.config)

    def shown() -> dict[str, Any]:
        extra = Login(house, kind, kind.wrong, "jim").hello().extra
        return {name: value for name, value in extra.items() if name not in ("challenge", "nonce")}

    first = shown()
    assert isinstance(Login(house, kind, kind.right).run(), Welcome)
    assert first == shown()
    assert first == {
        name: value
        for name, value in Login(House(kind.config), kind, kind.wrong, "jim").hello().extra.items()
        if name not in ("challenge", "nonce")
    }


MIXED = {
    "ticket": Kind(
        {
            "ticket": {
                "type": "static",
                "principals": {
                    "joe": {"ticket": "secret", "role": "user"},
                    "anna": {"ticket": CHEAP_SCRYPT, "role": "user"},
                },
            }
        },
        "ticket",
        *TICKET,
    ),
    "wampcra": Kind(
        {
            "wampcra": {
                "type": "static",
                "users": {
                    "joe": {"secret": "secret", "role": "user"},
                    "anna": {"secret": "secret", "salt": "abc", "iterations": 100, "role": "user"},
                },
            }
        },
        "wampcra",
        *SECRET,
    ),
    "scram": Kind(
        {
            "scram": {
                "type": "static",
                "principals": {
                    "joe": {"role": "user", **scram_entry("pbkdf2", iterations=4096)},
                    "anna": {"role": "user", **scram_entry("argon2id13", **ARGON2)},
                },
            }
        },
        "wamp-scram",
        *PASSWORD,
    ),
}


@pytest.mark.parametrize("kind", MIXED.values(), ids=MIXED)
def test_among_different_credentials_unknown_names_are_like_any_of_them(kind):
    """Each always like the same one, so that neither the challenge nor the work tells."""

    def looks(authid: str) -> str:
        house = House(kind.config)
        login = Login(house, kind, kind.wrong, authid)
        challenge = login.hello()
        shape = sorted((name, value) for name, value in challenge.extra.items() if name in ("kdf", "iterations"))
        login.guest.authenticate("x")
        return f"{shape} {len(house.reactor.threads.jobs)}"

    known = {looks("joe"), looks("anna")}
    assert 2 == len(known)
    strangers = [looks(f"stranger{number}") for number in range(20)]
    assert known == set(strangers)
    assert strangers == [looks(f"stranger{number}") for number in range(20)]


def work_of(act: Callable[[], Any]) -> Counter[str]:
    """Return how often each function in C is called: hashes and comparisons are such."""
    calls: Counter[str] = Counter()

    def count(_frame: Any, event: str, function: Any) -> None:
        if event == "c_call":
            calls[getattr(function, "__qualname__", str(function))] += 1

    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls


CRYPTOGRAPHY = (
    "compare_digest",
    "hmac_digest",
    "openssl_sha256",
    "pbkdf2_hmac",
    "scrypt",
    "a2b_base64",
    "b2a_base64",
    "unhexlify",
    "from_public_bytes",
    "verify",
    "hash_secret_raw",
    "sha256",
)


@kinds
def test_an_unknown_name_costs_as_much_work(kind):
    """As many hashes, signatures and comparisons: counted, as time is not."""

    def work(authid: str) -> dict[str, int]:
        house = House(kind.config)
        login = Login(house, kind, kind.wrong, authid)
        said = login.answer(login.hello())

        def act() -> None:
            login.guest.peer.receive(login.guest.codec.encode(Authenticate(*said)))
            house.work()

        act_work = work_of(act)
        return {name: number for name, number in act_work.items() if any(part in name for part in CRYPTOGRAPHY)}

    work("joe")  # what is imported or made once
    known, unknown = work("joe"), work("jim")
    assert known == unknown
    assert sum(known.values()) >= 1


@guessable
def test_an_answer_from_another_connection_is_worth_nothing(kind):
    """Recorded, and sent again."""
    house = House(kind.config)
    recorded = Login(house, kind, kind.right)
    answer = recorded.answer(recorded.hello())
    assert isinstance(recorded.guest.authenticate(*answer) or recorded.later(), list)
    replayed = Login(house, kind, kind.right)
    if kind.name.endswith("scram"):
        replayed.authenticator._nonce = recorded.authenticator._nonce  # the client's part is the same as well
    replayed.hello()
    [abort] = replayed.guest.authenticate(*answer) or replayed.later()
    assert DENIED == abort.reason


@kinds
def test_an_answer_may_not_be_sent_twice(kind):
    """Whatever became of the first."""
    house = House(kind.config)
    login = Login(house, kind, kind.right)
    answer = login.answer(login.hello())
    login.guest.authenticate(*answer) or login.later()
    [abort] = login.guest.authenticate(*answer)
    assert "wamp.error.protocol_violation" == abort.reason
    assert [] == house.guests


@kinds
def test_a_reload_asks_whether_the_credential_is_the_same(kind):
    """Sessions of those who still have it stay; with another one, another role, or none, they end."""
    house = House(kind.config)
    login = Login(house, kind, kind.right)
    login.run()
    grant = login.guest.peer.grant
    assert grant is not None
    assert house.gate.still_admits(grant)
    [(method, settings)] = kind.config.items()
    field = "users" if "users" in settings else "principals"
    joe = settings[field]["joe"]
    other = {
        "ticket": {"ticket": "other"},
        "wampcra": {"secret": "other"},
        "scram": {"stored-key": "ab" * 32},
        "cryptosign": {"authorized_keys": [public_key(OTHER_KEY).hex()]},
    }[method]
    for changed in (
        {method: {**settings, field: {"joe": {**joe, **other}}}},
        {method: {**settings, field: {"joe": {**joe, "role": "admin"}}}},
        {method: {**settings, field: {"joe": {**joe, "realm": "realm1"}}}},
        {method: {**settings, field: {"jim": joe}}},
        {"anonymous": {"role": "user"}},
        {},
    ):
        assert not House(changed).gate.still_admits(grant), changed
    more = {method: {**settings, field: {"jim": joe, "joe": {**joe, "extra": {"a": 1}}}}}
    assert House(more).gate.still_admits(grant)


@kinds
def test_the_configuration_may_say_the_realm_and_more(kind):
    """Whatever the client asks for; extra is told in WELCOME."""
    [(method, settings)] = kind.config.items()
    field = "users" if "users" in settings else "principals"
    joe = {**settings[field]["joe"], "realm": "realm1", "extra": {"tenant": 7}}
    realms = [{"name": name, "roles": [{"name": "user"}, {"name": "admin"}]} for name in ("realm1", "realm2")]
    house = House({method: {**settings, field: {"joe": joe}}}, realms=realms)
    login = Login(house, kind, kind.right)
    details = {"roles": {"caller": {}}, "authmethods": [kind.name], "authid": "joe"}
    [challenge] = login.guest.say(Hello("realm2", {**details, "authextra": login.authenticator.authextra}))
    [welcome] = login.guest.authenticate(*login.answer(challenge)) or login.later()
    assert ("realm1", 7) == (welcome.details["realm"], welcome.details["authextra"]["tenant"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=80) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("pubkey", "nonce", "channel_binding", "cbind_data", "challenge", "x")
EXTRAS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), JSON, max_size=4)
HEX = st.text("0123456789abcdefABCDEF", min_size=64, max_size=64)


@kinds
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_is_sent_lets_nobody_in_and_raises_nothing(kind, data):
    """Strangers say HELLO and AUTHENTICATE with anything in them; it ends with an ABORT, or a closed connection."""
    house = House(kind.config)
    codec = CODECS[data.draw(st.sampled_from(["json", "msgpack", "cbor"]))]
    guest = house.connect(codec)
    extra = data.draw(EXTRAS)
    if kind.name == "cryptosign":
        extra["pubkey"] = data.draw(HEX | JSON)
    elif kind.name.endswith("scram"):
        extra["nonce"] = data.draw(st.just("abcd") | JSON)
    authid = data.draw(st.sampled_from(["joe", "jim", ""]) | st.text(max_size=20))
    heard = guest.hello(kind.name, authid=authid, **extra)
    while heard and isinstance(heard[0], Challenge):
        signature = data.draw(st.text(max_size=200) | st.sampled_from(["", "AAAA", "00" * 96, "=" * 44, "A" * 44]))
        heard = guest.authenticate(signature, data.draw(EXTRAS))
        if not heard:
            house.work()
            heard = guest.hear()
    refusals = [DENIED, *(f"wamp.error.{name}" for name in ("authentication_failed", "authentication_required"))]
    # In JSON, a name that begins with NUL may be binary, which no name is.
    assert end(heard[0]) in (*refusals, "wamp.error.protocol_violation")
    assert house.is_blank()


@kinds
def test_a_switch_tells_who_is_unknown(kind):
    """And still not more of who has the wrong credential."""
    house = House({**kind.config, "name_unknown_principals": True})
    reasons = [end(Login(house, kind, kind.wrong, authid).run()) for authid in ("jim", "joe")]
    assert ["wamp.error.no_such_principal", DENIED] == reasons
