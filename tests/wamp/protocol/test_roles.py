"""Roles and features, as HELLO and WELCOME announce them."""

import pytest

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.roles import CLIENT_ROLES, announcement, features


def test_features_are_named_by_their_role():
    """Inside, a feature is one string."""
    roles = {"callee": {"features": {"call_canceling": True}}, "caller": {"features": {"call_canceling": True}}}
    assert {"callee.", "callee.call_canceling", "caller.", "caller.call_canceling"} == features(roles)


def test_a_role_without_features_is_a_role():
    """It is known that it was announced."""
    assert {"subscriber."} == features({"subscriber": {}})


@pytest.mark.parametrize("value", [False, None, 0, 1, "true", "yes", {}, []])
def test_only_true_announces_a_feature(value):
    """Anything else is no announcement; it is no violation either."""
    assert {"callee."} == features({"callee": {"features": {"call_canceling": value}}})


@pytest.mark.parametrize("description", [None, [], "features", {"features": None}, {"features": ["call_canceling"]}])
def test_an_odd_description_announces_nothing(description):
    """What clients in the field send."""
    assert {"callee."} == features({"callee": description})


def test_unknown_roles_and_features_are_kept():
    """Extensions are welcome (basic profile, "Extensibility")."""
    assert {"x_role.", "x_role.x_feature"} == features({"x_role": {"features": {"x_feature": True}}})


def test_who_announces_no_role_breaks_the_rules():
    """A session without one could do nothing."""
    with pytest.raises(ProtocolViolation, match="HELLO announces no role"):
        features({})


@pytest.mark.parametrize(
    "roles",
    [
        {"caller": {"features": {f"feature_{number}": True for number in range(200)}}},
        {f"role_{number}": {} for number in range(201)},
        {"caller": {"features": {"x" * 100: True}}},
        {"x" * 101: {}},
    ],
)
def test_more_than_anybody_can_mean_is_a_violation(roles):
    """It would be kept as long as the session."""
    with pytest.raises(ProtocolViolation):
        features(roles)


def test_features_are_always_there():
    """Also if there are none: wampy.js relies on the object."""
    assert {"broker": {"features": {}}, "dealer": {"features": {"a": True, "b": True}}} == announcement(
        {"broker": (), "dealer": ("a", "b")}
    )


def test_what_is_announced_is_understood():
    """The one is the opposite of the other."""
    roles = dict.fromkeys(CLIENT_ROLES, ("a", "b"))
    expected = {f"{role}.{feature}" for role in CLIENT_ROLES for feature in ("", "a", "b")}
    assert expected == features(announcement(roles))
