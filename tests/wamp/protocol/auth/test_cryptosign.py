"""Cryptosign: known signatures, channel binding, and signatures that are valid but not for this challenge."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wamp.protocol.auth import cryptosign

# RFC 8032, section 7.1: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2"
        "4655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302ae"
        "eb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28"
        "dc027beceea1ec40a",
    ),
]

# WAMP advanced profile, "Cryptosign-based Authentication", test vectors: channel id, private key, challenge, answer.
CHANNEL = "62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"
WAMP = [
    (
        None,
        "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
        "ff" * 32,
        "b32675b221f08593213737bef8240e7c15228b07028e19595294678c90d11c0cae80a357331bfc5cc9fb71081464e6e75013517c2cf067a"
        "d566a6b7b728e5d03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ),
    (
        None,
        "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
        "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
        "d4209ad10d5aff6bfbc009d7e924795de138a63515efc7afc6b01b7fe5201372190374886a70207b042294af5bd64ce725cd8dceb344e6d"
        "11c09d1aaaf4d660fb26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
    ),
    (
        CHANNEL,
        "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
        "ff" * 32,
        "9b6f41540c9b95b4b7b281c3042fa9c54cef43c842d62ea3fd6030fcb66e70b3e80d49d44c29d1635da9348d02ec93f3ed1ef227dfb59a0"
        "7b580095c2b82f80f9d16ca518aa0c2b707f2b2a609edeca73bca8dd59817a633f35574ac6fd80d00",
    ),
    (
        CHANNEL,
        "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
        "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
        "ee3c7644fd8070532bc1fde3d70d742267da545d8c8f03e63bda63f1ad4214f4d2c4bfdb4eb9526def42deeb7e31602a6ff99eba893e0a4"
        "ad4d45892ca75e608d2b75e24a189a7f78ca776ba36fc53f6c3e31c32f251f2c524f0a44202f2902d",
    ),
]

PRIVATE = bytes.fromhex(WAMP[0][1])
PUBLIC = cryptosign.public_key(PRIVATE)
ISSUED = bytes(range(32))
RECORDED = bytes(range(1, 33))


@pytest.mark.parametrize(("private", "public", "message", "signature"), RFC_8032)
def test_ed25519_is_that_of_rfc_8032(private, public, message, signature):
    """Keys and signatures."""
    seed = cryptosign.read_key(private)
    assert public == cryptosign.public_key(seed).hex()
    assert signature == cryptosign.sign(seed, bytes.fromhex(message)).hex()


@pytest.mark.parametrize(("channel", "private", "challenge", "answer"), WAMP)
def test_answers_are_those_of_the_specification(channel, private, challenge, answer):
    """Made, and verified; with digits of either case."""
    seed, asked = bytes.fromhex(private), bytes.fromhex(challenge)
    channel_id = None if channel is None else bytes.fromhex(channel)
    assert answer == cryptosign.answer(seed, asked, channel_id)
    public = cryptosign.public_key(seed)
    assert cryptosign.verify(public, asked, answer, channel_id)
    assert cryptosign.verify(public, asked, answer.upper(), channel_id)


def test_a_recorded_answer_is_refused():
    """It is a valid signature of the right key over the message beside it, but nobody asked for that message now."""
    assert not cryptosign.verify(PUBLIC, ISSUED, cryptosign.answer(PRIVATE, RECORDED))


def test_a_recorded_signature_beside_the_new_challenge_is_refused():
    """The message says what was asked, the signature was made for something else."""
    recorded = cryptosign.answer(PRIVATE, RECORDED)
    assert not cryptosign.verify(PUBLIC, ISSUED, recorded[:128] + ISSUED.hex())


def test_a_new_signature_beside_a_recorded_message_is_refused():
    """What is sent must be what was signed."""
    assert not cryptosign.verify(PUBLIC, ISSUED, cryptosign.answer(PRIVATE, ISSUED)[:128] + RECORDED.hex())


def test_an_answer_is_bound_to_its_channel():
    """Forwarded to another connection, or to one without TLS, it is worth nothing; nor is one without the binding."""
    here, there = b"\x01" * 32, b"\x02" * 32
    answer = cryptosign.answer(PRIVATE, ISSUED, here)
    assert cryptosign.verify(PUBLIC, ISSUED, answer, here)
    assert not cryptosign.verify(PUBLIC, ISSUED, answer, there)
    assert not cryptosign.verify(PUBLIC, ISSUED, answer)
    assert not cryptosign.verify(PUBLIC, ISSUED, cryptosign.answer(PRIVATE, ISSUED), here)


def test_the_answer_of_another_key_is_refused():
    """However well it is signed."""
    assert not cryptosign.verify(PUBLIC, ISSUED, cryptosign.answer(RECORDED, ISSUED))


@given(st.text(st.characters()) | st.binary(min_size=96, max_size=96).map(bytes.hex))
def test_whatever_is_no_answer_is_refused_without_an_exception(signature):
    """Of any characters and length."""
    assert not cryptosign.verify(PUBLIC, ISSUED, signature)


@given(st.binary(max_size=40))
def test_a_public_key_that_is_none_verifies_nothing(public):
    """Of the wrong length, or not on the curve."""
    assert not cryptosign.verify(public, ISSUED, cryptosign.answer(PRIVATE, ISSUED))


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "zz" * 32, "0x" + "00" * 31, "é" * 64])
def test_a_malformed_key_is_a_value_error(text):
    """64 digits and nothing else."""
    with pytest.raises(ValueError, match="expected 64"):
        cryptosign.read_key(text)


def test_challenge_and_channel_are_32_bytes():
    """A shorter one would leave bytes unsigned."""
    with pytest.raises(ValueError, match="channel id of 12 bytes"):
        cryptosign.message(ISSUED, b"\x00" * 12)
    with pytest.raises(ValueError, match="challenge of 31 bytes"):
        cryptosign.message(ISSUED[1:])


def test_a_challenge_is_read():
    """With the channel binding that was asked for."""
    assert ISSUED == cryptosign.read_challenge({"challenge": ISSUED.hex()})
    assert ISSUED == cryptosign.read_challenge({"challenge": ISSUED.hex(), "channel_binding": None})
    extra = {"challenge": ISSUED.hex(), "channel_binding": "tls-unique"}
    assert ISSUED == cryptosign.read_challenge(extra, binding="tls-unique")


@pytest.mark.parametrize(
    ("extra", "binding"),
    [
        ({}, None),
        ({"challenge": 7}, None),
        ({"challenge": "00"}, None),
        ({"challenge": "zz" * 32}, None),
        ({"challenge": ISSUED.hex(), "channel_binding": "tls-unique"}, None),
        ({"challenge": ISSUED.hex()}, "tls-unique"),
        ({"challenge": ISSUED.hex(), "channel_binding": "tls-exporter"}, "tls-unique"),
    ],
)
def test_a_client_refuses_a_malformed_challenge_and_a_binding_it_did_not_ask_for(extra, binding):
    """A router that has dropped the binding may be one in between."""
    with pytest.raises(ValueError, match="expected"):
        cryptosign.read_challenge(extra, binding=binding)


def test_keys_are_any_32_bytes():
    """What keygen draws."""
    seed = os.urandom(32)
    assert cryptosign.verify(cryptosign.public_key(seed), ISSUED, cryptosign.answer(seed, ISSUED))
