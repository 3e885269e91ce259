"""The session meta API is announced by broker and dealer, the others by one of them (advanced profile, "Session Meta API")."""

from tests.support.exchange import HELLO, META


def test_welcome(exchange):
    """The specification has testaments with the dealer."""
    alice = exchange.connect("alice")
    [[_, _, details]] = alice.says(HELLO, META, {"roles": {"caller": {}}})["alice"]
    features = {role: set(description["features"]) for role, description in details["roles"].items()}
    assert {"session_meta_api", "subscription_meta_api"} <= features["broker"]
    assert {"session_meta_api", "registration_meta_api", "testament_meta_api"} <= features["dealer"]
