"""The router as a whole, as those who run it see and change it."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.logger import LogLevel, LogLevelFilterPredicate

from tests.support.management import House, Refused
from wamprouter.steering import Levels, Steering

TICKET = {"ticket": {"principals": {"joe": {"ticket": "open sesame", "role": "anonymous"}}}}


def steered(house: House, document: dict[str, Any] | None = None) -> Levels:
    """Give the router a process around it, whose file has that in it; return what is logged."""
    levels = Levels(LogLevelFilterPredicate(), "info")

    def reload(before: Any) -> tuple[bool, list[str]]:
        return True, house.node.reload(house.read(document or house.document), before)

    house.node.steering = Steering(reload, levels)
    return levels


def test_the_statistics_are_a_topic(house: House) -> None:
    """Who subscribes gets the statistics once a second."""
    operator = house.operator()
    operator.subscribe("router.statistics")
    house.turn(1.0)
    house.turn(1.0)
    first, second = operator.events()
    assert first["at"] <= second["at"]


def test_nothing_is_published_for_nobody(house: House) -> None:
    """Without a subscriber, nothing is published."""
    house.operator()
    house.turn(5.0)
    assert not house.node.dispatcher.dirty


def test_the_configuration_without_its_secrets() -> None:
    """The configuration is told as it is in force; secrets are not."""
    transport = {"type": "websocket", "endpoint": {"type": "tcp", "port": 0}, "auth": TICKET}
    house = House(environment={"TOKENS": "a-b-c"}, transports=[transport])
    found = house.operator().call("router.config.get")
    house.close()
    assert "<secret>" == found["transports"][0]["auth"]["ticket"]["principals"]["joe"]["ticket"]
    assert "sesame" not in str(found)
    assert "a-b-c" not in str(found)
    assert house.node._ticket not in str(found)


def test_limits_are_set(house: House) -> None:
    """A limit that is set holds, and the others stay."""
    before = house.operator().call("router.limits.get")
    after = house.operator().call("router.limits.set", max_connections=7)
    assert (before | {"max_connections": 7}, 7) == (after, house.node.admission.limits.max_connections)


def test_limits_are_what_the_file_says_after_a_reload(house: House) -> None:
    """A reload brings back the limits of the file."""
    steered(house)
    operator = house.operator()
    operator.call("router.limits.set", max_connections=7)
    assert {"done": True, "lines": ["limits are changed"]} == operator.call("router.config.reload")
    assert 0 == house.node.admission.limits.max_connections


@pytest.mark.parametrize("limits", [{"max_connections": -1}, {"max_connections": "many"}, {"most": 1}])
def test_a_limit_is_checked_as_in_the_file(house: House, limits: dict[str, Any]) -> None:
    """What would be refused in the file is refused here."""
    with pytest.raises(Refused, match="invalid_argument"):
        house.operator().call("router.limits.set", **limits)


def test_the_level_of_the_log(house: House) -> None:
    """The log becomes as detailed as it is told to."""
    levels = steered(house)
    operator = house.operator()
    operator.call("router.log.level.set", "debug")
    assert ("debug", True) == (operator.call("router.log.level.get"), levels.is_debug)


def test_an_unknown_level_is_refused(house: House) -> None:
    """A level that there is not is refused, with those that there are."""
    steered(house)
    with pytest.raises(Refused, match="none, error, warn, info, debug, trace"):
        house.operator().call("router.log.level.set", "loud")


def test_a_level_filters_as_it_says() -> None:
    """At "none", not even errors are logged."""
    predicate = LogLevelFilterPredicate()
    Levels(predicate, "none")
    assert LogLevel.critical == predicate.logLevelForNamespace("wamprouter")


def test_a_router_within_a_program_has_no_log_of_its_own(house: House) -> None:
    """Where another program has the log and the file, the router says so."""
    with pytest.raises(Refused, match="part of another program"):
        house.operator().call("router.config.reload")


def test_who_reloads_is_answered_although_he_has_to_go(house: House) -> None:
    """A reload that takes the management itself away is answered all the same."""
    without = {key: value for key, value in house.document.items() if key != "admin"}
    steered(house, without)
    assert "component management is ended" in house.operator().call("router.config.reload")["lines"]


def test_the_section_can_be_added() -> None:
    """A reload that brings the section makes the management answer."""
    house = House()
    with_admin = house.document
    house.node.reload(house.read({key: value for key, value in with_admin.items() if key != "admin"}))
    house.turn(10)
    house.node.reload(house.read(with_admin))
    house.turn()
    found = house.operator().call("router.info")
    house.close()
    assert "admin" in found["realms"]


def test_another_realm_for_the_management(house: House) -> None:
    """A reload that names another admin realm has the procedures there, and tells who was in the old one to go."""
    steered(house, house.document | {"admin": house.document["admin"] | {"realm": "control"}})
    operator = house.operator()
    answer = operator.call("router.config.reload")
    house.turn()
    assert (True, True) == (answer["done"], "control" in house.operator(realm="control").call("router.info")["realms"])


def test_refusals_by_reason(house: House) -> None:
    """What was refused is told by its reason, with how often."""
    guest = house.join()
    for _ in range(2):
        with pytest.raises(Refused):
            guest.call("com.nobody")
    assert {"reason": "error: wamp.error.no_such_procedure", "count": 2} in house.operator().call("router.refusals")
