"""The events of a component come in order, to decorated functions and to observers."""

from autobahn.asyncio.component import Component, run
from place import REALM, URL, say

component = Component(transports=[URL], realm=REALM, extra={"key": "value"})


@component.on_connect
def connected(session, transport):
    say("connect", session.is_connected(), session.is_attached(), session.config.extra)


@component.on_join
def joined(session, details):
    say("join", session.is_attached(), details.realm == REALM, details.authrole, details.session == session.session_id)


@component.on_ready
def ready(session):
    say("ready", session.is_attached())
    session.leave()


@component.on_leave
def left(session, details):
    say("leave", details.reason, session.is_attached())


@component.on_disconnect
def disconnected(session, was_clean):
    """Say nothing: on asyncio, Autobahn's ``run`` is over before."""


def observe_join(session, details):
    say("join, observed too", details.authmethod)


def started(reactor, started_component):
    say("start", started_component is component)


def removed(*args):
    say("not any more")


component.on("start", started)
component.on("join", observe_join)
component.on("join", removed)
component.off("join", removed)

if __name__ == "__main__":
    run([component], log_level="error")
