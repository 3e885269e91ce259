"""SASLprep (RFC 4013): the one form of a user name or password that may be typed in several ways.

For "stored strings", which is what SCRAM asks for (RFC 5802, section 2.2): code points that Unicode 3.2 did not know, such
as most emoji, are refused.
"""

from __future__ import annotations

import stringprep
import unicodedata

__all__ = ["saslprep"]

# RFC 4013, section 2.3, in its order; each takes a character.
_PROHIBITED = (
    (stringprep.in_table_c12, "a space other than U+0020"),
    (stringprep.in_table_c21_c22, "a control character"),
    (stringprep.in_table_c3, "for private use"),
    (stringprep.in_table_c4, "not a character"),
    (stringprep.in_table_c5, "half of a surrogate pair"),
    (stringprep.in_table_c6, "not fit for plain text"),
    (stringprep.in_table_c7, "not fit for a canonical form"),
    (stringprep.in_table_c8, "a change of display"),
    (stringprep.in_table_c9, "a tag"),
    (stringprep.in_table_a1, "unknown to Unicode 3.2"),
)


def saslprep(text: str) -> str:
    """Return the prepared text; raise ValueError, which names the code point but not the text, if it must not be used."""
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    for character in prepared:
        for is_in, what in _PROHIBITED:
            if is_in(character):
                raise ValueError(f"U+{ord(character):04X} is {what}, which SASLprep (RFC 4013) does not allow")
    _check_direction(prepared)
    return prepared


def _check_direction(text: str) -> None:
    """RFC 3454, section 6: text from right to left begins and ends so, and has nothing from left to right in it."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)):
        raise ValueError("characters from right to left and from left to right, which SASLprep (RFC 4013) does not mix")
    if not (stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise ValueError("text from right to left must begin and end with such a character (SASLprep, RFC 4013)")
