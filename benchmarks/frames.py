"""WebSocket frames by the hundred: cut what arrives into runs of equal frames, build what is sent from one template.

Pure: octets in, octets out. It knows the framing of RFC 6455, section 5.2, for a client, and nothing about WAMP.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from benchmarks.errors import FrameError

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A  # the first octet of a frame: FIN and the opcode
FIRST_OCTETS = {TEXT, BINARY, CLOSE, PING, PONG}

# Four equal octets, so that masking does not depend on the position: any number of frames is masked by one translate.
KEY = 0x5A
MASK = bytes(octet ^ KEY for octet in range(256))

# A longer run saves nothing more, while a short one (ids of varying width) would pay for looking ahead in vain.
LONGEST_RUN = 256


def header(first: int, length: int, *, masked: bool) -> bytes:
    """Return the header of a frame with `length` octets of payload, the masking key included."""
    mask_bit = 0x80 if masked else 0
    key = bytes([KEY] * 4) if masked else b""
    if length < 126:
        return bytes([first, mask_bit | length]) + key
    if length < 1 << 16:
        return bytes([first, mask_bit | 126]) + length.to_bytes(2) + key
    return bytes([first, mask_bit | 127]) + length.to_bytes(8) + key


def frame(first: int, payload: bytes, *, masked: bool) -> bytes:
    """Return one complete frame."""
    return header(first, len(payload), masked=masked) + (payload.translate(MASK) if masked else payload)


@dataclass(slots=True)
class Run:
    """`count` complete frames of equal length and type, one after the other in `data`."""

    first: int
    header: int  # octets of each frame's header
    size: int  # octets of each frame, header included
    count: int
    data: bytes

    def payloads(self) -> list[bytes]:
        """Return each frame's payload."""
        return [self.data[at + self.header : at + self.size] for at in range(0, len(self.data), self.size)]

    def all_start_with(self, text: bytes) -> bool:
        """Say whether every payload begins with `text`, comparing a column of all frames at a time."""
        if len(text) > self.size - self.header:
            return False
        return all(self.data[self.header + i :: self.size] == text[i : i + 1] * self.count for i in range(len(text)))


class FrameReader:
    """Cut a stream of server frames, in whatever pieces it arrives, into runs."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Run]:
        """Return the frames that `data` completes, in order.

        Raises FrameError for masked, fragmented or compressed frames: a server has no reason to send one here.
        """
        if self._rest:
            data = self._rest + data
        runs = []
        at, end = 0, len(data)
        while end - at >= 2:
            first, length, head = data[at], data[at + 1], 2
            if first not in FIRST_OCTETS or length > 127:
                raise FrameError(f"expected an unmasked and unfragmented frame, got {data[at : at + 40]!r}")
            if length > 125:
                head = 4 if length == 126 else 10
                if end - at < head:
                    break
                length = int.from_bytes(data[at + 2 : at + head])
            size = head + length
            count = min((end - at) // size, LONGEST_RUN)
            if count == 0:
                break
            if count > 1:
                count = _alike(data, at, size, head, count)
            runs.append(Run(first, head, size, count, data[at : at + count * size]))
            at += count * size
        self._rest = data[at:]
        return runs


def _alike(data: bytes, at: int, size: int, head: int, most: int) -> int:
    """Return how many frames from `at` on, up to `most`, have the same header as the first.

    The next frame begins where this one ends. So, if the header found there is the same, that frame has the same length,
    and so on: comparing one column of the buffer for each octet of the header proves all boundaries.
    """
    for column in range(at, at + head):
        octets = data[column : at + most * size : size]
        most = len(octets) - len(octets.lstrip(octets[:1]))
    return most


class Template:
    """One client message with a hole, usually its request id, to be sent many times.

    `head` and `tail` surround the hole. What fills it are the octets of an encoded value, here called a token, because a
    benchmark has no need to decode the ids that it carries from one message to the next.
    """

    def __init__(self, first: int, head: bytes, tail: bytes, *, masked: bool) -> None:
        self._first, self._head, self._tail, self._masked = first, head, tail, masked
        self._starts: dict[int, bytes] = {}  # width of the token -> frame header and head

    def batch(self, tokens: Sequence[bytes]) -> bytes:
        """Return one frame for each token, as one piece."""
        if len(set(map(len, tokens))) > 1:
            return b"".join(self.batch(list(group)) for _, group in groupby(tokens, len))
        if not tokens:
            return b""
        start = self._start(len(tokens[0]))
        plain = start + (self._tail + start).join(tokens) + self._tail
        return plain.translate(MASK) if self._masked else plain

    def _start(self, width: int) -> bytes:
        start = self._starts.get(width)
        if start is None:
            head = header(self._first, len(self._head) + width + len(self._tail), masked=self._masked)
            # The header is translated together with the payload, so it goes in as what will be translated to it.
            start = self._starts[width] = (head.translate(MASK) if self._masked else head) + self._head
        return start


class Scanner:
    """Take the tokens out of runs of one kind of message: the octets that match `pattern` after `head`."""

    def __init__(self, head: bytes, pattern: bytes) -> None:
        self._head, self._pattern = head, pattern
        self._compiled: dict[bytes, re.Pattern[bytes]] = {}  # frame header -> pattern for frames of that length

    def accepts(self, run: Run) -> bool:
        """Say whether the run consists of this kind of message."""
        return run.all_start_with(self._head)

    def tokens(self, run: Run) -> list[bytes]:
        """Return one token for each frame. The run must be accepted."""
        # The complete header is part of the pattern: a literal prefix is what `re` searches fastest.
        head = run.data[: run.header]
        compiled = self._compiled.get(head)
        if compiled is None:
            compiled = self._compiled[head] = re.compile(re.escape(head + self._head) + self._pattern, re.DOTALL)
        tokens = compiled.findall(run.data)
        if len(tokens) != run.count:
            raise FrameError(f"{run.count} frames with {len(tokens)} ids in {run.data[:200]!r}")
        return tokens
