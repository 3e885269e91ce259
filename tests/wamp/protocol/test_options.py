"""Options and details with a meaning."""

from __future__ import annotations

import pytest

from wamp.protocol.messages import MESSAGES
from wamp.protocol.options import (
    OPTIONS,
    CallOptions,
    ForwardedFor,
    HelloDetails,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
    read,
)
from wamp.protocol.uris import Match


def test_absent_options_have_the_defaults_of_the_specification():
    options = read(PublishOptions, {})

    assert (False, True, None) == (options.acknowledge, options.exclude_me, options.eligible)


def test_unknown_options_are_ignored():
    assert SubscribeOptions() == read(SubscribeOptions, {"_mine": 1})


@pytest.mark.parametrize("policy", ["exact", "prefix", "wildcard"])
def test_a_match_policy_is_an_enum(policy):
    assert Match(policy) is read(RegisterOptions, {"match": policy}).match


def test_the_way_of_a_forwarded_message_is_typed():
    hop = {"session": 5, "authid": "router1", "authrole": "router"}

    assert [ForwardedFor(5, "router1", "router")] == read(CallOptions, {"forward_for": [hop]}).forward_for


def test_roles_keep_what_the_peer_said():
    roles = {"caller": {"features": {"call_canceling": True}}}

    assert roles == read(HelloDetails, {"roles": roles}).roles


@pytest.mark.parametrize("kind", OPTIONS, ids=lambda kind: kind.__name__)
def test_options_belong_to_messages_that_have_some(kind):
    assert {"options", "details"} & set(kind.__struct_fields__)
    assert kind in MESSAGES.values()


@pytest.mark.parametrize("kind", dict.fromkeys(OPTIONS.values()), ids=lambda kind: kind.__name__)
def test_every_option_has_a_default(kind):
    read(kind, {})
