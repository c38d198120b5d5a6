"""WebSocket: packets both ways, and every way in which it ends."""

from typing import Any

import gevent
import pytest

from tests.protocol.websocket.client_frames import CLOSE, PING, TEXT, client_frame, header
from tests.runtime.sockets import wait_for

from .client import (
    WEBSOCKET,
    WEBSOCKET_HEADERS,
    Closed,
    ConnectionLost,
    HTTPClient,
    WebSocketClient,
    frame,
    open_session,
    request_head,
)
from .conftest import Make


def test_websocket_messages_both_ways(serve: Make) -> None:
    noting = serve()
    noting.echo = True
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    for message in ("4", "4hällo", b"", b"\x00\xff", "4" + "x" * 70_000, b"y" * 70_000):
        client.send(message)
        assert client.receive() == message
    client.send("bAQI=")  # base64 is taken everywhere
    assert client.receive() == b"\x01\x02"
    client.close()


def test_a_websocket_that_cannot_read_binary(serve: Make) -> None:
    noting = serve()
    noting.echo = True
    client = WebSocketClient.connect(noting.address, WEBSOCKET + "&b64=1")
    client.receive_open()
    client.send(b"\x01\x02")
    assert client.receive() == "bAQI="
    client.send("4text")
    noting.last.session.send_messages(["a", b"\x01"])
    assert [client.receive() for _ in range(3)] == ["4a", "bAQ==", "4text"]
    client.close()


def test_frames_in_the_segment_of_the_handshake(serve: Make) -> None:
    noting = serve()
    noting.echo = True
    client = WebSocketClient.connect(noting.address, early=frame("4early") + frame(b"\x01") + frame("4third")[:5])
    client.receive_open()
    assert client.receive() == "4early"
    assert client.receive() == b"\x01"
    client.send_raw(frame("4third")[5:])
    assert client.receive() == "4third"
    client.close()


@pytest.mark.parametrize("garbage", [b"\xff" * 20, b"GET / HTTP/1.1\r\n\r\n", b"\x81\x05hello"])
def test_garbage_in_the_segment_of_the_handshake(serve: Make, garbage: bytes) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address, early=garbage)
    assert client.close_code() == 1002
    assert noting.closed()[0] == "transport error"
    with pytest.raises(ConnectionLost):
        client.receive()
    client.close()


@pytest.mark.parametrize("whole", [False, True])
def test_oversized_websocket_messages(serve: Make, whole: bool) -> None:
    noting = serve(max_http_buffer_size=1000)
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    if whole:
        client.send("4" + "x" * 1000)
    else:
        client.send_raw(header(TEXT, 2**62))
    assert client.close_code() == 1009
    assert noting.closed()[0] == "transport error"
    client.close()


@pytest.mark.parametrize("text", ["9x", "", "b!", "x"])
def test_undecodable_websocket_packets(serve: Make, text: str) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    client.send_raw(frame("4before") + frame(text) + frame("4after"))
    assert client.close_code() == 1005
    assert noting.closed()[0] == "parse error"
    assert noting.last.messages == ["before"]
    client.close()


def test_a_client_closes_its_websocket(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    client.send_raw(frame("4last") + client_frame(CLOSE, b"\x03\xe8bye"))
    assert client.close_code() == 1000
    assert noting.closed() == ("transport close", "")
    assert noting.last.messages == ["last"]
    with pytest.raises(ConnectionLost):
        client.receive()
    client.close()


def test_a_websocket_client_sends_a_close_packet(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    client.send("1")
    assert client.close_code() == 1005
    assert noting.closed() == ("transport close", "")
    client.close()


@pytest.mark.parametrize("packet", ["2", "2probe"])
def test_a_websocket_client_pings(serve: Make, packet: str) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    client.send_raw(frame("0") + frame("5") + frame("6") + frame(packet) + frame("4late"))
    assert client.close_code() == 1005
    assert noting.closed() == ("transport error", "invalid heartbeat direction")
    assert noting.last.messages == []
    client.close()


def test_a_websocket_is_reset(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    client.reset()
    assert noting.closed()[0] == "transport close"


def test_a_reset_found_by_sending(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    session = noting.last.session
    client.reset()
    for _ in range(1000):
        session.send("x" * 1000)
    reason, detail = noting.closed()
    assert reason == "transport close"
    assert detail != "send buffer full"


def test_websocket_pings_are_answered_at_bounded_cost(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    client.send_raw(client_frame(PING, b"?"))
    assert client.receive() == b"pong:?"
    flood = client_frame(PING, b"x" * 100) * 1000
    sender = gevent.spawn(client.send_raw, flood * 100)
    highest = 0
    while not sender.ready():
        highest = max(highest, noting.last.session.buffered)
        gevent.sleep(0.001)
    assert highest <= 1_100_000
    client.send("4alive")
    wait_for(lambda: noting.last.messages == ["alive"])
    client.close()


def test_a_refused_upgrade_that_is_reset(serve: Make) -> None:
    noting = serve()
    for number in range(30):
        client = HTTPClient(noting.address)
        client.connection.sock.sendall(request_head("GET", f"{WEBSOCKET}&sid=nobody{number}", WEBSOCKET_HEADERS))
        client.reset()
    gevent.sleep(0.02)
    assert open_session(noting.address)


def drain(client: WebSocketClient) -> list[Any]:
    got: list[Any] = []
    try:
        while True:
            got.append(client.receive())
    except (Closed, ConnectionLost) as end:
        got.append(end)
    return got


def test_a_goodbye_after_what_was_sent(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address)
    client.receive_open()
    session = noting.last.session
    for number in range(50):
        session.send(str(number))
    session.close()
    session.send("late")
    got = drain(client)
    assert got[:-1] == [f"4{number}" for number in range(50)]
    assert isinstance(got[-1], Closed)
    assert got[-1].code == 1005
    assert noting.closed() == ("forced close", "")
    client.close()
