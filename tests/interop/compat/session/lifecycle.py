"""The hooks of a session come in order, each with the observers of its event."""

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.types import ComponentConfig
from loops.asyncio import stop
from place import REALM, URL, say


class Lifecycle(ApplicationSession):
    def __init__(self, config=None):
        ApplicationSession.__init__(self, config)
        say(isinstance(config, ComponentConfig), config.realm == REALM, config.extra)
        say(self.is_connected(), self.is_attached(), self.session_id, self.realm, self.authid)
        self.on("connect", self.observed("connect"))
        self.on("join", self.observed("join"))
        self.on("join", self.removed)
        self.on("ready", self.observed("ready"))
        self.on("leave", self.observed("leave"))
        self.on("disconnect", self.observed("disconnect"))
        self.off("join", self.removed)

    def observed(self, name):
        def observe(session, *args, **kwargs):
            say("observed", name, session is self, len(args), sorted(kwargs))
            if name == "disconnect":
                stop()

        return observe

    def removed(self, *args):
        say("not any more")

    def onConnect(self):
        say("onConnect", self.is_connected(), self.is_attached())
        self.join(self.config.realm)

    def onJoin(self, details):
        say("onJoin", self.is_attached(), details.session == self.session_id, details.realm == self.realm)
        say(details.authrole, details.authmethod, self.authrole, details.authid == self.authid)
        say(self.session_details.session == self.session_id, details.transport.is_secure)
        say(details.authextra or {}, details.resumed, bool(details.serializer))

    def onLeave(self, details):
        say("onLeave", details.reason, self.is_attached(), self.session_id)
        self.disconnect()

    def onDisconnect(self):
        say("onDisconnect", self.is_connected())


def ready(session):
    say("leaving")
    session.leave("com.lifecycle.over", "it is over")


def make(config):
    session = Lifecycle(config)
    session.on("ready", ready)
    return session


if __name__ == "__main__":
    ApplicationRunner(URL, REALM, extra={"key": [1, 2]}).run(make)
