"""The specification's own sequences of messages between sessions (``tests/vectors/multisession``)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import Id
from wamp.protocol.messages import MESSAGES

VECTORS = Path(__file__).parents[1] / "vectors" / "multisession"
FIELDS = {message.__name__.upper(): (code, message.__struct_fields__) for code, message in MESSAGES.items()}
NAMES = {
    "request": "request_id",
    "subscription": "subscription_id",
    "publication": "publication_id",
    "registration": "registration_id",
}
CHOSEN_BY_ROUTER = ("subscription", "publication", "registration")


def to_list(message: dict[str, Any], ids: dict[Any, Id]) -> list[Any]:
    """Return a message of a vector as on the wire; equal ids in the vector are one ``Id``."""
    code, fields = FIELDS[message["type"]]
    elements: list[Any] = [code]
    for field in fields:
        value = message.get(NAMES.get(field, field))
        if value is not None:
            elements.append(ids.setdefault((field, value), Id()) if field in CHOSEN_BY_ROUTER else value)
    return elements


@pytest.mark.parametrize("file", sorted(VECTORS.rglob("*.json")), ids=lambda file: file.stem)
def test_sequence(exchange, file):
    """What each step sends, and exactly what is then received, by whom."""
    vector = json.loads(file.read_text())
    sessions = {
        session["session_id"]: exchange.join(
            session["session_id"], {role: {} for role in session["roles"]}, realm=session["realm"]
        )
        for session in vector["sessions"]
    }
    ids: dict[Any, Id] = {}
    steps = vector["sequence"]
    while steps:
        sent, *steps = steps
        expected: dict[str, list[Any]] = {}
        while steps and steps[0]["from"] == "router":
            received, *steps = steps
            expected.setdefault(received["to"], []).append(to_list(received["message"], ids))
        assert expected == sessions[sent["from"]].says(*to_list(sent["message"], ids))
