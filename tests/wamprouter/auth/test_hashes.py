"""Hashed tickets: known hashes, other tools' hashes, and what a configuration must not ask for."""

import sys

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st
from passlib.hash import scrypt as passlib_scrypt

from wamprouter.auth import hashes
from wamprouter.auth.hashes import Argon2id, Plain, Scrypt, Sha256, make, parse

SALT = b"0123456789abcdef"
TICKET = "tïcket"

CHEAP = [
    Plain(TICKET),
    Sha256(SALT, bytes(32)).of(TICKET),
    Scrypt(4, 1, 1, SALT, bytes(32)).of(TICKET),
    Argon2id(8, 1, 1, SALT, bytes(32)).of(TICKET),
]


def name(stored):
    return type(stored).__name__


@pytest.mark.parametrize("algorithm", hashes.ALGORITHMS)
def test_what_is_made_is_read_and_fits_its_ticket_only(algorithm):
    """Under the costs that new hashes get."""
    text = make(TICKET, algorithm, SALT)
    stored = parse(text)
    assert text == str(stored)
    assert text.startswith(f"${algorithm}$")
    assert stored.verify(TICKET)
    assert not stored.verify(TICKET + "x")
    assert stored.is_slow is (algorithm != "sha256")
    assert (stored.work > 0) is stored.is_slow


@pytest.mark.parametrize("stored", CHEAP, ids=name)
@pytest.mark.parametrize("other", ["", "ticket", "tïcket ", "TÏCKET", "\0tïcket", "\ud800", "$sha256$a$b"])
def test_another_ticket_does_not_fit(stored, other):
    """Of whatever characters."""
    assert stored.verify(TICKET)
    assert not stored.verify(other)


@settings(max_examples=25)
@given(st.text(st.characters()), st.text(st.characters()))
def test_a_ticket_fits_itself_and_no_other(ticket, other):
    """Any text is a ticket. (Scrypt ignores zeros at the end, see below.)"""
    for stored in (Plain(ticket), Sha256(SALT, bytes(32)).of(ticket), Scrypt(1, 1, 1, SALT, bytes(32)).of(ticket)):
        assert stored.verify(ticket)
        assert stored.verify(other) is (
            ticket.rstrip("\0") == other.rstrip("\0") if name(stored) == "Scrypt" else ticket == other
        )


def test_scrypt_ignores_zeros_at_the_end():
    """As the key of any HMAC is padded with zeros (RFC 2104). Only who knows the ticket can make use of it."""
    assert parse(make(TICKET, "scrypt", SALT)).verify(TICKET + "\0")


def test_a_sha256_hash_is_the_hmac_of_rfc_4231():
    """Its second test case: key "Jefe"; ours takes longer salts only, which HMAC pads with zeros."""
    digest = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    assert Sha256(b"Jefe\0\0\0\0", digest).verify("what do ya want for nothing?")


def test_an_scrypt_hash_is_that_of_rfc_7914():
    """Section 12, the second and the third vector, shortened to what we store."""
    digest = bytes.fromhex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    assert Scrypt(10, 8, 16, b"NaCl", digest).verify("password")
    digest = bytes.fromhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    assert Scrypt(14, 8, 1, b"SodiumChloride", digest).verify("pleaseletmein")


def test_a_hash_of_passlibs_is_ours():
    """The same string, made by another tool."""
    stored = parse(passlib_scrypt.using(salt=SALT, rounds=5).hash(TICKET))
    assert Scrypt(5, 8, 1, SALT, stored.hash) == stored
    assert stored.verify(TICKET)
    assert passlib_scrypt.verify(TICKET, make(TICKET, "scrypt", SALT))


def test_a_hash_of_argon2_cffis_is_ours():
    """The same string, made by another tool."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=2)
    stored = parse(hasher.hash(TICKET))
    assert isinstance(stored, Argon2id)
    assert stored.verify(TICKET)
    assert hasher.verify(make(TICKET, "argon2id", SALT), TICKET)


def test_what_does_not_begin_with_a_dollar_is_the_ticket():
    """As in Crossbar's files."""
    assert Plain("secret") == parse("secret")
    assert Plain("") == parse("")
    assert "secret" not in repr(parse("secret"))


S, H = "MDEyMzQ1Njc4OWFiY2RlZg", "A" * 43  # 16 and 32 bytes


@pytest.mark.parametrize(
    "text",
    [
        "$",
        "$VAR",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$sha256$",
        f"$sha256${S}",
        f"$sha256${S}${H}$",
        f"$sha256${S}${H}\n",
        f" $sha256${S}${H}"[1:] + " ",
        f"$SHA256${S}${H}",
        f"$scrypt$ln=15,r=8${S}${H}",
        f"$scrypt$r=8,ln=15,p=1${S}${H}",
        f"$scrypt$ln=015,r=8,p=1${S}${H}",
        f"$scrypt$ln=-1,r=8,p=1${S}${H}",
        f"$scrypt$ln=٥,r=8,p=1${S}${H}",
        f"$argon2id$v=16$m=64,t=1,p=1${S}${H}",
        f"$argon2i$v=19$m=64,t=1,p=1${S}${H}",
    ],
)
def test_a_dollar_that_begins_no_hash_is_a_mistake(text):
    """It was meant as a hash, so it must not become a ticket."""
    with pytest.raises(ValueError, match=r"expected \$sha256\$SALT\$HASH"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"$sha256$AAAA${H}", "a salt of 3 bytes, expected 8 to 64"),
        (f"$sha256${S}$AAAA", "a hash of 3 bytes, expected 16 to 64"),
        (f"$sha256${'A' * 88}${H}", "a salt of 66 bytes"),
        (f"$sha256${S}B${H}", "the salt of the hash is not base64"),
        (f"$sha256${S}${H[:-1]}B", "the hash of the hash is not base64"),
        (f"$scrypt$ln=31,r=8,p=1${S}${H}", "expected ln from 1 to 30"),
        (f"$scrypt$ln=19,r=8,p=1${S}${H}", "takes 512 MiB of memory for each login, expected 256 at most"),
        (f"$scrypt$ln=1,r=9999999999,p=1${S}${H}", "MiB of memory"),
        (f"$scrypt$ln=1,r=1,p=17${S}${H}", "p from 1 to 16"),
        (f"$argon2id$v=19$m=104857600,t=1,p=1${S}${H}", "takes 102400 MiB of memory"),
        (f"$argon2id$v=19$m=262144,t=17,p=1${S}${H}", "fills 4352 MiB for each login, expected 4096 at most"),
        (f"$argon2id$v=19$m=8,t=1,p=2${S}${H}", "m at least 8 times p"),
        (f"$argon2id$v=19$m=8192,t=1,p=17${S}${H}", "p from 1 to 16"),
    ],
)
def test_a_configuration_does_not_ask_for_too_much_or_too_little(text, said):
    """Each login would pay for it. The message does not show the hash."""
    with pytest.raises(ValueError, match=said) as refused:
        parse(text)
    assert H not in str(refused.value)


def test_the_dearest_hash_that_is_allowed_can_be_computed():
    """Our bound is the only one: OpenSSL's own is lower unless it is told."""
    assert not Scrypt(18, 8, 1, SALT, bytes(32)).verify("")


@given(st.text(st.sampled_from("$sha256cryptgon,=lnvmt19A")))
def test_whatever_is_read_is_a_ticket_or_a_value_error(text):
    """And never another exception."""
    try:
        assert isinstance(parse(text), Plain) is not text.startswith("$")
    except ValueError:
        assert text.startswith("$")


def test_without_argon2_a_hash_of_it_is_a_mistake_when_it_is_read(monkeypatch):
    """With the name of what to install, and not at the first login."""
    monkeypatch.setitem(sys.modules, "argon2.low_level", None)
    with pytest.raises(ValueError, match=r'pip install "wamprouter\[scram\]"'):
        parse(f"$argon2id$v=19$m=64,t=1,p=1${S}${H}")


def test_an_unknown_algorithm_is_told():
    """With those that there are."""
    with pytest.raises(ValueError, match="'md5', expected one of sha256, scrypt, argon2id"):
        make(TICKET, "md5", SALT)


def test_a_salt_is_long_enough():
    """Before anything is hashed with it."""
    with pytest.raises(ValueError, match="a salt of 0 bytes"):
        make(TICKET, "sha256", b"")
