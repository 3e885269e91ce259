"""What a valid configuration means: defaults, and forms that are written in more than one way."""

import pytest
from pydantic import ValidationError

from tests.wamprouter.config.documents import SMALLEST, WEB, changed
from wamprouter.config import (
    AnonymousStatic,
    Auth,
    NodeConfig,
    Permission,
    RawSocketTransport,
    RouterLimits,
    UnixEndpoint,
    WebSocketOptions,
    WebSocketPath,
    WebSocketTransport,
    WebTransport,
    validate,
)
from wamprouter.config.realms import unstarred
from wamprouter.server.admission import AdmissionLimits


def only_websocket(config: NodeConfig) -> WebSocketTransport:
    [transport] = config.transports
    assert isinstance(transport, WebSocketTransport)
    return transport


@pytest.mark.parametrize(
    ("starred", "uri", "match"),
    [
        ("com.x.y", "com.x.y", "exact"),
        ("*", "", "prefix"),
        ("com.x.*", "com.x.", "prefix"),
        ("com.x*", "com.x", "prefix"),
        ("com..y", "com..y", "wildcard"),
        ("com.*.y", "com..y", "wildcard"),
        ("*.y", ".y", "wildcard"),
        ("com.x.", "com.x.", "wildcard"),
        ("com.*.*", "com..", "wildcard"),
        ("*.*", ".", "wildcard"),
    ],
)
def test_a_starred_uri_tells_how_it_matches(starred: str, uri: str, match: str) -> None:
    """Without "match", stars are resolved as in Crossbar; a permission always shows uri and match."""
    assert unstarred(starred) == (uri, match)
    permission = Permission.model_validate({"uri": starred})
    assert (permission.uri, permission.match) == (uri, match)


@pytest.mark.parametrize("match", ["prefix", "wildcard"])
def test_with_match_the_uri_is_taken_as_it_is(match: str) -> None:
    """The empty prefix is Crossbar's own way to say everything."""
    permission = Permission.model_validate({"uri": "", "match": match})
    assert (permission.uri, permission.match) == ("", match)


def test_what_is_not_allowed_is_denied() -> None:
    """A permission that allows nothing is valid, and allows nothing."""
    assert Permission.model_validate({"uri": "com.x"}).allow.actions == frozenset()


def test_all_allows_every_action() -> None:
    """ "all" is the short form of four times true."""
    permission = Permission.model_validate({"uri": "com.x", "allow": "all"})
    assert permission.allow.actions == {"call", "register", "publish", "subscribe"}


def test_actions_are_those_that_are_true() -> None:
    """False is the same as absent."""
    permission = Permission.model_validate({"uri": "com.x", "allow": {"register": True, "call": False}})
    assert permission.allow.actions == {"register"}


def test_a_transport_without_auth_takes_anonymous_peers() -> None:
    """As in Crossbar, with the role that is called the same."""
    transport = only_websocket(validate(SMALLEST))
    assert transport.auth == Auth(anonymous=AnonymousStatic(role="anonymous"))


def test_a_transport_with_empty_auth_takes_nobody() -> None:
    """What is not named is refused, and no role is needed."""
    config = validate(changed(("transports.0.auth", {}), ("realms.0.roles.0.name", "visitor")))
    assert only_websocket(config).auth == Auth(anonymous=None)


@pytest.mark.parametrize(("version", "address"), [(4, "127.0.0.1:8080"), (6, "[::1]:8080")])
def test_tcp_listens_on_loopback_unless_told_otherwise(version: int, address: str) -> None:
    """The address is that of the IP version in use."""
    config = validate(changed(("transports.0.endpoint.version", version)))
    assert config.transports[0].endpoint.address == address


def test_a_frame_may_hold_the_largest_message_unless_told_otherwise() -> None:
    """Who raises the size of messages need not know of frames."""
    config = validate(changed(("transports.0.options", {"max_message_size": 2_000_000})))
    assert only_websocket(config).options.max_frame_size == 2_000_000


def test_deflate_is_on_by_default() -> None:
    """A client that offers it gets it."""
    assert WebSocketOptions().deflate is not None


@pytest.mark.parametrize("compression", [None, {}])
def test_compression_can_be_turned_off(compression: object) -> None:
    """TOML has no null, so an empty object means the same."""
    config = validate(changed(("transports.0.options", {"compression": compression})))
    assert only_websocket(config).options.deflate is None


def test_crossbars_own_websocket_options_are_taken() -> None:
    """The values of Crossbar's starter, but for those of its options that this stage does not have."""
    options = {
        "allowed_origins": ["*"],
        "allow_null_origin": True,
        "max_frame_size": 1048576,
        "max_message_size": 1048576,
        "fail_by_drop": True,
        "open_handshake_timeout": 2500,
        "close_handshake_timeout": 1000,
        "auto_ping_interval": 10000,
        "auto_ping_timeout": 5000,
        "auto_ping_size": 12,
        "compression": {
            "deflate": {
                "request_no_context_takeover": False,
                "request_max_window_bits": 13,
                "no_context_takeover": False,
                "max_window_bits": 13,
                "memory_level": 5,
            }
        },
    }
    config = validate(changed(("transports.0.options", options)))
    assert only_websocket(config).options.model_copy(update={"fail_by_drop": False}) == WebSocketOptions()


def test_a_rawsocket_may_listen_on_a_unix_socket() -> None:
    """Its address is written as a URL would."""
    raw = {"type": "rawsocket", "endpoint": {"type": "unix", "path": "/run/wamp.sock"}}
    [transport] = validate(changed(("transports", [raw]))).transports
    assert isinstance(transport, RawSocketTransport)
    assert isinstance(transport.endpoint, UnixEndpoint)
    assert transport.endpoint.address == "unix:/run/wamp.sock"


def test_a_web_transport_serves_what_its_paths_say() -> None:
    """The websocket of a path has all that a websocket transport has, but for its endpoint."""
    [transport] = validate(changed(("transports", [WEB]))).transports
    assert isinstance(transport, WebTransport)
    ws = transport.paths["ws"]
    assert isinstance(ws, WebSocketPath)
    assert ws.serializers == ("json", "msgpack", "cbor")


def test_a_configuration_is_fixed_once_read() -> None:
    """Whoever holds a part of it may rely on it."""
    config = validate(SMALLEST)
    with pytest.raises(ValidationError, match="frozen"):
        config.version = 1


def test_limits_of_the_router_have_defaults() -> None:
    """The whole object may be left out, and so may each of them."""
    config = validate(changed(("limits", {"join_burst": 7})))
    assert config.limits == RouterLimits(join_burst=7)
    assert validate(SMALLEST).limits == RouterLimits()
    assert (config.limits.connections_per_address, config.limits.limit_local) == (1000, False)


def test_the_router_decides_with_the_limits_that_are_configured() -> None:
    """Names and order are the same on both sides."""
    defaults = RouterLimits().model_dump()
    assert AdmissionLimits(**defaults) == AdmissionLimits()
    assert list(defaults) == list(AdmissionLimits._fields)


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("127.0.0.1", "127.0.0.1/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("unix", "unix"),
    ],
)
def test_trusted_proxies_are_addresses_and_networks(written: str, network: str) -> None:
    """A Unix socket has no address, but a name."""
    config = validate(changed(("transports.0.trusted_proxies", [written])))
    assert only_websocket(config).trusted_proxies == (network,)
