"""One runtime per hub, after a fork too; the end of a turn; waiting."""

import os
import threading

import gevent
import gevent.os
import pytest
from gevent.event import AsyncResult

from geventio.runtime import Runtime, Timeout, Waiter, current_runtime

from .sockets import in_hub, pair, stream_on


def test_one_per_hub() -> None:
    assert current_runtime() is current_runtime()
    others: list[Runtime] = []
    thread = threading.Thread(target=lambda: others.append(current_runtime()))
    thread.start()
    thread.join()
    assert others[0] is not current_runtime()
    assert others[0].hub is not current_runtime().hub


def test_another_hub_gets_another_runtime() -> None:
    found: list[bool] = []

    def work() -> None:
        first = current_runtime()
        gevent.get_hub().destroy(destroy_loop=True)
        second = current_runtime()
        fired: list[int] = []
        second.timers.start(0.05, lambda: fired.append(1))
        gevent.sleep(0.2)
        found.append(first is not second and fired == [1])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]


def test_a_child_process_has_its_own() -> None:
    parent = current_runtime()
    reading, writing = os.pipe()
    pid = gevent.fork()
    if pid == 0:
        status = 1
        try:
            runtime = current_runtime()
            fired = AsyncResult()
            runtime.timers.start(0.05, lambda: fired.set(True))
            sock, peer = pair()
            stream = stream_on(sock)
            stream.write(b"from the child")
            assert peer.recv(100) == b"from the child"
            assert runtime is not parent
            assert fired.get(timeout=5)
            os.write(writing, b"fine")
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    gevent.os.make_nonblocking(reading)
    with gevent.Timeout(10):
        assert gevent.os.nb_read(reading, 100) == b"fine"
    os.close(reading)
    assert gevent.os.waitpid(pid, 0)[1] == 0
    assert current_runtime() is parent


def test_end_of_turn() -> None:
    runtime = current_runtime()
    called: list[str] = []

    def in_the_hub() -> int:
        turn = runtime.turn
        runtime.at_end_of_turn(lambda: called.append("first"))
        runtime.at_end_of_turn(lambda: called.append("second"))
        assert called == []
        return turn

    turn = in_hub(in_the_hub)
    gevent.sleep(0)
    assert called == ["first", "second"]
    assert runtime.turn > turn


def test_a_callback_at_the_end_of_a_turn_that_raises(capsys: pytest.CaptureFixture[str]) -> None:
    runtime = current_runtime()
    called: list[int] = []

    def fail() -> None:
        raise ValueError("at the end of a turn")

    runtime.at_end_of_turn(fail)
    runtime.at_end_of_turn(lambda: called.append(1))
    runtime.at_end_of_turn(lambda: runtime.at_end_of_turn(lambda: called.append(2)))
    gevent.sleep(0.01)
    assert called == [1, 2]
    assert "at the end of a turn" in capsys.readouterr().err


def test_soon() -> None:
    called: list[int] = []
    current_runtime().soon(called.append, 1)
    assert called == []
    gevent.sleep(0)
    assert called == [1]


def test_waiting_for_a_value() -> None:
    waiter: Waiter[int] = Waiter()
    current_runtime().timers.start(0.0, lambda: waiter.set(42))
    assert waiter.wait(timeout=5) == 42
    assert waiter.wait() == 42


def test_waiting_for_an_error() -> None:
    waiter: Waiter[int] = Waiter()
    current_runtime().soon(waiter.fail, KeyError("gone"))
    with pytest.raises(KeyError, match="gone"):
        waiter.wait(timeout=5)


def test_waiting_in_vain() -> None:
    with pytest.raises(TimeoutError, match=r"0\.01 s"):
        Waiter[int]().wait(timeout=0.01)


def test_a_timeout_of_the_caller_passes_through() -> None:
    with pytest.raises(Timeout) as caught, Timeout(0.01) as own:
        Waiter[int]().wait(timeout=5)
    assert caught.value is own
