"""Payloads that the router must not look into, from publishers to subscribers."""

import pytest

from tests.support.realm import PUBLICATION, Meeting, pack
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import Event, Publish, Subscribe, Subscribed

FEATURES = {"publisher.payload_passthru_mode", "subscriber.payload_passthru_mode"}
PPT = {"ppt_scheme": "x_mine", "ppt_serializer": "cbor", "ppt_cipher": "none", "ppt_keyid": "k1"}
ENC = {"enc_algo": "cryptobox", "enc_serializer": "cbor", "enc_key": "k1"}


@pytest.fixture
def meeting() -> Meeting:
    """Pia and Sue know payload passthru mode. Alice and Sue have subscribed."""
    meeting = Meeting()
    meeting.pia = meeting.join("pia", features=FEATURES)
    meeting.sue = meeting.join("sue", features=FEATURES)
    for session in (meeting.alice, meeting.sue):
        meeting.send(session, Subscribe(1, {}, "com.topic"))
    return meeting


def test_what_describes_the_payload_goes_with_it(meeting):
    """All of it, to those who know what it means (advanced profile, "Payload Passthru Mode")."""
    heard = meeting.send(meeting.pia, Publish(1, PPT, "com.topic", pack("sealed")))
    assert [("sue", Event(1, PUBLICATION, PPT, pack("sealed")))] == heard


def test_who_did_not_get_it_is_counted(meeting):
    """Alice could not have read it."""
    meeting.send(meeting.pia, Publish(1, PPT, "com.topic"))
    assert (1, 1) == (meeting.realm.tally.withheld_events, meeting.realm.tally.events)


def test_nobody_may_get_it(meeting):
    """Then there is no event, and a publisher that asks is answered all the same."""
    meeting.leave(meeting.sue)
    heard = meeting.send(meeting.pia, Publish(1, {**PPT, "acknowledge": True}, "com.topic"))
    assert ["pia"] == [name for name, _ in heard]


@pytest.mark.parametrize("name", PPT)
def test_a_publisher_must_have_announced_it(meeting, name):
    """Any of the four is a use of it, and a protocol violation."""
    with pytest.raises(ProtocolViolation):
        meeting.send(meeting.bob, Publish(1, {name: "x"}, "com.topic"))


def test_announcing_it_for_another_role_does_not_help(meeting):
    """A subscriber is no publisher."""
    dora = meeting.join("dora", features={"subscriber.payload_passthru_mode"})
    with pytest.raises(ProtocolViolation):
        meeting.send(dora, Publish(1, PPT, "com.topic"))


def test_the_older_names_go_to_everybody(meeting):
    """Autobahn's clients announce nothing that would tell."""
    heard = meeting.send(meeting.bob, Publish(1, ENC, "com.topic"))
    assert [(name, Event(1, PUBLICATION, ENC)) for name in ("alice", "sue")] == heard


def test_a_retained_event_is_for_who_knows_it_as_well(meeting):
    """Whoever does not gets no event, nor an older one in its place that the others do not see."""
    meeting.send(meeting.pia, Publish(1, {**PPT, "retain": True}, "com.topic"))
    retained = [("sue", Subscribed(2, 1)), ("sue", Event(1, PUBLICATION, {**PPT, "retained": True}))]
    assert retained == meeting.send(meeting.sue, Subscribe(2, {"get_retained": True}, "com.topic"))
    assert [("bob", Subscribed(2, 1))] == meeting.send(meeting.bob, Subscribe(2, {"get_retained": True}, "com.topic"))
