"""What clients in the field are known to have, or to lack, other than they announce."""

import pytest

from wamprouter.quirks import gives_up_at_close, is_autobahn_js, is_autobahn_python, meant

JS = frozenset(
    {
        "caller.",
        "caller.caller_identification",
        "caller.call_canceling",
        "caller.progressive_call_results",
        "callee.",
        "subscriber.",
    }
)
PYTHON = frozenset({"subscriber.", "subscriber.payload_transparency", "subscriber.subscription_revocation"})


def test_autobahn_js_is_known_by_its_features():
    assert is_autobahn_js(None, JS)


@pytest.mark.parametrize(
    ("agent", "announced"),
    [
        ("Wampy.js v8.0.2", JS),
        (None, JS | {"caller.payload_transparency"}),
        (None, JS - {"caller.call_canceling"}),
        (None, frozenset()),
    ],
)
def test_others_are_not_taken_for_it(agent, announced):
    assert not is_autobahn_js(agent, announced)


def test_autobahn_python_is_not_told_of_revocations():
    """It announces the feature and closes at the first message of it."""
    assert meant(None, PYTHON) == PYTHON - {"subscriber.subscription_revocation"}


@pytest.mark.parametrize(
    ("agent", "announced"), [("wamp-python", PYTHON), (None, PYTHON - {"subscriber.payload_transparency"})]
)
def test_others_are_taken_at_their_word(agent, announced):
    assert meant(agent, announced) == announced


def test_autobahn_python_is_known_by_a_feature_of_its_own():
    assert is_autobahn_python(None, PYTHON)
    assert not is_autobahn_python("wamp-python", PYTHON)
    assert not is_autobahn_python(None, JS)


def test_autobahn_python_gives_up_at_a_close():
    assert gives_up_at_close(None, PYTHON)
    assert not gives_up_at_close(None, JS)


def test_wampy_makes_progressive_calls_without_a_word():
    announced = frozenset({"caller."})
    assert meant("Wampy.js v8.0.2", announced) == announced | {"caller.progressive_call_invocations"}
