"""A router without TLS does without OpenSSL, and gets it when a reload asks for it."""

import os
import subprocess
import sys

import pytest

from tests.wamprouter.config.documents import COMPONENT, changed
from wamprouter import config, lean

TLS = {"type": "tcp", "port": 0, "tls": {"key": "key.pem", "certificate": "cert.pem"}}


def configured(*changes):
    """Return a configuration with these changes."""
    return config.validate(changed(*changes))


def test_a_router_without_tls_needs_no_openssl():
    """What the smallest configuration asks for does without, and so does the section admin."""
    assert lean.is_enough(configured())
    assert lean.is_enough(configured(("admin", {})).expanded("ticket"))


@pytest.mark.parametrize(
    "changes",
    [
        [("transports.0.endpoint", TLS)],
        [("admin", {"endpoint": TLS})],
        [("components", [COMPONENT])],
        [("transports.0.auth", {"anonymous": {"type": "function", "create": "a.b"}})],
    ],
    ids=["tls", "tls of the admin listener", "component", "function"],
)
def test_what_may_use_tls_needs_openssl(changes):
    """TLS needs it, and whoever runs somebody's code may."""
    assert not lean.is_enough(configured(*changes))


def run(program):
    """Run a program in an interpreter of its own; return what it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LOADED = "print(*(name for name in ('OpenSSL', 'cryptography', 'autobahn.twisted.wamp') if sys.modules.get(name)))"


def test_it_is_not_there_until_it_is_asked_for():
    """A router that is spared it has no trace of it, with all that serves WebSocket, RawSocket and files."""
    found = run(
        f"""
import sys
from wamprouter import lean
lean.spare()
import wamprouter.running, wamprouter.web.site, wamprouter.server.rawsocket, wamprouter.server.services
from twisted.internet import reactor
{LOADED}"""
    )
    assert found == []


def test_autobahns_clients_are_there_when_they_are_asked_for():
    """Who imports Autobahn's session later gets the real one, by either name."""
    found = run(
        """
import sys
from wamprouter import lean
lean.spare()
import wamprouter.web.site, autobahn.twisted
assert autobahn.twisted.ApplicationSession is not object
from autobahn.twisted.wamp import ApplicationSession
from autobahn.twisted import ApplicationSession as Same
print(ApplicationSession is Same, ApplicationSession.__module__)"""
    )
    assert found == ["True", "autobahn.twisted.wamp"]


def test_twisted_speaks_tls_once_it_may():
    """What was imported without OpenSSL connects with TLS, and serves it, when it is made whole."""
    found = run(
        """
import trustme
from wamprouter import lean
lean.spare()
import wamprouter.running, wamprouter.web.site
from twisted.internet import reactor
lean.make_whole()
lean.make_whole()
from twisted.internet import endpoints, ssl
from twisted.internet.protocol import Factory, Protocol
from wamprouter.server.tls_context import load

authority = trustme.CA()
made = authority.issue_cert("localhost")
pem = b"".join(blob.bytes() for blob in (made.private_key_pem, *made.cert_chain_pems))
options = ssl.PrivateCertificate.loadPEM(pem).options()

class Greeter(Protocol):
    def connectionMade(self):
        self.transport.write(b"hello")

class Listener(Protocol):
    def dataReceived(self, data):
        print(data.decode())
        self.transport.abortConnection()
        reactor.stop()

port = reactor.listenSSL(0, Factory.forProtocol(Greeter), options, interface="127.0.0.1")
trusted = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(authority.cert_pem.bytes())])
client = endpoints.wrapClientTLS(
    ssl.optionsForClientTLS("localhost", trustRoot=trusted),
    endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port),
)
client.connect(Factory.forProtocol(Listener))
reactor.callLater(20, reactor.stop)
reactor.run()"""
    )
    assert found == ["hello"]
