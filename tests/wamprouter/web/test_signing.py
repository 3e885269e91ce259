"""Signed requests, without a network."""

import base64
import hashlib
import hmac

import pytest

from wamprouter.web.signing import Full, Refused, Replayed, Seen, Signature, hub_signature, moment

NOW = 1_700_000_000.0
STAMP = b"2023-11-14T22:13:20.000Z"  # that moment


def signed(body: bytes = b"{}", *, key: bytes = b"k", stamp: bytes = STAMP, seq: bytes = b"1", nonce: bytes = b"2"):
    digest = hmac.new(b"s", key + stamp + seq + nonce + body, hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest)
    names = ("key", "timestamp", "seq", "nonce", "signature")
    return {name.encode(): [value] for name, value in zip(names, (key, stamp, seq, nonce, signature), strict=True)}


def check(parameters, body=b"{}", *, now=NOW, seen=None, most=10):
    Signature("k", "s", tolerance=60, most=most).check(parameters, body, Seen() if seen is None else seen, now)


def test_a_signature_is_that_of_crossbar():
    """HMAC-SHA256 over key, timestamp, seq, nonce and body, as base64 for URLs."""
    check(signed())


def test_the_padding_of_a_signature_may_be_missing():
    """Some libraries leave it out."""
    parameters = signed()
    parameters[b"signature"] = [parameters[b"signature"][0].rstrip(b"=")]
    check(parameters)


@pytest.mark.parametrize("name", [b"key", b"timestamp", b"seq", b"nonce", b"signature"])
def test_each_part_is_needed(name):
    """And must come once."""
    parameters = signed()
    for values in ([], [*parameters[name], *parameters[name]]):
        with pytest.raises(Refused, match=name.decode()):
            check({**parameters, name: values})


@pytest.mark.parametrize("late", [-60.5, 60.5])
def test_a_request_is_taken_within_the_tolerance_only(late):
    """Late or early."""
    check(signed(), now=NOW + late * 0.99)
    with pytest.raises(Refused, match="clock"):
        check(signed(), now=NOW + late)


def test_another_body_is_refused():
    """It is not what was signed."""
    with pytest.raises(Refused, match="wrong key or signature"):
        check(signed(), b"{} ")


def test_a_request_is_taken_once():
    """As long as it is in time."""
    seen = Seen()
    check(signed(), seen=seen)
    with pytest.raises(Replayed):
        check(signed(), seen=seen, now=NOW + 59)


def test_a_request_that_is_cut_otherwise_is_the_same():
    """What is signed has no separators, so that a digit could move from one parameter to the next."""
    seen = Seen()
    check(signed(seq=b"12", nonce=b"3"), seen=seen)
    with pytest.raises(Replayed):
        check(signed(seq=b"1", nonce=b"23"), seen=seen)


def test_requests_are_forgotten_when_they_are_too_old():
    """So that the table has an end."""
    seen = Seen()
    for number in range(100):
        stamp = b"2023-11-14T22:%02d:%02d.000Z" % (13 + number // 60, number % 60)
        check(signed(stamp=stamp), seen=seen, now=moment(stamp.decode()), most=62)
    assert 60 <= len(seen) <= 62


def test_a_full_table_refuses_and_forgets_nothing():
    """Who forgets could be made to forget."""
    seen = Seen()
    check(signed(nonce=b"1"), seen=seen, most=1)
    with pytest.raises(Full):
        check(signed(nonce=b"2"), seen=seen, most=1)
    with pytest.raises(Replayed):
        check(signed(nonce=b"1"), seen=seen, most=1)


def test_what_is_taken_back_may_come_again():
    """And does not fill the table, however often."""
    seen = Seen()
    for _ in range(5000):
        seen.note(b"x", NOW + 60, NOW, most=1)
        seen.take_back(b"x")
    assert 0 == len(seen)
    assert len(seen._oldest) < 2000


def test_the_signature_of_githubs_documentation():
    """Its example."""
    secret, body = "It's a Secret to Everybody", b"Hello, World!"
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert expected == hub_signature(secret, body, "sha256")
