"""Payloads that the router does not look into (advanced profile, "Payload Passthru Mode")."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting, pack
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import Call, Cancel, Error, Interrupt, Invocation, Register, Result, Yield

ABLE = ALL_FEATURES | {"caller.payload_passthru_mode", "callee.payload_passthru_mode"}
PPT = {"ppt_scheme": "wamp", "ppt_serializer": "cbor", "ppt_cipher": "aes256gcm", "ppt_keyid": "k1"}
ENC = {"enc_algo": "cryptobox", "enc_serializer": "json", "enc_key": "k2"}
REFUSED = ("erin", Error(Call.CODE, 1, {}, "wamp.error.feature_not_supported"))


def called(options=None, *, caller=ABLE, callee=ABLE, **registering) -> Meeting:
    """Erin calls Dora; ``heard`` is who hears what of it."""
    meeting = Meeting()
    meeting.dora = meeting.join("dora", features=callee)
    meeting.erin = meeting.join("erin", features=caller)
    meeting.send(meeting.dora, Register(1, registering, "com.add"))
    meeting.heard_first = meeting.send(meeting.erin, Call(1, options or {}, "com.add", pack("secret")))
    return meeting


@pytest.mark.parametrize("options", [PPT, {"ppt_scheme": "mqtt"}, ENC, {**PPT, **ENC}])
def test_what_describes_a_payload_goes_with_it(options):
    """To the callee, back to the caller, and also with an error."""
    meeting = called(options)
    assert [("dora", Invocation(1, 1, options, pack("secret")))] == meeting.heard_first
    heard = meeting.send(meeting.dora, Yield(1, options, pack("secret")))
    assert [("erin", Result(1, options, pack("secret")))] == heard
    meeting.send(meeting.erin, Call(2, {}, "com.add"))
    heard = meeting.send(meeting.dora, Error(Invocation.CODE, 2, options, "com.error", pack("secret")))
    assert [("erin", Error(Call.CODE, 2, options, "com.error", pack("secret")))] == heard


def test_progressive_results_are_described_as_well():
    """Each by itself."""
    meeting = called({"receive_progress": True})
    heard = meeting.send(meeting.dora, Yield(1, {**PPT, "progress": True}))
    assert [("erin", Result(1, {**PPT, "progress": True}))] == heard


def test_what_does_not_describe_the_payload_stays_here():
    """Options are between the router and one peer."""
    meeting = called({"x_mine": 1})
    assert [("dora", Invocation(1, 1, {}, pack("secret")))] == meeting.heard_first
    assert [("erin", Result(1, {}))] == meeting.send(meeting.dora, Yield(1, {"x_mine": 1}))


@pytest.mark.parametrize("option", PPT)
def test_a_caller_must_have_announced_it(option):
    """Any of the attributes will do."""
    with pytest.raises(ProtocolViolation, match="this caller has not announced"):
        called({option: "x"}, caller=ABLE - {"caller.payload_passthru_mode"})


@pytest.mark.parametrize("answer", [Yield(1, PPT), Yield(1, {**PPT, "progress": True}), Error(68, 1, PPT, "com.error")])
@pytest.mark.parametrize("is_late", [False, True])
def test_a_callee_must_have_announced_it(answer, is_late):
    """Also where the answer would be discarded."""
    meeting = called(callee=ABLE - {"callee.payload_passthru_mode"})
    if is_late:
        meeting.send(meeting.dora, Yield(1, {}))
    with pytest.raises(ProtocolViolation, match="this callee has not announced"):
        meeting.send(meeting.dora, answer)


def test_the_older_attributes_need_no_announcement():
    """They are older than that."""
    meeting = called(ENC, caller=(), callee=())
    assert [("dora", Invocation(1, 1, ENC, pack("secret")))] == meeting.heard_first
    assert [("erin", Result(1, ENC))] == meeting.send(meeting.dora, Yield(1, ENC))


def test_a_callee_that_cannot_read_it_is_not_called():
    """The caller hears why."""
    assert [REFUSED] == called(PPT, callee=ALL_FEATURES).heard_first


@pytest.mark.parametrize("answer", [Yield(1, PPT), Error(Invocation.CODE, 1, PPT, "com.error")])
def test_a_caller_that_cannot_read_the_answer_hears_so(answer):
    """Its call is over."""
    meeting = called(caller=ALL_FEATURES)
    assert [REFUSED] == meeting.send(meeting.dora, answer)
    assert [] == meeting.send(meeting.dora, Yield(1, {}))


def test_a_caller_that_cannot_read_progress_hears_so():
    """The callee is told to stop."""
    meeting = called({"receive_progress": True}, caller=ALL_FEATURES)
    heard = meeting.send(meeting.dora, Yield(1, {**PPT, "progress": True}))
    assert [("dora", Interrupt(1, {"mode": "killnowait"})), REFUSED] == heard


@pytest.mark.parametrize("answer", [Yield(1, PPT), Yield(1, {}), Error(Invocation.CODE, 1, PPT, "com.error")])
@pytest.mark.parametrize("caller", [ALL_FEATURES, ABLE])
def test_who_does_not_wait_hears_nothing(answer, caller):
    """The call was skipped; it is remembered because its callee is limited."""
    meeting = called(caller=caller, concurrency=1)
    meeting.send(meeting.erin, Cancel(1, {"mode": "skip"}))
    assert [] == meeting.send(meeting.dora, answer)
