"""``Server.close(drain=...)``: what waits still arrives, many leave one by one, and the time is a limit."""

import time
from typing import Any

import pytest
from client import Closed
from gevent import Timeout, sleep, spawn
from site_under_test import Site

from geventio import ConfigurationError, Server
from geventio.engineio.draining import FEW, RATE


@pytest.fixture
def io() -> Server:
    return Server()


def test_few_clients_leave_at_once(site: Any, io: Server) -> None:
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    clients = [served.websocket() for _ in range(5)] + [served.polling() for _ in range(5)]  # type: ignore[operator]
    for client in clients:
        client.connect()
    leaving = [spawn(client.wait_closed) for client in clients]
    sleep(0.05)
    begun = time.monotonic()
    io.close(drain=10)
    assert time.monotonic() - begun < 2
    assert [served.next() for _ in clients] == ["server shutting down"] * 10
    for greenlet in leaving:
        greenlet.get(timeout=5)
    assert io.engine.sessions == io.root.sockets == {}


def test_what_waits_for_a_polling_client_arrives_first(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = served.polling()
    client.connect()
    for number in range(3):
        io.emit("number", number)
    closing = spawn(io.close, drain=5)
    sleep(0.05)
    assert not closing.ready()  # it waits for the client to ask
    assert [client.receive_event() for _ in range(3)] == [["number", 0], ["number", 1], ["number", 2]]
    with pytest.raises(Closed):
        client.receive()
    with Timeout(2):
        closing.get()


def test_what_waits_for_a_slow_reader_arrives_first(site: Any) -> None:
    io = Server(max_send_buffer=50_000_000)
    served: Site = site(io)
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    big = "x" * 20_000_000
    socket.emit("big", big)
    socket.emit("last")
    assert socket.conn.buffered > 1_000_000
    closing = spawn(io.close, drain=20)
    sleep(1.5)  # longer than a client has to answer that has got everything
    assert not closing.ready()
    assert client.receive_event() == ["big", big]
    assert client.receive_event() == ["last"]
    with pytest.raises(Closed):
        client.receive()
    with Timeout(3):
        closing.get()


@pytest.mark.parametrize("kind", ["deaf", "slow"])
def test_the_time_is_a_limit(site: Any, kind: str) -> None:
    io = Server(max_send_buffer=50_000_000)
    served: Site = site(io)
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    if kind == "slow":
        socket.emit("big", "x" * 20_000_000)
    begun = time.monotonic()
    io.close(drain=0.5)
    assert 0.4 < time.monotonic() - begun < 2
    assert io.engine.sessions == {}


def test_nobody_new_comes_while_the_server_drains(site: Any, io: Server) -> None:
    served: Site = site(io)
    served.polling().connect()  # never asks again
    closing = spawn(io.close, drain=5)
    sleep(0.05)
    assert not closing.ready()
    with pytest.raises(AssertionError, match=r"HTTP/1\.1 503"):
        served.websocket()
    closing.kill()


def test_many_clients_leave_one_by_one(site: Any, io: Server) -> None:
    served: Site = site(io)
    left: list[float] = []
    io.on("disconnect", lambda socket, reason: left.append(time.monotonic()))
    many = 2 * FEW
    clients = [served.websocket() for _ in range(many)]
    sids = [client.connect() for client in clients]
    leaving = [spawn(client.wait_closed) for client in clients]
    order: list[str] = []
    io.on("disconnect", lambda socket, reason: order.append(socket.id))
    begun = time.monotonic()
    io.close(drain=30)
    took = time.monotonic() - begun
    assert many / RATE * 0.8 < took < many / RATE + 3  # as long as so many need, not as long as they may have
    moments = sorted(moment - begun for moment in left)
    assert len(moments) == many
    spread = many / RATE
    for share in (0.25, 0.5, 0.75):  # evenly, within a pause or two
        assert abs(moments[int(many * share)] - spread * share) < 0.25 * spread
    assert sorted(order) == sorted(sids)
    assert order != sids
    for greenlet in leaving:
        greenlet.get(timeout=5)


def test_many_clients_and_little_time(site: Any, io: Server) -> None:
    served: Site = site(io)
    clients = [served.websocket() for _ in range(FEW + 20)]
    for client in clients:
        client.connect()
    begun = time.monotonic()
    io.close(drain=0.3)
    assert time.monotonic() - begun < 1.5
    assert io.engine.sessions == {}


def test_a_second_close_cuts_the_first_short(site: Any, io: Server) -> None:
    served: Site = site(io)
    served.polling().connect()  # never asks again
    closing = spawn(io.close, drain=30)
    sleep(0.05)
    io.close()
    with Timeout(2):
        closing.get()
    assert io.engine.sessions == {}


def test_drain_in_a_handler(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)

    @io.on("shut down")
    def shut_down(socket: Any) -> None:
        io.close(drain=5)
        served.seen.put("closed")

    client = served.open(transport)
    client.connect()
    client.emit("shut down")
    client.wait_closed()
    assert served.next() == "closed"


@pytest.mark.parametrize("drain", [-1, "5", True, float("nan"), float("inf")])
def test_misuse(io: Server, drain: Any) -> None:
    with pytest.raises(ConfigurationError, match="drain is a number of seconds"):
        io.close(drain=drain)
