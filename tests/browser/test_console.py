"""What those who run a router see and do in its console."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import wamp
from tests.browser.conftest import Browser, Tab
from tests.support.process import EVERYTHING, RouterProcess, config, endpoint

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.title='caught'>"
OTHER = {"ticket": {"authid": "other", "ticket": "t"}}
LOGINS = {"admin": {"ticket": "letmein", "role": "admin"}, "visitor": {"ticket": "look", "role": "visitor"}}
ADMIN_REALM = {
    "name": "admin",
    "roles": [{"name": "visitor", "permissions": [{"uri": "router.info", "allow": {"call": True}}]}],
}
REALM = {"name": "realm1", "roles": [{"name": "anonymous", "permissions": EVERYTHING}]}


def configuration(**admin: Any) -> dict[str, Any]:
    """Return a router for one application, whose client has a name that no page must take for HTML."""
    client = {"type": "websocket", "endpoint": endpoint()}
    client["auth"] = {
        "ticket": {"principals": {name: {"ticket": "t", "role": "anonymous"} for name in (HOSTILE, "other")}}
    }
    return config(client, realms=[REALM, ADMIN_REALM], admin={"endpoint": endpoint(), **admin})


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    auth = {"ticket": {"principals": LOGINS}, "wampcra": {"users": {"ada": {"secret": "s3cret", "role": "admin"}}}}
    with RouterProcess(tmp_path_factory.mktemp("console"), configuration(auth=auth)) as running:
        yield running


class Application:
    """A client of the router: what the console looks at."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.go_on = threading.Event()

    def connect(self) -> wamp.BlockingSession:
        return wamp.connect(self.url, "realm1", auth={"ticket": {"authid": HOSTILE, "ticket": "t"}}, reconnect=False)

    def offer(self, session: wamp.BlockingSession) -> None:
        def count(to: int) -> Iterator[int]:
            yield from range(to)

        def wait() -> str:
            self.go_on.wait(10)
            return "done"

        session.register(lambda a, b: a + b, "com.example.add")
        session.register(lambda value: value, "com.example.echo")
        session.register(count, "com.example.count")
        session.register(wait, "com.example.wait")
        session.subscribe(lambda *args: None, "com.example.heard")


@pytest.fixture(scope="module")
def application(router: RouterProcess) -> Iterator[Application]:
    application = Application(router.urls[0])
    with application.connect() as session:
        application.offer(session)
        yield application


@pytest.fixture
def open_tab(browser: Browser, router: RouterProcess) -> Iterator[Callable[..., Tab]]:
    """Open the console with what stands behind its address."""
    tabs: list[Tab] = []

    def open_tab(fragment: str = "", **context: Any) -> Tab:
        tab = browser.open(f"{router.urls[1]}{fragment}", **context)
        tabs.append(tab)
        return tab

    yield open_tab
    for tab in tabs:
        tab.do("close")


@pytest.fixture(scope="module")
def console(browser: Browser, router: RouterProcess, application: Application) -> Iterator[Tab]:
    """A tab that is logged in: the same for many tests, as each goes to its view first."""
    tab = browser.open(f"{router.urls[1]}#ticket=letmein", viewport={"width": 1280, "height": 900})
    tab.until_state("open")
    yield tab
    tab.do("close")


def go(tab: Tab, view: str) -> None:
    """Open a view anew, by way of another."""
    tab.do("evaluate", "location.hash = '#/refusals'")
    tab.until("document.querySelector('main').dataset.view === 'refusals'")
    tab.do("evaluate", f"location.hash = '#/{view}'")
    tab.until(f"document.querySelector('main').dataset.view === '{view.split('/')[0].split('?')[0]}'")


def log_in(tab: Tab, name: str, secret: str) -> None:
    tab.fill("input[name=authid]", name)
    tab.fill("input[name=secret]", secret)
    tab.click("text=Log in")


# -- logging in


def test_address_with_the_ticket_logs_in(open_tab: Callable[..., Tab]) -> None:
    """The overview is there at once, and the ticket is gone from the address bar."""
    tab = open_tab("#ticket=letmein")
    tab.until_state("open")
    tab.until_text("h1", "Overview")
    assert "letmein" not in tab.do("evaluate", "location.href")


def test_reloaded_page_is_still_logged_in(open_tab: Callable[..., Tab]) -> None:
    """The tab remembers the ticket until it is closed."""
    tab = open_tab("#ticket=letmein")
    tab.until_state("open")
    tab.do("reload")
    tab.until_state("open")


def test_logging_out_forgets_the_ticket(open_tab: Callable[..., Tab]) -> None:
    """The form is there, and stays when the page is loaded again."""
    tab = open_tab("#ticket=letmein")
    tab.until_state("open")
    tab.click("[aria-label='Log out']")
    tab.until_state("asking")
    tab.do("reload")
    tab.until_state("asking")


def test_form_says_that_a_ticket_is_wrong(open_tab: Callable[..., Tab]) -> None:
    """In words, and one can try again."""
    tab = open_tab()
    log_in(tab, "admin", "wrong")
    tab.until_text("#login-problem", "does not know this name with this ticket")
    log_in(tab, "admin", "letmein")
    tab.until_state("open")


def test_form_takes_a_secret_of_wampcra(open_tab: Callable[..., Tab]) -> None:
    """The router chooses the method; the form has one field for both."""
    tab = open_tab()
    log_in(tab, "ada", "s3cret")
    tab.until_state("open")


def test_what_a_role_may_not_is_said(open_tab: Callable[..., Tab]) -> None:
    """A view that is not permitted says so, and does not look broken."""
    tab = open_tab("#ticket=look&authid=visitor")
    tab.until_state("open")
    tab.do("evaluate", "location.hash = '#/sessions'")
    tab.until_text("main", "Your role may not list sessions")


# -- views


def test_overview_shows_that_calls_happen(console: Tab, application: Application) -> None:
    """While a client calls, the rate is not 0 and the procedure is among the busiest."""
    go(console, "overview")
    with application.connect() as session:
        console.until("document.querySelector('.tile b').innerText !== '–'")
        for _ in range(50):
            session.call("com.example.add", 1, 2)
        console.until_text("main", "com.example.add")
        console.until("[...document.querySelectorAll('.legend b')].some((rate) => parseFloat(rate.innerText) > 0)")


QUICKLY = """(async () => {
  const { Link } = await import("./lib/link.js");
  const link = new Link("admin", { authid: "admin", secret: "letmein" });
  await link.ready();
  const first = new AbortController(), second = new AbortController();
  link.follow("router.statistics", {}, () => {}, first.signal);
  first.abort();
  await new Promise((heard) => link.follow("router.statistics", {}, heard, second.signal));
  link.close();
})()"""


def test_who_follows_while_another_leaves_hears_the_same_topic(console: Tab) -> None:
    """A view that opens while the one before still takes its leave has the numbers, too."""
    console.do("evaluate", QUICKLY)


def test_call_in_flight_is_shown_until_it_is_done(console: Tab, application: Application) -> None:
    """With its procedure and who called, for as long as the callee works on it."""
    go(console, "calls")
    application.go_on.clear()
    with application.connect() as session:
        call = session.start_call("com.example.wait")
        console.until_text("tbody", "com.example.wait")
        application.go_on.set()
        assert call.result(10) == "done"
        console.until("document.querySelector('tbody').children.length === 0")


def test_sessions_are_found_and_counted(console: Tab) -> None:
    """A search leaves those that match."""
    go(console, "sessions")
    console.until("document.querySelectorAll('tbody tr').length >= 2")
    console.fill("input[type=search]", "onerror")
    console.until("document.querySelectorAll('tbody tr').length === 1")
    console.until_text(".range", "1–1 of 1")


def test_nothing_from_the_network_is_taken_for_html(console: Tab) -> None:
    """A name that is markup is shown letter by letter, and nothing of it is done."""
    go(console, "sessions")
    console.until_text("tbody", HOSTILE)
    assert console.do("evaluate", "document.querySelectorAll('tbody img').length") == 0
    assert "caught" not in console.do("title")


def test_session_is_ended_after_a_question(console: Tab, application: Application) -> None:
    """Not before the question is answered; then the client is told, and the view says so."""
    with application.connect() as session:
        session.subscribe(lambda *args: None, "com.example.mine")
        go(console, f"sessions/realm1/{session.session_details.session}")
        console.until_text("main", "com.example.mine")
        console.click("text=End session")
        console.until("document.querySelector('dialog[open]') !== null")
        console.click("dialog .danger")
        console.until_text(".answer", "has been ended")


def test_all_sessions_of_a_name_are_ended(console: Tab, router: RouterProcess) -> None:
    """However many there are."""
    one, another = (wamp.connect(router.urls[0], "realm1", auth=OTHER, reconnect=False) for _ in range(2))
    with one, another:
        go(console, f"sessions/realm1/{one.session_details.session}")
        console.until_text("h1", "other")
        console.click("text=End all of this name")
        console.click("dialog .danger")
        console.until_text(".answer", "2 sessions have been ended")


def test_realm_is_chosen_for_all_views(console: Tab) -> None:
    """Only its sessions are listed, in whatever view comes next too."""
    go(console, "sessions")
    console.until("[...document.querySelectorAll('#realm option')].some((one) => one.value === 'admin')")
    console.do("selectOption", "#realm", "admin")
    console.until_text(".facts", "in admin")
    console.until("!document.querySelector('tbody').innerText.includes('onerror')")
    go(console, "topics")
    console.until_text(".facts", "in admin")
    console.do("selectOption", "#realm", "")
    console.until_text(".facts", "in all realms")


def test_long_list_is_fetched_page_by_page(console: Tab, application: Application) -> None:
    """Twenty entries at a time, where there are forms beside them."""
    go(console, "topics")
    with application.connect() as session:
        for number in range(60):
            session.subscribe(lambda *args: None, f"com.example.many.{number}")
        console.fill("[aria-label='Search topics']", "com.example.many")
        console.until_text(".pages .range", "1–20 of 60")
        console.click("[aria-label='Next page']")
        console.until_text(".pages .range", "21–40 of 60")
        console.until("document.querySelectorAll('tbody tr').length === 20")


def test_form_calls_a_procedure(console: Tab) -> None:
    """The button in the table fills in its name; the result and how long it took are shown."""
    go(console, "procedures")
    console.click("[aria-label='Call com.example.add']")
    console.fill("textarea >> nth=0", "[2, 3]")
    console.click("form .primary")
    console.until("document.querySelector('.answer').dataset.kind === 'result'")
    assert console.text(".answer pre") == "5"
    assert console.text(".answer p").startswith("Result after")


def test_form_shows_progressive_results(console: Tab) -> None:
    """Their number stands beside the result."""
    go(console, "procedures?call=com.example.count&realm=realm1")
    console.fill("textarea >> nth=0", "[3]")
    console.click("form .primary")
    console.until_text(".answer", "and 3 parts before")


def test_form_says_what_is_wrong_with_its_json(console: Tab) -> None:
    """At the field, which is marked; nothing is called."""
    go(console, "procedures?call=com.example.add&realm=realm1")
    console.fill("textarea >> nth=0", "[2, ")
    console.click("form .primary")
    console.until_text(".problem", "This is no JSON")
    assert console.do("getAttribute", "textarea >> nth=0", "aria-invalid") == "true"


def test_failed_call_shows_the_error(console: Tab) -> None:
    """Its URI and its text."""
    go(console, "procedures?call=com.example.nothing&realm=realm1")
    console.click("form .primary")
    console.until_text(".answer pre", "wamp.error.no_such_procedure")


def test_result_that_is_markup_is_shown_as_text(console: Tab) -> None:
    """Also what a procedure returns."""
    go(console, "procedures?call=com.example.echo&realm=realm1")
    console.fill("textarea >> nth=0", f'["{HOSTILE}"]')
    console.click("form .primary")
    console.until_text(".answer pre", HOSTILE)
    assert console.do("evaluate", "document.querySelectorAll('.answer img').length") == 0


def test_topic_is_followed_and_published_to(console: Tab) -> None:
    """What the form publishes appears in the list of who follows, text for text."""
    go(console, "topics?follow=com.example.heard")
    console.click("[aria-labelledby=follow-title] .primary")
    console.until_text("main", "Following com.example.heard in realm1")
    console.fill("[aria-labelledby=publish-title] input.code", "com.example.heard")
    console.fill("[aria-labelledby=publish-title] textarea >> nth=0", f'["{HOSTILE}"]')
    console.click("[aria-labelledby=publish-title] .primary")
    console.until_text(".feed", HOSTILE)
    assert console.do("evaluate", "document.querySelectorAll('.feed img').length") == 0


def test_tap_shows_messages_on_their_way(console: Tab, application: Application) -> None:
    """Their type, URI and sender, without what is in them."""
    go(console, "tap")
    console.fill("input.code", "com.example.")
    console.click("form .primary")
    console.until_text(".answer", "Tapping realm1")
    with application.connect() as session:
        session.call("com.example.echo", "a secret text")
    console.until_text(".feed", "com.example.echo")
    assert "a secret text" not in console.text(".feed")
    console.click("form .primary")
    console.until_text(".answer", "Stopped")


def test_configuration_is_shown_without_secrets(console: Tab) -> None:
    """What is in force, with what is secret replaced."""
    go(console, "configuration")
    console.until_text("main", "realm1")
    assert "letmein" not in console.do("textContent", "main")


def test_configuration_is_reloaded_after_a_question(console: Tab) -> None:
    """The result is shown in the router's words."""
    go(console, "configuration")
    console.click("main .primary")
    console.click("dialog .danger")
    console.until_text(".answer", "Reloaded")
    console.until_state("open")


def test_limit_is_set(console: Tab) -> None:
    """What the router then says is in force."""
    go(console, "limits")
    console.until("document.querySelectorAll('.limits input').length > 3")
    console.fill(".limits .field:has-text('join burst') input", "321")
    console.click("[aria-labelledby=limits-title] .primary")
    console.until_text("[aria-labelledby=limits-title] .answer", "join_burst = 321")


# -- how it is


VIEWS = [
    "overview",
    "sessions",
    "procedures",
    "topics",
    "calls",
    "consumers",
    "refusals",
    "tap",
    "configuration",
    "limits",
]


@pytest.mark.parametrize(("scheme", "rules"), [("light", None), ("dark", ["color-contrast"])])
def test_axe_finds_no_serious_fault(console: Tab, scheme: str, rules: list[str] | None) -> None:
    """In no view: names, roles, contrast."""
    console.do("emulateMedia", {"colorScheme": scheme})
    faults = {}
    for view in VIEWS:
        go(console, view)
        faults[view] = console.do("faults", rules)
    assert {view: found for view, found in faults.items() if found} == {}


@pytest.mark.parametrize("width", [320, 768])
def test_nothing_sticks_out_of_a_narrow_screen(console: Tab, width: int) -> None:
    """No view is wider than the screen, and the menu leads to each."""
    console.do("setViewportSize", {"width": width, "height": 700})
    wide = []
    for view in VIEWS:
        go(console, view)
        if console.do("evaluate", "document.documentElement.scrollWidth > innerWidth"):
            wide.append(view)
    console.click("[aria-label=Menu]")
    console.click("nav a[data-view=overview]")
    console.until("document.querySelector('main').dataset.view === 'overview'")
    console.do("setViewportSize", {"width": 1280, "height": 900})
    assert wide == []


def test_keyboard_leads_to_the_view(open_tab: Callable[..., Tab]) -> None:
    """The first stop passes over the navigation."""
    tab = open_tab("#ticket=letmein")
    tab.until_state("open")
    tab.until("document.querySelector('.skip') !== null")
    tab.do("press", "Tab")
    tab.until("document.activeElement.matches('.skip')")
    tab.do("press", "Enter")
    tab.until("document.activeElement.id === 'main'")


def test_button_changes_colours(open_tab: Callable[..., Tab]) -> None:
    """They stay when the page is loaded again."""
    tab = open_tab("#ticket=letmein", colorScheme="light")
    tab.until_state("open")
    tab.click("[aria-label='Use dark colours']")
    tab.do("reload")
    tab.until("document.documentElement.dataset.theme === 'dark'")


def test_page_asks_no_other_host_and_makes_no_errors(console: Tab, router: RouterProcess) -> None:
    """After all that has been done in it."""
    host = "/".join(router.urls[1].split("/")[2:3])
    assert [url for url in console.do("requests") if url.split("/")[2] != host] == []
    assert console.complaints() == []


def test_restarted_router_with_another_ticket_asks_again(
    browser: Browser, router: RouterProcess, tmp_path: Any
) -> None:
    """The console sees that the connection is lost, comes back by itself, and tells why it needs the new ticket."""
    with RouterProcess(tmp_path, configuration()) as first:
        page, ticket = first.urls[1].split("#ticket=")
        tab = browser.open(first.urls[1])
        tab.until_state("open")
        first.stop()
        tab.until_state("lost")
    port = int(page.split("/")[2].rsplit(":", 1)[1])
    with RouterProcess(tmp_path, configuration(endpoint={"type": "tcp", "port": port})) as second:
        tab.until_state("asking")
        tab.until_text("#login-problem", "Has it been started again?")
        assert second.urls[1].split("#ticket=")[1] != ticket
        log_in(tab, "admin", second.urls[1].split("#ticket=")[1])
        tab.until_state("open")
    tab.do("close")
