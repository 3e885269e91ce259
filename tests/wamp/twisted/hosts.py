"""Who wants a connection, for tests of links."""


class RecordingSession:
    """A session that writes down what its link tells it."""

    def __init__(self):
        self.messages = []
        self.violation = None
        self.was_clean = None
        self.on_message = lambda message: None

    def onOpen(self, transport):
        self.transport = transport

    def onMessage(self, message):
        self.messages.append(message)
        self.on_message(message)

    def onViolation(self, violation):
        self.violation = violation

    def onClose(self, wasClean):
        self.was_clean = wasClean


class RecordingHost:
    """A host of one link."""

    makes_sessions = True

    def __init__(self):
        self.session = None
        self.link = None
        self.reasons = []

    def make_session(self):
        if self.makes_sessions:
            self.session = RecordingSession()
        return self.session

    def opened(self, link):
        self.link = link

    def closed(self, link, reason):
        self.reasons.append(reason)
