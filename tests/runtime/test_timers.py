"""The timer wheel: never early, at most two looks late, whatever its callbacks do."""

import time
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from geventio.runtime import Timer, TimerWheel, current_runtime
from geventio.runtime.timers import RESOLUTION


class Loop:
    """A loop whose only watcher ticks when the test says so."""

    def __init__(self) -> None:
        self.callback: Callable[[], None] | None = None

    def timer(self, after: float, repeat: float) -> "Loop":
        assert after == repeat == RESOLUTION
        return self

    def start(self, callback: Callable[[], None]) -> None:
        self.callback = callback

    def stop(self) -> None:
        self.callback = None


class Clock:
    """A wheel on a clock that the test moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.loop = Loop()
        self.reported: list[Any] = []
        self.wheel = TimerWheel(self.loop, lambda: self.now, self.reported.append)

    def ticking(self) -> bool:
        return self.loop.callback is not None

    def tick(self, seconds: float = RESOLUTION) -> None:
        self.now += seconds
        if self.loop.callback is not None:
            self.loop.callback()

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / RESOLUTION)):
            self.tick()


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.05, 0.1, 0.33, 1.0, 25.0])
@pytest.mark.parametrize("start", [1000.0, 1000.049, 1000.0333])
def test_never_early_and_hardly_late(delay: float, start: float) -> None:
    clock = Clock(start)
    fired: list[float] = []
    clock.wheel.start(delay, lambda: fired.append(clock.now))
    while not fired:
        clock.tick(0.01)
        assert clock.now < start + delay + 2 * RESOLUTION + 0.011
    assert fired[0] >= start + delay


def test_the_wheel_rests_when_empty_and_starts_again() -> None:
    clock = Clock()
    fired: list[int] = []
    assert not clock.ticking()
    clock.wheel.start(0.1, lambda: fired.append(1))
    assert clock.ticking()
    clock.pass_time(0.3)
    assert fired == [1]
    assert not clock.ticking()
    clock.now += 1000
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
        clock.now += 1  # the callback itself takes its time
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


def test_in_a_real_hub() -> None:
    runtime = current_runtime()
    begun = time.monotonic()
    fired: list[float] = []
    for delay in (0.0, 0.1, 0.2):
        runtime.timers.start(delay, lambda delay=delay: fired.append(time.monotonic() - begun - delay))  # type: ignore[misc]
    gevent.sleep(0.45)
    assert len(fired) == 3
    assert all(late >= 0 for late in fired)


def test_the_wall_clock_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = current_runtime()
    fired: list[int] = []
    timer = runtime.timers.start(30, lambda: fired.append(1))
    monkeypatch.setattr(time, "time", lambda: 4e9)
    gevent.sleep(0.15)
    assert fired == []
    timer.stop()
