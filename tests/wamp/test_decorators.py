"""Decorators, URI patterns, and objects with decorated methods."""

import pytest

import wamp
from wamp.decorators import Pattern, Target, patterns
from wamp.exception import TypeCheckError
from wamp.handlers import checked, marked_endpoints, marked_handlers
from wamp.types import RegisterOptions, SubscribeOptions


def pattern(uri):
    return Pattern(uri, Target.ENDPOINT)


@pytest.mark.parametrize(
    ("uri", "wire", "match"),
    [
        ("com.add", "com.add", "exact"),
        ("com.Add-2", "com.Add-2", "exact"),
        ("com..add", "com..add", "wildcard"),
        ("com.<name>.add", "com..add", "wildcard"),
        ("com.<id:int>.<rest:suffix>", "com..", "wildcard"),
    ],
)
def test_a_named_component_is_an_empty_one_on_the_wire(uri, wire, match):
    assert (pattern(uri).wire_uri, pattern(uri).match_policy, pattern(uri).uri()) == (wire, match, uri)


@pytest.mark.parametrize(
    "uri", ["a b", "com.#", "com.<x", "com.<x:float>", "com.<x>.<x>", "com.<x:suffix>.y", "com.<X>"]
)
def test_an_invalid_pattern_is_refused_where_it_is_written(uri):
    with pytest.raises(TypeError, match="invalid URI"):
        pattern(uri)


def test_named_components_are_read_out_of_a_uri():
    assert pattern("com.<name>.<id:int>").arguments_of("com.x.5") == {"name": "x", "id": 5}
    assert pattern("com.add").arguments_of("com.add") == {}


@pytest.mark.parametrize("uri", ["com.x", "com.x.y.z", "com.x.notanumber"])
def test_a_uri_that_does_not_fit_is_refused(uri):
    with pytest.raises(ValueError, match=r"does not match|invalid literal"):
        pattern("com.<name>.<id:int>").arguments_of(uri)


def test_a_decorated_function_stays_what_it_is():
    def add():
        pass

    assert wamp.register("com.add")(add) is add
    assert wamp.subscribe("com.topic")(add) is add


def test_without_a_uri_the_function_gives_it_its_name():
    @wamp.register(None)
    def add():
        pass

    assert [each.uri() for each in patterns(add, Target.ENDPOINT)] == ["add"]


def test_a_function_may_have_several_marks():
    @wamp.register("com.one")
    @wamp.register("com.two")
    @wamp.subscribe("com.three")
    def function():
        pass

    assert [each.uri() for each in patterns(function, Target.ENDPOINT)] == ["com.two", "com.one"]
    assert [each.uri() for each in patterns(function, Target.HANDLER)] == ["com.three"]


def test_a_subclass_of_a_decorated_error_may_have_a_uri_of_its_own():
    @wamp.error("com.parent")
    class Parent(Exception):
        pass

    @wamp.error("com.child")
    class Child(Parent):
        pass

    assert [each.uri() for each in patterns(Parent, Target.EXCEPTION)] == ["com.parent"]
    assert [each.uri() for each in patterns(Child, Target.EXCEPTION)] == ["com.child"]


def test_marks_of_autobahns_decorators_are_understood():
    foreign = pytest.importorskip("autobahn.wamp")

    @foreign.register("com.add")
    def add():
        pass

    assert [each.wire_uri for each in patterns(add, Target.ENDPOINT)] == ["com.add"]


class Component:
    name = "me"

    @property
    def explosive(self):
        raise AssertionError("a property must not be run")

    @wamp.register("com.add")
    def add(self, a, b):
        return self.name, a + b

    @wamp.register("com.<id:int>.get", options=RegisterOptions(match="wildcard", details_arg="info"))
    def get(self):
        pass

    @wamp.register("com.<id:int>.put")
    def put(self):
        pass

    @wamp.subscribe("com.<id:int>.changed")
    def changed(self):
        pass

    @wamp.subscribe("com.topic", check_types=True)
    def topic(self, value: int):
        return value


def test_the_decorated_methods_of_an_object_are_its_endpoints():
    found = {uri: (endpoint, options) for uri, endpoint, options in marked_endpoints(Component(), None)}
    assert sorted(found) == ["com..get", "com..put", "com.add"]
    assert found["com.add"][0].fn(1, 2) == ("me", 3)


def test_a_method_has_its_own_options_or_those_of_all():
    options = RegisterOptions(invoke="roundrobin", details=True)
    found = {uri: (endpoint, chosen) for uri, endpoint, chosen in marked_endpoints(Component(), options)}
    assert found["com.add"][1] is options
    assert found["com.add"][0].details_arg == "details"
    assert found["com..get"][0].details_arg == "info"


def test_a_pattern_says_how_it_is_to_be_matched():
    endpoints = {uri: options for uri, _, options in marked_endpoints(Component(), None)}
    assert (endpoints["com..put"].match, endpoints["com.add"]) == ("wildcard", None)
    handlers = {uri: options for uri, _, options in marked_handlers(Component(), None)}
    assert (handlers["com..changed"].match, handlers["com.topic"].match) == ("wildcard", "exact")


def test_options_for_all_reach_handlers_too():
    options = SubscribeOptions(details=True)
    assert all(chosen is options for _, _, chosen in marked_handlers(Component(), options))


def test_a_method_may_have_its_arguments_checked():
    handlers = {uri: handler for uri, handler, _ in marked_handlers(Component(), None)}
    assert handlers["com.topic"].fn(5) == 5
    with pytest.raises(TypeCheckError):
        handlers["com.topic"].fn("5")


def typed(a: int, b: str | None = None, *, c: list[int] | None = None, d=None):
    return a, b, c, d


@pytest.mark.parametrize(
    ("args", "kwargs"), [((1,), {}), ((1, "x"), {}), ((1, None), {"c": ["anything"]}), ((1,), {"d": object()})]
)
def test_arguments_that_fit_their_type_hints_are_passed_on(args, kwargs):
    assert checked(typed)(*args, **kwargs) == typed(*args, **kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        (("x",), {}, "'a' expected type=int got=str"),
        ((1, 2), {}, r"'b' expected types=\['str', 'NoneType'\] got=int"),
        (("x", 2), {}, "'a' .*, 'b' "),
        ((), {}, "missing a required argument: 'a'"),
    ],
)
def test_arguments_that_do_not_fit_are_all_named(args, kwargs, text):
    with pytest.raises(TypeCheckError, match=text):
        checked(typed)(*args, **kwargs)
