"""Text that stands for bytes is read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wamp.protocol.auth.encoding import base64_bytes, base64_text, hex_bytes, placeholder_salt, xor


@given(st.binary())
def test_bytes_come_back(data):
    """From base64, and from hexadecimal digits of either case."""
    assert data == base64_bytes(base64_text(data))
    assert data == hex_bytes(data.hex(), len(data)) == hex_bytes(data.hex().upper(), len(data))


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "AB==", "AA==AA==", " AA==", "AA==\n", "A-_=", "ÄÖÜ=", "\ud800"])
def test_base64_has_one_spelling(text):
    """Unpadded, with unused bits, with white space, with the other alphabet, not ASCII."""
    with pytest.raises(ValueError, match="not base64"):
        base64_bytes(text)


@pytest.mark.parametrize("text", ["", "0", "000", "0 0 ", "0x00", "zzzz", "١١١١", "\ud800000"])
def test_hexadecimal_has_the_length_asked_for_and_nothing_but_digits(text):
    """Two bytes are four digits."""
    with pytest.raises(ValueError, match="expected 4"):
        hex_bytes(text, 2)


@given(st.text(st.characters() | st.just("=")))
def test_whatever_is_read_is_bytes_or_a_value_error(text):
    """Of any characters."""
    for read in (base64_bytes, lambda each: hex_bytes(each, 4)):
        try:
            assert isinstance(read(text), bytes)
        except ValueError:
            pass


def test_xor_wants_equal_lengths():
    """A shorter one would leave the end of the longer as it is."""
    assert b"\x03\x00" == xor(b"\x01\xff", b"\x02\xff")
    with pytest.raises(ValueError, match="longer"):
        xor(b"\x01", b"\x02\xff")


def test_a_placeholder_salt_is_the_same_for_each_attempt():
    """And another for another name, or with another key."""
    salt = placeholder_salt(b"key", "joe")
    assert 16 == len(salt)
    assert salt == placeholder_salt(b"key", "joe")
    assert 3 == len({salt, placeholder_salt(b"key", "jim"), placeholder_salt(b"other", "joe")})
    assert placeholder_salt(b"key", "\ud800")
