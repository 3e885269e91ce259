"""Tickets that are JSON Web Tokens, made here with PyJWT as an issuer makes them."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.support.auth import House, end
from wamp.protocol.messages import Welcome
from wamprouter.auth.jwt import read_keys
from wamprouter.server.forms import CannotStart

DENIED = "wamp.error.authentication_denied"
ISSUER, AUDIENCE = "https://login.example.com", "wamp"

RSA = rsa.generate_private_key(65537, 2048)
RSA_SHORT = rsa.generate_private_key(65537, 1024)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, **fields: Any) -> dict[str, Any]:
    """Return a key's entry of a JWKS file."""
    kind = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    algorithm: Any = next((made for known, made in kind.items() if isinstance(key, known)), OKPAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), **fields}


JWKS = [public(RSA, kid="rsa", use="sig"), public(EC, kid="ec"), public(ED, kid="ed", alg="EdDSA")]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "keys.json").write_text(json.dumps({"keys": JWKS}))
    return tmp_path


def auth(**fields: Any) -> dict[str, Any]:
    ticket = {"type": "jwt", "jwks": "keys.json", "issuer": ISSUER, "audience": AUDIENCE, "roles": ["user"], **fields}
    return {"ticket": ticket}


def house(folder: Any, **fields: Any) -> House:
    return House(auth(**fields), folder=folder)


def claims(**changed: Any) -> dict[str, Any]:
    """Return what a good token says; None leaves a claim out."""
    said = {"sub": "joe", "iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 60, "role": "user", **changed}
    return {name: value for name, value in said.items() if value is not None}


def token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm, headers={} if kid is None else {"kid": kid})


def log_in(house: House, ticket: str, authid: str | None = None) -> str:
    return end(house.connect().log_in("ticket", authid=authid, answer=ticket))


# Good ones


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed"), (EC, "ES256", None), (RSA, "RS256", None)],
)
def test_a_good_token_lets_in(folder, key, algorithm, kid):
    """Signed with one of the keys of the file; if it names none, with the only one that fits."""
    assert "joe" == log_in(house(folder), token(key, algorithm, kid))


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_a_key_without_alg_serves_all_algorithms_that_are_configured(folder, algorithm):
    """Most keys in the field do not name one, and RS256 is only the usual."""
    assert "joe" == log_in(house(folder, algorithms=[algorithm]), token(RSA, algorithm))


def test_welcome_says_whom_the_token_names(folder):
    """Its subject and role, and that it was a token."""
    welcome = house(folder, roles=["user", "admin"]).connect().log_in("ticket", answer=token(role="admin"))
    assert isinstance(welcome, Welcome)
    assert ("joe", "admin", "ticket", "jwt") == tuple(
        welcome.details[name] for name in ("authid", "authrole", "authmethod", "authprovider")
    )


def test_a_client_may_say_who_it_is(folder):
    """If the token says the same."""
    assert "joe" == log_in(house(folder), token(), "joe")
    assert DENIED == log_in(house(folder), token(), "anna")


def test_other_claims_may_be_used(folder):
    """For authid and role."""
    configured = house(folder, authid_claim="email", role_claim="wamp_role", roles=["user", "admin"])
    assert "joe@example.com" == log_in(configured, token(email="joe@example.com", wamp_role="admin", role="root"))


def test_a_token_without_a_role_gets_the_only_one(folder):
    """If there is only one."""
    assert "joe" == log_in(house(folder), token(role=None))
    assert DENIED == log_in(house(folder, roles=["user", "admin"]), token(role=None))


def test_an_audience_may_be_one_of_several(folder):
    """As issuers write it (RFC 7519, section 4.1.3)."""
    assert "joe" == log_in(house(folder), token(aud=["other", AUDIENCE]))


def test_clocks_may_differ_by_the_leeway(folder):
    """In both directions, and no further."""
    now = time.time()
    generous, strict = house(folder, leeway=60), house(folder, leeway=0)
    for changed in ({"exp": now - 30}, {"nbf": now + 30}, {"iat": now + 30}):
        assert "joe" == log_in(generous, token(**changed)), changed
        assert DENIED == log_in(strict, token(**changed)), changed


# Bad ones


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": time.time() - 3600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": time.time() + 3600},
        {"iat": time.time() + 3600},
        {"iss": "https://login.example.org"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"aud": {"wamp": 1}},
        {"sub": None},
        {"sub": ""},
        {"role": "root"},
        {"role": ["user"]},
        {"role": ""},
        {"role": 7},
        {"kid": "other"},
        {"key": rsa.generate_private_key(65537, 2048)},
        {"key": EC, "algorithm": "ES256", "kid": "rsa"},
        {"key": RSA, "algorithm": "RS512"},
        {"key": RSA, "kid": "ec"},
    ],
    ids=" ".join,
)
def test_a_bad_token_lets_nobody_in(folder, changed):
    """Expired, not yet good, for or from somebody else, without what it needs, or signed by another."""
    assert DENIED == log_in(house(folder), token(**changed))


@pytest.mark.parametrize("changed", [{"sub": 7}, {"sub": ["joe"]}, {"iss": [ISSUER]}, {"iss": 7}], ids=str)
def test_names_must_be_texts(folder, changed):
    """PyJWT does not even sign others."""
    signed = jwt.api_jws.encode(json.dumps(claims(**changed)).encode(), RSA, "RS256", headers={"kid": "rsa"})
    assert DENIED == log_in(house(folder), signed)


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_an_unsigned_token_lets_nobody_in(folder):
    """Not even if it says so."""
    for algorithm in ("none", "None", "NONE", "", None, 7, ["RS256"]):
        forged = f"{part({'alg': algorithm, 'kid': 'rsa'})}.{part(claims())}."
        assert DENIED == log_in(house(folder), forged)
    assert DENIED == log_in(house(folder), token().rpartition(".")[0] + ".")
    assert DENIED == log_in(house(folder), jwt.encode(claims(), None, "none", headers={"kid": "rsa"}))


@pytest.mark.parametrize("key", [RSA, EC, ED])
def test_a_public_key_is_no_shared_secret(folder, key):
    """Whoever has it, and everybody may, could make tokens with it."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, raw, pem.strip()):
        for kid in ("rsa", "ec", "ed"):
            signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{part(claims())}"
            forged = f"{signed}.{part(hmac.digest(secret, signed.encode(), 'sha256'))}"
            assert DENIED == log_in(house(folder), forged)


def test_a_token_that_brings_its_own_key_lets_nobody_in(folder):
    """The keys are those of the file."""
    mallory = rsa.generate_private_key(65537, 2048)
    for header in ({"jwk": public(mallory)}, {"jwk": public(mallory, kid="rsa"), "kid": "rsa"}, {"x5u": "file:///"}):
        assert DENIED == log_in(house(folder), jwt.encode(claims(), mallory, "RS256", headers=header))


@pytest.mark.parametrize(
    "ticket",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        f"{part({'alg': 'RS256', 'kid': 'rsa'})}..",
        f"{part([])}.{part({})}.AAAA",
        f"{part({'alg': 'RS256', 'kid': 7})}.{part({})}.AAAA",
        f"{part({'alg': 'RS256', 'kid': 'rsa', 'crit': ['x']})}.{part({})}.AAAA",
        f"{part(b'[' * 9000)}.{part({})}.AAAA",
        part(b'{"a":' * 1500) + f".{part({})}.AAAA",
        f"{part(b'7' * 6000)}.{part({})}.AAAA",
        part(b'{"alg":"RS256","kid":1e999}') + f".{part({})}.AAAA",
        "\ufffd.\ufffd.\ufffd",
        "\0",
        "x" * 100_000,
    ],
    ids=lambda ticket: ticket[:12].encode("unicode_escape").decode(),
)
def test_nonsense_lets_nobody_in(folder, ticket):
    """However deep, long or strange; and the refusal is the same as any."""
    assert DENIED == log_in(house(folder), ticket)


GOOD = token(EC, "ES256", "ec", exp=int(time.time()) + 3600)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_a_token_with_a_part_changed_lets_nobody_in(tmp_path_factory, data):
    """Each of its characters counts."""
    folder = tmp_path_factory.getbasetemp()
    (folder / "keys.json").write_text(json.dumps({"keys": JWKS}))
    good = GOOD
    at = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(0, 3))
    bad = good[:at] + data.draw(st.text("AZaz09-_.=", max_size=3)) + good[at + length :]
    if [meant(each) for each in bad.split(".")] != [meant(each) for each in good.split(".")]:
        assert DENIED == log_in(house(folder), bad)


def meant(text: str) -> bytes:
    """Return what base64 says, whether it is padded or not, and whatever its unused bits are."""
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except ValueError:
        return text.encode()


@pytest.mark.parametrize("payload", [b"[]", b"7", b'"x"', b"\xff", b"[" * 5000, b'{"exp":1e999}'])
def test_a_trusted_issuer_may_sign_nonsense(folder, payload):
    """That is its mistake, and not the router's end."""
    signed = jwt.api_jws.encode(payload, RSA, "RS256", headers={"kid": "rsa"})
    assert DENIED == log_in(house(folder), signed)


def test_the_operator_learns_why(folder):
    """And the token does not get into the log."""
    place = house(folder)
    said: list[str] = []
    place.gate._remark = said.append
    good = token(exp=time.time() - 3600)
    log_in(place, good)
    assert [
        "authentication of None from 127.0.0.1 by ticket refused: the token is not valid: Signature has expired"
    ] == said


# The file of keys


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not a JSON Web Key Set"),
        ("{", "not a JSON Web Key Set"),
        ("[" * 100_000, "not a JSON Web Key Set"),
        ("[]", 'expected an object with "keys"'),
        ("{}", 'expected an object with "keys"'),
        ('{"keys": {}}', 'expected an object with "keys"'),
        ('{"keys": []}', "no public key"),
        (
            '{"keys": [7, {}, {"kty": 7}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "", "y": ""}]}',
            "no public key",
        ),
        (json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}), "no public key"),
        (json.dumps({"keys": [public(RSA, use="enc")]}), "no public key"),
        (json.dumps({"keys": [public(RSA, alg="HS256")]}), "no public key"),
        (json.dumps({"keys": [public(RSA, alg=["RS256"])]}), "no public key"),
        (json.dumps({"keys": [public(RSA_SHORT)]}), "no public key"),
        (json.dumps({"keys": [json.loads(RSAAlgorithm.to_jwk(RSA))]}), "a private key"),
    ],
    ids=lambda text: text[:40],
)
def test_a_file_without_a_usable_key_is_refused_at_the_start(tmp_path, content, said):
    """In one line, and not at the first login."""
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(CannotStart) as refused:
        house(tmp_path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "'n'" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused_at_the_start(tmp_path):
    """With its name."""
    with pytest.raises(CannotStart, match=r"cannot read the keys of .*keys\.json: No such file"):
        house(tmp_path)


def test_keys_for_other_purposes_are_passed_over():
    """A file may have them as well."""
    others = [{"kty": "oct", "k": "AAAA"}, public(RSA_SHORT), public(EC, use="enc"), {"kty": "new"}]
    assert ["EdDSA"] == [key.algorithm_name for key in read_keys(json.dumps({"keys": [*others, public(ED)]}))]


def test_a_curve_has_its_algorithm():
    """A token's header does not choose another one."""
    assert ["ES256"] == [key.algorithm_name for key in read_keys(json.dumps({"keys": [public(EC)]}))]
    other = ec.generate_private_key(ec.SECP384R1())
    assert ["ES384"] == [key.algorithm_name for key in read_keys(json.dumps({"keys": [public(other)]}))]


def test_two_keys_that_fit_are_no_key(tmp_path):
    """Which one is meant must be told, by kid."""
    other = rsa.generate_private_key(65537, 2048)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [public(RSA), public(other, kid="other")]}))
    assert DENIED == log_in(house(tmp_path), token(kid=None))
    assert "joe" == log_in(house(tmp_path), token(other, kid="other"))


# Reload


def test_a_reload_asks_whether_the_signer_is_still_trusted(folder):
    """And whether the role is still offered."""
    guest = house(folder).connect()
    guest.log_in("ticket", answer=token())
    grant = guest.peer.grant
    assert grant is not None
    assert house(folder).gate.still_admits(grant)
    assert house(folder, roles=["admin", "user"], leeway=3).gate.still_admits(grant)
    assert not house(folder, roles=["admin"]).gate.still_admits(grant)
    assert not house(folder, issuer="https://other.example.com").gate.still_admits(grant)
    assert not house(folder, audience="other").gate.still_admits(grant)
    (folder / "keys.json").write_text(json.dumps({"keys": JWKS[1:]}))
    assert not house(folder).gate.still_admits(grant)


def test_a_cookie_does_not_outlive_its_token(folder):
    """Nor does it if the cookie may live longer."""
    expires = time.time() + 60
    guest = House(auth(leeway=10), folder=folder).connect()
    guest.log_in("ticket", answer=token(exp=expires))
    grant = guest.peer.grant
    assert grant is not None
    assert expires + 10 == pytest.approx(grant.expires)
