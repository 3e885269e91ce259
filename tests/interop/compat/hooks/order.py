"""The hooks of a Session, which a runner makes, come in order."""

from autobahn.asyncio.wamp import ApplicationRunner, Session
from loops.asyncio import stop
from place import REALM, URL, say


class Order(Session):
    def __init__(self, config=None):
        Session.__init__(self, config)
        say("made", config.realm == REALM, config.extra, self.config is config)

    def on_connect(self):
        say("on_connect", self.is_connected(), self.is_attached())
        self.join(self.config.realm)

    def on_join(self, details):
        say("on_join", details.realm == REALM, details.authrole, self.is_attached())
        self.leave("com.order.done", "all is done")

    def on_leave(self, details):
        say("on_leave", details.reason, self.is_attached())
        self.disconnect()

    def on_disconnect(self):
        say("on_disconnect", self.is_connected())
        stop()


if __name__ == "__main__":
    ApplicationRunner(URL, REALM, extra={"number": 1}).run(Order)
