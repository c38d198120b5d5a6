"""Locks by key: one greenlet at a time for each, the holder again, others in turn; nothing stays of a free one."""

import subprocess
import sys

import gevent
import pytest
from gevent.event import Event

from geventio.runtime import KeyedLock


def test_one_at_a_time_for_each_key() -> None:
    lock = KeyedLock()
    inside: list[str] = []
    order: list[tuple[str, int]] = []

    def work(key: str, number: int) -> None:
        with lock.hold(key):
            assert key not in inside
            inside.append(key)
            gevent.sleep(0.001)
            inside.remove(key)
            order.append((key, number))

    gevent.joinall(
        [gevent.spawn(work, key, number) for number in range(5) for key in "ab"], timeout=5, raise_error=True
    )
    assert sorted(order) == [(key, number) for key in "ab" for number in range(5)]
    assert not lock.held("a")
    assert not lock.held("b")


def test_keys_do_not_wait_for_each_other() -> None:
    lock = KeyedLock()

    def take() -> tuple[bool, bool]:
        with lock.hold("b"):
            return lock.held("a"), lock.held("b")

    with lock.hold("a"):
        assert gevent.spawn(take).get(timeout=5) == (True, True)
    assert not lock.held("b")


def test_who_holds_it_may_take_it_again() -> None:
    lock = KeyedLock()
    with lock.hold("a"):
        with lock.hold("a"):
            assert lock.held("a")
        assert lock.held("a")
    assert not lock.held("a")


def test_an_error_inside_frees_it_for_those_who_wait() -> None:
    lock = KeyedLock()
    release = Event()

    def fail() -> None:
        with lock.hold("a"):
            release.wait(5)
            raise KeyError("a")

    def take() -> str:
        with lock.hold("a"):
            return "taken"

    failing, taking = gevent.spawn(fail), gevent.spawn(take)
    gevent.sleep(0)
    assert not taking.ready()
    release.set()
    assert taking.get(timeout=5) == "taken"
    with pytest.raises(KeyError):
        failing.get()
    assert not lock.held("a")


def test_a_waiter_that_gives_up_leaves_the_others_in_peace() -> None:
    lock = KeyedLock()

    def take() -> str:
        with lock.hold("a"):
            return "taken"

    with lock.hold("a"):
        quitter, patient = gevent.spawn(take), gevent.spawn(take)
        gevent.sleep(0)
        quitter.kill()
        assert not patient.ready()
    assert patient.get(timeout=5) == "taken"
    assert not lock.held("a")


def test_a_free_lock_needs_no_hub() -> None:
    program = """
from geventio.runtime import KeyedLock
from gevent._hub_local import get_hub_if_exists
with KeyedLock().hold("a"):
    assert get_hub_if_exists() is None
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
