"""What cookies stand for: in memory, or in a file as well. Both have the same bound."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import msgspec

from wamprouter.auth import Grant

__all__ = ["FileCookies", "MemoryCookies"]


class _Entry(msgspec.Struct):
    """A line of the file. Without a grant the cookie is forgotten."""

    key: str
    until: float = 0.0
    grant: Grant | None = None


class MemoryCookies:
    """Remembers until the router ends. ``now`` is the time of day in seconds, as cookies outlive the process."""

    def __init__(self, now: Callable[[], float], *, max_age: float, limit: int) -> None:
        self._now = now
        self.max_age = max_age
        self.limit = limit
        self._entries: OrderedDict[str, tuple[float, Grant]] = OrderedDict()  # key -> (until, grant), oldest first
        self.forgotten = 0
        """Cookies that were forgotten before their time, because there were too many."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Grant | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        until, grant = entry
        if until <= self._now():
            self.discard(key)
            return None
        return grant

    def put(self, key: str, grant: Grant) -> None:
        until = self._now() + self.max_age
        self._put(key, until if grant.expires is None else min(until, grant.expires), grant)

    def _put(self, key: str, until: float, grant: Grant) -> None:
        self._entries[key] = (until, grant)
        self._entries.move_to_end(key)
        while len(self._entries) > self.limit:
            self._entries.popitem(last=False)
            self.forgotten += 1

    def discard(self, key: str) -> None:
        self._entries.pop(key, None)

    def close(self) -> None:
        """Let go of what is outside of memory: nothing is remembered from here on."""


class FileCookies(MemoryCookies):
    """Remembers in a file as well: a line for each change, written anew when most of its lines are history."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], float],
        *,
        max_age: float,
        limit: int,
        purge: bool,
        complain: Callable[[str], None],
    ) -> None:
        """Raise OSError if the file cannot be used. ``complain`` is told when it later cannot be written."""
        super().__init__(now, max_age=max_age, limit=limit)
        self._path = path
        self._complain = complain
        self._lines = 0
        self._is_behind = False  # whether the file lacks something, because it could not be written
        if path.exists() and not purge:
            self._read()
        self._file = self._rewritten()

    def _read(self) -> None:
        decode = msgspec.json.Decoder(_Entry).decode
        for line in self._path.read_bytes().splitlines():
            try:
                entry = decode(line)
            except msgspec.DecodeError:
                continue  # the last line of a router that was killed in the middle of it
            if entry.grant is None:
                self._entries.pop(entry.key, None)
            elif entry.until > self._now():
                self._put(entry.key, entry.until, entry.grant)

    def _rewritten(self) -> int:
        """Write the file anew with what is remembered; return its descriptor."""
        new = self._path.with_name(self._path.name + ".new")
        encode = msgspec.json.encode
        lines = [encode(_Entry(key, until, grant)) + b"\n" for key, (until, grant) in self._entries.items()]
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(descriptor, 0o600)  # it may have been there
            _write(descriptor, b"".join(lines))
            os.replace(new, self._path)
        except OSError:
            os.close(descriptor)
            raise
        self._lines = len(lines)
        return descriptor

    def put(self, key: str, grant: Grant) -> None:
        super().put(key, grant)
        self._append(_Entry(key, *self._entries[key]))

    def discard(self, key: str) -> None:
        if key in self._entries:
            super().discard(key)
            self._append(_Entry(key))

    def _append(self, entry: _Entry) -> None:
        """Write a change down. If that fails, it is remembered until the router ends: nobody is refused for it.

        It is made up for at the next change, or else the end of a line may be missing, and who has logged out would be back
        after a restart.
        """
        try:
            if self._is_behind or self._lines > 1000 + 2 * len(self._entries):
                old, self._file = self._file, self._rewritten()
                os.close(old)
            else:
                _write(self._file, msgspec.json.encode(entry) + b"\n")
                self._lines += 1
            self._is_behind = False
        except OSError as error:
            self._is_behind = True
            self._complain(f"cannot write to {self._path}: {error.strerror}")

    def close(self) -> None:
        os.close(self._file)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
