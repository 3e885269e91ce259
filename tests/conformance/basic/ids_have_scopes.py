"""INVOCATION ids count 1, 2, 3 for each session; session and publication ids are random (basic profile, "IDs")."""

from tests.support.exchange import CALL, INVOCATION, PUBLISH, REGISTER


def test_invocations_count_for_each_callee(exchange):
    """Whoever calls, and whatever other callees do."""
    alice, bob, carol = map(exchange.join, ("alice", "bob", "carol"))
    bob.says(REGISTER, 1, {}, "com.add")
    carol.says(REGISTER, 1, {}, "com.mul")
    heard = [
        caller.says(CALL, request, {}, procedure)
        for caller, request, procedure in [
            (alice, 100, "com.add"),
            (alice, 101, "com.mul"),
            (bob, 5, "com.mul"),
            (carol, 5, "com.add"),
        ]
    ]
    assert [("bob", 1), ("carol", 1), ("carol", 2), ("bob", 2)] == [
        (name, message[1]) for step in heard for name, [message] in step.items() if message[0] == INVOCATION
    ]


def test_sessions_and_publications_cannot_be_guessed(exchange):
    """Nine of ten random ids are above 2**49, so of twenty at least one."""
    sessions = [exchange.join(f"session{n}") for n in range(10)]
    ids = [session.session.value for session in sessions]
    ids += [session.says(PUBLISH, 1, {"acknowledge": True}, "com.topic")[session.name][0][2] for session in sessions]
    assert 20 == len(set(ids))
    assert all(1 <= number <= 2**53 for number in ids)
    assert max(ids) > 2**49
