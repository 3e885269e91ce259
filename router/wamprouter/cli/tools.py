"""`wamprouter bench`, `shell`, `run` and `completion`: the words they take. What they do is imported when they run."""

from pathlib import Path

import click

from wamprouter.cli.options import ClientCommand, Connection, Number, Seconds, connection_options, json_option

__all__ = ["bench", "completion", "run", "shell"]


@click.command(cls=ClientCommand)
@click.argument("what", type=click.Choice(("rpc", "pubsub", "connect")))
@click.option(
    "--seconds",
    type=Seconds(min=0, max=86400, min_open=True),
    default=5.0,
    show_default=True,
    help="How long to measure.",
)
@click.option(
    "--clients", type=Number(1, 10_000), default=10, show_default=True, metavar="N", help="Sessions at a time."
)
@click.option(
    "--in-flight",
    type=Number(1, 10_000),
    default=10,
    show_default=True,
    metavar="N",
    help="Calls of each session at a time, or events at a time.",
)
@click.option(
    "--size", type=Number(0, 2**24), default=100, show_default=True, metavar="BYTES", help="Bytes of payload."
)
@json_option
@connection_options
def bench(
    connection: Connection, what: str, seconds: float, clients: int, in_flight: int, size: int, is_json: bool
) -> None:
    """Measure a router: calls, events, or how fast clients can join.

    rpc: N clients call a procedure that returns its argument. pubsub: one client publishes, N clients receive. connect: N clients
    connect, join and leave. All clients, and the callee, share this process: the figures compare routers, and find no limit of one.
    """
    from functools import partial

    from wamprouter.cli.benchmark import Load
    from wamprouter.cli.benchmark import bench as benched
    from wamprouter.cli.connecting import arguments_of_connect, connect
    from wamprouter.cli.ending import conclude, wrong_usage

    with wrong_usage():
        load = Load(partial(connect, **arguments_of_connect(connection)), seconds, clients, in_flight, size)
        load.connect()
    conclude(benched(what, load, is_json=is_json), is_json=is_json)


@click.command(cls=ClientCommand)
@connection_options
def shell(connection: Connection) -> None:
    """Open a Python console with a session in it, where `await` works.

    There are call, publish, subscribe, register, rpc, session and wamp. Tab completes procedures and topics. From a pipe, lines are run
    without prompts, and the first error ends it with status 1.
    """
    import sys

    from wamp.exception import Error
    from wamprouter.cli.connecting import connecting
    from wamprouter.cli.console import shell as opened
    from wamprouter.cli.ending import fail, quiet, wrong_usage

    with wrong_usage():
        link = connecting(connection)
    try:
        with quiet():
            status = opened(link)
    except Error as error:
        fail(error, is_json=False)
    sys.exit(status)


@click.command(cls=ClientCommand)
@click.argument("app", metavar="MODULE:APP")
@click.option("--with-router", is_flag=True, help="Start a router first, and end it afterwards.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration of that router. Default: realm1 for anyone on this machine, at ws://127.0.0.1:8080/ws.",
)
@click.option(
    "--reload", is_flag=True, help="Start the application anew when a Python file below the current folder changes."
)
@click.option(
    "--loglevel",
    type=click.Choice(("error", "warn", "info", "debug")),
    default="info",
    show_default=True,
    help="The least important lines that the client library logs.",
)
@connection_options
@click.pass_context
def run(
    context: click.Context,
    connection: Connection,
    app: str,
    with_router: bool,
    config: Path | None,
    reload: bool,
    loglevel: str,
) -> None:
    """Run an application: a wamp.App, a Component, or a session class.

    It is looked for in the current folder first. A Component that names a router of its own keeps it, unless --url or $WAMP_URL is given.
    """
    if config is not None and not with_router:
        raise click.UsageError("--config: only with --with-router")
    if with_router or reload:
        from wamprouter.cli.development import develop

        develop(context, app, loglevel, config=config, with_router=with_router, reload=reload)
    else:
        from wamprouter.cli.hosting import host

        host(context, app, loglevel, connection)


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what a shell reads to complete commands, options and URIs.

    URIs are those of the router at $WAMP_URL, if that is set and the router answers within half a second.
    """
    from wamprouter.cli.completion import script

    click.echo(script(shell, context.find_root().command))
