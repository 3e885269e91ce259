"""A call goes to the best match: exact, longest prefix, most specific wildcard (advanced profile, "Pattern-based Registrations")."""

import pytest

from tests.support.exchange import CALL, INVOCATION, REGISTER

REGISTRATIONS = {
    "exact": ("exact", "a1.b2.c3.d4.e55"),
    "prefix": ("prefix", "a1.b2.c3."),
    "longer prefix": ("prefix", "a1.b2.c3.d4."),
    "wildcard": ("wildcard", "a1.b2..d4.e5"),
    "longer literal": ("wildcard", "a1.b2.c33..e5"),
    "second portion longer": ("wildcard", "a1.b2..d4.e5..g7"),
    "second portion shorter": ("wildcard", "a1.b2..d4..f6.g7"),
}


@pytest.mark.parametrize(
    ("procedure", "best"),
    [
        ("a1.b2.c3.d4.e55", "exact"),
        ("a1.b2.c3.d98.e74", "prefix"),
        ("a1.b2.c3.d4.e325", "longer prefix"),
        ("a1.b2.c55.d4.e5", "wildcard"),
        ("a1.b2.c33.d4.e5", "longer literal"),
        ("a1.b2.c88.d4.e5.f6.g7", "second portion longer"),
    ],
)
def test_example_of_the_specification(exchange, procedure, best):
    """One of them is invoked, and told the procedure unless it registered that."""
    caller, callee = exchange.join("caller"), exchange.join("callee")
    ids = {
        name: callee.says(REGISTER, 1, {"match": match}, uri)["callee"][0][2]
        for name, (match, uri) in REGISTRATIONS.items()
    }
    details = {} if best == "exact" else {"procedure": procedure}
    assert {"callee": [[INVOCATION, 1, ids[best], details, [1]]]} == caller.says(CALL, 1, {}, procedure, [1])
