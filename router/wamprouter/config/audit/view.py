"""What the audit looks at: the configuration by its doors and roles, how it is written, and a few facts of the machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from wamp.protocol.uris import UriCheck
from wamprouter.authz.configured import static_role
from wamprouter.authz.roles import Action, Decision
from wamprouter.authz.roles import Role as Rules
from wamprouter.config.admin import AdminTransport, transport_of
from wamprouter.config.auth import AnonymousStatic, Dynamic, Function, TicketJwt, methods
from wamprouter.config.endpoints import TcpEndpoint, Tls
from wamprouter.config.node import NodeConfig
from wamprouter.config.problems import Place, lookup, printed
from wamprouter.config.realms import RealmOptions, Role
from wamprouter.config.safety import is_public, paths, services
from wamprouter.config.services import WampService
from wamprouter.config.transports import HttpListener, Transport, UniversalTransport, WebPath, web_options
from wamprouter.config.web import WebOptions

__all__ = ["Certificate", "Door", "Front", "Imagined", "Login", "Machine", "RoleAt", "View"]

_ADMIN: Final[Place] = ("admin",)
_MADE_TICKET: Final = "x" * 32  # stands for the one that is made at each start, and is as long


class Certificate(NamedTuple):
    """What there is to say of the certificate of an endpoint."""

    expires: datetime
    warnings: list[str]
    """Why clients refuse it now."""
    flaws: list[str]
    """What is weak about its key or its signature."""


class Machine(Protocol):
    """What the configuration alone does not tell."""

    def now(self) -> datetime: ...
    def memory(self) -> int:
        """Return the bytes of memory there are."""
        ...

    def mode(self, path: Path) -> int | None:
        """Return the permission bits of a file or folder, None if they cannot be known."""
        ...

    def certificate(self, tls: Tls) -> Certificate | None: ...
    def weak_ciphers(self, ciphers: str) -> list[str]:
        """Return those of an OpenSSL cipher list that lack forward secrecy or authenticated encryption."""
        ...


@dataclass
class Imagined:
    """A machine of which everything is given: for tests, and for who asks about another one than this."""

    time: datetime
    bytes_of_memory: int = 8 * 1024**3
    modes: Mapping[Path, int] = field(default_factory=dict)
    certificates: Mapping[Path, Certificate] = field(default_factory=dict)
    weak: Collection[str] = ()

    def now(self) -> datetime:
        return self.time

    def memory(self) -> int:
        return self.bytes_of_memory

    def mode(self, path: Path) -> int | None:
        return self.modes.get(path)

    def certificate(self, tls: Tls) -> Certificate | None:
        return self.certificates.get(tls.certificate)

    def weak_ciphers(self, ciphers: str) -> list[str]:
        return [cipher for cipher in ciphers.split(":") if cipher in self.weak]


@dataclass(frozen=True, slots=True)
class Front:
    """A transport, as clients see it from outside."""

    place: Place
    transport: Transport

    @property
    def endpoint(self) -> Any:
        """Return the endpoint, TCP or Unix."""
        return self.transport.endpoint

    @property
    def web(self) -> tuple[Place, WebOptions] | None:
        """Return the options of its paths and their place, None if it has no paths."""
        if self.is_admin:  # the section has none
            return None
        options = web_options(self.transport)
        inside = ("web", "options") if isinstance(self.transport, UniversalTransport) else ("options",)
        return None if options is None else ((*self.place, *inside), options)

    @property
    def is_admin(self) -> bool:
        """Tell whether it is what the section "admin" stands for."""
        return isinstance(self.transport, AdminTransport)

    @property
    def tls(self) -> Tls | None:
        """Return its TLS, None without."""
        return self.endpoint.tls if isinstance(self.endpoint, TcpEndpoint) else None

    @property
    def is_public(self) -> bool:
        """Tell whether other machines reach the port."""
        return is_public(self.transport)

    @property
    def is_proxied(self) -> bool:
        """Tell whether something in front of it speaks for others."""
        return isinstance(self.transport, HttpListener) and bool(self.transport.trusted_proxies)

    @property
    def is_reachable(self) -> bool:
        """Tell whether anybody on another machine gets here."""
        return self.is_public or self.is_proxied

    @property
    def asks_for_certificates(self) -> bool:
        """Tell whether nobody gets here without a client certificate."""
        return self.tls is not None and bool(self.tls.ca_certificates) and self.tls.client_certificate == "required"

    @property
    def is_inside(self) -> bool:
        """Tell whether it listens where strangers do not come, but the browsers of those who are there do."""
        if not isinstance(self.endpoint, TcpEndpoint):
            return False
        try:
            address = ip_address(self.endpoint.interface.partition("%")[0])
        except ValueError:
            return self.endpoint.interface.lower() == "localhost"
        return address.is_private and not address.is_unspecified


@dataclass(frozen=True, slots=True)
class Door:
    """A service that speaks WAMP."""

    place: Place
    front: Front
    service: WampService

    @property
    def methods(self) -> dict[str, Any]:
        """Return the methods of authentication by name."""
        return methods(self.service.auth)

    @property
    def options(self) -> Any:
        """Return the options of its connections."""
        return getattr(self.service, "options", None)

    @property
    def options_place(self) -> Place:
        """Return where its options are written: those of the section "admin" stand in the section itself."""
        return self.place if self.front.is_admin else (*self.place, "options")

    @property
    def admits_strangers(self) -> bool:
        """Tell whether somebody without any credential, on another machine, may join."""
        is_open = self.front.is_reachable and not self.front.asks_for_certificates
        return is_open and self.service.auth.anonymous is not None

    @property
    def admits_anybody(self) -> bool:
        """Tell whether somebody without any credential may join, if only from this machine by TCP."""
        is_open = self.front.is_reachable or isinstance(self.front.endpoint, TcpEndpoint)
        return is_open and not self.front.asks_for_certificates and self.service.auth.anonymous is not None


class Login(NamedTuple):
    """A way to get a role, as far as the file tells. ``principal`` is None where there is no such entry."""

    door: Door
    method: str
    place: Place
    """Of the principal, or of the method."""
    authid: str | None
    principal: Any
    role: str
    realm: str | None


@dataclass(frozen=True, slots=True)
class RoleAt:
    """A role of a realm. ``realm`` is None for realms that are made on demand."""

    place: Place
    realm: str | None
    options: RealmOptions
    role: Role

    @property
    def rules(self) -> Rules:
        """Return what decides for the role."""
        return static_role(self.role, UriCheck(self.options.uri_check), printed(self.place))

    def permitting(self, action: Action, uri: str) -> int | None:
        """Return the number of the permission that lets the role do something to a URI, None if it may not."""
        explanation = self.rules.explain(action, uri)
        if explanation.decision not in (Decision.PERMITTED, Decision.DISCLOSED):
            return None
        place = explanation.rulings[0].rules[0].place
        return int(place.rpartition("[")[2].rstrip("]"))


@dataclass(frozen=True)
class View:
    """One configuration. ``document`` is how it is written, ``origin`` where a place of the configuration is in that."""

    config: NodeConfig
    machine: Machine
    document: object = None
    origin: Callable[[Place], Place] = field(default=lambda place: place)
    file: Path | None = None

    @property
    def fronts(self) -> list[Front]:
        """Return the transports, that of the section "admin" last."""
        found = [Front(("transports", index), transport) for index, transport in enumerate(self.config.transports)]
        if self.config.admin is not None:
            found.append(Front(_ADMIN, transport_of(self.config.admin, _MADE_TICKET)))
        return found

    @property
    def doors(self) -> list[Door]:
        """Return everything that speaks WAMP."""
        return [
            Door(front.place if front.is_admin else (*front.place, *place), front, service)
            for front in self.fronts
            for place, service in services(front.transport)
        ]

    @property
    def paths(self) -> Iterator[tuple[Front, Place, WebPath]]:
        """Yield every path of every web transport that is written as one."""
        for front in self.fronts:
            for place, path in () if front.is_admin else paths(front.transport):
                yield front, (*front.place, *place), path

    @property
    def is_reachable(self) -> bool:
        """Tell whether anybody on another machine gets anywhere."""
        return any(front.is_reachable for front in self.fronts)

    @property
    def roles(self) -> list[RoleAt]:
        """Return the roles of all realms, and of those on demand."""
        found = [
            RoleAt(("realms", index, "roles", number), realm.name, realm.options, role)
            for index, realm in enumerate(self.config.realms)
            for number, role in enumerate(realm.roles)
        ]
        template = self.config.realm_template
        if template is not None:
            found += [
                RoleAt(("realm_template", "roles", number), None, template.options, role)
                for number, role in enumerate(template.roles)
            ]
        return found

    def in_realm(self, one: RoleAt, realm: str | None) -> bool:
        """Tell whether a role is one of a realm of that name; None stands for any realm."""
        if realm is None or one.realm == realm:
            return True
        return one.realm is None and realm not in {each.name for each in self.config.realms}

    @property
    def logins(self) -> Iterator[Login]:
        """Yield every way to a role that stands in the file. Whoever is asked elsewhere may give others."""
        for door in self.doors:
            for name, method in door.methods.items():
                place = (*door.place, "auth", name)
                if isinstance(method, AnonymousStatic):
                    yield Login(door, name, place, None, None, method.role, method.realm)
                elif isinstance(method, TicketJwt):
                    for role in method.roles:
                        yield Login(door, name, place, None, None, role, None)
                elif not isinstance(method, Dynamic | Function):
                    field_name = "users" if name == "wampcra" else "principals"
                    for authid, principal in getattr(method, field_name, {}).items():
                        at = (*place, field_name, authid)
                        yield Login(door, name, at, authid, principal, principal.role, principal.realm)

    def holders(self, one: RoleAt) -> list[Login]:
        """Return the logins that lead to a role."""
        return [login for login in self.logins if login.role == one.role.name and self.in_realm(one, login.realm)]

    def is_for_strangers(self, one: RoleAt) -> bool:
        """Tell whether somebody without a credential gets a role from another machine."""
        return any(login.method == "anonymous" and login.door.admits_strangers for login in self.holders(one))

    def is_for_anybody(self, one: RoleAt) -> bool:
        """Tell whether somebody without a credential gets a role, if only from this machine."""
        return any(login.method == "anonymous" and login.door.admits_anybody for login in self.holders(one))

    def written(self, place: Place) -> object:
        """Return what stands in the file at a place, variables as they are written."""
        return lookup(self.document, self.origin(place))
