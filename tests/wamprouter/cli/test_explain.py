"""`wamprouter explain`: an operator learns which permission decides, where it stands, and why another one does not."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.process import endpoint
from wamp.protocol.uris import UriCheck
from wamprouter.authz.configured import static_role
from wamprouter.authz.roles import Decision
from wamprouter.cli import main
from wamprouter.cli.explain import explain, question
from wamprouter.config import validate

PERMISSIONS = [
    {"uri": "*", "allow": {"subscribe": True}},
    {"uri": "com.example.*", "allow": "all"},
    {"uri": "com.example.admin.*"},
    {"uri": "com.*.on", "allow": "all"},
    {"uri": "com.example.add", "allow": {"call": True}, "disclose": {"caller": True}},
    {"uri": "com.example.*", "allow": {"call": True, "subscribe": True}},
]
HERE = "realms[0].roles[0]"


def configuration(**more: object) -> dict:
    return {
        "version": 1,
        "realms": [
            {
                "name": "realm1",
                "roles": [
                    {"name": "frontend", "permissions": PERMISSIONS},
                    {"name": "judged", "authorizer": "com.judge", "authorizer_cache_ttl": 30},
                    {"name": "anybody", "permissions": [{"uri": "*", "allow": "all"}]},
                    {"name": "nobody"},
                    {
                        "name": "known",
                        "permissions": [{"uri": "*", "allow": "all"}],
                        "disclose": {"caller": True, "publisher": True},
                    },
                ],
            },
            {"name": "realm2", "options": {"uri_check": "strict"}, "roles": [{"name": "nobody"}]},
        ],
        "transports": [{"type": "rawsocket", "endpoint": endpoint(), "auth": {"anonymous": {"role": "frontend"}}}],
        **more,
    }


CONFIG = validate(configuration())


def told(action: str, uri: str, role: str = "frontend", *, match: str | None = None, realm: str | None = None) -> tuple:
    """Return exit status and lines."""
    return explain(CONFIG, question(action, uri, match, role, realm))


def test_the_rule_that_decides_and_those_that_do_not():
    """With their places in the file, in the order in which they come."""
    assert told("call", "com.example.add") == (
        0,
        [
            "call com.example.add, role frontend, realm realm1: allowed, callees are told who calls",
            f'decided by {HERE}.permissions[4] (exact "com.example.add"), which allows call',
            f'also matches: {HERE}.permissions[5] (prefix "com.example."), which allows call; but the exact URI comes first',
            f"also matches: {HERE}.permissions[0] (every URI), which does not allow call; but the exact URI comes first",
            f"disclosed by {HERE}.permissions[4].disclose",
            f"{HERE}.permissions[1] does not count: {HERE}.permissions[5] is for the same URI and match, and comes later",
        ],
    )


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [
        (("call", "com.example.admin.kick"), 1, "but the longer prefix comes first"),
        (
            ("register", "com.b.on"),
            1,
            f'also matches: {HERE}.permissions[3] (wildcard "com..on"), which allows register; but a',
        ),
        (("publish", "com.b.on"), 1, "but a prefix comes before a wildcard"),
        (("call", "com.x", "nobody", "realm1"), 1, "none of the 0 permissions of realms[0].roles[3] matches"),
        (("call", "com.x", "nobody", "realm2"), 1, "none of the 0 permissions of realms[1].roles[0] matches"),
        (("call", "com.X", "nobody", "realm2"), 1, '"com.X" is not a valid URI; uri_check of the realm is strict'),
        (
            ("call", "wamp.session.count", "anybody"),
            0,
            "realms[0].roles[2].permissions[0] (every URI), which allows call",
        ),
        (("call", "wamp.session.kill", "anybody"), 1, 'a permission whose URI begins with "wamp."'),
        (
            ("register", "wamp.x", "anybody"),
            1,
            'below "wamp." only the router may register, whatever the permissions are',
        ),
        (("publish", "com.x", "known"), 0, "disclosed by realms[0].roles[4].disclose"),
        (("subscribe", "com.x", "known"), 0, "decided by realms[0].roles[4].permissions[0]"),
    ],
)
def test_why(asked, status, reason):
    action, uri, *rest = asked
    found, lines = told(action, uri, *rest[:1], realm=rest[1] if len(rest) > 1 else None)
    assert status == found
    assert any(reason in line for line in lines), lines


def test_of_two_wildcards_the_more_specific_one():
    """And where they part."""
    config = configuration()
    config["realms"][0]["roles"][0]["permissions"] = [
        {"uri": "org.*.on", "allow": "all"},
        {"uri": "org.a.", "match": "wildcard"},
    ]
    _, lines = explain(validate(config), question("call", "org.a.on", None, "frontend", None))
    assert (
        f'{HERE}.permissions[0] (wildcard "org..on"), which allows call; but it is less specific in component 2'
        in lines[2]
    )


@pytest.mark.parametrize(
    ("asked", "status", "lines"),
    [
        (
            ("subscribe", "com.*"),
            1,
            [
                'subscribe prefix "com.", role frontend, realm realm1: denied, wamp.error.not_authorized',
                "to subscribe by a pattern, everything that it matches must be allowed",
                f'not granted by {HERE}.permissions[4] (exact "com.example.add"), which does not allow subscribe',
                f'not granted by {HERE}.permissions[2] (prefix "com.example.admin."), which does not allow subscribe',
                f'granted as far as it decides by {HERE}.permissions[5] (prefix "com.example."), which allows subscribe',
                f"granted as far as it decides by {HERE}.permissions[0] (every URI), which allows subscribe",
                f"{HERE}.permissions[1] does not count: {HERE}.permissions[5] is for the same URI and match, and comes later",
            ],
        ),
        (
            ("subscribe", "org.*"),
            0,
            [
                'subscribe prefix "org.", role frontend, realm realm1: allowed',
                f"granted as far as it decides by {HERE}.permissions[0] (every URI), which allows subscribe",
            ],
        ),
        (
            ("register", "com.*.on", "nobody", "realm1"),
            1,
            [
                'register wildcard "com..on", role nobody, realm realm1: denied, wamp.error.not_authorized',
                "to register by a pattern, everything that it matches must be allowed",
                "not granted in general: no permission matches all of it",
            ],
        ),
    ],
)
def test_a_pattern_is_told_in_parts(asked, status, lines):
    """What is not granted first."""
    action, uri, *rest = asked
    assert (status, lines) == told(action, uri, *rest[:1], realm=rest[1] if len(rest) > 1 else None)


def test_an_authorizer_is_named_and_how_long_its_answers_hold():
    """Only a running router can ask it, hence another exit status."""
    status, lines = told("call", "com.x", "judged")
    assert 3 == status
    assert "call com.x, role judged, realm realm1: com.judge decides" == lines[0]
    text = "\n".join(lines)
    for word in ("realms[0].roles[1].authorizer", "5000 ms", "30 seconds", "com.judge.changed"):
        assert word in text


def test_what_is_invalid_no_authorizer_is_asked_about():
    assert 1 == told("register", "wamp.x", "judged")[0]


def test_a_realm_made_on_demand():
    """Any name that is no other realm's."""
    template = {"roles": [{"name": "guest", "permissions": [{"uri": "com.*", "allow": "all"}]}]}
    config = validate(configuration(realm_template=template))
    status, lines = explain(config, question("call", "com.x", None, "guest", "tenant7"))
    assert 0 == status
    assert 'decided by realm_template.roles[0].permissions[0] (prefix "com."), which allows call' == lines[1]


# -- the command


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "router.json"
    path.write_text(json.dumps(configuration()))
    return path


def ran(file, *arguments):
    return CliRunner().invoke(main, ["explain", *arguments, "--config", str(file)])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["call", "com.example.add", "--role", "frontend"], 0),
        (["call", "com.other", "--role", "frontend"], 1),
        (["subscribe", "com.", "--match", "prefix", "--role", "frontend"], 1),
        (["call", "com.x", "--role", "judged"], 3),
    ],
)
def test_the_exit_status_is_the_answer(file, arguments, status):
    """For scripts."""
    result = ran(file, *arguments)
    assert status == result.exit_code
    assert result.stdout.startswith(f"{arguments[0]} ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["call", "com.x", "--role", "frontent"],
            '--role "frontent": no such role, expected "anybody", "frontend", "judged", "known" or "nobody"; '
            'did you mean "frontend"?',
        ),
        (
            ["call", "com.x", "--role", "frontend", "--realm", "realm3"],
            '--realm "realm3": no such realm, expected "realm1" or "realm2"; did you mean "realm2"?',
        ),
        (
            ["call", "com.x", "--role", "frontend", "--realm", "realm2"],
            '--role "frontend": no such role in realm "realm2", expected "nobody"',
        ),
        (
            ["call", "com.x", "--role", "nobody"],
            'role "nobody" is in several realms, expected --realm "realm1" or "realm2"',
        ),
        (
            ["call", "com.*", "--role", "frontend"],
            'prefix "com.": a call is to one URI, only register and subscribe have patterns',
        ),
    ],
)
def test_what_does_not_exist_is_one_line(file, arguments, problem):
    result = ran(file, *arguments)
    assert (2, "", [problem]) == (result.exit_code, result.stdout, result.stderr.splitlines())


def test_a_file_with_mistakes_is_no_answer(file):
    """Its status is not that of a denial."""
    file.write_text("{}")
    assert 2 == ran(file, "call", "com.x", "--role", "frontend").exit_code


def test_it_runs_without_the_router():
    """An answer takes no event loop."""
    code = "import sys, wamprouter.cli.explain; print('twisted' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == ran.stdout.strip()


# -- the decision is the router's


COMPONENTS = st.sampled_from(["com", "a", "on", "*"])
URIS = st.lists(COMPONENTS, min_size=1, max_size=3).map(".".join)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"uri": URIS, "allow": st.sampled_from(["all", {}, {"subscribe": True}])}), max_size=5
    ),
    st.sampled_from(["call", "register", "publish", "subscribe"]),
    URIS,
)
def test_it_tells_what_the_router_does(permissions, action, uri):
    """Whatever the permissions."""
    document = configuration()
    document["realms"][0]["roles"][0]["permissions"] = permissions
    config = validate(document)
    if "*" in uri and action in ("call", "publish"):
        return
    asked = question(action, uri, None, "frontend", None)
    decision = static_role(config.realms[0].roles[0], UriCheck.LOOSE).decide(asked.action, asked.uri, asked.match)
    status, lines = explain(config, asked)
    assert (status == 0) is (decision in (Decision.PERMITTED, Decision.DISCLOSED))
    assert len(lines) >= 2
