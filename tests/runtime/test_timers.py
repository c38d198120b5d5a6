"""The timer wheel: never early, hardly late, whatever its callbacks do; deadlines wait for a hub that was held up."""

import time
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from geventio.runtime import Timer, TimerWheel, current_runtime
from geventio.runtime.timers import COARSE, LONG, LONGEST_GRACE, PATIENCE, RESOLUTION, SHORTEST_GRACE, STALL


class Loop:
    """A loop whose watchers fire when the test's clock has come to their time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.armed: list[tuple[float, Callable[[], None]]] = []
        self.woken = 0

    def timer(self, after: float) -> "Watcher":
        return Watcher(self, self.now + after)

    def run(self, now: float) -> None:
        """The hub comes to look at its timers."""
        self.now = now
        for due, callback in sorted(self.armed, key=lambda entry: entry[0]):
            if due <= self.now and (due, callback) in self.armed:
                self.armed.remove((due, callback))
                self.woken += 1
                callback()


class Watcher:
    def __init__(self, loop: Loop, due: float) -> None:
        self._loop = loop
        self._due = due

    def start(self, callback: Callable[[], None], update: bool) -> None:
        assert update, "the loop's own clock stands still while a callback runs"
        self._entry = (self._due, callback)
        self._loop.armed.append(self._entry)

    def stop(self) -> None:
        if self._entry in self._loop.armed:
            self._loop.armed.remove(self._entry)

    def close(self) -> None:
        pass


class Clock:
    """A wheel on a clock that the test moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.loop = Loop()
        self.loop.now = now
        self.reported: list[Any] = []
        self.wheel = TimerWheel(self.loop, lambda: self.now, self.reported.append)

    @property
    def now(self) -> float:
        return self.loop.now

    def ticking(self) -> bool:
        return bool(self.loop.armed)

    def tick(self, seconds: float = RESOLUTION) -> None:
        """Time goes by while the hub is busy; then it looks."""
        self.loop.run(self.now + seconds)

    def pass_time(self, seconds: float) -> None:
        """Time goes by while the hub sleeps: it wakes when it wants to."""
        end = self.now + seconds
        while self.loop.armed and min(self.loop.armed)[0] <= end:
            self.loop.run(max(self.now, min(self.loop.armed)[0]))
        self.loop.now = end


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.05, 0.1, 0.33, 1.0, 25.0])
@pytest.mark.parametrize("start", [1000.0, 1000.049, 1000.0333])
def test_never_early_and_hardly_late(delay: float, start: float) -> None:
    clock = Clock(start)
    fired: list[float] = []
    clock.wheel.start(delay, lambda: fired.append(clock.now))
    clock.pass_time(60)
    assert start + delay <= fired[0] <= start + delay + RESOLUTION * (COARSE if delay >= LONG else 1) + 1e-9
    assert clock.loop.woken == 1


def test_the_wheel_rests_when_empty_and_starts_again() -> None:
    clock = Clock()
    fired: list[int] = []
    assert not clock.ticking()
    clock.wheel.start(0.1, lambda: fired.append(1))
    assert clock.ticking()
    clock.pass_time(0.3)
    assert fired == [1]
    assert not clock.ticking()
    clock.pass_time(1000)
    clock.wheel.start(0.1, lambda: fired.append(2))
    assert clock.ticking()
    clock.tick()
    assert fired == [1]
    clock.pass_time(0.2)
    assert fired == [1, 2]


def test_stop() -> None:
    clock = Clock()
    fired: list[int] = []
    timer = clock.wheel.start(0.1, lambda: fired.append(1))
    states = [timer.active]
    timer.stop()
    timer.stop()
    states.append(timer.active)
    assert states == [True, False]
    timer.expire()
    clock.pass_time(1)
    assert fired == []
    assert not clock.ticking()
    timer = clock.wheel.start(0.1, lambda: fired.append(2))
    clock.pass_time(1)
    assert not timer.active
    timer.stop()
    assert fired == [2]


def test_expire_fires_at_once_and_only_once() -> None:
    clock = Clock()
    fired: list[int] = []
    timer = clock.wheel.start(10, lambda: fired.append(1))
    timer.expire()
    timer.expire()
    clock.pass_time(11)
    assert fired == [1]


def test_a_callback_stops_its_neighbours_and_itself() -> None:
    clock = Clock()
    fired: list[str] = []
    timers: dict[str, Timer] = {}

    def first() -> None:
        fired.append("first")
        timers["same"].stop()
        timers["later"].stop()
        timers["first"].stop()

    timers["first"] = clock.wheel.start(0.1, first)
    timers["same"] = clock.wheel.start(0.1, lambda: fired.append("same"))
    timers["later"] = clock.wheel.start(0.2, lambda: fired.append("later"))
    clock.tick(1)  # all due in one walk
    assert fired == ["first"]
    assert not clock.ticking()


def test_a_callback_starts_timers() -> None:
    clock = Clock()
    fired: list[float] = []

    def again() -> None:
        fired.append(clock.now)
        if len(fired) < 5:
            clock.wheel.start(0.0, again)

    clock.wheel.start(0.0, again)
    clock.pass_time(1)
    assert len(fired) == 5
    assert len(set(fired)) == 5  # never within the walk that started it
    assert not clock.ticking()


def test_a_callback_that_raises_is_reported_and_holds_nobody_up() -> None:
    clock = Clock()
    fired: list[int] = []

    def fail() -> None:
        raise ValueError("a defect")

    clock.wheel.start(0.1, fail)
    clock.wheel.start(0.1, lambda: fired.append(1))
    clock.wheel.start(0.15, lambda: fired.append(2))
    clock.tick(1)
    assert clock.reported == [fail]
    assert fired == [1, 2]


@pytest.mark.parametrize("stall", [5.0, 5000.0])
def test_after_a_long_stall_everything_due_fires_in_order(stall: float) -> None:
    clock = Clock()
    fired: list[int] = []
    for number in range(50):
        clock.wheel.start(1 + number * 0.07, lambda number=number: fired.append(number))  # type: ignore[misc]
    clock.wheel.start(10_000, lambda: fired.append(-1))
    clock.tick(stall)
    assert fired == list(range(50))
    assert clock.ticking()


def test_a_timer_started_in_the_middle_of_a_late_walk() -> None:
    clock = Clock()
    fired: list[str] = []

    def slow() -> None:
        clock.loop.now += 1  # the callback itself takes its time
        clock.wheel.start(0.05, lambda: fired.append("new"))

    clock.wheel.start(0.1, slow)
    clock.tick(0.2)
    clock.pass_time(0.2)
    assert fired == ["new"]
    assert not clock.ticking()


def test_ten_thousand_timers_cost_the_walk_of_those_that_are_due() -> None:
    clock = Clock()
    fired: list[int] = []
    timers = [clock.wheel.start(25, lambda: fired.append(1)) for _ in range(10_000)]
    for timer in timers[:9_990]:
        timer.stop()
    clock.pass_time(26)
    assert len(fired) == 10
    assert clock.wheel._buckets == {}
    assert clock.loop.woken <= 2


def test_an_earlier_timer_wakes_the_hub_earlier() -> None:
    clock = Clock()
    fired: list[str] = []
    clock.wheel.start(3.0, lambda: fired.append("late"))
    clock.wheel.start(1.0, lambda: fired.append("early"))
    clock.wheel.start(2.0, lambda: fired.append("between"))
    assert len(clock.loop.armed) == 1
    clock.pass_time(1.1)
    assert fired == ["early"]
    clock.pass_time(2)
    assert fired == ["early", "between", "late"]
    assert clock.loop.woken == 3


def test_the_hub_is_not_woken_for_timers_that_were_stopped() -> None:
    clock = Clock()
    clock.wheel.start(30, lambda: None)
    for delay in range(1, 20):
        clock.wheel.start(delay, lambda: None).stop()
    clock.pass_time(29)
    assert clock.loop.woken <= 2  # for the first, which was armed before it was stopped
    assert clock.ticking()


# -- deadlines of somebody else


def test_a_deadline_is_exact_while_the_hub_is_not_held_up() -> None:
    clock = Clock()
    fired: list[float] = []
    clock.wheel.allow(0.5, lambda: fired.append(clock.now))
    stopped = clock.wheel.allow(0.5, lambda: fired.append(-1))
    stopped.stop()
    clock.pass_time(1)
    assert len(fired) == 1
    assert 1000.5 <= fired[0] <= 1000.5 + RESOLUTION + 1e-9
    assert not stopped.active


@pytest.mark.parametrize(("stall", "grace"), [(3.0, 2.5), (0.55, SHORTEST_GRACE), (100.0, LONGEST_GRACE)])
def test_a_deadline_within_a_stall_is_put_off(stall: float, grace: float) -> None:
    clock = Clock()
    fired: list[tuple[str, float]] = []
    clock.wheel.start(0.5, lambda: fired.append(("own", clock.now)))
    clock.wheel.allow(0.5, lambda: fired.append(("theirs", clock.now)))
    soon = clock.wheel.allow(stall + RESOLUTION, lambda: fired.append(("soon", clock.now)))
    clock.tick(stall)
    assert fired == [("own", 1000 + stall)]
    assert soon.active
    clock.pass_time(grace - 0.02)
    assert len(fired) == 1
    clock.pass_time(0.05)
    assert [name for name, _ in fired] == ["own", "theirs", "soon"]


def test_a_deadline_that_is_met_after_the_stall() -> None:
    clock = Clock()
    fired: list[int] = []
    deadline = clock.wheel.allow(0.5, lambda: fired.append(1))
    clock.tick(2)
    deadline.stop()
    clock.pass_time(10)
    assert fired == []
    assert not clock.ticking()


def test_a_hub_that_is_always_late_gets_rid_of_the_dead_all_the_same() -> None:
    clock = Clock()
    fired: list[int] = []
    clock.wheel.allow(0.5, lambda: fired.append(1))
    for _ in range(PATIENCE):
        clock.tick(6)
        assert fired == []
    clock.tick(6)
    assert fired == [1]


def test_a_little_late_is_no_stall() -> None:
    clock = Clock()
    fired: list[int] = []
    clock.wheel.allow(0.5, lambda: fired.append(1))
    clock.tick(0.5 + STALL - RESOLUTION)
    assert fired == [1]


def test_in_a_real_hub() -> None:
    runtime = current_runtime()
    begun = time.monotonic()
    fired: list[float] = []
    for delay in (0.0, 0.1, 0.2):
        runtime.timers.start(delay, lambda delay=delay: fired.append(time.monotonic() - begun - delay))  # type: ignore[misc]
    gevent.sleep(0.45)
    assert len(fired) == 3
    assert all(late >= 0 for late in fired)
    assert min(fired) < 0.02  # the machine may be busy, but not each time


def test_the_wall_clock_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = current_runtime()
    fired: list[int] = []
    timer = runtime.timers.start(30, lambda: fired.append(1))
    monkeypatch.setattr(time, "time", lambda: 4e9)
    gevent.sleep(0.15)
    assert fired == []
    timer.stop()


def test_ctrl_c_in_the_midst_of_a_timer_does_not_stop_the_others() -> None:
    loop = Loop()
    wheel = TimerWheel(loop, lambda: loop.now, pytest.fail)
    fired: list[str] = []

    def interrupted() -> None:
        raise KeyboardInterrupt

    wheel.start(1.0, interrupted)
    wheel.start(1.0, lambda: fired.append("the same bucket"))
    wheel.start(2.0, lambda: fired.append("later"))
    with pytest.raises(KeyboardInterrupt):
        loop.run(loop.now + 1.1)
    wheel.start(0.1, lambda: fired.append("new"))
    loop.run(loop.now + 0.2)
    loop.run(loop.now + 1.0)
    assert fired == ["the same bucket", "new", "later"]
