"""One EVENT for each matching subscription, with one publication id; ``topic`` for patterns only (advanced profile)."""

from tests.support.exchange import EVENT, PUBLISH, SUBSCRIBE, Id


def test_three_subscriptions_of_one_session(exchange):
    """Exact, prefix and wildcard."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    exact, prefix, wildcard = (
        alice.says(SUBSCRIBE, 1, {"match": match}, topic)["alice"][0][2]
        for match, topic in (("exact", "com.myapp.on"), ("prefix", "com.my"), ("wildcard", "com..on"))
    )
    publication, details = Id(), {"topic": "com.myapp.on"}
    assert {
        "alice": [
            [EVENT, exact, publication, {}, ["hello"]],
            [EVENT, prefix, publication, details, ["hello"]],
            [EVENT, wildcard, publication, details, ["hello"]],
        ]
    } == bob.says(PUBLISH, 1, {}, "com.myapp.on", ["hello"])
