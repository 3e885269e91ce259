"""Payloads that only the ends of a connection can read (advanced profile, "Payload Passthru Mode")."""

import json
from base64 import b64encode
from types import SimpleNamespace

import pytest
from autobahn.wamp.cryptobox import Key, KeyRing

from tests.docs.pages import DOCS, block
from tests.wamp.doubles import CODEC, payload, raw, registered, session_in, subscribed, values
from wamp.effects import Continued, Failed, Progressed, Received, Succeeded, Undecodable
from wamp.exception import ApplicationError, SerializationError
from wamp.protocol import messages as m
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import ABSENT
from wamp.request import Publication
from wamp.session import ROLES, State
from wamp.types import CallOptions, CallResult, EncodedPayload, PublishOptions

FEATURES = {"features": {"payload_passthru_mode": True, "progressive_call_invocations": True}}
PPT = {"ppt_scheme": "x_shift", "ppt_serializer": "json", "ppt_keyid": "k1", "ppt_cipher": "rot"}
ENC = {"enc_algo": "cryptobox", "enc_serializer": "json", "enc_key": "k1"}
DECRYPT_ERROR = "wamp.error.encryption.decrypt_error"
NO_CODEC = "wamp.error.no_payload_codec"


class Shift:
    """A codec that anybody can read. Payloads below ``com.clear`` it leaves alone."""

    def __init__(self, algorithm="x_shift"):
        self.algorithm = algorithm
        self.asked = []

    def encode(self, is_originating, uri, args=None, kwargs=None):
        self.asked.append((is_originating, uri))
        if uri.startswith("com.clear"):
            return None
        content = json.dumps([uri, args, kwargs]).encode()
        return EncodedPayload(content[::-1], self.algorithm, "json", "k1", "rot")

    def decode(self, is_originating, uri, encoded_payload):
        self.asked.append((is_originating, uri))
        assert encoded_payload.enc_algo == self.algorithm
        assert (encoded_payload.enc_serializer, encoded_payload.enc_key) == ("json", "k1")
        return tuple(json.loads(encoded_payload.payload[::-1]))


def shifted(uri, args=(), kwargs=None, form=PPT):
    """Return a payload as it travels."""
    content = json.dumps([uri, list(args), kwargs or {}]).encode()[::-1]
    return raw([content] if form is PPT else content)


def joined(codec, roles=None):
    session = session_in(State.JOINING)
    session.receive(m.Welcome(77, {"roles": roles or {"broker": FEATURES, "dealer": FEATURES}}))
    session.established()
    session.set_payload_codec(codec)
    return session


@pytest.fixture
def codec():
    return Shift()


@pytest.fixture
def session(codec):
    return joined(codec)


@pytest.fixture
def bare():
    """A session without a codec."""
    return joined(None)


# -- the codec


def test_all_roles_announce_it():
    assert [role for role in ROLES if ROLES[role]["features"].get("payload_passthru_mode")] == list(ROLES)


def test_a_session_has_no_codec_until_it_is_given_one(codec):
    session = session_in(State.IDLE)
    assert session.get_payload_codec() is None
    session.set_payload_codec(codec)
    assert session.get_payload_codec() is codec


def test_a_codec_stays_from_one_session_to_the_next(session, codec):
    session.lost()
    session.open(CODEC)
    assert session.get_payload_codec() is codec


def test_a_codec_can_be_taken_away(session):
    session.set_payload_codec(None)
    assert session.call("reply", "com.add", (2,), {}, None).args == raw([2])


@pytest.mark.parametrize("codec", ["cryptobox", object(), Shift.encode])
def test_a_codec_has_encode_and_decode(bare, codec):
    with pytest.raises(TypeError, match="expected one with encode and decode"):
        bare.set_payload_codec(codec)


# -- sending


def test_a_call_is_encoded(session):
    message = session.call("reply", "com.add", (2,), {"a": 3}, None)
    assert message == m.Call(1, PPT, "com.add", shifted("com.add", [2], {"a": 3}))


def test_what_the_codec_leaves_alone_is_sent_as_it_is(session):
    message = session.call("reply", "com.clear.add", (2,), {"a": 3}, None)
    assert message == m.Call(1, {}, "com.clear.add", raw([2]), raw({"a": 3}))


def test_a_call_without_arguments_is_encoded_as_well(session):
    """That there are none may be the secret."""
    assert session.call("reply", "com.add", (), {}, None).args == shifted("com.add")


def test_options_of_the_call_are_sent_beside(session):
    message = session.call("reply", "com.add", (), {}, CallOptions(timeout=5))
    assert message.options == {**PPT, "timeout": 5}


def test_an_event_is_encoded(session):
    message = session.publish(None, "com.topic", (2,), {}, PublishOptions(exclude_me=False))
    assert message == m.Publish(1, {**PPT, "exclude_me": False}, "com.topic", shifted("com.topic", [2]))


@pytest.mark.parametrize(("topic", "was_encrypted"), [("com.topic", True), ("com.clear.topic", False)])
def test_a_publication_tells_whether_it_was_encoded(session, topic, was_encrypted):
    session.publish("reply", topic, (), {}, PublishOptions(acknowledge=True))
    assert session.receive(m.Published(1, 9)) == Succeeded("reply", Publication(9, was_encrypted))


@pytest.mark.parametrize("algorithm", ["cryptobox", "mqtt", "xbr"])
def test_the_algorithms_of_autobahn_travel_as_it_expects_them(algorithm):
    """In place of the arguments, with the older attributes."""
    message = joined(Shift(algorithm)).call("reply", "com.add", (2,), {}, None)
    options = {"enc_algo": algorithm, "enc_serializer": "json", "enc_key": "k1"}
    assert message == m.Call(1, options, "com.add", shifted("com.add", [2], form=ENC))


def test_a_router_that_has_not_announced_it_gets_the_older_form(codec):
    """To a router that does not know the new one, it is a violation of the protocol."""
    message = joined(codec, {"broker": {}, "dealer": {}}).call("reply", "com.add", (2,), {}, None)
    assert message.options == {**ENC, "enc_algo": "x_shift"}


def test_what_a_payload_needs_not_is_not_sent(session):
    codec = Shift()
    codec.encode = lambda *_: EncodedPayload(b"\1", "x_own")
    session.set_payload_codec(codec)
    assert session.call("reply", "com.add", (), {}, None) == m.Call(1, {"ppt_scheme": "x_own"}, "com.add", raw([b"\1"]))


def fail(*_):
    raise ValueError("no key for com.add")


def foreign(*_):
    """Return another library's class, with text where bytes belong."""
    return SimpleNamespace(payload="text", enc_algo="x_own", enc_serializer=None, enc_key=None)


@pytest.mark.parametrize("encode", [fail, foreign, lambda *_: "secret", lambda *_: b"\1"])
def test_what_the_codec_cannot_encode_is_not_sent(session, codec, encode):
    """And uses up no request id."""
    codec.encode = encode
    with pytest.raises(SerializationError, match=r"failed to encode the payload of com\.add"):
        session.call("reply", "com.add", (), {}, None)
    with pytest.raises(SerializationError, match=r"failed to encode the payload of com\.topic"):
        session.publish(None, "com.topic", (), {}, None)
    codec.encode = lambda *_: None
    assert session.call("reply", "com.add", (), {}, None).request == 1


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("algorithm", ["x_shift", "cryptobox"])
def test_a_payload_comes_through_every_serializer(name, algorithm):
    """In both forms."""
    codec = Shift(algorithm)
    session = joined(codec)
    session.open(CODECS[name])
    session.join("realm1")
    session.receive(m.Welcome(78, {"roles": {"dealer": FEATURES}}))
    session.established()
    registered(session)
    sent = session.call("reply", "com.add", (2,), {"a": 3}, None)
    read = CODECS[name].decode(CODECS[name].encode(sent))
    invoked = session.receive(m.Invocation(9, 5, read.options, read.args, read.kwargs))
    assert (invoked.args, invoked.kwargs) == ([2], {"a": 3})


def test_parts_of_a_call_are_encoded_alike(session):
    session.call("reply", "com.add", (2,), {}, None, is_progressive=True)
    assert session.call_more(1, (3,), {}, is_last=True) == m.Call(1, PPT, "com.add", shifted("com.add", [3]))


def test_a_part_that_is_not_encoded_as_the_first_is_not_sent(session):
    """Its receiver is told once for all."""
    session.call("reply", "com.add", (2,), {}, None, is_progressive=True)
    session.set_payload_codec(None)
    with pytest.raises(SerializationError, match="not all encoded in the same way"):
        session.call_more(1, (3,), {}, is_last=True)


# -- answers to a call


@pytest.mark.parametrize("form", [PPT, ENC])
def test_a_result_is_decoded(form):
    session = joined(Shift("x_shift" if form is PPT else "cryptobox"))
    session.call("reply", "com.add", (), {}, None)
    effect = session.receive(m.Result(1, form, shifted("com.add", [5], form=form)))
    assert effect == Succeeded("reply", 5)


def test_a_result_in_the_clear_is_taken(session):
    session.call("reply", "com.add", (), {}, None)
    assert session.receive(m.Result(1, {}, *payload([5]))) == Succeeded("reply", 5)


def test_with_details_a_result_tells_how_it_was_encoded(session):
    session.call("reply", "com.add", (), {}, CallOptions(details=True))
    effect = session.receive(m.Result(1, PPT, shifted("com.add", [5])))
    assert effect.value == CallResult(5, enc_algo="x_shift")


def test_a_result_that_cannot_be_read_fails_the_call(session):
    session.call("reply", "com.add", (), {}, None)
    effect = session.receive(m.Result(1, PPT, raw([b"\1"])))
    assert isinstance(effect, Failed)
    assert (effect.reply, effect.exception.error) == ("reply", DECRYPT_ERROR)
    assert effect.exception.enc_algo == "x_shift"
    assert isinstance(effect.exception.__cause__, ValueError)


def test_a_result_without_a_codec_fails_the_call(bare):
    bare.call("reply", "com.add", (), {}, None)
    effect = bare.receive(m.Result(1, ENC, shifted("com.add", [5], form=ENC)))
    assert isinstance(effect, Failed)
    assert effect.exception.error == NO_CODEC


def test_a_result_of_another_procedure_fails_the_call(session):
    """A router could exchange two payloads that it cannot read."""
    session.call("reply", "com.add", (), {}, None)
    effect = session.receive(m.Result(1, PPT, shifted("com.sub", [5])))
    assert isinstance(effect, Failed)
    assert effect.exception.error == "wamp.error.encryption.trusted_uri_mismatch"


def test_a_progressive_result_is_decoded(session):
    session.call("reply", "com.add", (), {}, CallOptions(on_progress=print))
    effect = session.receive(m.Result(1, {**PPT, "progress": True}, shifted("com.add", [1], {"a": 2})))
    assert effect == Progressed(print, [1], {"a": 2})


def test_a_progressive_result_that_cannot_be_read_is_reported_and_the_call_goes_on(bare):
    bare.call("reply", "com.add", (), {}, CallOptions(on_progress=print))
    effect = bare.receive(m.Result(1, {**PPT, "progress": True}, shifted("com.add")))
    assert isinstance(effect, Undecodable)
    assert (effect.exception.error, effect.answer) == (NO_CODEC, None)
    assert effect.doing == "While reading a progressive result of com.add"
    assert bare.receive(m.Result(1, {}, *payload([5]))) == Succeeded("reply", 5)


def test_an_error_is_decoded(session, codec):
    """Its payload is that of its own URI."""
    session.call("reply", "com.add", (), {}, None)
    effect = session.receive(m.Error(m.Call.CODE, 1, PPT, "com.oops", shifted("com.oops", ["text"], {"a": 1})))
    error = effect.exception
    assert (error.error, error.args, error.kwargs, error.enc_algo) == ("com.oops", ("text",), {"a": 1}, "x_shift")


def test_an_error_that_cannot_be_read_says_so(bare):
    bare.call("reply", "com.add", (), {}, None)
    effect = bare.receive(m.Error(m.Call.CODE, 1, PPT, "com.oops", shifted("com.oops")))
    assert isinstance(effect, Failed)
    assert effect.exception.error == NO_CODEC


# -- events


@pytest.mark.parametrize("form", [PPT, ENC])
def test_an_event_is_decoded_once_for_all_handlers(form):
    codec = Shift("x_shift" if form is PPT else "cryptobox")
    session = joined(codec)
    subscriptions = subscribed(session), subscribed(session)
    event = m.Event(6, 9, form, shifted("com.topic", [1], {"a": 2}, form=form))
    assert session.receive(event) == Received(event, [1], {"a": 2}, subscriptions)
    assert codec.asked == [(False, "com.topic")]


def test_an_event_of_a_pattern_is_decoded_for_its_actual_topic(session):
    subscribed(session)
    event = m.Event(6, 9, {**PPT, "topic": "com.topic.one"}, shifted("com.topic.one", [1]))
    assert session.receive(event).args == [1]


@pytest.mark.parametrize(
    "args",
    [raw([b"\1"]), raw(["text"]), raw([b"\1", b"\2"]), raw([]), ABSENT],
    ids=["garbage", "text", "two", "[]", "none"],
)
def test_an_event_that_cannot_be_read_is_dropped_and_reported(session, args):
    subscribed(session)
    effect = session.receive(m.Event(6, 9, PPT, args))
    assert isinstance(effect, Undecodable)
    assert (effect.exception.error, effect.answer, effect.invoked) == (DECRYPT_ERROR, None, None)
    assert effect.doing == "While reading an event of com.topic"


def test_an_event_without_a_codec_is_dropped_and_reported(bare):
    subscribed(bare)
    effect = bare.receive(m.Event(6, 9, PPT, shifted("com.topic")))
    assert isinstance(effect, Undecodable)
    assert effect.exception.error == NO_CODEC


@pytest.mark.parametrize("decoded", [None, ("com.topic", 5, None), ("com.topic", "text", {}), ("com.topic", [], 5)])
def test_a_codec_that_returns_nonsense_has_not_decoded(session, codec, decoded):
    subscribed(session)
    codec.decode = lambda *_: decoded
    assert session.receive(m.Event(6, 9, PPT, raw([b"\1"]))).exception.error == DECRYPT_ERROR


def test_a_codec_may_leave_out_what_is_empty(session, codec):
    """Autobahn's do."""
    subscribed(session)
    codec.decode = lambda *_: ("com.topic", None, None)
    effect = session.receive(m.Event(6, 9, PPT, raw([b"\1"])))
    assert (effect.args, effect.kwargs) == ([], {})


# -- invocations


@pytest.fixture
def invoked(session):
    registered(session)
    return session.receive(m.Invocation(9, 5, PPT, shifted("com.add", [2], {"a": 3})))


def test_an_invocation_is_decoded(invoked):
    assert (invoked.args, invoked.kwargs) == ([2], {"a": 3})


def test_an_invocation_of_a_pattern_is_decoded_for_what_was_called(session):
    registered(session)
    details = {**PPT, "procedure": "com.add.two"}
    assert session.receive(m.Invocation(9, 5, details, shifted("com.add.two", [2]))).args == [2]


def test_who_encodes_and_decodes_is_told(session, codec, invoked):
    """Originating is who calls, also where it reads the result."""
    call = session.call("reply", "com.sub", (), {}, None)
    session.receive(m.Result(call.request, PPT, shifted("com.sub")))
    session.complete(invoked, 5)
    assert codec.asked == [(False, "com.add"), (True, "com.sub"), (True, "com.sub"), (False, "com.add")]


def test_a_result_is_encoded(session, invoked):
    assert session.complete(invoked, 5) == m.Yield(9, PPT, shifted("com.add", [5]))


def test_progress_is_encoded(session, invoked):
    assert session.progress(invoked, (1,), {}) == m.Yield(9, {**PPT, "progress": True}, shifted("com.add", [1]))


def test_an_exception_is_encoded(session, invoked):
    answer = session.refuse(invoked, ApplicationError("com.oops", "text"))
    assert answer == m.Error(68, 9, PPT, "com.oops", shifted("com.oops", ["text"]))


def test_our_own_words_are_not_encoded(session, invoked):
    """They say nothing of the payload, and whoever lacks the codec should read them."""
    answer = session.reject(invoked, "wamp.error.canceled", "cancelled")
    assert (answer.details, values(answer)) == ({}, (["cancelled"], {}))


def test_a_result_that_the_codec_cannot_encode_is_an_error_that_tells_no_secrets(session, codec, invoked):
    """The callee has to be told itself what went wrong."""
    codec.encode = fail
    answer = session.complete(invoked, 5)
    assert (answer.error, answer.details) == ("wamp.error.invalid_payload", {})
    assert "no key" not in values(answer)[0][0]
    assert str(invoked.failure) == "no key for com.add"


def test_an_exception_that_the_codec_cannot_encode_is_sent_without_its_payload(session, codec, invoked):
    codec.encode = fail
    assert session.refuse(invoked, ApplicationError("com.oops", "secret")) == m.Error(68, 9, {}, "com.oops")
    assert str(invoked.failure) == "no key for com.add"


def test_an_exception_that_the_codec_leaves_alone_is_sent_as_text_if_need_be(session, invoked):
    answer = session.refuse(invoked, ApplicationError("com.clear.oops", ValueError("inner")))
    assert values(answer) == (["inner"], {})
    assert invoked.failure is None


def test_an_invocation_that_cannot_be_read_is_answered_and_reported(session):
    """The caller hears less than we do."""
    registered(session)
    effect = session.receive(m.Invocation(9, 5, PPT, raw([b"\1"])))
    assert isinstance(effect, Undecodable)
    text = "the payload of a call of com.add cannot be read"
    assert effect.answer == m.Error(68, 9, {}, DECRYPT_ERROR, raw([text]))
    assert "JSONDecodeError" in str(effect.exception)
    assert (effect.doing, effect.invoked) == ("While reading a call of com.add", None)


def test_an_invocation_without_a_codec_is_answered_and_reported(bare):
    registered(bare)
    effect = bare.receive(m.Invocation(9, 5, ENC, shifted("com.add", form=ENC)))
    assert isinstance(effect, Undecodable)
    assert (effect.exception.error, effect.answer.error) == (NO_CODEC, NO_CODEC)


def test_a_further_part_is_decoded(session):
    registered(session)
    invoked = session.receive(m.Invocation(9, 5, {**PPT, "progress": True}, shifted("com.add", [1])))
    effect = session.receive(m.Invocation(9, 5, PPT, shifted("com.add", [2])))
    assert effect == Continued(invoked, [2], {}, is_last=True)


def test_a_further_part_that_cannot_be_read_ends_the_invocation(session):
    """And what runs for it is to be stopped."""
    registered(session)
    invoked = session.receive(m.Invocation(9, 5, {**PPT, "progress": True}, shifted("com.add", [1])))
    effect = session.receive(m.Invocation(9, 5, {**PPT, "progress": True}, raw([b"\1"])))
    assert isinstance(effect, Undecodable)
    assert (effect.invoked, effect.answer.error) == (invoked, DECRYPT_ERROR)
    assert invoked.was_interrupted
    assert session.complete(invoked, 5) is None
    assert session.receive(m.Invocation(9, 5, PPT, shifted("com.add", [3]))) is None


# -- codecs made for Autobahn


def namespace(text):
    """Run a program of the how-to page; return its names."""
    names = {"__name__": "page"}
    exec(block(DOCS / "howto/payload-codec.md", "python", text).text, names)
    return names


def exchanged(codec):
    """Call a procedure and answer the call, through a codec at both ends; return the result."""
    session = joined(codec)
    registered(session, "com.example.secret.debts")
    sent = session.call("reply", "com.example.secret.debts", ("joe",), {"in": "EUR"}, None)
    invoked = session.receive(m.Invocation(9, 5, sent.options, sent.args))
    assert (invoked.args, invoked.kwargs) == (["joe"], {"in": "EUR"})
    answer = session.complete(invoked, 5)
    assert b"joe" not in bytes(sent.args)
    return session.receive(m.Result(sent.request, answer.options, answer.args)).value


def test_the_codec_of_the_how_to_page_reads_what_it_writes():
    assert exchanged(namespace("class Shop")["SecretPayloads"]()) == 5


def test_the_codec_of_the_how_to_page_notices_that_a_payload_was_moved():
    session = joined(namespace("class Shop")["SecretPayloads"]())
    registered(session, "com.example.secret.other")
    sent = session.call("reply", "com.example.secret.debts", (), {}, None)
    effect = session.receive(m.Invocation(9, 5, sent.options, sent.args))
    assert effect.exception.error == DECRYPT_ERROR


def test_a_key_ring_of_autobahn_works_inside_the_class_of_the_how_to_page():
    keys = [b64encode(bytes([each]) * 32).decode() for each in (1, 2)]
    ring = KeyRing()
    ring.set_key("com.example.secret", Key(originator_priv=keys[0], responder_priv=keys[1]))
    assert exchanged(namespace("class Autobahns")["Autobahns"](ring)) == 5
