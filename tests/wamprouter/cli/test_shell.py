"""`wamprouter shell`: lines in from a pipe, values out; and what its keyboard knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.wamprouter.cli.commands import Clients
from wamp.asyncio import connect
from wamprouter.cli import main
from wamprouter.cli.console import Background
from wamprouter.cli.keyboard import Completions, history_file


def typed(clients: Clients, text: str) -> Result:
    return CliRunner().invoke(main, ["shell"], env={"WAMP_URL": clients.url}, input=text)


def test_await_works_at_the_top_level(clients: Clients, echo: None) -> None:
    """As it does inside of blocks; values of expressions are printed, without prompts."""
    result = typed(
        clients,
        "x = await call('com.example.echo', 1)\nx + 1\n"
        "for each in 'ab':\n    print(await rpc.com.example.echo(each))\n\n"
        "wamp.ApplicationError.TIMEOUT\n",
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2\na\nb\n'wamp.error.timeout'\n" == result.stdout


def test_a_block_may_end_with_the_input(clients: Clients) -> None:
    assert "1\n" == typed(clients, "if True:\n    print(1)").stdout


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("await call('com.example.nobody')", "wamp.error.no_such_procedure: no callee has registered procedure"),
        ("1 / 0", 'File "<console>", line 1, in <module>\nZeroDivisionError: division by zero'),
        ("def f(:", "SyntaxError"),
    ],
)
def test_the_first_error_ends_it_with_status_1(clients: Clients, line: str, problem: str) -> None:
    """An error of WAMP is one line; another has a traceback that begins with what was typed."""
    result = typed(clients, f"{line}\nprint('not reached')\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert problem in result.stderr


def test_what_a_handler_raises_is_shown(clients: Clients) -> None:
    """On standard error, with its traceback; it ends nothing."""
    result = typed(
        clients,
        "await subscribe(lambda: 1 / 0, 'com.example.topic')\n"
        "mine = wamp.PublishOptions(exclude_me=False, acknowledge=True)\n"
        "await publish('com.example.topic', options=mine) is None\n"
        "await call('wamp.session.count') > 0\n",
    )
    assert (result.exit_code, result.stdout) == (0, "<Held com.example.topic>\nFalse\nTrue\n")
    assert "While handling an event of com.example.topic\n" in result.stderr
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_exit_has_its_status(clients: Clients) -> None:
    assert 5 == typed(clients, "raise SystemExit(5)\n").exit_code


def test_shell_without_a_router_is_status_3(clients: Clients, tmp_path: Path) -> None:
    result = clients.run("shell", url=f"unix://{tmp_path}/none.sock")
    assert (result.exit_code, result.stdout) == (3, "")


def test_the_history_is_in_the_users_state() -> None:
    assert Path("/state/wamprouter/history") == history_file({"XDG_STATE_HOME": "/state"})
    assert Path.home() / ".local/state/wamprouter/history" == history_file({})


@pytest.fixture
def completions(clients: Clients, echo: None) -> Iterator[Completions]:
    async def opened():
        session = await connect(clients.url)
        await session.subscribe(lambda: None, "com.example.topic")
        return session

    with Background() as background:
        session = background.run(opened())
        yield Completions(background, session, {"something": 1})
        background.run(session.close())


@pytest.mark.parametrize(
    ("before", "text", "chosen"),
    [
        ('await call("', "com.example.ec", ["com.example.echo"]),
        ("await call('", "wamp.session.c", ["wamp.session.count"]),
        ("await ", "rpc.com.example.ec", ["rpc.com.example.echo"]),
        ("await ", "session.rpc.com.example.ec", ["session.rpc.com.example.echo"]),
        ('await publish("', "com.example.", ["com.example.topic"]),
        ("", "somet", ["something"]),
        ("await call(", "somet", ["something"]),
    ],
)
def test_tab_completes_uris_and_names(completions: Completions, before: str, text: str, chosen: list[str]) -> None:
    """Procedures and topics inside of quotes, procedures after `rpc.`, else Python's names."""
    completions.choose(before, text)
    assert chosen == completions.chosen
