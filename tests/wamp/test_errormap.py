"""Exceptions to error URIs and back, and ApplicationError itself."""

import copy
import pickle

import pytest

import wamp
from wamp.errormap import Answer, ErrorMap
from wamp.exception import ApplicationError, PayloadExceededError, SerializationError, TypeCheckError
from wamp.protocol.errors import NotAuthorized


@wamp.error("com.example.full")
class Full(Exception):
    pass


class Overflowing(Full):
    pass


class Plain(Exception):
    pass


def test_an_application_error_answers_with_its_own_uri():
    assert ErrorMap().answer(ApplicationError("com.oops", 1, a=2)) == Answer("com.oops", (1,), {"a": 2})


def test_any_other_exception_answers_with_a_runtime_error_and_its_arguments():
    assert ErrorMap().answer(ValueError("boom", 5)) == Answer("wamp.error.runtime_error", ("boom", 5))


def test_an_exception_without_arguments_answers_with_its_text():
    class Silent(Exception):
        def __str__(self):
            return "something specific"

    assert ErrorMap().answer(Silent()).args == ("something specific",)
    assert ErrorMap().answer(ValueError()).args == ()


@pytest.mark.parametrize("cls", [Full, Overflowing])
def test_a_decorated_class_answers_with_its_uri_without_being_defined(cls):
    assert ErrorMap().answer(cls("no room")) == Answer("com.example.full", ("no room",))


def test_a_defined_class_answers_with_its_uri_and_so_does_its_subclass():
    errors = ErrorMap()
    errors.define(Plain, "com.plain")
    assert errors.answer(type("Sub", (Plain,), {})("x")) == Answer("com.plain", ("x",))


def test_an_error_of_the_protocol_answers_with_its_uri():
    assert ErrorMap().answer(NotAuthorized("no")).uri == "wamp.error.not_authorized"


def test_keyword_arguments_of_an_exception_are_sent_if_it_has_any():
    error = Plain("x")
    error.kwargs = {"a": 1}
    assert ErrorMap().answer(error).kwargs == {"a": 1}


def test_a_uri_becomes_the_defined_class():
    errors = ErrorMap()
    errors.define(Full)
    error, cause = errors.exception("com.example.full", ["no room"], {}, {})
    assert (type(error), error.args, cause) == (Full, ("no room",), None)


def test_a_class_that_cannot_be_built_becomes_an_application_error():
    """And what its constructor raised is told as well."""
    errors = ErrorMap()
    errors.define(Full)
    error, cause = errors.exception("com.example.full", [], {"a": 1}, {})
    assert isinstance(error, ApplicationError)
    assert (error.error, error.kwargs) == ("com.example.full", {"a": 1})
    assert isinstance(cause, TypeError)


@pytest.mark.parametrize(
    ("uri", "cls"),
    [
        ("wamp.error.invalid_payload", SerializationError),
        ("wamp.error.payload_size_exceeded", PayloadExceededError),
        ("wamp.error.no_such_procedure", ApplicationError),
    ],
)
def test_some_uris_have_classes_of_their_own(uri, cls):
    assert type(ErrorMap().exception(uri, [], {}, {})[0]) is cls


def test_an_error_whose_arguments_are_named_like_parameters_can_be_built():
    """The keyword arguments are the peer's: one may be called ``error``."""
    error, _ = ErrorMap().exception("com.oops", [], {"error": 1, "self": 2, "callee": 3}, {"callee": 9})
    assert (error.kwargs, error.callee) == ({"error": 1, "self": 2, "callee": 3}, 9)


@pytest.mark.parametrize(("cls", "uri"), [(Plain, None), (Full, "com.other")])
def test_a_definition_takes_its_uri_from_one_place(cls, uri):
    with pytest.raises(RuntimeError, match=f"cannot define {cls.__name__}"):
        ErrorMap().define(cls, uri)


def test_an_application_error_of_autobahn_keeps_its_uri():
    """A component that was moved over only in part still raises it."""
    foreign = pytest.importorskip("autobahn.wamp.exception").ApplicationError
    assert ErrorMap().answer(foreign("com.oops", 1, a=2)) == Answer("com.oops", (1,), {"a": 2})


def test_an_application_error_looks_like_autobahns():
    foreign = pytest.importorskip("autobahn.wamp.exception").ApplicationError
    assert str(foreign("com.oops", 1, "x", a=2)) == str(ApplicationError("com.oops", 1, "x", a=2))
    assert foreign("com.oops", 1, "x").error_message() == ApplicationError("com.oops", 1, "x").error_message()


def test_an_application_error_has_the_uris_of_autobahns():
    foreign = pytest.importorskip("autobahn.wamp.exception").ApplicationError
    uris = {name: uri for name, uri in vars(foreign).items() if name.isupper()}
    assert uris == {name: uri for name, uri in vars(ApplicationError).items() if name.isupper()}


def test_the_text_of_an_application_error_ends_with_the_callees_traceback():
    error = ApplicationError("com.oops", traceback="Traceback …")
    assert str(error).endswith(":\nTraceback …\n")
    assert error.kwargs == {"traceback": "Traceback …"}


@pytest.mark.parametrize("error", [ApplicationError("com.oops", 1, a=2, callee=9), TypeCheckError("wrong", a=2)])
def test_an_application_error_can_be_copied_and_pickled(error):
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert (again.error, again.args, again.kwargs) == (error.error, error.args, error.kwargs)
        assert again.callee == error.callee
