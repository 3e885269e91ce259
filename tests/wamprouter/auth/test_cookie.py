"""Cookies: who has authenticated in this browser before need not do so again, and nobody else profits of it."""

from typing import Any

import pytest

from tests.support.auth import Guest, House, end
from wamp.protocol.messages import Goodbye, Welcome
from wamprouter.auth.cookie import digest
from wamprouter.config import Cookie
from wamprouter.server.cookies import HandshakeCookies

AUTH = {
    "cookie": {},
    "ticket": {
        "principals": {"joe": {"ticket": "secret", "role": "user"}, "mallory": {"ticket": "mine", "role": "user"}}
    },
    "anonymous": {"role": "user"},
}


class Browser:
    """Brings the cookie that it was given, whoever gave it."""

    def __init__(self, house: House) -> None:
        self.house = house
        [transport] = house.config.transports
        assert transport.cookie is not None  # type: ignore[union-attr]  # a WebSocket transport
        self.handshakes = HandshakeCookies(transport.cookie, house.gate.knows_cookie)  # type: ignore[union-attr]  # see above
        self.value = ""

    def connect(self) -> Guest:
        """Do the handshake, and keep what it sets."""
        value, header = self.handshakes.present(f"x=1; cbtid={self.value}", is_secure=True)
        if header is not None:
            self.value = value
        return self.house.connect(cookie=value, has_new_cookie=header is not None)

    def log_in(self, authid: str = "joe", ticket: str = "secret", guest: Guest | None = None) -> str:
        return end((guest or self.connect()).log_in("cookie", "ticket", authid=authid, answer=ticket))

    def come_back(self) -> str:
        """Return who one is by the cookie alone."""
        return end(self.connect().log_in("cookie"))


def house(auth: dict[str, Any] = AUTH, **cookie: Any) -> House:
    return House(auth, cookie=cookie)


NOBODY = "wamp.error.authentication_required"


def test_who_has_logged_in_comes_back_without_credentials():
    """As the same, with the same role; WELCOME says that it was by cookie."""
    browser = Browser(house())
    assert "joe" == browser.log_in()
    welcome = browser.connect().log_in("ticket", "cookie", authid="mallory")
    assert isinstance(welcome, Welcome)
    assert ("joe", "user", "cookie") == tuple(welcome.details[name] for name in ("authid", "authrole", "authmethod"))


def test_who_has_not_logged_in_is_nobody():
    """A cookie is worth nothing until then."""
    browser = Browser(house())
    assert NOBODY == browser.come_back()
    assert "wamp.error.authentication_denied" == browser.log_in(ticket="guess")
    assert NOBODY == browser.come_back()


def test_strangers_are_not_remembered():
    """Who was let in without credentials has nothing to come back as."""
    browser = Browser(house())
    browser.connect().log_in("anonymous")
    assert NOBODY == browser.come_back()


def test_a_client_that_does_not_offer_cookies_is_not_logged_in_by_them():
    """A page may want to ask each time."""
    browser = Browser(house())
    browser.log_in()
    assert "wamp.error.authentication_denied" == end(browser.connect().log_in("ticket", authid="joe", answer="guess"))


def test_the_next_method_is_asked_where_the_cookie_is_not_known():
    """That is how one logs in the first time."""
    assert "joe" == Browser(house()).log_in()


# Nobody shares what somebody else will be


@pytest.mark.parametrize("value", ["", "x" * 24, "A" * 64, "A" * 65, "'; drop", "ü" * 24, '"' * 24])
def test_a_cookie_that_is_not_known_is_never_adopted(value):
    """Somebody may have planted it (session fixation), so another one is set."""
    browser = Browser(house())
    browser.value = value
    browser.log_in()
    assert browser.value != value
    planted = Browser(browser.house)
    planted.value = value
    assert NOBODY == planted.come_back()
    assert "joe" == browser.come_back()


def test_a_cookie_that_is_known_does_not_become_somebody_elses():
    """Mallory plants a cookie that stands for Mallory; when Joe logs in with it there, Mallory must not become Joe."""
    place = house()
    mallory, joe = Browser(place), Browser(place)
    mallory.log_in("mallory", "mine")
    joe.value = mallory.value
    guest = joe.connect()
    assert "joe" == end(guest.log_in("ticket", authid="joe", answer="secret"))
    assert NOBODY == mallory.come_back()
    assert "joe" == joe.log_in()
    assert joe.value != mallory.value


def test_nor_if_it_was_forgotten_in_between():
    """Mallory logs out while Joe's connection is open."""
    place = house()
    mallory, joe = Browser(place), Browser(place)
    mallory_is_in = mallory.connect()
    mallory.log_in("mallory", "mine", mallory_is_in)
    joe.value = mallory.value
    joe_is_coming = joe.connect()
    mallory_is_in.say(Goodbye({}, "wamp.close.logout"))
    assert "joe" == end(joe_is_coming.log_in("ticket", authid="joe", answer="secret"))
    planted = Browser(place)
    planted.value = joe.value
    assert NOBODY == planted.come_back()


def test_who_logs_in_again_keeps_the_cookie():
    """It stands for the same as before."""
    browser = Browser(house())
    browser.log_in()
    value = browser.value
    assert "joe" == end(browser.connect().log_in("ticket", authid="joe", answer="secret"))
    assert "joe" == browser.come_back()
    assert value == browser.value


# Until when


def test_logging_out_forgets_the_cookie():
    """GOODBYE says so by its reason; any other keeps it."""
    browser = Browser(house())
    guest = browser.connect()
    browser.log_in(guest=guest)
    guest.say(Goodbye({}, "wamp.close.close_realm"))
    assert "joe" == browser.come_back()
    guest = browser.connect()
    guest.log_in("cookie")
    guest.say(Goodbye({}, "wamp.close.logout"))
    assert NOBODY == browser.come_back()


@pytest.mark.parametrize(
    "changed",
    [
        {"principals": {"joe": {"ticket": "other", "role": "user"}}},
        {"principals": {"joe": {"ticket": "secret", "role": "admin"}}},
        {"principals": {}},
    ],
)
def test_a_cookie_ends_with_what_it_was_learnt_by(changed):
    """A ticket that was taken back does not go on as a cookie, not even if it is given back later."""
    place = house()
    browser = Browser(place)
    browser.log_in()
    before = place.gate._methods
    [transport] = House({**AUTH, "ticket": changed}, cookie={}).config.transports
    place.gate.adopt(place.node.gates.make(transport.auth, place.config.transports[0].cookie))  # type: ignore[union-attr]  # WebSocket
    assert NOBODY == browser.come_back()
    place.gate._methods = before
    assert NOBODY == browser.come_back()


def test_a_grant_by_cookie_is_judged_by_its_first_method():
    """At a reload."""
    place = house()
    browser = Browser(place)
    browser.log_in()
    guest = browser.connect()
    guest.log_in("cookie")
    assert guest.peer.grant is not None
    assert place.gate.still_admits(guest.peer.grant)
    assert not house({"cookie": {}}).gate.still_admits(guest.peer.grant)


# Where


def test_the_store_knows_digests_only():
    """Who reads it cannot use it."""
    browser = Browser(house())
    browser.log_in()
    [store] = browser.house.node.gates._cookies.values()
    assert browser.value not in str(store._entries)
    assert [digest(browser.value)] == list(store._entries)


# The header


def present(header: str, *known: str, is_secure: bool = False, **cookie: Any) -> tuple[str, str | None]:
    return HandshakeCookies(Cookie(**cookie), lambda value: value in known).present(header, is_secure=is_secure)


def test_a_new_cookie_cannot_be_guessed():
    """24 characters of 64 by default, and never the same."""
    values = {present("")[0] for _ in range(100)}
    assert 100 == len(values)
    assert {24} == {len(value) for value in values}
    assert 64 == len(present("", length=64)[0])


@pytest.mark.parametrize(
    ("cookie", "is_secure", "header"),
    [
        ({}, False, "cbtid=…; Path=/; Max-Age=86400; SameSite=Lax; HttpOnly"),
        ({}, True, "cbtid=…; Path=/; Max-Age=86400; SameSite=Lax; HttpOnly; Secure"),
        ({"secure": True}, False, "cbtid=…; Path=/; Max-Age=86400; SameSite=Lax; HttpOnly; Secure"),
        ({"secure": False}, True, "cbtid=…; Path=/; Max-Age=86400; SameSite=Lax; HttpOnly"),
        (
            {"name": "__Host-x", "max_age": 60, "same_site": "strict", "http_strict": False},
            True,
            "__Host-x=…; Path=/; Max-Age=60; SameSite=Strict; Secure",
        ),
    ],
)
def test_the_header_says_what_is_configured(cookie, is_secure, header):
    """Scripts cannot read it, other sites cannot use it, and over TLS it stays there."""
    value, set_cookie = present("", is_secure=is_secure, **cookie)
    assert header.replace("…", value) == set_cookie


@pytest.mark.parametrize(
    "header",
    [
        "cbtid=known",
        "a=b; cbtid=known",
        'cbtid="known"',
        "cbtid=other; cbtid=known",
        " cbtid=known ;",
        "cbtid=; cbtid=known",
    ],
)
def test_a_known_cookie_is_found(header):
    """Among others, whichever of the same name it is."""
    assert ("known", None) == present(header, "known")


@pytest.mark.parametrize(
    "header", ["", "known", "=known", "CBTID=known", "xcbtid=known", "cbtid", ";;;", "cbtid=known2"]
)
def test_another_cookie_is_none_of_ours(header):
    """So a new one is set."""
    assert present(header, "known")[1] is not None
