"""Channel binding: both ends of a TLS connection name it alike, and no other connection has the name."""

import pytest
from autobahn.twisted.util import transport_channel_id
from OpenSSL import SSL
from trustme import CA
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test.iosim import connectedServerAndClient

from wamp.protocol.auth.cryptosign import BINDINGS
from wamp.protocol.codec import CODECS
from wamp.twisted.channel import channel_ids
from wamp.twisted.link import transport_details


class Server(CertificateOptions):
    """TLS with a certificate, up to a version."""

    def __init__(self, version):
        super().__init__()
        self.version = version

    def getContext(self):
        context = SSL.Context(SSL.TLS_METHOD)
        CA().issue_cert("localhost").configure_cert(context)
        context.set_max_proto_version(self.version)
        return context


def both_ends(version):
    """The transports of a server and a client that have shaken hands."""
    server_factory = TLSMemoryBIOFactory(Server(version), False, ServerFactory.forProtocol(Protocol))
    client_factory = TLSMemoryBIOFactory(CertificateOptions(), True, ClientFactory.forProtocol(Protocol))
    server, client, pump = connectedServerAndClient(
        lambda: server_factory.buildProtocol(None), lambda: client_factory.buildProtocol(None)
    )
    pump.flush()
    return server.wrappedProtocol.transport, client.wrappedProtocol.transport


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_both_ends_have_the_same_ids(version):
    """Of 32 bytes each, for every type of binding; another connection has others."""
    server, client = both_ends(version)
    ids = channel_ids(client)
    assert ids == channel_ids(server, is_server=True)
    assert set(BINDINGS) == set(ids)
    assert {32} == set(map(len, ids.values()))
    assert set(ids.values()).isdisjoint(channel_ids(both_ends(version)[1]).values())


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_autobahn_has_the_same_id(version):
    """At either end: its clients log in to our router, and we to Crossbar."""
    server, client = both_ends(version)
    expected = channel_ids(client)["tls-unique"]
    assert expected == transport_channel_id(client, False, "tls-unique")
    assert expected == transport_channel_id(server, True, "tls-unique")


def test_the_details_of_a_connection_have_its_ids():
    """Where an authenticator finds them; None without TLS."""
    _, client = both_ends(SSL.TLS1_3_VERSION)
    assert channel_ids(client) == transport_details(client, CODECS["json"], 1).channel_id
    assert transport_details(StringTransport(), CODECS["json"], 1).channel_id is None
