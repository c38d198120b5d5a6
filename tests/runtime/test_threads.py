"""Calls from other OS threads: in order, in the hub's thread, with their values and their errors."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from geventio.runtime import Runtime, asked, current_runtime, get_ident, posted
from geventio.runtime.threads import CROWDED, LONGEST_WAIT

PATIENCE = 10.0


def in_thread(function: Callable[[], Any]) -> Any:
    """What *function* returns in another OS thread, while the hub turns."""
    assert get_ident() == current_runtime().thread
    result = gevent.get_hub().threadpool.spawn(function)
    return result.get(timeout=PATIENCE)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = current_runtime()
    yield runtime
    gevent.sleep(0)
    assert not runtime.threads._calls


def test_posted_calls_run_in_order_in_the_threads_of_the_hub(runtime: Runtime) -> None:
    seen: list[tuple[int, int, int]] = []

    def note(who: int, number: int) -> None:
        seen.append((who, number, get_ident()))
        if number % 100 == 0:
            gevent.sleep(0)  # a call may block, and the next ones wait

    def post(who: int) -> None:
        for number in range(1000):
            runtime.threads.post(note, who, number)

    pool = gevent.get_hub().threadpool
    gevent.joinall([pool.spawn(post, who) for who in range(4)], timeout=PATIENCE)
    in_thread(lambda: runtime.threads.ask(lambda: None))
    for who in range(4):
        assert [number for other, number, _ in seen if other == who] == list(range(1000))
    assert {ident for _, _, ident in seen} == {runtime.thread}


def test_a_call_that_raises_is_reported_and_holds_nobody_up(
    runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    def fail() -> None:
        raise ValueError("a defect")

    def post() -> None:
        runtime.threads.post(fail)
        runtime.threads.post(seen.append, 1)
        runtime.threads.post(gevent.getcurrent)
        runtime.threads.ask(lambda: None)

    in_thread(post)
    assert seen == [1]
    assert "ValueError: a defect" in capfd.readouterr().err


def test_a_call_that_kills_its_greenlet_holds_nobody_up(runtime: Runtime) -> None:
    def leave() -> None:
        raise gevent.GreenletExit

    assert in_thread(lambda: (runtime.threads.post(leave), runtime.threads.ask(lambda: 42))[1]) == 42


def test_ask_blocks_the_other_thread_only(runtime: Runtime) -> None:
    def slow() -> str:
        gevent.sleep(0.2)
        return "value"

    turns = []
    ticker = gevent.spawn(lambda: [turns.append(gevent.sleep(0.01)) for _ in range(15)])
    assert in_thread(lambda: runtime.threads.ask(slow)) == "value"
    assert len(turns) > 5
    ticker.join()


def test_ask_raises_what_the_call_raises(runtime: Runtime) -> None:
    def fail() -> None:
        raise LookupError("not here")

    def ask() -> str:
        with pytest.raises(LookupError, match="not here"):
            runtime.threads.ask(fail)
        return "told"

    assert in_thread(ask) == "told"


def test_many_askers_at_once(runtime: Runtime) -> None:
    def square(number: int) -> int:
        gevent.sleep(0.05)
        return number * number

    begun = time.monotonic()
    pool = gevent.get_hub().threadpool
    results = [pool.spawn(runtime.threads.ask, square, number) for number in range(8)]
    assert [result.get(timeout=PATIENCE) for result in results] == [number * number for number in range(8)]
    assert time.monotonic() - begun < 0.3  # beside each other


def test_a_plain_thread_of_a_process_that_is_not_patched(runtime: Runtime) -> None:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: [runtime.threads.post(seen.append, number) for number in range(100)])
    thread.start()
    thread.join()  # stops the hub: what was handed over has to wait, and is not lost
    assert seen == []
    gevent.sleep(0.05)
    assert seen == list(range(100))


def test_a_thread_that_is_faster_than_the_hub_waits_a_little(runtime: Runtime) -> None:
    seen: list[int] = []
    took: list[float] = []

    def post() -> None:
        for number in range(CROWDED):
            runtime.threads.post(seen.append, number)
        begun = time.monotonic()
        runtime.threads.post(seen.append, CROWDED)
        took.append(time.monotonic() - begun)

    thread = threading.Thread(target=post)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()  # it does not wait for ever: the hub waited for it
    assert LONGEST_WAIT / 2 < took[0] < 5 * LONGEST_WAIT
    gevent.sleep(0.2)
    assert len(seen) == CROWDED + 1


class Thing:
    """Belongs to this thread's hub, or to none yet."""

    def __init__(self, runtime: Runtime | None) -> None:
        self._runtime = runtime
        self.seen: list[Any] = []

    def _hub_runtime(self) -> Runtime | None:
        return self._runtime

    @posted
    def note(self, value: int, *, twice: bool = False) -> None:
        """Note the value."""
        self.seen += [(value, get_ident())] * (2 if twice else 1)

    @asked
    def double(self, value: int) -> tuple[int, int]:
        return 2 * value, get_ident()


def test_methods_that_hand_themselves_over(runtime: Runtime) -> None:
    thing = Thing(runtime)
    assert thing.note.__doc__ == "Note the value."
    thing.note(1)
    assert thing.double(2) == (4, runtime.thread)
    in_thread(lambda: thing.note(2, twice=True))
    assert in_thread(lambda: thing.double(21)) == (42, runtime.thread)
    assert thing.seen == [(value, runtime.thread) for value in (1, 2, 2)]


def test_what_has_no_hub_yet_is_called_where_it_is_called() -> None:
    thing = Thing(None)
    value, ident = in_thread(lambda: thing.double(1))
    assert value == 2
    assert ident != current_runtime().thread
