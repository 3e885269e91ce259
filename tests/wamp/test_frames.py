"""WebSocket frames: where one ends, and which are taken here."""

import pytest

from wamp.frames import TEXT, cut_frames, frame_size, masked_frames


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
@pytest.mark.parametrize("is_masked", [False, True])
def test_the_header_says_how_long_a_frame_is(length, is_masked):
    frame = masked_frames(TEXT, [bytes(length)], iter([b"mask"]))
    if not is_masked:
        body = len(frame) - length
        frame = frame[:1] + bytes([frame[1] & 0x7F]) + frame[2 : body - 4] + frame[body:]
    assert len(frame) == frame_size(frame + b"more")


@pytest.mark.parametrize("header", [b"", b"\x81", b"\x81\x7e\x01", b"\x81\x7f\0\0\0\0\0\0\0"])
def test_a_header_that_is_not_complete_says_nothing(header):
    assert frame_size(header) is None


def test_plain_frames_are_taken():
    assert ([b"ab", b"cd"], 8, True) == cut_frames(b"\x81\x02ab\x81\x02cd", TEXT)


def test_the_beginning_of_a_plain_frame_is_left():
    assert ([b"ab"], 4, True) == cut_frames(b"\x81\x02ab\x81\x02c", TEXT)


@pytest.mark.parametrize("other", [b"\x89\x00", b"\x01\x01a", b"\x82\x01a", b"\xc1\x01a", b"\x81\x81mask!"])
def test_another_kind_of_frame_is_left(other):
    """A ping, a fragment, the other type, a compressed one, a masked one."""
    assert ([b"ab"], 4, False) == cut_frames(b"\x81\x02ab" + other, TEXT)


def test_each_frame_has_its_mask():
    frames = masked_frames(TEXT, [b"ab", b"abc"], iter([b"\0\0\0\0", b"\1\1\1\1"]))
    assert b"\x81\x82\0\0\0\0ab" + b"\x81\x83\1\1\1\1`cb" == frames
