"""WebSocket frames as nearly all are: complete, unfragmented, uncompressed. The rest is a WebSocket library's.

RFC 6455, section 5. Reading takes the frames of a router, which are never masked; writing makes those of a client.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final

__all__ = ["BINARY", "TEXT", "frame_size", "masked_frame", "masks", "take_frames"]

TEXT: Final = 0x81
BINARY: Final = 0x82
"""First octet of a frame that is a message: FIN and the opcode."""

_SHORT: Final = Struct("!BB4s")
_MEDIUM: Final = Struct("!BBH4s")
_LONG: Final = Struct("!BBQ4s")


def masks() -> Iterator[bytes]:
    """Yield masking keys: unpredictable, as RFC 6455, section 5.3 demands, but not with a system call for each."""
    while True:
        pool = os.urandom(4096)
        for at in range(0, 4096, 4):
            yield pool[at : at + 4]


def masked_frame(first: int, payload: bytes, mask: bytes) -> bytes:
    """Return a client's frame; the mask is applied as one operation on two large integers."""
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    body = (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")
    if length < 126:
        return _SHORT.pack(first, 0x80 | length, mask) + body
    if length < 65536:
        return _MEDIUM.pack(first, 0x80 | 126, length, mask) + body
    return _LONG.pack(first, 0x80 | 127, length, mask) + body


def take_frames(
    data: bytes, first: int, deliver: Callable[[bytes], None], goes_on: Callable[[], bool]
) -> tuple[int, bool]:
    """Give ``deliver`` the payloads of the frames at the beginning of ``data`` that begin with the octet ``first``.

    Return where they end, and whether what follows is the beginning of one more: False means that it is a frame of another
    kind, a masked one, or one beyond 64 KiB, or that ``goes_on()`` has said no.
    """
    at, end = 0, len(data)
    while end - at >= 2:
        length = data[at + 1]
        if data[at] != first or length > 126:
            return at, False
        body = at + 2
        if length == 126:
            body = at + 4
            if body > end:
                break
            length = data[at + 2] << 8 | data[at + 3]
        stop = body + length
        if stop > end:
            break
        deliver(data[body:stop])
        at = stop
        if not goes_on():
            return at, False
    return at, True


def frame_size(data: bytes) -> int | None:
    """Return how long the frame is that ``data`` begins with, header included; None if its header is not complete."""
    if len(data) < 2:
        return None
    length, mask = data[1] & 0x7F, 4 if data[1] & 0x80 else 0
    if length < 126:
        return 2 + mask + length
    octets = 2 if length == 126 else 8
    if len(data) < 2 + octets:
        return None
    return 2 + octets + mask + int.from_bytes(data[2 : 2 + octets], "big")
