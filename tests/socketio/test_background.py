"""``start_background_task``, ``sleep`` and ``offload`` of a server."""

import logging
import threading
import time
from typing import Any

import gevent
import pytest
from site_under_test import Site

from geventio import Server


def test_a_background_task_emits(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    client = served.websocket()
    client.connect()

    def count(event: str, upto: int) -> str:
        for number in range(upto):
            io.emit(event, number)
            io.sleep(0.001)
        return "counted"

    task = io.start_background_task(count, "number", 3)
    assert [client.receive_event() for _ in range(3)] == [["number", 0], ["number", 1], ["number", 2]]
    assert task.get(timeout=5) == "counted"


def test_a_background_task_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise LookupError("not here")

    task = Server().start_background_task(fail)
    task.join(5)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("geventio.socketio", logging.ERROR)
    with pytest.raises(LookupError):
        task.get()


def test_a_task_started_in_another_thread_is_a_greenlet_of_the_server(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    served.websocket().connect()
    here = threading.get_ident()
    pool = gevent.get_hub().threadpool
    task = pool.spawn(lambda: io.start_background_task(threading.get_ident)).get(timeout=5)
    assert task.get(timeout=5) == here


def test_a_handler_offloads_while_others_are_served(site: Any, transport: str) -> None:
    io = Server()
    served: Site = site(io)
    release = threading.Event()

    def compute(number: int) -> int:
        io.emit("progress", number)  # from the thread
        assert release.wait(5)
        return 2 * number

    io.on("compute", lambda socket, number: io.offload(compute, number))
    busy, other = served.open(transport), served.open(transport)
    busy.connect()
    other.connect()
    busy.emit("compute", 21, id=1)
    assert other.receive_event() == ["progress", 21]
    assert other.call("round trip") == ["done"]
    assert busy.receive_event() == ["progress", 21]
    release.set()
    assert busy.receive().data == [42]


def test_offload_in_offload_is_a_plain_call(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    served.websocket().connect()
    inner, outer = io.offload(lambda: (io.offload(threading.get_ident), threading.get_ident()))
    assert inner == outer != threading.get_ident()


def test_offload_raises_and_limits() -> None:
    io = Server()
    with pytest.raises(ZeroDivisionError):
        io.offload(lambda: 1 / 0)
    release = threading.Event()
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        io.offload(release.wait, 5, timeout=0.1)
    assert time.monotonic() - begun < 2
    release.set()
