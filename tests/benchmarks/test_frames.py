"""The benchmark's framing: what it believes to have counted must be what was on the wire."""

import re

import pytest

from benchmarks.errors import FrameError
from benchmarks.frames import (
    BINARY,
    CLOSE,
    LONGEST_RUN,
    MASK,
    PING,
    TEXT,
    FrameReader,
    Scanner,
    Template,
    frame,
)

LENGTHS = [0, 1, 125, 126, 127, 65535, 65536]


def server(payload: bytes, first: int = TEXT) -> bytes:
    return frame(first, payload, masked=False)


def read(reader: FrameReader, data: bytes) -> list[tuple[int, bytes]]:
    return [(run.first, payload) for run in reader.feed(data) for payload in run.payloads()]


def unmasked(data: bytes) -> list[tuple[int, bytes]]:
    """Read client frames as a server does, octet by octet, with the key that each one carries."""
    found = []
    while data:
        assert data[1] & 0x80, "a client must mask"
        length, at = data[1] & 0x7F, 2
        if length > 125:
            at = 4 if length == 126 else 10
            length = int.from_bytes(data[2:at])
        key, payload = data[at : at + 4], data[at + 4 : at + 4 + length]
        assert any(key), "a key of zeros would hide that nothing was masked"
        found.append((data[0], bytes(octet ^ key[i % 4] for i, octet in enumerate(payload))))
        data = data[at + 4 + length :]
    return found


@pytest.mark.parametrize("length", LENGTHS)
def test_client_frame_is_masked(length: int) -> None:
    """A server that unmasks by the key in the frame reads what was sent, for each of the three forms of length."""
    payload = bytes(i % 251 for i in range(length))
    assert [(BINARY, payload)] == unmasked(frame(BINARY, payload, masked=True))


@pytest.mark.parametrize("length", LENGTHS)
def test_server_frame_is_read(length: int) -> None:
    """Each form of length is understood, alone and with the next frame behind it."""
    payload = bytes(i % 251 for i in range(length))
    assert [(TEXT, payload), (TEXT, b"next")] == read(FrameReader(), server(payload) + server(b"next"))


def test_stream_is_read_in_pieces() -> None:
    """Wherever the stream is cut, the same frames come out of it."""
    payloads = [b"a" * 10, b"b" * 10, b"", b"c" * 126, b"d" * 126, b"e" * 11, b"f" * 125]
    stream = b"".join(map(server, payloads)) + server(b"ping", PING) + server(b"g" * 125)
    expected = [(TEXT, payload) for payload in payloads] + [(PING, b"ping"), (TEXT, b"g" * 125)]
    for cut in range(len(stream)):
        reader = FrameReader()
        assert expected == read(reader, stream[:cut]) + read(reader, stream[cut:])


def test_stream_is_read_octet_by_octet() -> None:
    """A frame is complete with its last octet and not before."""
    reader = FrameReader()
    stream = server(b"x" * 130)
    arrived = [read(reader, stream[at : at + 1]) for at in range(len(stream))]
    assert [[]] * (len(stream) - 1) + [[(TEXT, b"x" * 130)]] == arrived


def test_equal_frames_are_one_run() -> None:
    """Frames of one length come as one run, up to its limit."""
    runs = FrameReader().feed(server(b"[36,1]") * (LONGEST_RUN + 3))
    assert [run.count for run in runs] == [LONGEST_RUN, 3]


def test_run_ends_where_length_or_type_changes() -> None:
    """A longer frame, or a control frame of the same length, is not part of the run."""
    stream = server(b"aa") * 3 + server(b"aaa") + server(b"aa", CLOSE) + server(b"aa") * 2
    assert [(run.first, run.count) for run in FrameReader().feed(stream)] == [
        (TEXT, 3),
        (TEXT, 1),
        (CLOSE, 1),
        (TEXT, 2),
    ]


def test_payload_that_looks_like_a_header_is_not_one() -> None:
    """Boundaries come from lengths only."""
    payload = b"\x81\x02" * 5
    assert [(BINARY, payload)] * 4 == read(FrameReader(), server(payload, BINARY) * 4)


@pytest.mark.parametrize(
    "data",
    [b"\x01\x02ab", b"\xc1\x02ab", b"\x80\x02ab", frame(TEXT, b"ab", masked=True)],
    ids=["fragment", "compressed", "continuation", "masked"],
)
def test_unexpected_frame_fails_loudly(data: bytes) -> None:
    """What the generator cannot count is an error."""
    with pytest.raises(FrameError, match="expected an unmasked and unfragmented frame"):
        FrameReader().feed(data)


@pytest.mark.parametrize("tail", [b",{}]", b"," + b"x" * 200 + b"]"], ids=["short", "long"])
def test_template_frames_every_token(tail: bytes) -> None:
    """A batch is one correct frame for each token, whatever their widths."""
    tokens = [b"8", b"9", b"10", b"11", b"7", b"100"]
    batch = Template(TEXT, b"[48,", tail, masked=True).batch(tokens)
    assert [(TEXT, b"[48," + token + tail) for token in tokens] == unmasked(batch)


def test_template_for_the_echo_is_not_masked() -> None:
    """What the echo sends back must look as if it came from a server."""
    batch = Template(TEXT, b"[68,", b"]", masked=False).batch([b"1", b"22"])
    assert server(b"[68,1]") + server(b"[68,22]") == batch


def test_template_without_tokens_is_nothing() -> None:
    """No messages, no octets."""
    assert Template(TEXT, b"[48,", b"]", masked=True).batch([]) == b""


def test_mask_is_its_own_inverse() -> None:
    """Masking twice gives back every octet."""
    octets = bytes(range(256))
    assert octets == octets.translate(MASK).translate(MASK) != octets.translate(MASK)


def test_scanner_takes_the_ids() -> None:
    """Ids of any width come out in order, and only from behind the header."""
    ids = [b"1", b"2", b"345", b"9007199254740992"]
    scanner = Scanner(b"[68,", rb"(\d+),")
    runs = FrameReader().feed(b"".join(server(b"[68," + each + b',5,{},["[68,7,"]]') for each in ids))
    assert all(map(scanner.accepts, runs))
    assert ids == [token for run in runs for token in scanner.tokens(run)]


def test_scanner_refuses_another_message() -> None:
    """One message of another type among many is noticed."""
    (run,) = FrameReader().feed(server(b"[68,1,2]") * 5 + server(b"[08,1,2]") + server(b"[68,1,2]"))
    assert not Scanner(b"[68,", rb"(\d+),").accepts(run)


def test_scanner_refuses_a_message_without_id() -> None:
    """A message in which the id cannot be found is an error and not skipped."""
    (run,) = FrameReader().feed(server(b"[68,1,2]") + server(b"[68,[],]"))
    with pytest.raises(FrameError, match=re.escape("2 frames with 1 ids")):
        Scanner(b"[68,", rb"(\d+),").tokens(run)
