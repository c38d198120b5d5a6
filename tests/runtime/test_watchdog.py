"""The watch over the hub: says where it is held, while it is; rests when nobody is there; survives a fork."""

import logging
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from geventio.runtime import Runtime, Watch, current_runtime, describe_calls_of
from geventio.runtime import watchdog as module

LIMIT = 0.2


class House:
    """Somebody to watch for, or nobody."""

    def __init__(self) -> None:
        self.inhabited = True
        self.watch = Watch(current_runtime(), LIMIT, lambda: self.inhabited)


@pytest.fixture
def house(caplog: pytest.LogCaptureFixture) -> Iterator[House]:
    module._the_dog._places.clear()
    house = House()
    house.watch.wake()
    gevent.sleep(0.05)  # the thread has started
    yield house
    house.inhabited = False
    wait_for(lambda: not house.watch.awake)


def wait_for(condition: Any) -> None:
    with gevent.Timeout(5):
        while not condition():
            gevent.sleep(0.01)


def threads() -> int:
    """Threads of watchdogs."""
    outermost = []
    for innermost in sys._current_frames().values():
        frame = innermost
        while frame.f_back is not None:
            frame = frame.f_back
        outermost.append(frame.f_code)
    return outermost.count(module._Watchdog._run.__code__)


def spin(seconds: float) -> None:
    """Hold the hub."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_a_hub_that_turns_is_left_alone(house: House, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        spin(LIMIT / 8)
        gevent.sleep(LIMIT / 8)
    assert house.watch.stalls == 0
    assert not caplog.records


def test_what_computes_for_too_long_is_named(house: House, caplog: pytest.LogCaptureFixture) -> None:
    gevent.sleep(LIMIT)
    spin(LIMIT * 3)
    assert house.watch.stalls == 1
    (record,) = caplog.records
    text = record.getMessage()
    assert (record.name, record.levelno) == ("geventio.watchdog", logging.WARNING)
    named = r"the function test_what_computes_\w+ \(test_watchdog\.py:\d+\) has held the hub for 0\.\d s"
    assert re.search(named, text)
    assert "in spin\n" in text  # the stack
    assert "while time.monotonic() < end" in text


def test_what_blocks_unpatched_is_named(house: House, caplog: pytest.LogCaptureFixture) -> None:
    gevent.sleep(LIMIT)
    time.sleep(LIMIT * 3)
    assert house.watch.stalls == 1
    assert "time.sleep(LIMIT * 3)" in caplog.text


def test_one_stall_is_one_and_one_place_is_said_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    for hold in (spin, time.sleep):  # below the same function
        gevent.sleep(LIMIT)
        hold(LIMIT * 4)
    wait_for(lambda: house.watch.stalls == 2)
    assert len(caplog.records) == 1
    gevent.sleep(LIMIT)
    task = gevent.spawn(lambda: spin(LIMIT * 3))  # another place
    task.join()
    assert len(caplog.records) == 2


def test_a_description_of_what_is_going_on(house: House, caplog: pytest.LogCaptureFixture) -> None:
    def run(name: str) -> None:
        spin(LIMIT * 3)
        assert name

    describe_calls_of(run, lambda frame: f"the job {frame.f_locals['name']!r}")
    gevent.sleep(LIMIT)
    run("report")
    assert "the job 'report' (test_watchdog.py:" in caplog.text


def test_nobody_is_watched_for(house: House, caplog: pytest.LogCaptureFixture) -> None:
    wait_for(lambda: threads() == 1)
    house.inhabited = False
    wait_for(lambda: not house.watch.awake)
    wait_for(lambda: threads() == 0)
    spin(LIMIT * 3)
    assert house.watch.stalls == 0
    house.inhabited = True
    house.watch.wake()
    gevent.sleep(LIMIT)
    spin(LIMIT * 3)
    assert house.watch.stalls == 1


def test_two_watches_have_one_thread_and_one_line(house: House, caplog: pytest.LogCaptureFixture) -> None:
    other = House()
    other.watch.wake()
    gevent.sleep(LIMIT)
    assert threads() == 1
    spin(LIMIT * 3)
    assert (house.watch.stalls, other.watch.stalls) == (1, 1)
    assert len(caplog.records) == 1
    other.inhabited = False
    wait_for(lambda: not other.watch.awake)


STOPPED = """
import sys, gevent
from geventio.runtime import Watch, current_runtime
watch = Watch(current_runtime(), 0.2, lambda: True)
watch.wake()
gevent.sleep(0.5)
print("ready", flush=True)
gevent.sleep(1.5)
print("stalls", watch.stalls, flush=True)
"""


def test_a_process_that_was_stopped_was_not_held_up() -> None:
    with subprocess.Popen([sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGSTOP)
        time.sleep(1)  # how long it is stopped: several of its limits
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=10)
    assert (out, err) == (b"stalls 0\n", b"")


FORKED = """
import os, sys, time, gevent, logging
{patch}
from geventio.runtime import Watch, current_runtime
logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s")

def held():
    end = time.perf_counter() + 0.7
    while time.perf_counter() < end:
        pass

watch = Watch(current_runtime(), 0.2, lambda: True)
watch.wake()
gevent.sleep(0.3)
pid = os.fork()
if pid == 0:
    assert not watch.awake
    watch = Watch(current_runtime(), 0.2, lambda: True)
    watch.wake()
    gevent.sleep(0.3)
    held()
    os._exit(watch.stalls)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
gevent.sleep(0.3)
before = watch.stalls
held()
print(watch.stalls - before, flush=True)
"""


@pytest.mark.parametrize("patch", ["", "from gevent import monkey; monkey.patch_all()"])
def test_parent_and_child_are_watched_patched_or_not(patch: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED.replace("{patch}", patch)],
        capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1", "1"]
    assert done.stderr.count("WARNING the function held") == 2, done.stderr
    assert "Traceback" not in done.stderr


HELD_FOR_EVER = """
import sys, time, gevent, logging
{patch}
from geventio.runtime import Watch, current_runtime
logging.basicConfig(stream=sys.stderr)
watch = Watch(current_runtime(), 0.2, lambda: True)
watch.wake()
gevent.sleep(0.3)
while True:
    pass
"""


@pytest.mark.parametrize("patch", ["", "from gevent import monkey; monkey.patch_all()"])
def test_a_hub_that_never_turns_again_is_told_of(patch: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELD_FOR_EVER.replace("{patch}", patch)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        killer = threading.Timer(10, process.kill)
        killer.start()
        line = process.stderr.readline()
        process.kill()
        killer.cancel()
    assert "has held the hub" in line


def test_the_watch_costs_next_to_nothing(house: House) -> None:
    runtime: Runtime = current_runtime()
    assert runtime.thread
    begun = time.process_time()
    gevent.sleep(1)
    assert time.process_time() - begun < 0.05  # ten wake-ups, of tens of microseconds each
