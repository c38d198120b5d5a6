"""Workers and mailboxes: in order, one at a time, in fresh contexts, and alive whatever happens."""

import gc
import weakref
from contextvars import ContextVar
from typing import Any

import gevent
import greenlet
import pytest
from gevent import GreenletExit

from geventio.runtime import Mailbox, Timeout, WorkerPool, current_runtime
from geventio.runtime import workers as workers_module

from .sockets import in_hub, wait_for


@pytest.fixture
def pool() -> WorkerPool:
    return WorkerPool(gevent.get_hub())


def test_from_the_hub_a_call_runs_at_once(pool: WorkerPool) -> None:
    ran: list[str] = []

    def in_the_hub() -> list[str]:
        pool.call(ran.append, "at once")
        return list(ran)

    assert in_hub(in_the_hub) == ["at once"]


def test_from_a_greenlet_a_call_runs_in_the_next_turn(pool: WorkerPool) -> None:
    ran: list[int] = []
    pool.call(ran.append, 1)
    pool.call(ran.append, 2)
    assert ran == []
    gevent.sleep(0)
    assert ran == [1, 2]


def test_workers_are_reused(pool: WorkerPool) -> None:
    used: set[Any] = set()
    for _ in range(100):
        in_hub(pool.call, lambda: used.add(greenlet.getcurrent()))
    assert len(used) == 1
    assert len(pool._idle) == 1


def test_a_call_may_block_while_others_run(pool: WorkerPool) -> None:
    ran: list[str] = []

    def slow() -> None:
        gevent.sleep(0.02)
        ran.append("slow")

    pool.call(slow)
    pool.call(ran.append, "quick")
    wait_for(lambda: len(ran) == 2)
    assert ran == ["quick", "slow"]
    assert len(pool._idle) == 2


def test_idle_workers_are_bounded(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "KEPT", 3)
    ran: list[int] = []

    def slow(number: int) -> None:
        gevent.sleep(0.01)
        ran.append(number)

    for number in range(10):
        pool.call(slow, number)
    wait_for(lambda: len(ran) == 10)
    gevent.sleep(0)
    assert len(pool._idle) == 3
    in_hub(pool.call, ran.append, 10)
    assert len(pool._idle) == 3
    assert not any(worker.dead for worker in pool._idle)


def test_a_worker_at_rest_holds_nothing_of_its_calls(pool: WorkerPool) -> None:
    class Client:
        pass

    seen: list[Any] = []
    for _ in range(2):  # the first call of a worker, and a later one
        client = Client()
        seen.append(weakref.ref(client))
        in_hub(pool.call, lambda client: None, client)
        del client
        gevent.sleep(0)  # the hub's own callback is done
    gc.collect()
    assert [client() for client in seen] == [None, None]
    assert len(pool._idle) == 1


def test_every_call_has_a_fresh_context(pool: WorkerPool) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")
    seen: list[str] = []

    def call() -> None:
        seen.append(variable.get())
        variable.set("left over")

    for _ in range(3):
        in_hub(pool.call, call)
    assert seen == ["unset"] * 3


@pytest.mark.parametrize(
    ("error", "reported"),
    [(Timeout(1), "Timeout"), (ValueError("of a user"), "of a user"), (GreenletExit(), "")],
)
def test_a_worker_survives(
    pool: WorkerPool, error: BaseException, reported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[int] = []

    def fail() -> None:
        raise error

    in_hub(pool.call, fail)
    worker = pool._idle[0]
    in_hub(pool.call, ran.append, 1)
    assert ran == [1]
    assert pool._idle == [worker]
    message = capsys.readouterr().err
    assert reported in message
    assert bool(message) is bool(reported)


def test_a_real_timeout_inside_a_call(pool: WorkerPool, capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[str] = []

    def call() -> None:
        with Timeout(0.01):
            try:
                gevent.sleep(5)
            finally:
                ended.append("interrupted")

    pool.call(call)
    wait_for(lambda: ended)
    gevent.sleep(0)
    assert "Timeout" in capsys.readouterr().err
    in_hub(pool.call, ended.append, "next")
    assert ended == ["interrupted", "next"]


def test_a_timeout_that_a_call_forgot_loses_no_later_call(pool: WorkerPool, capsys: pytest.CaptureFixture[str]) -> None:
    """It strikes the worker at rest, which nobody may be given afterwards."""
    ran: list[int] = []
    in_hub(pool.call, lambda: Timeout.start_new(0.01) and None)
    assert len(pool._idle) == 1
    gevent.sleep(0.03)
    assert pool._idle == []
    assert "Timeout" in capsys.readouterr().err
    for number in range(3):
        in_hub(pool.call, ran.append, number)
    assert ran == [0, 1, 2]


def test_a_worker_that_is_killed_at_rest_or_before_it_runs_loses_no_call(pool: WorkerPool) -> None:
    used: list[Any] = []
    ran: list[int] = []
    in_hub(pool.call, lambda: used.append(greenlet.getcurrent()))
    gevent.kill(used[0])
    pool.call(ran.append, 1)  # before the kill has struck
    gevent.sleep(0.01)
    gevent.kill(used[0])
    gevent.sleep(0.01)
    pool.call(ran.append, 2)
    gevent.sleep(0.01)
    assert ran == [1, 2]
    assert not any(worker.dead for worker in pool._idle)


def test_an_order_to_end_reaches_the_main_greenlet(pool: WorkerPool) -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:  # noqa: PT012 (the sleep is where it strikes)
        pool.call(leave)
        gevent.sleep(1)
    assert caught.value.code == 3
    ran: list[int] = []
    in_hub(pool.call, ran.append, 1)
    assert ran == [1]


def test_a_mailbox_keeps_the_order(pool: WorkerPool) -> None:
    mailbox = Mailbox(pool)
    ran: list[int] = []

    def call(number: int) -> None:
        gevent.sleep(0.001 * (number % 3))
        ran.append(number)

    for number in range(30):
        mailbox.post(call, number)
    assert len(mailbox) == 29
    wait_for(lambda: len(ran) == 30)
    assert ran == list(range(30))
    gevent.sleep(0)
    assert len(mailbox) == 0
    assert mailbox._waiting is None
    assert len(pool._idle) == 1  # one at a time


def test_a_mailbox_takes_posts_from_inside_its_calls(pool: WorkerPool) -> None:
    mailbox = Mailbox(pool)
    ran: list[str] = []

    def outer() -> None:
        mailbox.post(ran.append, "inner")
        mailbox.post(ran.append, "inner too")
        ran.append("outer")

    in_hub(mailbox.post, outer)
    assert ran == ["outer", "inner", "inner too"]
    in_hub(mailbox.post, ran.append, "later")
    assert ran[-1] == "later"


def test_a_mailbox_goes_on_after_failures(pool: WorkerPool, capsys: pytest.CaptureFixture[str]) -> None:
    mailbox = Mailbox(pool)
    ran: list[int] = []

    def fail() -> None:
        gevent.sleep(0)
        raise Timeout(7)

    mailbox.post(fail)
    mailbox.post(ran.append, 1)
    wait_for(lambda: ran)
    assert "7 seconds" in capsys.readouterr().err


def test_clear_drops_what_waits(pool: WorkerPool) -> None:
    mailbox = Mailbox(pool)
    ran: list[int] = []
    assert mailbox.clear() == 0
    mailbox.post(gevent.sleep, 0.01)
    for number in range(5):
        mailbox.post(ran.append, number)
    gevent.sleep(0)
    assert mailbox.clear() == 5
    mailbox.post(ran.append, 9)
    wait_for(lambda: ran)
    assert ran == [9]


def test_two_mailboxes_do_not_wait_for_each_other() -> None:
    pool = current_runtime().workers
    ran: list[str] = []
    slow, quick = Mailbox(pool), Mailbox(pool)
    slow.post(gevent.sleep, 0.02)
    slow.post(ran.append, "slow")
    quick.post(ran.append, "quick")
    wait_for(lambda: len(ran) == 2)
    assert ran == ["quick", "slow"]
