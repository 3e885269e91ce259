"""What two looks at the statistics say together."""

from __future__ import annotations

from typing import Any

from wamprouter.cli.figures import Look, figures, lines

BOUNDS = [0.001, 0.01, 0.1]


def snapshot(at: float, **more: Any) -> dict[str, Any]:
    return {"at": at, "bounds": BOUNDS, **more}


def look(statistics: dict[str, Any], sessions: list[Any] | None = None) -> Look:
    info = {"version": "1", "pid": 7, "uptime": 90.0}
    return Look(info, statistics, sessions or [], sessions or [])


def calls(*buckets: int, procedure: str = "com.add") -> list[dict[str, Any]]:
    entry = {"realm": "realm1", "procedure": procedure, "match": "exact", "count": sum(buckets), "seconds": 1.0}
    return [entry | {"buckets": [*buckets]}]


def session(number: int, received: int, queued: int = 0) -> dict[str, Any]:
    named = {"session": number, "realm": "realm1", "authid": "joe", "authrole": "user", "peer": "127.0.0.1"}
    return named | {"received": received, "sent": 0, "queued": queued}


def test_a_rate_is_what_was_counted_a_second() -> None:
    """Rates are what was counted meanwhile, by the time between the looks."""
    realm = {"realm": "realm1", "sessions": 3, "calls_in_flight": 0, "publications": 0, "events": 0, "errors": {}}
    before = look(snapshot(10.0, realms=[realm | {"calls": 100}]))
    after = look(snapshot(12.0, realms=[realm | {"calls": 150}]))
    assert 25.0 == figures(before, after)["realms"][0]["calls"]


def test_latencies_are_of_the_calls_meanwhile() -> None:
    """A slow hour before says nothing of now: half of the calls since then took less than the first bound."""
    before, after = look(snapshot(1, calls=calls(0, 0, 500, 0))), look(snapshot(2, calls=calls(80, 19, 501, 0)))
    assert {"p50": 0.001, "p99": 0.01} == figures(before, after)["latency"]


def test_calls_beyond_all_bounds() -> None:
    """Where calls took longer than the last bound, no number is told."""
    after = look(snapshot(2, calls=calls(0, 0, 0, 5)))
    assert {"p50": None, "p99": None} == figures(look(snapshot(1)), after)["latency"]


def test_a_router_that_has_begun_anew() -> None:
    """Counters that begin again give no negative rates."""
    before, after = look(snapshot(1, messages={"in": {"CALL": 10}})), look(snapshot(2, messages={"in": {"CALL": 1}}))
    assert 0 == figures(before, after)["messages"]["in"]


def test_who_is_busiest_now() -> None:
    """Who has sent most since the last look is first, whatever came before."""
    before = look(snapshot(1), [session(1, 1000), session(2, 10)])
    after = look(snapshot(2), [session(1, 1001), session(2, 60)])
    assert [2, 1] == [one["session"] for one in figures(before, after)["busiest"]]


def test_who_does_not_read() -> None:
    """Sessions for which something waits are shown as slow."""
    after = look(snapshot(2), [session(1, 0, queued=500), session(2, 0)])
    assert [1] == [one["session"] for one in figures(look(snapshot(1)), after)["slow"]]


def test_lines_fit_the_screen() -> None:
    """No line is longer than the screen, and there are not more than it has."""
    after = look(snapshot(2, calls=calls(5, 0, 0, 0, procedure="com.example." + "x" * 200)), [session(1, 5, 7)])
    shown = lines(figures(look(snapshot(1), [session(1, 0)]), after), 40, 9)
    assert (9, True) == (len(shown), max(map(len, shown)) <= 40)


def test_names_do_not_command_the_terminal() -> None:
    """A client's name with control characters is shown without them."""
    evil = session(1, 0, 7) | {"authid": "\x1b[2Jjoe"}
    shown = "\n".join(lines(figures(look(snapshot(1)), look(snapshot(2), [evil]))))
    assert ("\x1b" in shown, "joe" in shown) == (False, True)
