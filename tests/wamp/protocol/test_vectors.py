"""The specification's own test vectors, in both directions: see tests/vectors/README.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest

from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import ABSENT, MESSAGES

VECTORS = Path(__file__).parents[2] / "vectors" / "singlemessage"
PACK = {"json": msgspec.json.encode, "msgpack": msgspec.msgpack.encode, "cbor": cbor2.dumps}

# Attribute of the vectors -> field of our struct, where they differ.
FIELDS = {
    "request_id": "request",
    "session_id": "session",
    "publication_id": "publication",
    "subscription_id": "subscription",
    "registration_id": "registration",
}


def _samples() -> Iterator[tuple[str, int, dict[str, Any]]]:
    for path in sorted(VECTORS.glob("*/*.json")):
        document = json.loads(path.read_text())
        for number, sample in enumerate(document["samples"]):
            yield f"{path.stem}-{number}", document["wamp_message_code"], sample


SAMPLES = list(_samples())
ENCODED = [
    pytest.param(name, bytes.fromhex(form["bytes_hex"]), forms, code, sample, id=f"{label}-{name}-{number}")
    for label, code, sample in SAMPLES
    for name, forms in sample.get("serializers", {}).items()
    if name in CODECS
    for number, form in enumerate(forms)
]
LISTS = [
    pytest.param(name, sample, id=f"{label}-{name}")
    for label, _, sample in SAMPLES
    if "wmsg" in sample
    for name in CODECS
]


def test_the_vectors_are_there():
    assert {code for _, code, _ in SAMPLES} == set(MESSAGES)


def _attribute(message: Any, codec: Codec, attribute: str) -> Any:
    """Return what a message says in the words of the vectors."""
    if attribute == "message_type":
        return message.CODE
    if attribute == "roles":
        return message.details["roles"]
    if attribute not in ("args", "kwargs", "payload"):
        return getattr(message, FIELDS.get(attribute, attribute))
    raw = message.kwargs if attribute == "kwargs" else message.args
    value = None if raw is ABSENT else codec.serializer.unpack(raw)
    # An encrypted payload stands where the arguments would, and the vectors tell the two apart.
    if isinstance(value, bytes) != (attribute == "payload"):
        return None
    return value.hex() if isinstance(value, bytes) else value


def _attributes(message: Any, codec: Codec, expected: dict[str, Any]) -> dict[str, Any]:
    return {attribute: _attribute(message, codec, attribute) for attribute in expected}


@pytest.mark.parametrize(("name", "data", "forms", "code", "sample"), ENCODED)
def test_a_vector_decodes_to_its_attributes(name, data, forms, code, sample):
    message = CODECS[name].decode(data)

    assert sample["expected_attributes"] == _attributes(message, CODECS[name], sample["expected_attributes"])


@pytest.mark.parametrize(("name", "data", "forms", "code", "sample"), ENCODED)
def test_a_vector_encodes_to_one_of_its_forms(name, data, forms, code, sample):
    message = CODECS[name].decode(data)

    assert CODECS[name].encode(message) in {bytes.fromhex(form["bytes_hex"]) for form in forms}


@pytest.mark.parametrize(("name", "data", "forms", "code", "sample"), ENCODED)
def test_a_vector_transcoded_from_json_is_one_of_its_forms(name, data, forms, code, sample):
    source = sample["serializers"]["json"][-1]
    message = CODECS["json"].decode(bytes.fromhex(source["bytes_hex"]))

    assert CODECS[name].encode(message, CODECS["json"]) in {bytes.fromhex(form["bytes_hex"]) for form in forms}


@pytest.mark.parametrize(("name", "sample"), LISTS)
def test_a_list_is_accepted_or_refused_as_the_vector_says(name, sample):
    data = PACK[name](sample["wmsg"])
    error = sample.get("expected_error")

    if error is None:
        assert data == CODECS[name].encode(CODECS[name].decode(data))
    else:
        with pytest.raises(ProtocolViolation, match=error["contains"]):
            CODECS[name].decode(data)
