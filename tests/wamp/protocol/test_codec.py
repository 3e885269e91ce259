"""What a codec accepts, what it refuses, and what it makes of it."""

from __future__ import annotations

import sys
import tracemalloc
from typing import Any

import cbor2
import msgpack
import msgspec
import pytest
from cbor2 import CBORTag

from tests.wamp.protocol.samples import LISTS, PACK, SERIALIZERS, URI, assemble, float64
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import ABSENT, MESSAGES, Abort, Call, Message, Publish, Raw, Unregistered, Unsubscribed
from wamp.protocol.options import CallOptions, PublishOptions, read
from wamp.protocol.serializers import TranscodingError

every_serializer = pytest.mark.parametrize("name", SERIALIZERS)
every_message = pytest.mark.parametrize("fields", LISTS.values(), ids=LISTS)
UNDEFINED = {"json": b"null", "msgpack": b"\xd4\x00\x00", "cbor": b"\xf7"}


def decode(name: str, fields: list[Any]) -> Any:
    return CODECS[name].decode(PACK[name](fields))


def refuses(name: str, data: bytes, match: str = ".") -> None:
    with pytest.raises(ProtocolViolation, match=match):
        CODECS[name].decode(data)
    with pytest.raises(ProtocolViolation):  # also by who reads the payload, and does without that check
        CODECS[name].values(CODECS[name].decode(data, is_relayed=False))


def payload(name: str, raw: Raw) -> Any:
    return CODECS[name].serializer.unpack(raw)


def options(name: str, **packed: bytes) -> bytes:
    """Return a dictionary whose values are packed already."""
    if name == "json":
        return b"{" + b",".join(b'"%s":%s' % (key.encode(), value) for key, value in packed.items()) + b"}"
    head = {"msgpack": 0x80, "cbor": 0xA0}[name] + len(packed)
    return bytes((head,)) + b"".join(PACK[name](key) + value for key, value in packed.items())


# -- every message


@every_serializer
@every_message
def test_a_message_survives_the_round_trip(name, fields):
    data = PACK[name](fields)

    assert data == CODECS[name].encode(CODECS[name].decode(data))


@every_message
def test_msgpack_is_what_an_independent_library_writes(fields):
    assert msgpack.packb(fields) == CODECS["msgpack"].encode(decode("msgpack", fields))


@every_message
def test_msgpack_of_an_independent_library_is_read(fields):
    assert decode("json", fields).CODE == CODECS["msgpack"].decode(msgpack.packb(fields)).CODE


@every_serializer
@every_message
def test_a_message_cut_short_is_a_violation(name, fields):
    data = PACK[name](fields)

    for end in range(len(data)):
        refuses(name, data[:end])


@every_serializer
@every_message
def test_trailing_bytes_are_a_violation(name, fields):
    for trailing in (b"\x00", b"x", b"\xff", PACK[name](fields)):
        refuses(name, PACK[name](fields) + trailing)


@every_serializer
@every_message
def test_one_field_too_many_is_a_violation(name, fields):
    kind = MESSAGES[fields[0]]
    missing = 1 + len(kind.__struct_fields__) - len(fields)
    full = [*fields, *[[], {}][2 - missing :]] if "args" in kind.__struct_fields__ else [*fields, *[{}] * missing]

    refuses(name, PACK[name]([*full, {}]))


@every_serializer
@every_message
def test_a_missing_field_is_a_violation(name, fields):
    kind = MESSAGES[fields[0]]
    required = len(kind.__struct_fields__) - len(kind.__struct_defaults__)

    refuses(name, PACK[name](fields[:required]))


@every_serializer
@pytest.mark.parametrize("code", [0, 7, 9, -1, 338, 2**64 - 1, "48", None, True, 48.5, [48], {}])
def test_an_unknown_message_code_is_a_violation(name, code):
    refuses(name, PACK[name]([code, 7, {}, URI]), "not a WAMP message")


@every_serializer
@pytest.mark.parametrize("value", [[], {}, {"a": 1}, 48, "text", None, True, 1.5])
def test_what_is_no_list_is_a_violation(name, value):
    refuses(name, PACK[name](value))


@every_serializer
def test_no_bytes_are_a_violation(name):
    refuses(name, b"")


def test_a_codec_is_printed_with_its_name():
    assert "<Codec json>" == repr(CODECS["json"])


# -- ids


@every_serializer
@pytest.mark.parametrize("bad", [0, -1, 2**53 + 1, 2**64 - 1, True, False, 0.5, "7", None, [7], {}])
@pytest.mark.parametrize("place", [1, 2])
def test_a_bad_id_is_a_violation(name, bad, place):
    fields: list[Any] = [34, 7, 12]
    fields[place] = bad

    refuses(name, PACK[name](fields), "UNSUBSCRIBE")


@every_serializer
def test_the_largest_id_is_accepted(name):
    assert 2**53 == decode(name, [34, 2**53, 12]).request


@every_serializer
@pytest.mark.parametrize("value", [1, 2**32, 2**53])
def test_an_integral_float_is_taken_for_an_id(name, value):
    """JavaScript's msgpackr and cbor-x write any number from 2^32 up as a float."""
    message = CODECS[name].decode(assemble(name, PACK[name](34), float64(name, value), PACK[name](12)))

    assert (value, int) == (message.request, type(message.request))


@every_serializer
def test_an_integral_float_is_taken_for_the_message_code(name):
    data = assemble(name, float64(name, 48), PACK[name](7), PACK[name]({}), PACK[name](URI), PACK[name]([1]))

    assert [1] == payload(name, CODECS[name].decode(data).args)


@every_serializer
@pytest.mark.parametrize("special", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_float_that_is_no_integer_in_range_is_no_id(name, special):
    refuses(name, PACK[name]([34, special, 12]))


@every_serializer
def test_an_integral_float_is_taken_for_an_id_among_the_options(name):
    data = assemble(name, PACK[name](36), PACK[name](1), PACK[name](2), options(name, publisher=float64(name, 2**40)))

    assert 2**40 == CODECS[name].decode(data).details["publisher"]


@every_serializer
def test_an_integral_float_is_taken_for_an_id_in_a_list_of_them(name):
    ids = assemble(name, float64(name, 2**40), PACK[name](5))
    data = assemble(name, PACK[name](16), PACK[name](1), options(name, exclude=ids), PACK[name](URI))

    assert [2**40, 5] == read(PublishOptions, CODECS[name].decode(data).options).exclude


@every_serializer
def test_a_request_of_zero_is_a_revocation(name):
    assert 0 == decode(name, [35, 0, {"subscription": 12}]).request


# -- options


@every_serializer
@pytest.mark.parametrize("absent", ["null", "undefined"])
def test_an_option_without_a_value_is_absent(name, absent):
    """wampy sends {match: undefined, get_retained: undefined}."""
    value = PACK[name](None) if absent == "null" else UNDEFINED[name]
    data = assemble(
        name,
        PACK[name](32),
        PACK[name](7),
        options(name, match=value, get_retained=value, x=PACK[name](1)),
        PACK[name](URI),
    )

    assert {"x": 1} == CODECS[name].decode(data).options


@every_serializer
@pytest.mark.parametrize("name_of", ["args", "kwargs", "both"])
@pytest.mark.parametrize("absent", ["null", "undefined"])
def test_a_payload_without_a_value_is_absent(name, name_of, absent):
    nothing = PACK[name](None) if absent == "null" else UNDEFINED[name]
    elements = [PACK[name](48), PACK[name](7), PACK[name]({}), PACK[name](URI)]
    elements += {"args": [nothing], "kwargs": [PACK[name]([]), nothing], "both": [nothing, nothing]}[name_of]
    message = CODECS[name].decode(assemble(name, *elements))

    assert (name_of != "kwargs", True) == (message.args is ABSENT, message.kwargs is ABSENT)


@every_serializer
def test_unknown_options_are_kept(name):
    assert {"_mine": {"a": [1]}, "timeout": 5} == decode(
        name, [48, 7, {"_mine": {"a": [1]}, "timeout": 5}, URI]
    ).options


@every_serializer
def test_typed_options_can_be_read(name):
    assert CallOptions(timeout=5) == read(CallOptions, decode(name, [48, 7, {"timeout": 5, "_x": 1}, URI]).options)


@every_serializer
@pytest.mark.parametrize("bad", [[], "text", 1, None, True])
def test_options_that_are_no_dictionary_are_a_violation(name, bad):
    refuses(name, PACK[name]([48, 7, bad, URI]), "CALL")


@pytest.mark.parametrize("name", ["msgpack", "cbor"])
@pytest.mark.parametrize("bad", [{1: 2}, {"a": {1: 2}}, {b"a": 1}])
def test_options_with_keys_that_are_no_strings_are_a_violation(name, bad):
    refuses(name, PACK[name]([48, 7, bad, URI]), "CALL")


@every_serializer
@pytest.mark.parametrize(
    "fields",
    [
        [48, 7, {"timeout": "5"}, URI],
        [48, 7, {"timeout": 0.5}, URI],
        [49, 7, {"mode": "murder"}],
        [64, 7, {"invoke": "all"}, URI],
        [1, "realm1", {"roles": []}],
        [1, "realm1", {"authmethods": [1]}],
        [6, {"message": 1}, "wamp.close.normal"],
        [68, 7, 12, {"caller": 0}],
    ],
)
def test_an_option_of_the_wrong_type_is_a_violation(name, fields):
    refuses(name, PACK[name](fields))


@pytest.mark.parametrize("name", SERIALIZERS)
def test_a_binary_option_is_bytes_whatever_the_serializer(name):
    value = "\0AAEC" if name == "json" else b"\0\1\2"

    assert {"_key": b"\0\1\2", "n": 1} == decode(name, [48, 7, {"_key": value, "n": 1}, URI]).options


@every_serializer
def test_a_binary_option_is_written_in_the_serializer_s_way(name):
    message = Call(7, {"_key": [b"\0\1\2"]}, URI)

    assert message == CODECS[name].decode(CODECS[name].encode(message))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (
            PACK["msgpack"](msgspec.json.decode('"2020-01-01T00:00:00Z"', type=__import__("datetime").datetime)),
            "2020-01-01T00:00:00Z",
        ),
        (PACK["msgpack"]([1, b"a"]), [1, b"a"]),
    ],
)
def test_an_option_of_msgpack_becomes_a_plain_value(data, value):
    message = CODECS["msgpack"].decode(
        assemble("msgpack", b"\x30", b"\x07", options("msgpack", _x=data), PACK["msgpack"](URI))
    )

    assert {"_x": value} == message.options


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("c074323032302d30312d30315430303a30303a30305a", "2020-01-01T00:00:00Z"),
        ("d903ec6a323032302d30312d3031", "2020-01-01"),
        ("c48221190fa0", "40.00"),
        ("81f7", [None]),
        ("c249010000000000000000", 2**64),
    ],
)
def test_an_option_of_cbor_becomes_a_plain_value(data, value):
    message = CODECS["cbor"].decode(
        assemble("cbor", b"\x18\x30", b"\x07", options("cbor", _x=bytes.fromhex(data)), PACK["cbor"](URI))
    )

    assert {"_x": value} == message.options


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("msgpack", "d40541"),
        ("msgpack", "c70cff000000007fffffffffffffff"),
        ("cbor", "d8236161"),
        ("cbor", "f0"),
        ("cbor", "d9ffff01"),
    ],
)
def test_an_option_that_only_one_serializer_has_is_a_violation(name, data):
    refuses(
        name, assemble(name, PACK[name](48), b"\x07", options(name, _x=bytes.fromhex(data)), PACK[name](URI)), "CALL"
    )


# -- payload


@every_serializer
@pytest.mark.parametrize("payload", [[], [[1, "a"]], [[], {"b": [2]}], [[1], {"b": 2}], [None, None]])
def test_a_payload_is_read_as_values(name, payload):
    message = CODECS[name].decode(PACK[name]([48, 7, {}, URI, *payload]), is_relayed=False)
    args, kwargs = [*payload, None, None][:2]

    assert (args or [], kwargs or {}) == CODECS[name].values(message)


@every_serializer
@pytest.mark.parametrize("bad", [{}, {"a": 1}, "text", 1, True, 1.5])
def test_arguments_that_are_no_list_are_a_violation(name, bad):
    refuses(name, PACK[name]([48, 7, {}, URI, bad]), "CALL")


@every_serializer
@pytest.mark.parametrize("bad", [[], "text", 1, True, 1.5])
def test_keyword_arguments_that_are_no_dictionary_are_a_violation(name, bad):
    refuses(name, PACK[name]([48, 7, {}, URI, [], bad]), "CALL")


@pytest.mark.parametrize("name", ["msgpack", "cbor"])
@pytest.mark.parametrize("bad", [{1: 2}, {b"a": 1}, {"a": 1, 1.5: 1}, {None: 1}])
def test_keyword_arguments_with_keys_that_are_no_strings_are_a_violation(name, bad):
    refuses(name, PACK[name]([48, 7, {}, URI, [], bad]), "CALL")


@pytest.mark.parametrize("name", ["msgpack", "cbor"])
def test_maps_within_the_payload_may_have_numbers_as_keys(name):
    value = [{1: "a", 1.5: "b", None: "c", b"d": "d"}]

    assert value == payload(name, decode(name, [48, 7, {}, URI, value]).args)


@every_serializer
def test_keyword_arguments_without_arguments_get_an_empty_list(name):
    message = Call(7, {}, URI, kwargs=CODECS[name].serializer.pack({"a": 1}))

    assert PACK[name]([48, 7, {}, URI, [], {"a": 1}]) == CODECS[name].encode(message)


@every_serializer
@pytest.mark.parametrize("value", [b"\0\1", "text"])
def test_an_encrypted_payload_stands_in_place_of_the_arguments(name, value):
    args = CODECS[name].serializer.pack(value)
    data = CODECS[name].encode(Publish(7, {"enc_algo": "cryptobox"}, URI, args))

    assert value == payload(name, CODECS[name].decode(data).args)


@every_serializer
def test_an_encrypted_payload_that_is_a_number_is_a_violation(name):
    refuses(name, PACK[name]([16, 7, {"enc_algo": "cryptobox"}, URI, 5]), "not a list")


@every_serializer
def test_the_payload_of_an_abort_is_read(name):
    assert [1] == payload(name, decode(name, [3, {}, URI, [1]]).args)


@every_serializer
@pytest.mark.parametrize("message", [Unsubscribed(7), Unregistered(7)])
def test_details_that_say_nothing_are_not_written(name, message):
    assert PACK[name]([message.CODE, 7]) == CODECS[name].encode(message)


@pytest.mark.parametrize(
    "data", ["d70000000000000000ff", "d7ffffffffffffffffff", "c70cff000000007fffffffffffffff", "d40541", "c70005"]
)
def test_extensions_of_msgpack_pass_untouched(data):
    """A timestamp of the year 10,000 is none of the router's business."""
    packed = assemble(
        "msgpack",
        b"\x30",
        b"\x07",
        b"\x80",
        PACK["msgpack"](URI),
        b"\x91" + bytes.fromhex(data),
        b"\x81\xa1k" + bytes.fromhex(data),
    )

    assert packed == CODECS["msgpack"].encode(CODECS["msgpack"].decode(packed))


@pytest.mark.parametrize(
    "data",
    [
        "c0616e",
        "c1fb7ff0000000000000",
        "c482391fff01",
        "d823622a2a",
        "d82461ff61",
        "d9010281f7",
        "c2581f" + "ff" * 31,
        "f0",
        "bf616101ff",
        "9f01ff",
        "7f6161ff",
    ],
)
def test_tags_of_cbor_pass_untouched(data):
    content = bytes.fromhex(data)
    packed = assemble("cbor", b"\x18\x30", b"\x07", b"\xa0", PACK["cbor"](URI), b"\x81" + content)
    if data == "d82461ff61":
        refuses("cbor", packed)  # its text is not UTF-8
    else:
        assert packed == CODECS["cbor"].encode(CODECS["cbor"].decode(packed))


@pytest.mark.parametrize(
    "data",
    [
        "9f1830073080ff",
        "9f1830 07a0 6161ff",
        "980418 3007a06161",
        "99000418 3007a06161",
        "9a0000000418 3007a06161",
        "d9d9f7841830 07a06161",
    ],
)
def test_cbor_lists_with_odd_heads_are_read(data):
    packed = bytes.fromhex(data)
    if data.startswith("9f1830073080"):
        refuses("cbor", packed)
    else:
        assert Call(7, {}, "a") == CODECS["cbor"].decode(packed)


@pytest.mark.parametrize(
    "data",
    [
        "9f",
        "9f1830",
        "9fff",
        "80",
        "9b7fffffffffffffff01",
        "9affffffff",
        "9c",
        "98",
        "9800",
        "d9d9f7",
        "88" + "01" * 8,
        "9f1830 07a06161ff00",
        "841830 07a0616100",
    ],
)
def test_cbor_lists_with_bad_heads_are_a_violation(data):
    refuses("cbor", bytes.fromhex(data))


# -- hostile bytes


def nested(name: str, depth: int, *, close: bool = True) -> bytes:
    """Return a number within so many lists; an open one is cut off."""
    if name == "json":
        return b"[" * depth + (b"1" + b"]" * depth if close else b"")
    return {"msgpack": b"\x91", "cbor": b"\x81"}[name] * depth + (b"\x01" if close else b"")


def nested_maps(name: str, depth: int) -> bytes:
    if name == "json":
        return b'{"a":' * depth + b"1" + b"}" * depth
    return {"msgpack": b"\x81\xa1a", "cbor": b"\xa1\x61a"}[name] * depth + b"\x01"


def call(name: str, *, head: bytes | None = None, args: bytes | None = None, kwargs: bytes | None = None) -> bytes:
    parts = [PACK[name](48), PACK[name](7), head or PACK[name]({}), PACK[name](URI)]
    parts += [args or PACK[name]([]), kwargs or PACK[name]({})]
    return assemble(name, *parts)


@every_serializer
@pytest.mark.parametrize("depth", [200, 50_000])
@pytest.mark.parametrize("close", [True, False], ids=["closed", "open"])
@pytest.mark.parametrize("place", ["all", "code", "id", "options", "option", "uri", "args", "kwargs", "kwarg"])
def test_deep_nesting_is_a_violation_everywhere(name, depth, close, place):
    deep = nested(name, depth, close=close)
    inner = options(name, a=deep)
    data = {
        "all": deep,
        "code": assemble(name, deep, PACK[name](7)),
        "id": assemble(name, PACK[name](34), deep, PACK[name](7)),
        "options": call(name, head=nested_maps(name, depth)),
        "option": call(name, head=inner),
        "uri": assemble(name, PACK[name](48), PACK[name](7), PACK[name]({}), deep),
        "args": call(name, args=deep),
        "kwargs": call(name, kwargs=nested_maps(name, depth)),
        "kwarg": call(name, kwargs=inner),
    }[place]

    refuses(name, data)


@every_serializer
@pytest.mark.parametrize("depth", [1, 100, 128])
def test_ordinary_nesting_is_accepted(name, depth):
    data = call(name, args=nested(name, depth))

    assert data == CODECS[name].encode(CODECS[name].decode(data))


@every_serializer
def test_the_limit_of_nesting_is_the_same_in_every_serializer(name):
    refuses(name, call(name, args=nested(name, 129)))


def test_many_brackets_side_by_side_are_no_nesting():
    value = [[{"text": '[[[["\\[{'}]] * 400

    assert value == payload("json", decode("json", [48, 7, {}, URI, value]).args)


def test_brackets_in_a_string_are_no_nesting():
    value = ["[" * 1000, '\\"[{' * 300]

    assert value == payload("json", decode("json", [48, 7, {}, URI, value]).args)


def test_nesting_by_keys_of_msgpack_is_a_violation():
    refuses("msgpack", call("msgpack", args=b"\x91" + b"\x81" + b"\x91" * 200 + b"\x90" + b"\x01"))


@every_serializer
def test_no_other_exception_comes_from_a_caller_that_is_deep_itself(name):
    data = call(name, head=PACK[name]({"_x": [[[[1]]]]}), args=nested(name, 100))

    def at(depth: int) -> Message:
        return at(depth - 1) if depth else CODECS[name].decode(data)

    frame, used = sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1
    for depth in range(sys.getrecursionlimit() - used - 130, sys.getrecursionlimit() - used - 12, 7):
        try:
            at(depth)
        except ProtocolViolation:
            pass


LENGTHS = {
    "msgpack": ["c640000000", "c940000000", "db40000000", "dd40000000", "df40000000", "dd7fffffff", "dfffffffff"],
    "cbor": [
        "5a40000000",
        "7a40000000",
        "9a40000000",
        "ba40000000",
        "5bffffffffffffffff",
        "9b7fffffffffffffff",
        "bbffffffffffffffff",
        "7bffffffffffffffff",
    ],
}


@pytest.mark.parametrize("place", ["all", "id", "options", "args", "element"])
@pytest.mark.parametrize(
    ("name", "head"),
    [pytest.param(name, head, id=f"{name}-{head}") for name, heads in LENGTHS.items() for head in heads],
)
def test_a_length_of_a_gigabyte_allocates_nothing(name, head, place):
    huge = bytes.fromhex(head)
    start = assemble(name, PACK[name](48), PACK[name](7), PACK[name]({}), PACK[name](URI), b"")
    data = {
        "all": huge,
        "id": assemble(name, PACK[name](34), huge, b""),
        "options": assemble(name, PACK[name](48), PACK[name](7), huge, b""),
        "args": start + huge,
        "element": start + PACK[name]([0])[:1] + huge,
    }[place]
    tracemalloc.start()
    try:
        refuses(name, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


BAD_TEXT = {
    "json": [b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\\ud8"'],
    "msgpack": [b"\xa1\xff", b"\xa1\xc3", b"\xa3\xed\xa0\x80", b"\xa2\xc0\x80"],
    "cbor": [b"\x61\xff", b"\x61\xc3", b"\x63\xed\xa0\x80", b"\x62\xc0\x80"],
}


@pytest.mark.parametrize("place", ["uri", "option", "args", "kwargs", "key", "unchecked"])
@pytest.mark.parametrize(
    ("name", "text"),
    [pytest.param(name, text, id=f"{name}-{text.hex()}") for name, texts in BAD_TEXT.items() for text in texts],
)
def test_text_that_is_not_utf8_is_a_violation(name, text, place):
    key = b"{%s:1}" % text if name == "json" else PACK[name]({"a": 1})[:1] + text + b"\x01"
    data = {
        "uri": assemble(name, PACK[name](48), PACK[name](7), PACK[name]({}), text),
        "option": call(name, head=options(name, a=text)),
        "args": call(name, args=assemble(name, text)),
        "kwargs": call(name, kwargs=options(name, a=text)),
        "key": call(name, kwargs=key),
        "unchecked": call(name, args=assemble(name, PACK[name]("x" * 5000), assemble(name, text))),
    }[place]

    refuses(name, data)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\udc4bx"', "\ufffdx"),
        (rb'"\ud83d\ud83d\udc4b"', "\ufffd\U0001f44b"),
        (rb'"\\ud83d \ud83d \""', '\\ud83d \ufffd "'),
        (rb'"\\\ud83d"', "\\\ufffd"),
    ],
)
def test_half_of_a_surrogate_pair_is_replaced(text, mended):
    """Text that JavaScript has cut in the middle of an emoji is valid JSON, and no reason to end a session."""
    message = CODECS["json"].decode(b'[48,7,{},"com.a",[%s],{%s:1}]' % (text, text))

    assert CODECS["json"].serializer.unpack(message.args) == [mended]
    assert CODECS["json"].serializer.unpack(message.kwargs) == {mended: 1}


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf[34,7,12]",
        b"[34,7,12,]",
        b"[34,07,12]",
        b"[34,NaN,12]",
        b"[34,7,12]]",
        b"[34 7 12]",
        b'[48,7,{},"a",[1e]]',
        b"'a'",
        b'[48,7,{},"a\x00",[]]',
    ],
)
def test_what_only_looks_like_json_is_a_violation(data):
    refuses("json", data)


def test_white_space_of_json_is_accepted():
    assert [1] == payload("json", CODECS["json"].decode(b' \n[ 48 ,\t7 , { } , "a.b" , [ 1 ] ]\r\n').args)


@every_serializer
def test_of_a_key_that_comes_twice_the_last_counts(name):
    twice = {
        "json": b'{"timeout":1,"timeout":2}',
        "msgpack": b"\x82\xa7timeout\x01\xa7timeout\x02",
        "cbor": b"\xa2\x67timeout\x01\x67timeout\x02",
    }[name]

    assert {"timeout": 2} == CODECS[name].decode(call(name, head=twice)).options


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1" * 5000, "123456789012345678901234567890", "1e-999", "0." + "1" * 5000]
)
def test_numbers_of_json_of_any_size_pass_untouched(number):
    data = f'[48,7,{{}},"a.b",[{number}]]'.encode()

    assert data == CODECS["json"].encode(CODECS["json"].decode(data))


@pytest.mark.parametrize(
    "tag", ["d81c80", "d81d00", "d81900", "d9010080", "81d81c81d81d00", "d90100826361626381d81900"]
)
def test_references_of_cbor_are_a_violation(tag):
    """A few of them stand for a value of any size, or for one without an end."""
    refuses("cbor", call("cbor", args=b"\x81" + bytes.fromhex(tag)), "references are not accepted")


def test_a_billion_laughs_are_refused_at_once():
    laugh = b"\xd8\x1c\x81\x63lol"
    for _ in range(30):
        laugh = b"\x82" + laugh + b"\xd8\x1d\x00"

    refuses("cbor", call("cbor", args=laugh))


@pytest.mark.parametrize("name", ["msgpack", "cbor"])
def test_a_large_map_with_lists_as_keys_is_a_violation(name):
    """Their hashes can be chosen to collide: 16,000 of them would take two seconds."""
    refuses(name, call(name, args=PACK[name]([{(number, 1): 0 for number in range(300)}])), "not plain")


@pytest.mark.parametrize("name", ["msgpack", "cbor"])
def test_a_large_map_with_lists_as_keys_is_a_violation_among_the_options_too(name):
    refuses(name, call(name, head=PACK[name]({"_x": {(number, 1): 0 for number in range(300)}})))


@pytest.mark.parametrize("name", ["msgpack", "cbor"])
def test_a_large_map_with_numbers_as_keys_is_accepted(name):
    value = [{number: [number] for number in range(2_000)}, "text", b"\xde\xde", 1.5, {"a": {(1, 2): 3}}]

    assert value == payload(name, decode(name, [48, 7, {}, URI, value]).args)


# -- encoding


@every_serializer
def test_what_cannot_be_written_is_a_transcoding_error(name):
    with pytest.raises(TranscodingError):
        CODECS[name].encode(Call(7, {"_x": object()}, URI))


@every_serializer
def test_options_that_contain_themselves_are_a_transcoding_error(name):
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    with pytest.raises(TranscodingError):
        CODECS[name].encode(Call(7, loop, URI))


@every_serializer
def test_a_uri_with_a_lone_surrogate_is_a_transcoding_error(name):
    with pytest.raises(TranscodingError):
        CODECS[name].encode(Call(7, {}, "\ud800"))


@pytest.mark.parametrize("source", SERIALIZERS)
@pytest.mark.parametrize("target", SERIALIZERS)
def test_a_message_is_transcoded_with_its_payload(source, target):
    fields = [16, 7, {}, URI, [1, "text", None, True, 1.5], {"a": [{}]}]

    assert PACK[target](fields) == CODECS[target].encode(decode(source, fields), CODECS[source])


@pytest.mark.parametrize("target", ["json", "msgpack"])
def test_a_payload_that_the_recipient_s_serializer_lacks_is_a_transcoding_error(target):
    message = CODECS["cbor"].decode(cbor2.dumps([16, 7, {}, URI, [CBORTag(9999, 1)]]))
    with pytest.raises(TranscodingError):
        CODECS[target].encode(message, CODECS["cbor"])


def test_every_message_class_has_a_sample():
    assert set(MESSAGES) == {fields[0] for fields in LISTS.values()}
    assert Abort in MESSAGES.values()


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_half_a_surrogate_pair_in_a_uri_cannot_be_written(serializer):
    """Also on the short way that nearly every message takes."""
    codec = CODECS[serializer]
    message = Call(1, {}, "com.\ud800", codec.serializer.pack([1]))
    with pytest.raises(TranscodingError):
        codec.encode(message)
