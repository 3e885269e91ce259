"""A realm of their own for the tests of the meta API, in which nobody else comes and goes."""

import pytest

from tests.support.exchange import CALL, META, Exchange, Talker


class Company:
    """Who is in the realm. The first to join asks and watches."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._requests = 0
        self.alice = self.join("alice")
        # Those of the test before may be on their way out.
        while self.ask("wamp.session.count") != [1]:
            pass

    def join(self, name: str, **options: object) -> Talker:
        return self._exchange.join(name, realm=META, **options)

    def ask(self, procedure: str, *args: object, **kwargs: object) -> object:
        """Let Alice call a procedure that nobody else hears of; return her results, or the URI of the error."""
        [answer] = self.call(procedure, *args, **kwargs)["alice"]
        return self.outcome(answer)

    @staticmethod
    def outcome(answer: list) -> object:
        return answer[4] if answer[0] == 8 else answer[3] if len(answer) > 3 else None

    def call(self, procedure: str, *args: object, **kwargs: object) -> dict:
        """Let Alice call a procedure; return who hears what."""
        self._requests += 1
        payload = [list(args), kwargs] if kwargs else [list(args)] if args else []
        return self.alice.says(CALL, 1000 + self._requests, {}, procedure, *payload)


@pytest.fixture
def company(exchange: Exchange) -> Company:
    return Company(exchange)
