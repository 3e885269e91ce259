"""What connections of all event loops share: when what was sent is written."""

import pytest

from wamp.exception import TransportLost
from wamp.link import Link
from wamp.protocol import messages as m
from wamp.protocol.codec import CODECS
from wamp.types import TransportDetails

CODEC = CODECS["json"]
PING = CODEC.encode(m.Event(6, 9, {}))
PONG = m.Yield(7, {})


class Host:
    """Makes a session that answers each message."""

    def __init__(self, answer):
        self.answer = answer

    def make_session(self):
        return self

    def opened(self, link):
        self.link = link

    def closed(self, link, reason):
        pass

    def onOpen(self, transport):
        pass

    def onClose(self, was_clean):
        pass

    def onMessage(self, message):
        self.answer(self.link)


class Writes(Link):
    """A connection that keeps what is written."""

    def __init__(self, answer=lambda link: link.send(PONG)):
        super().__init__(Host(answer))
        self.written = []
        self.begin(CODEC, TransportDetails())

    def write_messages(self, payloads):
        self.written.append(len(payloads))

    def close(self):
        self.stop()


def test_the_answers_to_one_read_are_one_write():
    link = Writes()
    link.deliver([PING, PING, PING])
    assert [3] == link.written


def test_what_is_sent_by_itself_is_written_at_once():
    link = Writes()
    link.send(PONG)
    link.send(PONG)
    assert [1, 1] == link.written


def test_much_is_written_before_the_read_is_over():
    """Or nobody would learn that the router does not keep up."""
    large = m.Yield(7, {}, CODEC.serializer.pack(["x" * 40_000]))
    link = Writes(lambda link: link.send(large))
    link.deliver([PING] * 5)
    assert [2, 2, 1] == link.written


def test_what_was_sent_is_written_before_the_connection_is_closed():
    link = Writes(lambda link: (link.send(PONG), link.close()))
    link.deliver([PING, PING])
    assert [1] == link.written


def test_nothing_is_written_to_a_connection_that_is_gone():
    link = Writes(lambda link: (link.send(PONG), link.end("lost", was_clean=False)))
    link.deliver([PING])
    assert [] == link.written
    with pytest.raises(TransportLost):
        link.send(PONG)
