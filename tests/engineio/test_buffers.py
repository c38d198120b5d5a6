"""A client that reads too slowly costs a bounded number of bytes and is then cut off."""

import gc
import tracemalloc

import gevent
import pytest

from geventio.engineio.session import Session
from tests.runtime.sockets import wait_for

from .client import WebSocketClient, drain_socket
from .conftest import Make, NotingEngine
from .memory import MemoryRequest


def flood(session: Session, size: int, total: int) -> int:
    """Send without ever giving the hub a turn; returns the most that waited."""
    highest = 0
    message = "x" * size
    for _ in range(total // size):
        session.send(message)
        highest = max(highest, session.buffered)
    return highest


@pytest.mark.parametrize("limit", [100_000, 1_000_000])
def test_a_slow_websocket(serve: Make, limit: int) -> None:
    noting = serve(max_send_buffer=limit)
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    highest = flood(noting.last.session, 1000, 20_000_000)
    assert limit <= highest <= limit * 1.1
    assert noting.last.closed == []  # not from inside send()
    assert noting.closed() == ("transport error", "send buffer full")
    client.close()


def test_slow_clients_are_counted_and_told_of_once(serve: Make, caplog: pytest.LogCaptureFixture) -> None:
    noting = serve(max_send_buffer=10_000)
    for number in (1, 2):
        client = WebSocketClient.connect(noting.address)
        client.receive_open()
        flood(noting.last.session, 100_000, 20_000_000)
        assert noting.closed() == ("transport error", "send buffer full")
        assert noting.engine.refusals.slow_clients == number
        client.close()
    assert [record.levelname for record in caplog.records if "slowly" in record.getMessage()] == ["WARNING"]


def test_two_hundred_megabytes_to_a_websocket_that_never_reads(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    gc.collect()
    tracemalloc.start()
    try:
        highest = flood(noting.last.session, 100_000, 200_000_000)
        memory = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert highest <= 1_100_000
    assert memory < 3_500_000  # joining what waits needs it twice for a moment
    assert noting.closed() == ("transport error", "send buffer full")
    client.close()


def test_a_burst_to_a_websocket_that_reads(serve: Make) -> None:
    noting = serve(max_send_buffer=10_000)
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    for _ in range(20):
        noting.last.session.send("x" * 5_000)
    for _ in range(20):
        assert client.receive() == "4" + "x" * 5_000
    assert noting.last.closed == []
    client.close()


def polling(noting: NotingEngine) -> str:
    noting.engine.handle(MemoryRequest())
    gevent.sleep(0)
    return f"EIO=4&transport=polling&sid={noting.last.session.id}"


def test_a_slow_polling_client(make: Make) -> None:
    noting = make(max_send_buffer=100_000)
    polling(noting)
    session = noting.last.session
    gc.collect()
    tracemalloc.start()
    try:
        highest = flood(session, 1000, 50_000_000)
        memory = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 100_000 <= highest <= 110_000
    assert memory < 600_000
    assert noting.last.closed == []
    assert noting.closed() == ("transport error", "send buffer full")


def test_a_burst_to_a_polling_client_whose_get_waits(make: Make) -> None:
    noting = make(max_send_buffer=10_000)
    query = polling(noting)
    request = MemoryRequest(query=query)
    noting.engine.handle(request)
    for number in range(15):
        noting.last.session.send(str(number) * 1000)
    assert request.response is not None  # flushed before the turn's end, so nothing was lost
    first = request.response.body
    request = MemoryRequest(query=query)
    noting.engine.handle(request)
    gevent.sleep(0)
    assert request.response is not None
    packets = (first + b"\x1e" + request.response.body).split(b"\x1e")
    assert packets == [b"4" + str(number).encode() * 1000 for number in range(15)]
    assert noting.last.closed == []


def test_closing_a_client_that_does_not_read(serve: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from geventio.engineio.transports import websocket

    monkeypatch.setattr(websocket, "LINGER", 0.1)
    noting = serve(max_send_buffer=50_000_000)
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    session = noting.last.session
    session.send("x" * 20_000_000)
    assert not session.writable
    session.close()
    assert noting.closed() == ("forced close", "")
    wait_for(lambda: session.transport.buffered == 0)  # dropped with the connection
    assert drain_socket(client) < 20_000_000
    client.close()


def test_closing_when_the_goodbye_finds_the_buffer_full(serve: Make) -> None:
    noting = serve(max_send_buffer=50_000)
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    session = noting.last.session
    session.send("x" * 20_000_000)
    session.transport.close([])
    session.send("late")
    assert noting.closed() == ("transport error", "send buffer full")
    client.close()
