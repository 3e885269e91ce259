"""What a URI may look like, for every check and match policy (WAMP basic profile, "URIs").

A URI is a list of components with dots between them. This module knows its spelling only: what a pattern matches is the
business of ``wamprouter.realm.patterns``, who may use a URI that of the authorizer.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

__all__ = ["MAX_LENGTH", "RULES", "Match", "UriCheck", "UriRule", "is_reserved", "is_valid", "is_valid_realm"]


class Match(enum.StrEnum):
    """How a subscription or registration matches a URI: the values of ``Options.match``."""

    EXACT = "exact"
    PREFIX = "prefix"
    WILDCARD = "wildcard"


class UriCheck(enum.StrEnum):
    """How picky a realm is: ``loose`` is what the spec demands, ``strict`` what it recommends."""

    LOOSE = "loose"
    STRICT = "strict"


UriRule: TypeAlias = Callable[[str], object]
"""Takes a URI and returns something true if it is valid, something false if not."""


_COMPONENT_CHARACTER = {
    UriCheck.LOOSE: r"[^\s.#]",
    UriCheck.STRICT: r"[0-9a-z_]",
}

# C stands for a character of a component. Quantifiers are possessive (++, *+): there is only one way to split a URI
# into components, so trying others can only waste time, and a hostile URI is where it would.
_SHAPE = {
    # No component is empty.
    Match.EXACT: r"C++(?:\.C++)*+",
    # The beginning of an exact URI, so only the last component may be empty: "com.", and "" for every URI.
    Match.PREFIX: r"(?:C++(?:\.C++)*+\.?)?",
    # Any component may be empty, which means "whatever is here": "com..on_change".
    Match.WILDCARD: r"(?:C++|\.)*+",
}

MAX_LENGTH: Final = 1024
"""Characters of a URI: ten times what anybody uses. Peers choose them, and a router keeps them for as long as they like."""

RULES: Mapping[tuple[UriCheck, Match], UriRule] = {
    (check, match): re.compile(rf"(?=[\s\S]{{0,{MAX_LENGTH}}}\Z)" + shape.replace("C", character)).fullmatch
    for check, character in _COMPONENT_CHARACTER.items()
    for match, shape in _SHAPE.items()
}
"""The rule for each check and match policy. Look it up once, where the realm's configuration is known, and keep it."""


def is_valid(uri: str, *, check: UriCheck = UriCheck.LOOSE, match: Match = Match.EXACT) -> bool:
    """Tell whether ``uri`` is well-formed; for a pattern, say which kind with ``match``."""
    return RULES[check, match](uri) is not None


def is_valid_realm(name: str) -> bool:
    """Tell whether ``name`` can name a realm: any URI that the loose rule accepts (``HELLO.Realm|uri``)."""
    return is_valid(name)


def is_reserved(uri: str) -> bool:
    """Tell whether ``uri`` belongs to the protocol itself: its first component is ``wamp``, so ``wampfoo.x`` does not."""
    return uri.startswith("wamp.") or uri == "wamp"
