"""`wamprouter call`, `publish`, `subscribe` and `register` against a router: what is printed where, and the exit status."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.logins import KEY
from tests.wamprouter.cli.commands import Clients, Running
from wamp import CallDetails, RegisterOptions
from wamp.asyncio import connect
from wamp.testing import Router
from wamprouter.cli.calling import call

Start = Callable[..., Running]


# -- call


def test_call_passes_typed_arguments(clients: Clients, echo: None) -> None:
    """And prints them with --json as an object."""
    words = ["2", "3.5", "true", "null", '{"a":1}', "[1,2]", "text", '"text"', "-1", "key=value"]
    result = clients.run("call", "com.example.echo", *words, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert {
        "args": [2, 3.5, True, None, {"a": 1}, [1, 2], "text", "text", -1],
        "kwargs": {"key": "value"},
    } == json.loads(result.stdout)


def test_text_that_looks_otherwise_stays_in_its_place(clients: Clients, echo: None) -> None:
    words = ["1", "--str", "2", "3", "--str=-x", "--timeout", "5", "--", "-y", "--str"]
    result = clients.run("call", "com.example.echo", "--json", "--str-key", "a=4", *words)
    assert {"args": [1, "2", 3, "-x", "-y", "--str"], "kwargs": {"a": "4"}} == json.loads(result.stdout)


@pytest.mark.parametrize(
    ("words", "printed", "as_json"),
    [
        ([], "", "null\n"),
        (["hello"], "hello\n", '"hello"\n'),
        (["null"], "null\n", "null\n"),
        (["[1]"], "[1]\n", "[1]\n"),
        (["1", "b c"], "1\nb c\n", '{"args": [1, "b c"], "kwargs": {}}\n'),
        (["a=b"], 'a="b"\n', '{"args": [], "kwargs": {"a": "b"}}\n'),
    ],
)
def test_results_are_printed(clients: Clients, echo: None, words: list[str], printed: str, as_json: str) -> None:
    """For people a text as it is and everything else as JSON, one on a line; with --json one line."""
    assert printed == clients.run("call", "com.example.echo", *words).stdout
    assert as_json == clients.run("call", "com.example.echo", *words, "--json").stdout


def test_every_name_can_be_a_keyword_argument(clients: Clients, echo: None) -> None:
    """Also those of options of the library."""
    names = ["timeout=1", "options=2", "returns=3", "details=4", "procedure=5", "on_progress=6", "callee=7"]
    result = clients.run("call", "com.example.echo", *names, "--json")
    assert names == [f"{key}={value}" for key, value in json.loads(result.stdout)["kwargs"].items()]


def test_progressive_results_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The result goes to standard output."""

    def count(to: int, details: CallDetails) -> str:
        assert details.progress is not None
        for number in range(to):
            details.progress(number)
        return "done"

    async def work(url: str) -> None:
        async with connect(url) as callee:
            await callee.register(count, "com.example.count", RegisterOptions(details=True))
            caller = connect(url)
            await call(caller, "com.example.count", ([2], {}), timeout=None, shows_progress=True, is_json=False)

    with Router() as router:
        asyncio.run(work(router.url))
    assert ("done\n", "0\n1\n") == capsys.readouterr()


def test_text_that_the_output_has_no_characters_for_is_shown(start: Start) -> None:
    """Such as the euro in Latin-1."""
    start("register", "com.example.odd", "--reply", "€")
    called = start("call", "com.example.odd", env={"PYTHONIOENCODING": "latin-1"})
    assert (0, "\\u20ac\n", "") == called.result()


# -- exit statuses


def test_an_error_of_the_router_is_status_1_and_one_line(clients: Clients) -> None:
    """Unlike with Autobahn's command line, which exits with 0."""
    result = clients.run("call", "com.example.nobody")
    expected = "wamp.error.no_such_procedure: no callee has registered procedure com.example.nobody\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", expected)


def test_an_empty_uri_is_refused_as_any_other_that_is_none(clients: Clients) -> None:
    result = clients.run("call", "")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "'' is not a valid URI for exact matching\n")


def test_a_time_that_is_none_is_said_in_the_users_words(clients: Clients) -> None:
    result = clients.run("call", "com.example.uri", "--timeout", "soon")
    assert 2 == result.exit_code
    assert "'soon' is not a valid number of seconds." in result.stderr


def test_with_json_the_error_is_json_on_standard_error(clients: Clients) -> None:
    """Standard output has results alone."""
    result = clients.run("call", "com.example.nobody", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "wamp.error.no_such_procedure" == json.loads(result.stderr)["error"]


@pytest.mark.parametrize("command", ["call", "publish", "subscribe", "register"])
def test_no_router_is_status_3(clients: Clients, command: str, tmp_path: Path) -> None:
    """Tried once, and told in one line."""
    more = ["--echo"] if command == "register" else []
    url = f"unix://{tmp_path}/none.sock"
    result = clients.run(command, "com.example.uri", *more, url=url)
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"cannot connect to rs+unix://{tmp_path}/none.sock: No such file or directory\n" == result.stderr


@pytest.mark.parametrize("command", ["call", "publish", "subscribe", "register"])
def test_a_realm_that_is_not_there_is_status_1(clients: Clients, command: str) -> None:
    """The router was there, and has refused: trying again would not help."""
    more = ["--echo"] if command == "register" else []
    result = clients.run(command, "com.example.uri", *more, WAMP_REALM="nowhere")
    expected = "wamp.error.no_such_realm: no realm 'nowhere' on this router\n"
    assert (result.exit_code, result.stderr) == (1, expected)


def test_what_may_not_be_published_is_status_1(clients: Clients) -> None:
    """Because publish waits for the router's word, unless it is told not to."""
    words = ["publish", "com.example.topic", "--realm", "realm2"]
    assert 1 == clients.run(*words).exit_code
    assert 0 == clients.run(*words, "--no-acknowledge").exit_code


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["call", "com.example.uri", "--url", "nonsense"], "'nonsense' is not a router's URL"),
        (["call", "com.example.uri", "a=1", "a=2"], "the keyword argument a is given twice"),
        (["call", "com.example.uri", "--ca", "none.pem"], "--ca and --cert are for TLS"),
        (["call", "com.example.uri", "--str"], "Option '--str' requires an argument."),
        (["call", "com.example.uri", "--timeout", "-1"], "-1.0 is not in the range x>0"),
        (["publish", "com.example.uri", "topic=1"], "a keyword argument cannot be called topic here"),
        (["register", "com.example.uri"], "expected one of --echo, --reply and --exec"),
        (["register", "com.example.uri", "--echo", "--reply", "1"], "expected one of --echo, --reply and --exec"),
        (["register", "com.example.uri", "--exec", " "], "--exec names no program"),
        (["subscribe"], "Missing argument 'TOPIC...'"),
    ],
)
def test_wrong_usage_is_status_2(clients: Clients, words: list[str], problem: str) -> None:
    result = clients.run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr


def test_a_call_that_takes_too_long_is_status_1(clients: Clients, start: Start, script: Callable[[str], str]) -> None:
    """With the URI of a time-out; the program that was to answer ends with it."""
    start("register", "com.example.slow", "--exec", script("import signal; signal.pause()"))
    result = clients.run("call", "com.example.slow", "--timeout", "0.1")
    # Router and client both watch the time; who is first does not matter.
    assert (result.exit_code, result.stderr[:20]) == (1, "wamp.error.timeout: ")


def test_ctrl_c_ends_quietly_with_130(start: Start) -> None:
    running = start("subscribe", "com.example.topic")
    running.send_signal(signal.SIGINT)
    assert (130, "", "") == running.result()


def test_sigterm_leaves_the_realm_and_ends_with_143(start: Start) -> None:
    running = start("subscribe", "com.example.topic")
    running.send_signal(signal.SIGTERM)
    assert (143, "", "") == running.result()


def test_a_closed_pipe_ends_quietly(clients: Clients, start: Start) -> None:
    """As in `wamprouter subscribe … | head -1`."""
    running = start("subscribe", "com.example.pipe")
    assert running.stdout is not None
    clients.run("publish", "com.example.pipe", "1")
    assert "com.example.pipe: 1\n" == running.stdout.readline()
    running.stdout.close()
    clients.run("publish", "com.example.pipe", "2")
    assert running.stderr is not None
    assert "" == running.stderr.read()
    assert 0 == running.wait()


# -- logging in, TLS


@pytest.mark.parametrize(
    ("authid", "environ"),
    [
        ("ticket", {"WAMP_TICKET": "secret"}),
        ("wampcra-salted", {"WAMP_SECRET": "secret"}),
        ("scram", {"WAMP_AUTHMETHOD": "scram", "WAMP_SECRET": "secret"}),
        ("cryptosign", {"WAMP_KEY_FILE": "joe.key"}),
    ],
)
def test_every_method_logs_in(
    clients: Clients, authid: str, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("joe.key").write_text(KEY)
    result = clients.run("publish", "com.example.topic", url=clients.login_url, WAMP_AUTHID=authid, **environ)
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_wrong_credential_is_status_1_and_not_shown(clients: Clients) -> None:
    result = clients.run("publish", "x.y", "--authid", "ticket", url=clients.login_url, WAMP_TICKET="guess")
    assert 1 == result.exit_code
    assert result.stderr.startswith("wamp.error.authentication_denied: ")
    assert "guess" not in result.output


def test_a_router_with_an_unknown_certificate_is_refused(clients: Clients) -> None:
    result = clients.run("publish", "com.example.topic", url=clients.tls_url)
    assert 3 == result.exit_code
    assert "the router's certificate is not accepted: " in result.stderr


def test_a_certificate_that_is_named_is_trusted(clients: Clients) -> None:
    result = clients.run("publish", "com.example.topic", "--ca", str(clients.authority.file), url=clients.tls_url)
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_certificate_of_ours_logs_in(clients: Clients) -> None:
    mine = clients.authority.issue("joe")
    words = ["--ca", str(clients.authority.file), "--cert", mine["certificate"], "--cert-key", mine["key"]]
    result = clients.run("call", "wamp.session.list", '["user"]', *words, url=clients.certificate_url)
    assert 0 == result.exit_code, result.stderr
    assert 1 == len(json.loads(result.stdout))


# -- events


def test_subscribe_prints_events_and_ends_after_count(clients: Clients, start: Start) -> None:
    """Of several topics; the notation is that of arguments."""
    running = start("subscribe", "com.example.a", "com.example.b", "--count", "2")
    assert "subscribed to com.example.a\n" == running.ready
    assert running.stderr is not None
    running.stderr.readline()
    clients.run("publish", "com.example.b", "1", "text", "key=2")
    clients.run("publish", "com.example.a")
    assert (0, 'com.example.b: 1 "text" key=2\ncom.example.a:\n', "") == running.result()


def test_subscribe_prints_events_as_json(clients: Clients, start: Start) -> None:
    """With topic, payload and details, as patterns have it."""
    running = start("subscribe", "com.example.json", "--match", "prefix", "--json", "--count", "1")
    published = json.loads(clients.run("publish", "com.example.json.it", "1", "a=b", "--json").stdout)
    status, printed, _ = running.result()
    assert 0 == status
    assert {
        "topic": "com.example.json.it",
        "args": [1],
        "kwargs": {"a": "b"},
        "details": {"publication": published["publication"]},
    } == json.loads(printed)


def test_retained_events_are_printed(clients: Clients) -> None:
    clients.run("publish", "com.example.retained", "kept", "--retain")
    result = clients.run("subscribe", "com.example.retained", "--retained", "--count", "1", "--json")
    event = json.loads(result.stdout)
    assert (["kept"], True) == (event["args"], event["details"]["retained"])


def test_events_that_do_not_come_in_time_are_status_1(clients: Clients) -> None:
    """If a number of them was waited for; otherwise the time was all that was wanted."""
    result = clients.run("subscribe", "com.example.nothing", "--count", "2", "--timeout", "0.05")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "0 of 2 events within 0.05 s")
    assert 0 == clients.run("subscribe", "com.example.nothing", "--timeout", "0.05").exit_code


# -- answering


def test_register_prints_each_call_and_ends_after_count(clients: Clients, start: Start) -> None:
    """And the last answer is not lost."""
    running = start("register", "com.example.reply", "--reply", '{"a": 1}', "--count", "2")
    assert "registered com.example.reply\n" == running.ready
    for words in (["1"], ["key=2"]):
        assert '{"a": 1}\n' == clients.run("call", "com.example.reply", *words).stdout
    assert (0, "com.example.reply: 1\ncom.example.reply: key=2\n", "") == running.result()


def test_a_program_answers_with_json_or_text(clients: Clients, start: Start, script: Callable[[str], str]) -> None:
    """It gets the call as JSON on its standard input."""
    program = script("import json, sys\ncall = json.load(sys.stdin)\nprint(call['args'][0])")
    start("register", "com.example.program", "--match", "prefix", "--exec", program)
    assert {"a": [1]} == json.loads(clients.run("call", "com.example.program.x", "--str", '{"a": [1]}').stdout)
    assert "some text\n" == clients.run("call", "com.example.program.y", "some text").stdout


def test_no_shell_reads_what_callers_send(clients: Clients, start: Start, tmp_path: Path) -> None:
    start("register", "com.example.cat", "--exec", "cat", cwd=tmp_path)
    result = clients.run("call", "com.example.cat", "$(touch made); touch made")
    assert ["$(touch made); touch made"] == json.loads(result.stdout)["args"]
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("raise SystemExit(7)", "wamp.error.runtime_error: the program has ended with status 7"),
        (
            "import sys; sys.stdout.buffer.write(b'\\xff')",
            "wamp.error.runtime_error: the program's output is not UTF-8",
        ),
        ("import signal; signal.pause()", "wamp.error.timeout: no result within 0.5 s"),
    ],
)
def test_a_program_that_fails_is_an_error_of_the_call(
    clients: Clients, start: Start, script: Callable[[str], str], program: str, error: str
) -> None:
    start("register", "com.example.failing", "--exec", script(program), "--exec-timeout", "0.5")
    result = clients.run("call", "com.example.failing")
    assert (result.exit_code, result.stderr) == (1, error + "\n")


def test_a_program_that_cannot_be_started_is_an_error_of_the_call(clients: Clients, start: Start) -> None:
    start("register", "com.example.missing", "--exec", "no-such-program")
    result = clients.run("call", "com.example.missing")
    expected = "wamp.error.runtime_error: the program cannot be started: No such file or directory\n"
    assert (result.exit_code, result.stderr) == (1, expected)
