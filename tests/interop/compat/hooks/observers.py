"""Observers of a Session, which know the session, and of the component around it."""

from autobahn.asyncio.component import Component, run
from autobahn.asyncio.wamp import Session
from place import REALM, URL, say


def make(config):
    session = Session(config)
    session.on("join", lambda session, details: say("session: join", details.session == session.session_id))
    session.on("ready", lambda session: session.leave())
    session.on("leave", lambda session, details: say("session: leave", details.reason))
    session.on("disconnect", disconnected)
    session.on("connect", removed)
    session.off("connect", removed)
    session.on("join", removed)
    session.on("join", lambda session, details: say("session: join, another"))
    session.off("join", removed)
    try:
        session.on("no-such-event", removed)
    except RuntimeError as error:
        say("no-such-event" in str(error))
    return session


def removed(*args):
    say("not any more")


def disconnected(session, was_clean):
    """Say nothing: on asyncio, Autobahn's ``run`` is over before."""


component = Component(transports=URL, realm=REALM, session_factory=make)
component.on("join", lambda session, details: say("component: join", type(session).__name__))

if __name__ == "__main__":
    run([component])
