"""The TLS files that a configuration names, looked at without a start. Imports TLS only where there is any."""

from collections.abc import Iterator

from wamprouter.config import NodeConfig, TcpEndpoint, Tls


def problems(config: NodeConfig) -> list[str]:
    """Return a line for everything that would keep the router from starting."""
    found = list(_places(config))
    if not found:
        return []
    from wamprouter.server.tls_context import problems_of

    return [f"{place}: {problem}" for place, tls in found for problem in problems_of(tls)]


def warnings(config: NodeConfig) -> list[str]:
    """Return a line for what would start and keep clients away: a certificate that has expired."""
    found = list(_places(config))
    if not found:
        return []
    from wamprouter.server.tls_context import warnings_of

    return [f"{place}: {warning}" for place, tls in found for warning in warnings_of(tls)]


def _places(config: NodeConfig) -> Iterator[tuple[str, Tls]]:
    for number, transport in enumerate(config.transports):
        endpoint = transport.endpoint
        if isinstance(endpoint, TcpEndpoint) and endpoint.tls is not None:
            yield f"transports[{number}].endpoint.tls", endpoint.tls
