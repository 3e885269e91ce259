"""What an answer of a web service is to a WAMP caller: a result, or an error with a URI."""

from __future__ import annotations

import json
from email.message import Message
from http.client import responses
from typing import Any, Final

from wamp.exception import ApplicationError
from wamprouter.outbound.requests import Answer
from wamprouter.outbound.retries import is_delivered

__all__ = ["result_of"]

_EXCERPT: Final = 500  # characters of an answer that an error shows


def result_of(answer: Answer) -> Any:
    """Return what an answer says; raise ApplicationError if it says no, or nothing that can be understood.

    JSON becomes its value, other text a string, anything else bytes; an empty answer is None.
    """
    kind = Message()
    kind["content-type"] = answer.header("content-type") or "application/octet-stream"
    if not is_delivered(answer.status):
        raise _refusal(answer, kind)
    if not answer.is_whole:
        text = f"the answer is longer than {len(answer.body)} bytes"
        raise ApplicationError(ApplicationError.PAYLOAD_SIZE_EXCEEDED, text)
    if not answer.body:
        return None
    if _is_json(kind):
        try:
            return json.loads(answer.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise ApplicationError(
                ApplicationError.INVALID_PAYLOAD, "the answer is not the JSON that it says"
            ) from None
    return _text(answer.body, kind) if kind.get_content_maintype() == "text" else answer.body


def _refusal(answer: Answer, kind: Message) -> ApplicationError:
    phrase = responses.get(answer.status, "")
    details: dict[str, Any] = {"status": answer.status}
    if kind.get_content_maintype() == "text" or _is_json(kind):
        details["excerpt"] = _text(answer.body[: 4 * _EXCERPT], kind)[:_EXCERPT]
    if (wanted := answer.header("retry-after")) is not None:
        details["retry_after"] = wanted[:40]
    text = f"the answer has the status {answer.status} {phrase}".rstrip()
    return ApplicationError(f"http.error.{answer.status}", text, **details)


def _is_json(kind: Message) -> bool:
    return kind.get_content_type() == "application/json" or kind.get_content_subtype().endswith("+json")


def _text(body: bytes, kind: Message) -> str:
    try:
        return body.decode(kind.get_content_charset("utf-8"), "replace")
    except LookupError:  # nobody knows that encoding
        return body.decode("utf-8", "replace")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
