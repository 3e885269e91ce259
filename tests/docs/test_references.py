"""What the documentation refers to exists: pages, files, modules, options, commands, features."""

import importlib
import re

import pytest

from tests.docs.pages import DOCS, PAGES, README, ROOT, extension
from wamprouter import config
from wamprouter.cli import main
from wamprouter.realm.realm import ROUTER_ROLES

WITH_LINKS = [README, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *PAGES]
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def prose(page):
    """Return a page without its code blocks."""
    return FENCED.sub("", page.read_text("utf-8"))


def name(page):
    return str(page.relative_to(ROOT))


def anchors(page):
    """Return what a link into a page can point to: headings as code hosts write them, and targets."""
    text = prose(page)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


@pytest.mark.parametrize("page", WITH_LINKS, ids=name)
def test_links_between_pages_resolve(page):
    """On a code host as well as in the built pages, so all are relative paths."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert [] == broken


CODE = re.compile(r"`([^`\n]+)`")
FOLDERS = ("client/", "router/", "config/", "examples/", "docs/", "tests/", "benchmarks/")
# What WAMP itself names below "wamp.": no module of ours.
WAMP_URI = re.compile(
    r"wamp\.(error|close|2|registration|subscription|session\.(count|list|get|kill|add|flush|on)(_\w+)?)\b"
)


@pytest.mark.parametrize("page", [README, *PAGES], ids=name)
def test_files_that_are_named_exist(page):
    """A file that moves takes the documentation with it."""
    named = {code for code in CODE.findall(prose(page)) if code.startswith(FOLDERS)}
    # make docs writes there.
    assert [] == sorted(code for code in named - {"docs/_build/html"} if not (ROOT / code).exists())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_names_of_code_that_are_given_import(page):
    """`wamprouter.module.Name` is there."""
    named = {code for code in CODE.findall(prose(page)) if re.fullmatch(r"(wamp|wamprouter)(\.\w+)+", code)}
    missing = [code for code in named if not WAMP_URI.match(code) and not imports(code)]
    assert [] == sorted(missing)


def imports(dotted):
    """Tell whether a module, or something in one, has this name."""
    module, _, rest = dotted, "", ""
    while module:
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
            continue
        for step in filter(None, rest.split(".")):
            if not hasattr(found, step):
                return False
            found = getattr(found, step)
        return True
    return False


def test_architecture_leads_through_the_code():
    """Every part of the router is on the page that leads through it."""
    text = (DOCS / "architecture.md").read_text("utf-8")
    packages = {path.parent for path in (ROOT / "router/wamprouter").rglob("*.py") if "__pycache__" not in path.parts}
    assert [] == sorted(name(folder) for folder in packages if name(folder) not in text)


# -- what is generated


def fields_of_schema():
    """Return (object, field, description) for everything in the JSON Schema that describes a field."""
    schema = config.schema()
    found = []
    for title, node in [("", schema), *schema["$defs"].items()]:
        for form in (node, *node.get("anyOf", ())):
            found += [(title, field, described) for field, described in form.get("properties", {}).items()]
    return found


def test_the_configuration_reference_has_every_field():
    """With its name, an anchor, its description and its default."""
    reference = extension("configuration_reference")
    text = reference.markdown()
    assert len(fields_of_schema()) > 80
    for title, field, described in fields_of_schema():
        anchor = reference._anchor(title, field)
        line = next((line for line in text.splitlines() if line.startswith(f"[`{field}`]{{#{anchor} ")), None)
        assert line is not None, (title, field)
        assert reference._plain(described.get("description", "")) in text
        default = described.get("default")
        assert default is None or isinstance(default, dict) or f"default {reference._default(described)}" in line


def test_the_configuration_reference_links_to_itself():
    """Every object and field that a link leads to is on the page, once."""
    text = extension("configuration_reference").markdown()
    targets = re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE) + re.findall(r"\]\{#([\w-]+) ", text)
    assert sorted(set(targets)) == sorted(targets)
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= set(targets)


def test_the_command_line_reference_has_every_command_and_option():
    """As `--help` has them."""
    text = extension("command_reference").markdown()
    for command, described in main.commands.items():
        section = text.partition(f"## `wamprouter {command}`")[2].partition("\n## ")[0]
        assert section, command
        options = [option for parameter in described.params for option in parameter.opts if option.startswith("-")]
        assert [] == [option for option in options if option not in section]


# -- what is written by hand and can be compared


def test_limits_have_the_defaults_of_the_models():
    """Each row of an option's name and a number says what happens without the option."""
    page = (DOCS / "limits-and-flow-control.md").read_text("utf-8")
    of_router, heading, of_transports = page.partition("## Connections and time")
    assert heading
    options = (config.WebSocketOptions, config.RawSocketOptions, config.LongPollOptions, config.WebOptions)
    of_connections = (*options, config.WebSocketTransport, config.UniversalTransport)
    for section, models, least in (
        (of_router, (config.RouterLimits,), 4),
        (of_transports, of_connections, 10),
    ):
        rows = re.findall(r"^\| `(\w+)`[^|]*\| (\d+) \|", section, re.MULTILINE)
        assert len(rows) >= least
        for option, default in rows:
            defaults = {model.model_fields[option].default for model in models if option in model.model_fields}
            assert {int(default)} == defaults, option


def test_limits_name_every_option_that_is_one():
    """A new limit gets its row."""
    page = (DOCS / "limits-and-flow-control.md").read_text("utf-8")
    limits = {
        field
        for model in (config.WebSocketOptions, config.RawSocketOptions, config.RouterLimits)
        for field in model.model_fields
        if re.search(r"max_|timeout|interval|limit|high_water|_rate|_per_|_burst", field)
    }
    assert [] == sorted(limit for limit in limits if f"`{limit}`" not in page)


FEATURE_ROWS = {
    "pattern_based_subscription": "pattern-based subscription",
    "publisher_exclusion": "publisher exclusion",
    "subscriber_blackwhite_listing": "subscriber black- and whitelisting",
    "event_history": "event history",
    "event_retention": "event retention",
    "payload_passthru_mode": "payloads passed through to subscribers",
    "publication_trustlevels": "publication trust levels",
    "publisher_identification": "publisher identification",
    "sharded_subscription": "sharded subscription",
    "subscription_revocation": "subscription revocation",
    "x_acknowledged_event_delivery": "acknowledged event delivery",
    "pattern_based_registration": "pattern-based registration",
    "progressive_call_results": "progressive call results",
    "call_canceling": "call cancelling",
    "call_reroute": "call re-routing",
    "call_timeout": "call time-outs",
    "call_trustlevels": "call trust levels",
    "caller_identification": "caller identification",
    "progressive_call_invocations": "progressive call invocations",
    "registration_revocation": "registration revocation",
    "sharded_registration": "sharded registration",
    "shared_registration": "shared registration",
    "session_meta_api": "session meta API",
    "registration_meta_api": "registration meta API",
    "subscription_meta_api": "subscription meta API",
    "testament_meta_api": "testaments",
}


def test_protocol_says_of_what_is_announced_that_it_works():
    """And a feature that is announced has its row."""
    rows = re.findall(r"^\| ([^|]+) \| (works|not yet)", (DOCS / "protocol.md").read_text("utf-8"), re.MULTILINE)
    announced = {feature for role in ROUTER_ROLES.values() for feature in role["features"]}
    assert announced == FEATURE_ROWS.keys()
    for feature, row in FEATURE_ROWS.items():
        assert ["works"] == [status for title, status in rows if title.startswith(row)], feature


ROWS = re.findall(
    r"^\| ([^|*]+) \| ((?:works|not yet)[^|]*)\|([^|\n]*)\|$", (DOCS / "protocol.md").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("feature", "status", "tests"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_what_works_has_a_test(feature: str, status: str, tests: str) -> None:
    """Every row of the table of features names the files that show it, and they exist."""
    files = re.findall(r"`([^`]+)`", tests)
    assert status.startswith("works") == bool(files)
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_every_scenario_of_the_advanced_profile_has_a_row() -> None:
    """What a conformance test shows is said in the table of features."""
    named = set(re.findall(r"`(tests/conformance/[^`]+)`", (DOCS / "protocol.md").read_text("utf-8")))
    scenarios = {
        f"tests/conformance/{folder}/{file.name}"
        for folder in ("rpc", "pubsub", "meta")
        for file in (ROOT / "tests/conformance" / folder).glob("*.py")
        if file.name != "conftest.py"
    }
    assert scenarios - named == set()
