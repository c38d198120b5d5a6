"""Background tasks and offloaded work: values, errors, ends; nothing printed, nothing lost."""

import logging
import threading
import time
from contextvars import ContextVar

import gevent
import pytest

from geventio.runtime import offload, sleep, start_background_task

logger = logging.getLogger("geventio.test")
user: ContextVar[str] = ContextVar("user", default="nobody")


def test_a_task_has_its_arguments_its_value_and_a_copy_of_the_context() -> None:
    user.set("ann")
    task = start_background_task(logger, lambda first, second: (first + second, user.get(), user.set("bob"))[:2], 1, 2)
    assert task.get(timeout=5) == (3, "ann")
    assert user.get() == "ann"
    assert task.successful()
    assert task.exception is None


def test_a_task_that_fails_is_logged_once(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise LookupError("not here")

    task = start_background_task(logger, fail)
    task.join(5)
    assert not task.successful()
    assert isinstance(task.exception, LookupError)
    with pytest.raises(LookupError, match="not here"):
        task.get()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "fail failed" in record.getMessage()
    assert record.exc_info
    assert capfd.readouterr().err == ""


def test_a_task_that_is_killed_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    task = start_background_task(logger, sleep, 60)
    gevent.sleep(0)
    task.kill()
    assert task.ready()
    task = start_background_task(logger, sleep, 60)
    task.kill()  # before it began
    assert task.ready()
    assert not caplog.records


def test_a_forgotten_timeout_in_a_task_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def forget() -> None:
        gevent.Timeout(0.01).start()
        sleep(5)

    task = start_background_task(logger, forget)
    with pytest.raises(RuntimeError):
        task.get(timeout=5)
    assert len(caplog.records) == 1


def test_offload_leaves_the_hub_to_others() -> None:
    turns = []
    ticker = gevent.spawn(lambda: [turns.append(gevent.sleep(0.01)) for _ in range(100)])
    user.set("ann")
    value, ident, name = offload(lambda text: (time.sleep(0.2), (text, threading.get_ident(), user.get()))[1], "value")
    assert (value, name) == ("value", "ann")
    assert ident != threading.get_ident()
    assert len(turns) > 5
    ticker.kill()


@pytest.mark.parametrize("error", [LookupError("not here"), SystemExit(3)])
def test_offload_raises_what_the_function_raises(error: BaseException, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        offload(fail)
    assert capfd.readouterr().err == ""


def test_offload_with_a_time_limit() -> None:
    released = threading.Event()
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        offload(released.wait, 5, timeout=0.05)
    released.set()
    assert offload(int, "7", timeout=5) == 7


def test_the_callers_own_timeout_passes_through_offload() -> None:
    released = threading.Event()
    with pytest.raises(gevent.Timeout) as caught, gevent.Timeout(0.05) as own:
        offload(released.wait, 5, timeout=60)
    assert caught.value is own
    released.set()
