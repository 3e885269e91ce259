"""SASLprep: the examples of RFC 4013, and passlib as an implementation that shares no code with ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passlib.utils import saslprep as passlib_saslprep

from wamp.protocol.auth.saslprep import saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # soft hyphen: mapped to nothing
        ("user", "user"),
        ("USER", "USER"),  # case is preserved
        ("\u00aa", "a"),  # output is NFKC
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),  # non-ASCII space
        ("", ""),
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),  # RFC 3454: right to left with a digit inside
    ],
)
def test_text_has_one_form(text, prepared):
    """RFC 4013, section 3."""
    assert prepared == saslprep(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\u0007", r"U\+0007 is a control character"),
        ("\u0627\u0031", "begin and end"),
        ("\u0627a\u0628", "does not mix"),
        ("\ue000", "for private use"),
        ("\ud800", "half of a surrogate pair"),
        ("\ufffd", "not fit for plain text"),
        ("\u2ff0", "canonical"),
        ("\u200e", "change of display"),
        ("\U000e0001", "a tag"),
        ("\ufdd0", "not a character"),
        ("😀", r"U\+1F600 is unknown to Unicode 3.2"),
    ],
)
def test_what_is_refused_is_named(text, said):
    """With the code point, and without the rest of what may be a password."""
    with pytest.raises(ValueError, match=said) as refused:
        saslprep(text)
    with pytest.raises(ValueError, match=r"does not|must begin") as refused:
        saslprep("geheim" + text)
    assert "geheim" not in str(refused.value)


@given(st.text(st.characters()) | st.text("a1 \u00a0\u00ad\u0627\u0628\u2168\u200e\u0301é"))
def test_it_does_as_passlib_does(text):
    """The same result, or a refusal by both."""
    try:
        expected = passlib_saslprep(text)
    except (ValueError, AssertionError):
        expected = None
    try:
        prepared = saslprep(text)
    except ValueError:
        prepared = None
    assert expected == prepared
