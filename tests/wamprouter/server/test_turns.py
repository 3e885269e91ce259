"""Connections that have sent much take turns."""

from collections.abc import Callable

from wamprouter.server.turns import BUDGET, Turns


class Loop:
    """An event loop, and a clock that only work moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.turns = Turns(self.soon.append, lambda: self.now, self.call_later)
        self.done: list[str] = []

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        self.later.append((round(self.now + delay, 3), action))

    def round(self) -> str:
        """Do what is due in one round; return who went on."""
        self.done.clear()
        soon, self.soon[:] = self.soon[:], []
        for action in soon:
            action()
        return "".join(self.done)


class Sender:
    """A connection with so many turns' work."""

    def __init__(self, loop: Loop, name: str, turns: int, *, takes: float = 0.0) -> None:
        self.loop, self.name, self.left, self.takes = loop, name, turns, takes
        self.dropped = ""
        loop.turns.add(self)

    def go_on(self) -> None:
        self.loop.now += self.takes
        self.loop.done.append(self.name)
        self.left -= 1
        if self.left:
            self.loop.turns.add(self)

    def drop(self, reason: str) -> None:
        self.dropped = reason


class Broken(Sender):
    def go_on(self) -> None:
        raise RuntimeError("a bug")


def test_each_goes_on_once_in_a_round():
    """In the order in which they came."""
    loop = Loop()
    Sender(loop, "a", 3)
    Sender(loop, "b", 1)
    Sender(loop, "c", 2)
    assert ["abc", "ac", "a", ""] == [loop.round() for _ in range(4)]


def test_a_round_takes_so_long_and_no_longer():
    """Who does not come to it in this one is the first in the next."""
    loop = Loop()
    for name in "abcdef":
        Sender(loop, name, 2, takes=BUDGET / 2.5)
    assert ["abc", "def", "abc", "def", ""] == [loop.round() for _ in range(5)]


def test_somebody_goes_on_in_every_round():
    """However long it takes."""
    loop = Loop()
    Sender(loop, "a", 1, takes=10 * BUDGET)
    Sender(loop, "b", 1)
    assert ["a", "b", ""] == [loop.round() for _ in range(3)]


def test_one_round_is_due_at_a_time():
    """However many wait."""
    loop = Loop()
    for name in "abc":
        Sender(loop, name, 2)
    assert 1 == len(loop.soon)
    loop.round()
    assert 1 == len(loop.soon)


def test_a_bug_ends_one_connection_and_not_the_others():
    """As the event loop does where reading fails."""
    loop = Loop()
    broken = Broken(loop, "a", 1)
    Sender(loop, "b", 1)
    assert "b" == loop.round()
    assert "internal error" == broken.dropped


def test_whose_message_took_long_waits_nine_times_as_long():
    """So others have nine tenths of the time."""
    loop = Loop()
    sender = Sender(loop, "a", 1)
    loop.round()
    loop.turns.pay(sender, 0.1)
    ((at, go_on),) = loop.later
    assert 0.9 == at
    sender.left = 1
    loop.done.clear()
    go_on()
    assert ["a"] == loop.done


def test_ten_of_them_do_not_take_ten_times_as_much():
    """Each waits for those before it as well. But nobody longer than five seconds."""
    loop = Loop()
    for _ in range(20):
        loop.turns.pay(Sender(loop, "a", 1), 0.1)
    assert [0.9, 1.8, 2.7] == [at for at, _ in loop.later[:3]]
    assert 5.0 == loop.later[-1][0]
