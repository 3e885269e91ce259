"""Payloads that a codec of the application's makes and reads, and how they travel through a router that cannot read them.

Both forms carry one binary value. The specification's (advanced profile, "Payload Passthru Mode") has it as the only
argument and describes it with ``ppt_*``; Autobahn's has it in place of the arguments and describes it with ``enc_*``.
Both are read. Which one is written depends on the algorithm's name: those that every Autobahn client knows travel as
Autobahn expects them, all others as the specification says, unless the router has not announced payload passthru mode.

Nothing here knows what a codec does: encryption, a serializer of its own, another protocol's payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from wamp.exception import ApplicationError, SerializationError
from wamp.types import EncodedPayload

__all__ = ["FEATURE", "Encoded", "PayloadCodec", "algorithm_of", "decode", "description", "encode", "is_plain"]

Dict = dict[str, Any]

FEATURE: Final = "payload_passthru_mode"

_MARKS: Final = frozenset({"enc_algo", "ppt_scheme"})
is_plain: Final = _MARKS.isdisjoint
"""``is_plain(details)`` tells whether a message's payload is not encoded. Asked of every message that has details."""
_AUTOBAHN: Final = ("cryptobox", "mqtt", "xbr")
"""Algorithms that Autobahn's clients know by name; all others of theirs begin with ``x_``."""
_PPT_NAMES: Final = {"enc_algo": "ppt_scheme", "enc_serializer": "ppt_serializer", "enc_key": "ppt_keyid"}
_DESCRIPTION: Final = frozenset({*_PPT_NAMES, *_PPT_NAMES.values(), "ppt_cipher"})


class PayloadCodec(Protocol):
    """Makes payloads that the router cannot read, and reads them: ``IPayloadCodec`` of ``autobahn.wamp.interfaces``.

    What ``encode`` returns may be Autobahn's ``EncodedPayload`` as well; what ``decode`` is given is always ours.
    """

    def encode(self, is_originating: bool, uri: str, args: Any = None, kwargs: Any = None) -> EncodedPayload | None:
        """Return the encoded payload, or None to send it as it is.

        ``is_originating`` is true for a call or publication, false for a result or error. ``uri`` is the procedure or
        topic, or an error's own URI. ``args`` is a list, ``kwargs`` a dictionary. An exception stops what was to be sent.
        """
        ...

    def decode(self, is_originating: bool, uri: str, encoded_payload: EncodedPayload) -> tuple[str, Any, Any]:
        """Return the URI that the payload was encoded for, arguments and keyword arguments (each may be None).

        ``is_originating`` is true for a result or error, which the originator of a call reads, and false for an invocation
        or event. A URI other than ``uri`` means that somebody has moved the payload: it is not delivered. An exception
        means that it cannot be read.
        """
        ...


class Encoded:
    """An encoded payload as a message carries it: a value in place of the arguments, and what describes it."""

    __slots__ = ("args", "options")

    def __init__(self, args: Any, options: Dict) -> None:
        self.args = args
        self.options = options


def description(options: Mapping[str, Any]) -> Dict:
    """Return what of a message's options describes its payload."""
    return {name: value for name, value in options.items() if name in _DESCRIPTION}


def algorithm_of(details: Mapping[str, Any]) -> str | None:
    """Return what ``EncodedPayload.enc_algo`` was at the sender, None for a payload that was not encoded."""
    return details.get("enc_algo") or details.get("ppt_scheme")


def encode(
    codec: PayloadCodec, uri: str, args: tuple[Any, ...], kwargs: Dict, *, is_originating: bool, is_passthru: bool
) -> Encoded | None:
    """Return the payload as the codec makes it, None if it is to be sent as it is.

    ``is_passthru`` tells whether the router has announced payload passthru mode. Raise SerializationError, whose cause is
    what the codec raised: its text goes to peers, so it does not repeat that.
    """
    try:
        encoded = codec.encode(is_originating, uri, list(args), kwargs)
        return None if encoded is None else _wire_form(encoded, is_passthru=is_passthru)
    except Exception as error:
        text = f"the payload codec failed to encode the payload of {uri}: {type(error).__name__}"
        raise SerializationError(text) from error


def _wire_form(encoded: Any, *, is_passthru: bool) -> Encoded:
    if not hasattr(encoded, "enc_algo"):
        raise TypeError(f"the payload codec returned {type(encoded).__name__}, expected EncodedPayload or None")
    if type(encoded.payload) is not bytes:
        raise TypeError(f"the payload codec returned a payload of {type(encoded.payload).__name__}, expected bytes")
    known = {name: value for name in _PPT_NAMES if (value := getattr(encoded, name)) is not None}
    if encoded.enc_algo in _AUTOBAHN or not is_passthru:
        return Encoded(encoded.payload, known)
    options = {_PPT_NAMES[name]: value for name, value in known.items()}
    cipher = getattr(encoded, "ppt_cipher", None)  # Autobahn's class has none
    if cipher is not None:
        options["ppt_cipher"] = cipher
    return Encoded([encoded.payload], options)


def decode(
    codec: PayloadCodec | None, uri: str, details: Mapping[str, Any], value: Any, *, is_originating: bool
) -> tuple[list[Any], Dict]:
    """Return the arguments in an encoded payload; ``value`` is what stands in place of the arguments.

    Raise ApplicationError if there is no codec, or it cannot read the payload, or the payload is another URI's.
    """
    algorithm = algorithm_of(details)
    if codec is None:
        text = f"a payload of {uri} is encoded with {algorithm}, and there is no payload codec"
        raise ApplicationError(ApplicationError.ENC_NO_PAYLOAD_CODEC, text, enc_algo=algorithm)
    try:
        trusted, args, kwargs = codec.decode(is_originating, uri, _read(details, value))
        payload = _list(args), dict(kwargs or {})
    except Exception as error:
        text = f"a payload of {uri}, encoded with {algorithm}, cannot be read: {type(error).__name__}: {error}"
        raise ApplicationError(ApplicationError.ENC_DECRYPT_ERROR, text, enc_algo=algorithm) from error
    if trusted != uri:
        text = f"a payload of {uri} was encoded for {trusted!r}"
        raise ApplicationError(ApplicationError.ENC_TRUSTED_URI_MISMATCH, text, enc_algo=algorithm)
    return payload


def _read(details: Mapping[str, Any], value: Any) -> EncodedPayload:
    """Take either form, and also a mixture of both."""
    get = details.get
    content = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(content, bytes):
        raise TypeError("it is not one binary value")
    return EncodedPayload(
        content,
        algorithm_of(details) or "",
        get("enc_serializer") or get("ppt_serializer"),
        get("enc_key") or get("ppt_keyid"),
        get("ppt_cipher"),
    )


def _list(args: Any) -> list[Any]:
    if args is None:
        return []
    if not isinstance(args, list | tuple):
        raise TypeError(f"the payload codec returned arguments of type {type(args).__name__}, expected a list")
    return list(args)
