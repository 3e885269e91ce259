"""The WAMP messages that the clients of a benchmark send and expect, in one serialization.

Pure. Messages whose ids matter are templates and scanners of `frames`; the rest is encoded and decoded one by one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.errors import BenchmarkError
from benchmarks.frames import BINARY, TEXT, Run, Scanner, Template, frame

HELLO, WELCOME, GOODBYE = 1, 2, 6
PUBLISH, SUBSCRIBE, SUBSCRIBED, EVENT = 16, 32, 33, 36
CALL, RESULT, REGISTER, REGISTERED, INVOCATION, YIELD = 48, 50, 64, 65, 68, 70

ROLES = {role: {} for role in ("caller", "callee", "publisher", "subscriber")}  # type: dict[str, dict[str, Any]]
REALM = "realm1"
PROCEDURE = "bench.procedure"
TOPIC = "bench.topic"


@dataclass(frozen=True)
class Notation:
    """How a serialization writes an array, as far as needed to leave a hole in one."""

    name: str
    first: int  # first octet of its frames
    separator: bytes
    closing: bytes
    token: bytes  # regular expression for an encoded id
    codec: Any  # msgspec.json or msgspec.msgpack: encode and decode

    @property
    def subprotocol(self) -> str:
        return f"wamp.2.{self.name}"

    def opening(self, elements: int) -> bytes:
        """Return how an array of up to 15 elements begins."""
        return b"[" if self.name == "json" else bytes([0x90 | elements])

    def head(self, elements: int, code: int) -> bytes:
        """Return what a message begins with, up to its second element."""
        number: bytes = self.codec.encode(code)
        return self.opening(elements) + number + self.separator

    def tokens(self, ids: Iterable[int]) -> list[bytes]:
        """Encode each id."""
        return list(map(self.codec.encode, ids))


NOTATIONS = {
    "json": Notation("json", TEXT, b",", b"]", rb"\s*(\d+)\s*,", msgspec.json),
    "msgpack": Notation("msgpack", BINARY, b"", b"", rb"([\x00-\x7f]|\xcc.|\xcd..|\xce.{4}|\xcf.{8})", msgspec.msgpack),
}


class Vocabulary:
    """What clients say to a router, and what they expect to hear.

    In front of the echo, which sends everything back, they say what they expect to hear: `echo` exchanges CALL for
    INVOCATION, YIELD for RESULT, PUBLISH for EVENT and HELLO for WELCOME, unmasked. The work of the generator stays the same.
    """

    def __init__(self, serializer: str, *, payload: int = 0, echo: bool = False) -> None:
        self.notation = NOTATIONS[serializer]
        self.echo = echo
        self.arguments = ["x" * payload] if payload else ["hello", 23]
        self._calls = self._template(INVOCATION, 1, {}) if echo else self._template(CALL, {}, PROCEDURE)
        self._answers = self._template(RESULT, 1, {}) if echo else self._template(YIELD, {})
        self._events = self._template(EVENT, 1, {}) if echo else self._template(PUBLISH, {}, TOPIC)
        self.invocations = self._scanner(INVOCATION, 5)
        # The echo tells the callers' answers apart by length: one more number makes them as long as the INVOCATIONs.
        self.results = self._scanner(RESULT, 5 if echo else 4)
        self.events = self._scanner(EVENT, 5)

    def calls(self, tokens: list[bytes]) -> bytes:
        """Return a CALL for each request id."""
        return self._calls.batch(tokens)

    def answers(self, tokens: list[bytes]) -> bytes:
        """Return a YIELD for each id of an INVOCATION."""
        return self._answers.batch(tokens)

    def publications(self, tokens: list[bytes]) -> bytes:
        """Return a PUBLISH, without acknowledgement, for each request id."""
        return self._events.batch(tokens)

    def hello(self) -> bytes:
        if self.echo:
            return self.message(WELCOME, 1, {})
        return self.message(HELLO, REALM, {"roles": ROLES})

    def register(self) -> bytes:
        return self.message(REGISTER, 1, {}, PROCEDURE)

    def subscribe(self) -> bytes:
        return self.message(SUBSCRIBE, 1, {}, TOPIC)

    def message(self, *elements: Any) -> bytes:
        """Return one message as a frame."""
        return frame(self.notation.first, self.notation.codec.encode(elements), masked=not self.echo)

    def decode(self, payload: bytes) -> list[Any]:
        """Return one message, decoded."""
        try:
            message = self.notation.codec.decode(payload)
        except msgspec.DecodeError as error:
            raise BenchmarkError(f"not {self.notation.name}: {payload[:200]!r}") from error
        if not isinstance(message, list):
            raise BenchmarkError(f"expected an array, got {payload[:200]!r}")
        return message

    def take(self, scanner: Scanner, run: Run) -> list[bytes]:
        """Return the tokens of a run of the expected kind."""
        self.expect(scanner, run)
        return scanner.tokens(run)

    def expect(self, scanner: Scanner, run: Run) -> None:
        """Raise BenchmarkError if the run is not of the expected kind, naming the first message in it that is not."""
        if not scanner.accepts(run):
            messages = list(map(self.decode, run.payloads()))
            raise BenchmarkError(f"unexpected message among {len(messages)} like {str(messages[0])[:300]}")

    def _template(self, code: int, *rest: Any) -> Template:
        notation = self.notation
        tail = b"".join(notation.separator + notation.codec.encode(item) for item in (*rest, self.arguments))
        return Template(
            notation.first, notation.head(len(rest) + 3, code), tail + notation.closing, masked=not self.echo
        )

    def _scanner(self, code: int, elements: int) -> Scanner:
        return Scanner(self.notation.head(elements, code), self.notation.token)
