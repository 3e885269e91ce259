"""Floods: of frames, of messages, of what a session may have, of bombs. Each as it is described in tests/support/attacks.py."""

from __future__ import annotations

import pytest

from tests.hostile.siege import Siege, in_threads
from tests.support.attacks import ATTACKS, Attack


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_others_are_served_and_nothing_stays(siege: Siege, attack: Attack) -> None:
    with siege.attack():
        attack(siege.target)
        attack(siege.target)


def test_all_at_once(siege: Siege) -> None:
    attacks = list(ATTACKS.values())
    with siege.attack(slack=2 * 24 << 20):
        in_threads(len(attacks), lambda number: attacks[number](siege.target))
