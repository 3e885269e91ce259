"""WebSocket frames as nearly all are: complete, unfragmented, uncompressed. The rest is a WebSocket library's.

RFC 6455, section 5. Reading takes the frames of a router, which are never masked; writing makes those of a client.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from struct import Struct
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # it was installed without a C compiler
    from websockets.utils import apply_mask

__all__ = ["BINARY", "TEXT", "cut_frames", "frame_size", "masked_frames", "masks"]

TEXT: Final = 0x81
BINARY: Final = 0x82
"""First octet of a frame that is a message: FIN and the opcode."""

_SHORT: Final = {first: [bytes((first, 0x80 | length)) for length in range(126)] for first in (TEXT, BINARY)}
_MEDIUM: Final = Struct("!BBH")
_LONG: Final = Struct("!BBQ")


def masks() -> Iterator[bytes]:
    """Yield masking keys: unpredictable, as RFC 6455, section 5.3 demands, but not with a system call for each."""
    return chain.from_iterable(map(_keys, repeat(1024)))


def _keys(count: int) -> list[bytes]:
    pool = os.urandom(4 * count)
    return [pool[at : at + 4] for at in range(0, len(pool), 4)]


def masked_frames(first: int, payloads: Iterable[bytes], masks: Iterator[bytes]) -> bytes:
    """Return a client's frames, one for each payload and one behind the other."""
    parts: list[bytes] = []
    short = _SHORT[first]
    for payload, mask in zip(payloads, masks, strict=False):
        length = len(payload)
        if length < 126:
            parts.append(short[length])
        elif length < 65536:
            parts.append(_MEDIUM.pack(first, 0x80 | 126, length))
        else:
            parts.append(_LONG.pack(first, 0x80 | 127, length))
        parts.append(mask)
        parts.append(apply_mask(payload, mask))
    return b"".join(parts)


def cut_frames(data: bytes, first: int) -> tuple[list[bytes], int, bool]:
    """Return the payloads of the frames at the beginning of ``data`` that begin with the octet ``first``.

    Return also where they end, and whether what follows is the beginning of one more: False means that it is a frame of
    another kind, a masked one, or one beyond 64 KiB.
    """
    payloads: list[bytes] = []
    at, end = 0, len(data)
    while end - at >= 2:
        length = data[at + 1]
        if data[at] != first or length > 126:
            return payloads, at, False
        body = at + 2
        if length == 126:
            body = at + 4
            if body > end:
                break
            length = data[at + 2] << 8 | data[at + 3]
        stop = body + length
        if stop > end:
            break
        payloads.append(data[body:stop])
        at = stop
    return payloads, at, True


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
