"""A secret is shown nowhere: not in a line, not in a model, not in a log, not in a traceback."""

import json
import logging
import traceback
from typing import Any

import pytest
from pydantic import ValidationError

from tests.wamprouter.config.documents import COMPONENT, changed, lines
from wamprouter.config import validate
from wamprouter.config.fields import Model, Name, Secret
from wamprouter.config.mistakes import mistakes
from wamprouter.config.problems import shown
from wamprouter.config.redaction import SecretText, names_secret, redacted


class Principal(Model):
    """What a method of authentication keeps of one who may log in."""

    ticket: Secret
    role: Name
    former: tuple[Secret, ...] = ()


class Tickets(Model):
    """The principals of such a method."""

    principals: dict[str, Principal]


JOE: dict[str, Any] = {"ticket": "hunter2", "role": "user"}


def told(document: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Tickets.model_validate(document)
    assert "hunter" not in str(caught.value)
    return [problem.line("a") for problem in mistakes(caught.value, Tickets, document)]


def test_a_secret_compares_and_encodes_as_what_it_is_and_is_revealed_as_a_plain_string() -> None:
    """Whoever checks a ticket needs no more of it."""
    ticket = Tickets(principals={"joe": JOE}).principals["joe"].ticket  # type: ignore[dict-item]
    assert ticket == "hunter2"
    assert hash(ticket) == hash("hunter2")
    assert ticket.encode() == b"hunter2"
    assert (type(ticket.reveal()), ticket.reveal()) == (str, "hunter2")
    assert SecretText(ticket).reveal() == "hunter2"


def test_a_secret_shows_itself_in_nothing_that_prints_it(caplog: pytest.LogCaptureFixture) -> None:
    """Formatting, logging, the model around it, and its form in JSON."""
    tickets = Tickets.model_validate({"principals": {"joe": {**JOE, "former": ["hunter1"]}}})
    ticket = tickets.principals["joe"].ticket
    with caplog.at_level(logging.INFO):
        logging.info("%s %r %s", ticket, ticket, tickets)
    printed = [str(ticket), repr(ticket), f"{ticket:>20}", "%s" % ticket, repr(tickets), str(tickets)]  # noqa: UP031  # a form of formatting
    printed += [tickets.model_dump_json(), repr(tickets.model_dump()), caplog.text]
    assert [text for text in printed if "hunter" in text] == []
    assert [text for text in printed if "<secret>" not in text] == []


def test_a_secret_shows_itself_in_no_traceback() -> None:
    """An exception that was given one."""
    try:
        raise ValueError("no such ticket", SecretText("hunter2"))
    except ValueError as error:
        printed = traceback.format_exception(error)
    assert "hunter2" not in "".join(printed[-1:])


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"principals": {"joe": "hunter2"}}, "principals.joe: got a secret, expected an object"),
        ({"principals": ["hunter2"]}, "principals: got a secret, expected an object"),
        ({"principals": "hunter2"}, "principals: got a secret, expected an object"),
        ("hunter2", "got a secret, expected an object"),
        ({"principals": {"joe": {"role": "a"}}}, "principals.joe.ticket: missing, expected a string that is not empty"),
    ],
)
def test_what_stands_where_a_principal_should_is_not_shown(document: Any, line: str) -> None:
    """Many write a password beside a name, and nothing more."""
    assert told(document) == [f"a: {line}"]


@pytest.mark.parametrize(
    ("principal", "line"),
    [
        ({**JOE, "ticket": 4711}, "ticket: got a secret, expected a string that is not empty (in quotes)"),
        ({**JOE, "ticket": ["hunter2"]}, "ticket: got a secret, expected a string that is not empty"),
        ({**JOE, "ticket": {"hunter2": "hunter2"}}, "ticket: got a secret, expected a string that is not empty"),
        ({**JOE, "ticket": ""}, 'ticket: got "", expected a string that is not empty'),
        ({**JOE, "ticket": None}, "ticket: got null, expected a string that is not empty"),
        ({**JOE, "former": "hunter1"}, "former: got a secret, expected a list"),
        ({**JOE, "former": ["a", 1]}, "former[1]: got a secret, expected a string that is not empty (in quotes)"),
        ({**JOE, "tickett": "hunter2"}, 'tickett: unknown field; did you mean "ticket"?'),
        ({**JOE, "role": {"ticket": "hunter2"}}, 'role: got {"ticket": "<secret>"}, expected a name without spaces'),
        (
            {**JOE, "role": [{"my_key": "hunter2"}]},
            'role: got [{"my_key": "<secret>"}], expected a name without spaces',
        ),
    ],
)
def test_a_mistake_does_not_show_a_secret(principal: dict[str, Any], line: str) -> None:
    """Neither the value of its field, nor one inside a value that is shown."""
    assert told({"principals": {"joe": principal}}) == [f"a: principals.joe.{line}"]


NAMES = {
    True: "secret ticket tickett tickets password my_password passwd passphrase private_key privkey privateKey token "
    "access-token accessToken key keys signing_key apiKey api_key credentials SECRET stored-key pwd",
    False: "authorized_keys public_key pubkey salt json_schema keyboard role realm authid key_file ticket_path "
    "certificate monkey type port passive known_keys",
}


@pytest.mark.parametrize(("name", "secret"), [(name, kind) for kind, names in NAMES.items() for name in names.split()])
def test_the_name_of_a_field_tells_whether_a_secret_is_in_it(name: str, secret: bool) -> None:
    """Where no kind tells: in an unknown field, in what a component gets, in a file that is printed as it is."""
    assert names_secret(name) is secret


def test_a_document_is_printed_without_its_secrets() -> None:
    """The rest of it stays, and the document itself is not changed."""
    document = {
        "version": 1,
        "auth": {
            "ticket": {"type": "static", "principals": {"joe": JOE, "ann": {"ticket": 4711, "role": "user"}}},
            "wampcra": {"type": "static", "users": {"joe": {"secret": "hunter2", "salt": "abc", "keylen": 32}}},
            "cryptosign": {"type": "static", "principals": {"joe": {"authorized_keys": ["aa"]}}},
        },
        "endpoint": {"tls": {"key": "server.key", "certificate": "server.crt"}},
        "tickets": {"joe": "hunter2", "list": ["hunter2"]},
        "users": {"joe": "hunter2", "ann": ["hunter2"], "bob": {"role": "user"}},
        "extra": [
            "-----BEGIN PRIVATE KEY-----\nhunter2",
            "postgres://app:hunter2@db/x",
            SecretText("hunter2"),
            {"password": None, "token": True, "key": ""},
        ],
    }
    before = json.dumps(document)
    printed = redacted(document)
    assert json.dumps(document) == before
    hidden = {"role": "user", "ticket": "<secret>"}
    assert printed == {
        "version": 1,
        "auth": {
            "ticket": {"type": "static", "principals": {"joe": hidden, "ann": hidden}},
            "wampcra": {"type": "static", "users": {"joe": {"secret": "<secret>", "salt": "abc", "keylen": 32}}},
            "cryptosign": {"type": "static", "principals": {"joe": {"authorized_keys": ["aa"]}}},
        },
        "endpoint": {"tls": {"key": "server.key", "certificate": "server.crt"}},
        "tickets": {"joe": "<secret>", "list": ["<secret>"]},
        "users": {"joe": "<secret>", "ann": ["<secret>"], "bob": {"role": "user"}},
        "extra": [
            "<secret>",
            "postgres://app:<secret>@db/x",
            "<secret>",
            {"password": None, "token": True, "key": ""},
        ],
    }
    assert {type(text) for text in printed["extra"][:3]} == {str}


def test_a_value_that_is_shown_is_shown_without_its_secrets() -> None:
    """By itself a secret has no form that could be written."""
    assert shown(SecretText("hunter2")) == "a secret"
    assert shown([SecretText("hunter2")]) == '["<secret>"]'


@pytest.mark.parametrize("name", ["ticket", "ticketts"])
@pytest.mark.parametrize("text", ["pa${ss", "$pass", "${pass-}"])
def test_a_secret_with_a_dollar_that_is_taken_for_a_variable_is_not_shown(name: str, text: str) -> None:
    """The line says that there is one, and how a dollar is written."""
    [line] = lines(changed(("components", [{**COMPONENT, "extra": {name: text}}])))
    assert line.startswith(f"router.json: components[0].extra.{name}: got a secret")
    assert "pass" not in line
    assert "ss," not in line


def test_what_a_component_gets_is_not_printed_with_its_configuration() -> None:
    """It may be the password of a database, under any name."""
    component = validate(changed(("components", [{**COMPONENT, "extra": {"db": "hunter2"}}])), environ={}).components[0]
    assert component.extra == {"db": "hunter2"}
    assert "hunter2" not in repr(component)
