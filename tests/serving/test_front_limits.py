"""Slow, silent, greedy and vanishing clients: what they get, and that they cost and leave nothing."""

import logging

import gevent
import pytest
from gevent import socket

from geventio.engineio.engine import Engine
from geventio.front_connection import FrontConnection

from .running import (
    BODY_TIMEOUT,
    POLLING,
    Client,
    Running,
    get,
    greenlets,
    handshake,
    masked,
    post,
    running,
    wait_until,
)


def at_the_door(house: Running) -> set[FrontConnection]:
    return house.server._door.connections


def test_silent_connections_cost_no_greenlet(house: Running) -> None:
    house.open_polling()
    before = greenlets()
    clients = [house.connect() for _ in range(1000)]
    wait_until(lambda: len(at_the_door(house)) == 1001)
    assert greenlets() == before
    for client in clients[::50]:
        client.send(get(POLLING))
        assert client.response()[0] == 200
    for client in clients:
        client.close()
    wait_until(lambda: len(at_the_door(house)) == 1)


@pytest.mark.parametrize("start", [b"G", b"GET /eng", b"GET /engine.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nX: "])
def test_slow_heads_are_cut_and_cost_no_greenlet(house: Running, start: bytes) -> None:
    house.open_polling()
    before = greenlets()
    clients = [house.connect() for _ in range(50)]
    for client in clients:
        client.send(start)
    gevent.sleep(BODY_TIMEOUT / 2)
    if b"\r" in start:
        for client in clients:
            client.send(b"y")
    assert greenlets() <= before
    with gevent.Timeout(BODY_TIMEOUT + 2):
        for client in clients:
            if b"\r" in start:
                assert client.response()[0] == 408
            assert client.ended()


def test_slow_bodies_are_cut_and_cost_no_greenlet(house: Running) -> None:
    targets = [house.open_polling() for _ in range(20)]
    before = greenlets()
    clients = [house.connect() for _ in targets]
    for client, target in zip(clients, targets, strict=True):
        client.send(post(target, b"4" * 500)[:-400])
    gevent.sleep(BODY_TIMEOUT / 2)
    assert greenlets() <= before
    for client in clients:
        assert client.response()[0] == 408
        assert client.ended()
    wait_until(lambda: house.closed == ["transport error"] * len(targets))
    assert house.engine.sessions == {}


def test_a_body_that_keeps_coming_is_not_cut(house: Running) -> None:
    target = house.open_polling()
    client = house.connect()
    body = b"4" + b"x" * 4000
    client.send(post(target, body)[: -len(body)])
    for position in range(0, len(body), 500):  # 5,000 bytes per second, for longer than the timeout
        client.send(body[position : position + 500])
        gevent.sleep(0.1)
    assert client.response()[2] == b"ok"
    wait_until(lambda: house.messages == ["x" * 4000])


def test_a_large_body_in_many_reads(house: Running) -> None:
    target = house.open_polling()
    client = house.connect()
    client.send(post(target, b"4" + b"y" * 900_000))
    assert client.response()[2] == b"ok"
    wait_until(lambda: house.messages == ["y" * 900_000])


@pytest.mark.parametrize("pieces", [1, 20])
def test_a_head_of_100_kb(house: Running, pieces: int) -> None:
    head = get(POLLING, "".join(f"X-{n}: {'v' * 1000}\r\n" for n in range(100)))
    client = house.connect()
    size = len(head) // pieces
    gevent.spawn(lambda: [client.send(head[n : n + size]) or gevent.sleep(0) for n in range(0, len(head), size)])
    assert client.response()[0] == 431
    assert client.ended()


def test_an_oversize_post_hears_413_while_it_sends(house: Running) -> None:
    target = house.open_polling()
    client = house.connect()
    client.send(f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 62}\r\n\r\n")
    sent = 0
    while sent < 20_000_000:
        client.send(b"x" * 100_000)
        sent += 100_000
        gevent.sleep(0)
        if sent == 5_000_000:
            break
    assert client.response()[0] == 413
    assert client.ended()
    assert house.app.seen == []


@pytest.mark.parametrize(
    "start",
    [
        b"", b"GE", b"GET /engine.io/?EIO", get(POLLING)[:-20], get("/page")[:9], get("/page")[:-4],
        b"POST /form HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        get(POLLING), get("/page"), handshake(), handshake() + b"\x81", handshake() + masked(1, b"4x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", ["close", "reset"])
def test_early_ends(house: Running, start: bytes, how: str) -> None:
    for delay in (0, 0.01):
        client = house.connect()
        client.send(start)
        gevent.sleep(delay)
        getattr(client, how)()
    wait_until(lambda: not at_the_door(house))


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_a_waiting_get(house: Running, how: str) -> None:
    client = house.connect()
    target = house.open_polling(client)
    client.send(get(target))
    gevent.sleep(0.05)
    assert len(house.engine.sessions) == 1
    getattr(client, how)()
    wait_until(lambda: house.closed == ["transport error"])


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_within_a_post(house: Running, how: str) -> None:
    target = house.open_polling()
    client = house.connect()
    client.send(post(target, b"4hello")[:-3])
    gevent.sleep(0.05)
    getattr(client, how)()
    wait_until(lambda: house.closed == ["transport error"])


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_a_kept_alive_connection_after_a_page(house: Running, how: str) -> None:
    for delay in (0, 0, 0, 0.01):
        client = house.connect()
        client.send(get("/page"))
        if delay:
            client.response()
        else:
            gevent.sleep(0)
            gevent.sleep(0)
        getattr(client, how)()
        gevent.sleep(delay)
    wait_until(lambda: not at_the_door(house))


def test_resets_during_refused_upgrades(house: Running) -> None:
    for number in range(200):
        client = house.connect()
        client.send(handshake(f"/engine.io/?EIO=4&transport=websocket&sid=unknown{number}"))
        gevent.sleep(0 if number % 2 else 0.001)
        client.reset()
    wait_until(lambda: not at_the_door(house))
    house.open_polling()


def test_a_slow_reader_gets_a_long_response(house: Running) -> None:
    client = house.connect()
    target = house.open_polling(client)
    (session,) = house.engine.sessions.values()
    big = "z" * 900_000
    for _ in range(6):
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", house.port))
        slow.sendall(get(target))
        session.send(big)
        gevent.sleep(0.01)
        received = b""
        while len(received) < len(big):
            received += slow.recv(50_000)
            gevent.sleep(0)
        assert received.endswith(b"4" + big.encode())
        slow.close()


class Hooked:
    """Decides about handshakes when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.decided = gevent.event.Event()

    def __call__(self, environ: dict[str, object]) -> bool:
        self.asked += 1
        self.decided.wait(5)
        return True


@pytest.mark.parametrize("request_", [get(POLLING), handshake()], ids=["polling", "websocket"])
@pytest.mark.parametrize("how", ["close", "reset", "stop"])
def test_a_client_that_leaves_while_the_application_decides(
    request_: bytes, how: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    hook = Hooked()
    with running(engine=Engine(allow_request=hook, ping_interval=0.1, ping_timeout=0.1)) as house:
        client = house.connect()
        client.send(request_)
        wait_until(lambda: hook.asked)
        if how == "stop":
            house.server.stop()
        else:
            getattr(client, how)()
        gevent.sleep(0.02)
        hook.decided.set()
        wait_until(lambda: not at_the_door(house))
        if how == "stop":
            client.close()
        wait_until(lambda: not house.engine.sessions)
    assert "Traceback" not in capfd.readouterr().err
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_stop_with_open_connections(capfd: pytest.CaptureFixture[str]) -> None:
    with running() as house:
        idle, waiting, posting, page, slow = (house.connect() for _ in range(5))
        target = house.open_polling(waiting)
        waiting.send(get(target))
        posting.send(post(house.open_polling(), b"4hello")[:-3])
        page.send(get("/page")[:-2])
        slow.send(b"GET /eng")
        websocket = house.connect()
        websocket.send(handshake())
        websocket.response(head_only=True)
        websocket.frame()
        gevent.sleep(0.05)
        house.server.stop()
        for client in (idle, waiting, posting, slow):
            assert client.ended()
        assert at_the_door(house) == set()
        websocket.send(masked(1, b"4still"))  # as with pywsgi, what has been accepted lives on
        assert websocket.frame() == (1, b"4still")
        page.send(b"\r\n")
        assert page.response()[0] == 200
        assert page.ended()
        with pytest.raises(ConnectionRefusedError):
            Client(house.port)
    assert "Traceback" not in capfd.readouterr().err


def long_response(house: Running) -> Client:
    """A client to which a response is on its way that no buffer of the kernel holds."""
    client = house.connect()
    target = house.open_polling(client)
    (session,) = house.engine.sessions.values()
    client.send(get(target))
    gevent.sleep(0.01)
    session.send("x" * 12_000_000)
    wait_until(lambda: any(connection._writer for connection in at_the_door(house)))
    return client


def test_a_reader_that_stalls_is_cut(house: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geventio.response_writer.STALLED", 0.1)
    client = long_response(house)
    wait_until(lambda: not at_the_door(house))
    client.close()


def test_a_response_on_its_way_survives_the_end_of_the_server(house: Running) -> None:
    client = long_response(house)
    house.server.stop()
    assert client.response()[2] == b"4" + b"x" * 12_000_000
    assert client.ended()
    assert at_the_door(house) == set()


def test_a_reader_that_leaves(house: Running) -> None:
    long_response(house).reset()
    wait_until(lambda: not at_the_door(house))
