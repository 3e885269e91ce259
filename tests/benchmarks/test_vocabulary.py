"""The benchmark's messages, checked by decoding them with something else than what built them."""

import json
from typing import Any

import msgpack
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.frames import MASK, FrameReader, Run, frame
from benchmarks.vocabulary import INVOCATION, RESULT, Vocabulary

DECODE = {"json": json.loads, "msgpack": msgpack.unpackb}
ENCODE = {"json": lambda message: json.dumps(message).encode(), "msgpack": msgpack.packb}
IDS = [1, 9, 10, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53]

both = pytest.mark.parametrize("serializer", ["json", "msgpack"])


def sent(serializer: str, batch: bytes) -> list[Any]:
    """Decode short client frames."""
    found = []
    while batch:
        end = 6 + (batch[1] & 0x7F)
        found.append(DECODE[serializer](batch[6:end].translate(MASK)))
        batch = batch[end:]
    return found


def arrived(serializer: str, *messages: list[Any]) -> list[Run]:
    """Frame messages as another implementation encodes them."""
    first = Vocabulary(serializer).notation.first
    return FrameReader().feed(b"".join(frame(first, ENCODE[serializer](each), masked=False) for each in messages))


@both
def test_calls_are_calls(serializer: str) -> None:
    """Every id becomes one CALL, however many octets it takes."""
    words = Vocabulary(serializer)
    batch = words.calls(words.notation.tokens(IDS))
    assert [[48, each, {}, "bench.procedure", ["hello", 23]] for each in IDS] == sent(serializer, batch)


@both
def test_publications_are_publications(serializer: str) -> None:
    """Every id becomes one PUBLISH."""
    words = Vocabulary(serializer)
    batch = words.publications(words.notation.tokens(IDS))
    assert [[16, each, {}, "bench.topic", ["hello", 23]] for each in IDS] == sent(serializer, batch)


@both
def test_invocations_are_answered(serializer: str) -> None:
    """The YIELDs carry the ids of the INVOCATIONs, in their order."""
    words = Vocabulary(serializer)
    runs = arrived(serializer, *([INVOCATION, each, 2**40, {"procedure": "x"}, ["hello", 23]] for each in IDS))
    tokens = [token for run in runs for token in words.take(words.invocations, run)]
    assert [[70, each, {}, ["hello", 23]] for each in IDS] == sent(serializer, words.answers(tokens))


@both
def test_result_has_the_token_of_its_call(serializer: str) -> None:
    """A caller finds its request by the encoded id."""
    words = Vocabulary(serializer)
    runs = arrived(serializer, *([RESULT, each, {}, ["hello", 23]] for each in IDS))
    tokens = [token for run in runs for token in words.take(words.results, run)]
    assert words.notation.tokens(IDS) == tokens


@both
def test_error_instead_of_result_is_named(serializer: str) -> None:
    """A router that fails a call fails the benchmark, with its own words."""
    words = Vocabulary(serializer)
    (run,) = arrived(serializer, [8, 48, 1, {}, "wamp.error.unavailable"])
    with pytest.raises(BenchmarkError, match=r"wamp\.error\.unavailable"):
        words.take(words.results, run)


@both
def test_echo_hears_what_a_router_would_say(serializer: str) -> None:
    """Sent back unchanged, the calls are invocations, the answers results of the same length, the publications events."""
    words = Vocabulary(serializer, echo=True)
    tokens = words.notation.tokens(IDS)
    for said, heard in [
        (words.calls(tokens), words.invocations),
        (words.answers(tokens), words.results),
        (words.publications(tokens), words.events),
    ]:
        assert tokens == [token for run in FrameReader().feed(said) for token in words.take(heard, run)]
    assert len(words.calls(tokens)) == len(words.answers(tokens))


def test_larger_payload() -> None:
    """A payload of another size replaces the arguments."""
    words = Vocabulary("json", payload=1024, echo=True)
    (run,) = FrameReader().feed(words.calls([b"1"]))
    assert json.loads(run.payloads()[0]) == [INVOCATION, 1, 1, {}, ["x" * 1024]]
