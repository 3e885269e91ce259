"""The section "admin": how those who run the router reach it, and what the router has because of that."""

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import Field

from wamprouter.config.auth import Auth, TicketPrincipal, TicketStatic
from wamprouter.config.components import ClassComponent, FunctionComponent
from wamprouter.config.endpoints import Endpoint, TcpEndpoint, UnixEndpoint
from wamprouter.config.fields import Connections, Flag, Model, Name, RealmName, Text
from wamprouter.config.operations import ConsolePath, HealthPath, InfoPath, MetricsPath, ReadyPath
from wamprouter.config.options import WebSocketOptions
from wamprouter.config.outbound import HttpComponent
from wamprouter.config.realms import Allow, Permission, Realm, RealmTemplate, Role
from wamprouter.config.redaction import SecretText
from wamprouter.config.references import MANAGEMENT_ROLE
from wamprouter.config.transports import WebPath, WebSocketPath, WebTransport
from wamprouter.config.web import RedirectPath

SEE_PAYLOADS = "router.tap.full"
"""The procedure that a role must be allowed to call to see payloads in a tap."""

_TAP = "router.tap"
# Subscribing is allowed, or who may subscribe to everything of the router could not do so by one pattern.
_ALL_BUT_PAYLOADS = Permission(uri=SEE_PAYLOADS, allow=Allow(subscribe=True))

R = TypeVar("R", Realm, RealmTemplate)

_ORIGIN = Text(r"\S+", "an origin")
_PROCEDURE = Text(r"\S*", "the URI of a procedure")


class Admin(Model):
    """A listener and a realm for those who run the router: health, metrics, management, and the console.

    In the admin realm the router offers procedures that begin with "router." to the role given here. Every other realm has a
    role of that name as well, which may call, publish and subscribe everywhere, unless the realm defines it itself.
    """

    endpoint: Endpoint = Field(
        default=TcpEndpoint(type="tcp", port=8090),
        description="Where to listen. Default: port 8090 of the loopback address, because metrics and health need no login.",
    )
    realm: RealmName = Field(
        default="admin",
        description='The realm of the procedures. It need not be among the realms. Default "admin".',
    )
    role: Name = Field(default="admin", description='The role that may call them. Default "admin".')
    auth: Auth | None = Field(
        default=None,
        description="Who may log in to the console and call the procedures, with that role. Default: who has the ticket that "
        "the router makes at each start and prints as part of the console's address.",
    )
    tap_payloads: Flag = Field(
        default=False,
        description="Let that role see payloads as they are when it taps messages, and not only what kind of values are in them. "
        "Default: no, because they are the secrets of others.",
    )
    console: Flag = Field(default=True, description="Serve the console at /console/. Default: yes.")
    allowed_origins: tuple[Annotated[str, _ORIGIN], ...] | None = Field(
        default=None,
        description="The origins whose pages may connect to /ws, such as that of a proxy in front. Default: this listener's "
        "own; all where it listens on every address.",
    )
    procedures: tuple[Annotated[str, _PROCEDURE], ...] = Field(
        default=(),
        description="Procedures, or patterns as they are registered, whose calls the statistics always show by themselves. "
        "Others are shown so if they are among the first 50.",
    )
    max_connections: Connections = Field(
        default=100, description="Connections at the same time. Default 100: operators and monitoring are few."
    )


class OperatorRole(Role):
    """The role of the section "admin": for whoever comes by its listener, and for no client whose role is called so as well."""


class RouterRole(Role):
    """The role of the router's own session in the admin realm, which nobody can log in with."""


class AdminTransport(WebTransport):
    """The listener of the section "admin"."""


class ManagementComponent(Model):
    """The router's own session in the admin realm."""

    type: Literal["management"] = "management"
    realm: RealmName
    role: Name = MANAGEMENT_ROLE

    @property
    def name(self) -> str:
        """Return what logs call it."""
        return "management"


SessionComponent: TypeAlias = ClassComponent | FunctionComponent | HttpComponent | ManagementComponent
"""What is hosted as a session inside the router."""


def transport_of(admin: Admin, ticket: str) -> AdminTransport:
    """Return the listener of an admin section; ``ticket`` is what its console asks for where the section has no auth."""
    websocket = WebSocketPath(
        type="websocket",
        auth=admin.auth or _ticket_only(admin.role, ticket),
        options=WebSocketOptions(allowed_origins=_origins(admin), allow_null_origin=False),
    )
    paths: dict[str, WebPath] = {
        "metrics": MetricsPath(type="metrics"),
        "healthz": HealthPath(type="healthz"),
        "readyz": ReadyPath(type="readyz"),
        "info": InfoPath(type="info"),
        "ws": websocket,
    }
    if admin.console:
        paths |= {
            "console": ConsolePath(type="console", realm=admin.realm),
            "/": RedirectPath(type="redirect", url="/console/"),
        }
    return AdminTransport(
        type="web", id="admin", endpoint=admin.endpoint, max_connections=admin.max_connections, paths=paths
    )


def _ticket_only(role: str, ticket: str) -> Auth:
    principals = {"admin": TicketPrincipal(role=role, ticket=SecretText(ticket))}
    return Auth(ticket=TicketStatic(principals=principals))


def _origins(admin: Admin) -> tuple[str, ...]:
    endpoint = admin.endpoint
    if admin.allowed_origins is not None:
        return admin.allowed_origins
    if isinstance(endpoint, UnixEndpoint) or endpoint.interface in ("0.0.0.0", "::"):  # compared, not bound to
        return ("*",)
    host = f"[{endpoint.interface}]" if ":" in endpoint.interface else endpoint.interface
    scheme = "http" if endpoint.tls is None else "https"
    port = endpoint.port or "*" if endpoint.portrange is None else "*"
    return tuple(f"{scheme}://{name}:{port}" for name in (host, "localhost"))


def realm_of(admin: Admin, existing: Realm | None) -> Realm:
    """Return the admin realm: the one of the file if there is one, with the roles that it needs.

    The router's own session must be told who calls it. To see payloads, a role of the file must have a permission that is about
    that, and not only about everything that the router offers.
    """
    operator = OperatorRole(
        name=admin.role,
        permissions=(
            Permission(uri="router.", match="prefix", allow=Allow(call=True, subscribe=True)),
            Permission(uri="wamp.", match="prefix", allow=Allow(call=True, subscribe=True)),
            Permission(uri=SEE_PAYLOADS, allow=Allow(call=admin.tap_payloads, subscribe=True)),
        ),
    )
    router = RouterRole(
        name=MANAGEMENT_ROLE,
        permissions=(Permission(uri="router.", match="prefix", allow=Allow(register=True, publish=True)),),
    )
    if existing is None:
        return Realm(name=admin.realm, roles=(operator, router))
    named = {role.name for role in existing.roles}
    missing = (role for role in (operator, router) if role.name not in named)
    return existing.model_copy(
        update={
            "roles": (*(_discreet(role) for role in existing.roles), *missing),
            "options": existing.options.model_copy(update={"disclose_me": "allow"}),
        }
    )


def _discreet(role: Role) -> Role:
    """Return a role that sees payloads only if a permission of it says so in words."""
    if role.authorizer is not None or any(one.uri.startswith(_TAP) for one in role.permissions):
        return role
    return role.model_copy(update={"permissions": (*role.permissions, _ALL_BUT_PAYLOADS)})


def with_operator(admin: Admin, realm: R) -> R:
    """Return a realm in which the operator has a role."""
    if any(role.name == admin.role for role in realm.roles):
        return realm
    everything = Permission(uri="", match="prefix", allow=Allow(call=True, publish=True, subscribe=True))
    return realm.model_copy(update={"roles": (*realm.roles, OperatorRole(name=admin.role, permissions=(everything,)))})
