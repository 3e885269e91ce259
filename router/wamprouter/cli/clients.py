"""`wamprouter call`, `publish`, `subscribe` and `register`: the words they take. What they do is imported when they run."""

from typing import Any

import click

from wamprouter.cli.options import (
    PROCEDURES,
    TOPICS,
    ArgumentsCommand,
    ClientCommand,
    Connection,
    Number,
    Seconds,
    connection_options,
    json_option,
    match_option,
    payload_arguments,
)

__all__ = ["call", "publish", "register", "subscribe"]

_SECONDS = Seconds(min=0, min_open=True)
_COUNT = Number(min=1)


@click.command(cls=ArgumentsCommand)
@click.argument("uri", shell_complete=PROCEDURES)
@payload_arguments
@click.option("--timeout", type=_SECONDS, metavar="SECONDS", help="How long to wait for the result.")
@click.option(
    "--progress", "shows_progress", is_flag=True, help="Ask for progressive results; they go to standard error."
)
@json_option
@connection_options
def call(
    connection: Connection,
    uri: str,
    words: tuple[str, ...],
    texts: tuple[str, ...],
    timeout: float | None,
    shows_progress: bool,
    is_json: bool,
) -> None:
    """Call a procedure and print its result.

    Arguments are JSON: 2, 3.5, true, null, '{"a": 1}', '[1, 2]'. What is no JSON is text. KEY=VALUE is a keyword argument.
    """
    from wamprouter.cli.arguments import check_names, payload
    from wamprouter.cli.calling import call as called
    from wamprouter.cli.connecting import connecting
    from wamprouter.cli.ending import conclude, wrong_usage

    with wrong_usage():
        given, link = payload(words, texts), connecting(connection)
        check_names(given[1], ("self",))
    work = called(link, uri, given, timeout=timeout, shows_progress=shows_progress, is_json=is_json)
    conclude(work, is_json=is_json)


@click.command(cls=ArgumentsCommand)
@click.argument("topic", shell_complete=TOPICS)
@payload_arguments
@click.option(
    "--acknowledge/--no-acknowledge",
    default=True,
    show_default=True,
    help="Wait until the router has accepted the event. Without it, nobody tells if it does not.",
)
@click.option("--retain", is_flag=True, help="Let the router keep the event for those who subscribe later.")
@click.option(
    "--exclude-me/--no-exclude-me", default=None, help="Whether this session gets the event. Default: the router's, no."
)
@json_option
@connection_options
def publish(
    connection: Connection,
    topic: str,
    words: tuple[str, ...],
    texts: tuple[str, ...],
    acknowledge: bool,
    retain: bool,
    exclude_me: bool | None,
    is_json: bool,
) -> None:
    """Publish an event.

    Arguments are written as those of call. With --json, the id of the publication is printed.
    """
    from wamp.types import PublishOptions
    from wamprouter.cli.arguments import check_names, payload
    from wamprouter.cli.connecting import connecting
    from wamprouter.cli.ending import conclude, wrong_usage
    from wamprouter.cli.publishing import publish as published

    options = PublishOptions(acknowledge=acknowledge or None, retain=retain or None, exclude_me=exclude_me)
    with wrong_usage():
        given, link = payload(words, texts), connecting(connection)
        check_names(given[1], ("self", "topic", "options"))
    conclude(published(link, topic, given, options=options, is_json=is_json), is_json=is_json)


@click.command(cls=ClientCommand)
@click.argument("topics", metavar="TOPIC...", nargs=-1, required=True, shell_complete=TOPICS)
@match_option("a topic")
@click.option("--retained", is_flag=True, help="Begin with the events that the router has kept.")
@click.option("--count", type=_COUNT, metavar="N", help="End after N events.")
@click.option("--timeout", type=_SECONDS, metavar="SECONDS", help="End after that time: with --count, as a failure.")
@json_option
@connection_options
def subscribe(connection: Connection, topics: tuple[str, ...], is_json: bool, **how: Any) -> None:
    """Print the events of topics as they come.

    A lost connection is made again. Standard error says when the router has accepted the subscriptions.
    """
    from wamprouter.cli.connecting import connecting
    from wamprouter.cli.ending import conclude, wrong_usage
    from wamprouter.cli.subscribing import subscribe as subscribed

    with wrong_usage():
        link = connecting(connection)
    conclude(subscribed(link, topics, is_json=is_json, **how), is_json=is_json)


@click.command(cls=ClientCommand)
@click.argument("uri")
@click.option("--echo", "echoes", is_flag=True, help="Answer with the arguments.")
@click.option("--reply", metavar="JSON", help="Answer with this value.")
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    help="Answer with what this program prints: JSON, or text. It reads the call as JSON. No shell is involved.",
)
@click.option(
    "--parallel",
    type=_COUNT,
    default=4,
    show_default=True,
    metavar="N",
    help="How many programs of --exec run at a time.",
)
@click.option(
    "--exec-timeout",
    type=_SECONDS,
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one of them may run.",
)
@match_option("the URI")
@click.option(
    "--invoke",
    type=click.Choice(("single", "first", "last", "roundrobin", "random")),
    help="Which of several callees gets a call.",
)
@click.option("--count", type=_COUNT, metavar="N", help="End after N calls.")
@click.option("--timeout", type=_SECONDS, metavar="SECONDS", help="End after that time: with --count, as a failure.")
@json_option
@connection_options
def register(
    connection: Connection,
    uri: str,
    echoes: bool,
    reply: str | None,
    command: str | None,
    parallel: int,
    exec_timeout: float,
    match: str | None,
    invoke: str | None,
    is_json: bool,
    **how: Any,
) -> None:
    """Register a procedure, answer its calls and print them.

    One of --echo, --reply and --exec says how. A lost connection is made again. Standard error says when the router has accepted
    the registration.
    """
    from wamp.types import RegisterOptions
    from wamprouter.cli.connecting import connecting
    from wamprouter.cli.ending import conclude, wrong_usage
    from wamprouter.cli.registering import answering
    from wamprouter.cli.registering import register as registered

    options = RegisterOptions(match=match, invoke=invoke)
    with wrong_usage():
        answer = answering(echoes=echoes, reply=reply, command=command, parallel=parallel, timeout=exec_timeout)
        link = connecting(connection)
    conclude(registered(link, uri, answer, options=options, is_json=is_json, **how), is_json=is_json)
