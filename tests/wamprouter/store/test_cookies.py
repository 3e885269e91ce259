"""What cookies stand for, in memory and in a file."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from wamprouter.auth import Grant
from wamprouter.store.cookies import FileCookies, MemoryCookies

JOE = Grant("joe", "user", "cookie", learnt_by="ticket", mark="7", extra={"tenant": 7})


class Shelf:
    """Stores of one file (or none), and the time of day."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.time = 1_800_000_000.0
        self.complaints: list[str] = []

    def open(self, *, max_age: float = 60, limit: int = 100, purge: bool = False) -> Any:
        if self.path is None:
            return MemoryCookies(lambda: self.time, max_age=max_age, limit=limit)
        return FileCookies(
            self.path,
            lambda: self.time,
            max_age=max_age,
            limit=limit,
            purge=purge,
            complain=self.complaints.append,
        )


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "cookies.jsonl")


@pytest.fixture(params=["memory", "file"])
def either(request: pytest.FixtureRequest, shelf: Shelf) -> Shelf:
    return shelf if request.param == "file" else Shelf()


def test_what_is_put_is_got(either):
    """Until it is discarded, which may be done twice."""
    store = either.open()
    assert store.get("a") is None
    store.put("a", JOE)
    assert JOE == store.get("a")
    store.discard("a")
    store.discard("a")
    assert store.get("a") is None


def test_it_is_forgotten_after_its_time(either):
    """To the second."""
    store = either.open(max_age=60)
    store.put("a", JOE)
    either.time += 59.9
    assert JOE == store.get("a")
    either.time += 0.1
    assert store.get("a") is None
    assert 0 == len(store)


def test_it_is_forgotten_with_its_credential(either):
    """Where that ends sooner; it may not live longer than cookies do, either."""
    store = either.open(max_age=60)
    for key, seconds in (("a", 10), ("b", 1000)):
        store.put(key, Grant("joe", "user", "cookie", expires=either.time + seconds))
    either.time += 10
    assert store.get("a") is None
    assert store.get("b") is not None
    either.time += 50
    assert store.get("b") is None


def test_there_is_a_bound(either):
    """The oldest goes first, and is counted. Who logs in again is young again."""
    store = either.open(limit=3)
    for key in "abcad":
        store.put(key, JOE)
    assert ["a", "c", "d"] == [key for key in "abcd" if store.get(key)]
    assert 1 == store.forgotten


# The file


def test_a_file_is_read_when_the_router_starts(shelf):
    """With who had logged out, and what has ended in the meantime."""
    store = shelf.open(max_age=60)
    store.put("out", JOE)
    store.put("old", JOE)
    shelf.time += 30
    store.put("a", JOE)
    store.discard("out")
    store.close()
    shelf.time += 31
    again = shelf.open()
    assert JOE == again.get("a")
    assert (None, None, 1) == (again.get("out"), again.get("old"), len(again))


def test_nobody_else_can_read_the_file(shelf):
    """Also if it was there before, or what a killed router has left beside it."""
    for name in (shelf.path, shelf.path.with_name(shelf.path.name + ".new")):
        name.write_bytes(b"")
        name.chmod(0o666)
    shelf.open()
    assert 0o600 == stat.S_IMODE(shelf.path.stat().st_mode)


def test_nobody_redirects_the_file(shelf):
    """By a link beside it."""
    target = shelf.path.with_name("elsewhere")
    shelf.path.with_name(shelf.path.name + ".new").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        shelf.open()
    assert not target.exists()


@pytest.mark.parametrize("cut", [1, 2, 10, 40])
def test_a_torn_last_line_is_passed_over(shelf, cut):
    """A router that was killed in the middle of writing has lost one login and not all."""
    store = shelf.open()
    store.put("a", JOE)
    store.put("b", JOE)
    store.close()
    shelf.path.write_bytes(shelf.path.read_bytes()[:-cut])
    again = shelf.open()
    assert JOE == again.get("a")
    again.put("c", JOE)
    assert JOE == shelf.open().get("c")


@pytest.mark.parametrize(
    "line",
    [b"nonsense", b"[]", b"{}", b'{"key":7}', b'{"key":"a","until":"x"}', b'{"key":"a","grant":{}}', b"\xff\0", b""],
)
def test_a_line_of_nonsense_is_passed_over(shelf, line):
    """And the others are read."""
    store = shelf.open()
    store.put("a", JOE)
    store.close()
    shelf.path.write_bytes(line + b"\n" + shelf.path.read_bytes() + line + b"\n")
    assert JOE == shelf.open().get("a")


def test_it_may_begin_anew(shelf):
    """If the configuration says so."""
    shelf.open().put("a", JOE)
    assert shelf.open(purge=True).get("a") is None
    assert shelf.open().get("a") is None


def test_the_file_has_a_bound(shelf):
    """However often somebody logs in and out: what is history is thrown away now and then."""
    store = shelf.open(limit=10)
    sizes = []
    for number in range(5000):
        store.put(str(number % 20), JOE)
        if number % 7 == 0:
            store.discard(str(number % 20))
        sizes.append(shelf.path.stat().st_size)
    assert max(sizes) < 1100 * 200
    assert {key for key in map(str, range(20)) if store.get(key)} == {
        key for key in map(str, range(20)) if shelf.open(limit=10).get(key)
    }


def test_a_file_in_no_folder_is_an_error_at_once(shelf):
    """And not at the first login."""
    shelf.path = shelf.path.parent / "nowhere" / "cookies"
    with pytest.raises(FileNotFoundError):
        shelf.open()


def test_a_folder_is_no_file(shelf):
    """An error at once as well."""
    shelf.path.mkdir()
    with pytest.raises(OSError, match="directory"):
        shelf.open()


def broken(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_nobody_out(shelf, monkeypatch):
    """Logins work and are remembered in memory; the operator is told."""
    store = shelf.open()
    with monkeypatch.context() as full:
        full.setattr("os.write", broken)
        store.put("a", JOE)
        assert JOE == store.get("a")
    assert [f"cannot write to {shelf.path}: No space left on device"] == shelf.complaints


def test_what_could_not_be_written_is_made_up_for(shelf, monkeypatch):
    """When there is room again: or who has logged out would be back after a restart."""
    store = shelf.open()
    store.put("a", JOE)
    store.put("b", JOE)
    written = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) > 10:
            return written(descriptor, data[: len(data) // 2])
        return broken()

    with monkeypatch.context() as full:
        full.setattr("os.write", half)
        store.discard("a")
    assert 1 == len(shelf.complaints)
    store.put("c", JOE)
    again = shelf.open()
    assert (None, JOE, JOE) == tuple(again.get(key) for key in "abc")
