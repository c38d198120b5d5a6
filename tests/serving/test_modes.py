"""Every way of serving, with clients made of bytes: what comes early, what is large, who leaves, what is left."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from tests.peers.conftest import assert_no_trouble
from tests.peers.server_process import FULL_MODES, ServerProcess
from tests.protocol.websocket.compressed_frames import compress, inflate

from .running import POLLING, Client, get, handshake, importable_here, masked, post, wait_until

PLAIN_SOCKET = [mode for mode in FULL_MODES if mode != "serve-tls"]
ANSWERS_HANDSHAKES_ITSELF = ("gevent-websocket", "gunicorn-geventwebsocket")


@pytest.fixture(
    scope="module",
    params=[pytest.param(mode, marks=[] if mode == "serve" else pytest.mark.matrix) for mode in FULL_MODES],
)
def process(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]
) -> Iterator[ServerProcess]:
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with importable_here(), ServerProcess(request.param, "served:application", log_path, certificate) as server:
        yield server


class Visitor:
    """Opens connections to a server, and closes them."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.mode = server.mode
        self._clients: list[Client] = []

    def connect(self) -> Client:
        self._clients.append(Client(self.server.port, certfile=self.server.certfile))
        return self._clients[-1]

    def state(self) -> dict[str, Any]:
        client = self.connect()
        client.send(get("/state", "Connection: close\r\n"))
        status, _, body = client.response()
        client.close()
        assert status == 200
        state: dict[str, Any] = json.loads(body)
        return state

    def open_polling(self, client: Client) -> str:
        client.send(get(POLLING))
        status, _, body = client.response()
        assert status == 200, body
        return f"{POLLING}&sid={json.loads(body[1:])['sid']}"

    def open_websocket(self) -> Client:
        client = self.connect()
        client.send(handshake())
        assert client.response(head_only=True)[0] == 101
        assert client.frame()[1][:1] == b"0"
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()


@pytest.fixture
def visitor(process: ServerProcess) -> Iterator[Visitor]:
    visitor = Visitor(process)
    yield visitor
    visitor.close()
    assert_no_trouble(process)


def end(client: Client) -> None:
    """The WebSocket close handshake."""
    client.send(masked(8, b"\x03\xe8"))
    assert client.frame()[0] == 8


def test_polling(visitor: Visitor) -> None:
    client = visitor.connect()
    target = visitor.open_polling(client)
    big = "b" + "A" * 300_000
    for message, answer in (("4hello", "4hello"), (big, big), ("4" + "é" * 150_000, "4" + "é" * 150_000)):
        client.send(post(target, message.encode()))
        assert client.response()[2] == b"ok"
        client.send(get(target))
        assert client.response()[2].decode() == answer
    client.send(post(target, b"1"))
    assert client.response()[2] == b"ok"


def test_websocket_with_frames_in_the_segment_of_the_handshake(visitor: Visitor) -> None:
    client = visitor.connect()
    client.send(handshake() + masked(1, b"4one") + masked(2, b"\x01two") + masked(1, b"4three")[:4])
    assert client.response(head_only=True)[0] == 101
    assert client.frame()[1][:1] == b"0"
    assert [client.frame(), client.frame()] == [(1, b"4one"), (2, b"\x01two")]
    client.send(masked(1, b"4three")[4:])
    assert client.frame() == (1, b"4three")
    big = b"4" + b"x" * 300_000
    for _ in range(3):
        client.send(masked(1, big))
    assert [client.frame() for _ in range(3)] == [(1, big)] * 3
    end(client)
    assert client.ended()


def test_upgrade(visitor: Visitor) -> None:
    polling, websocket = visitor.connect(), visitor.connect()
    target = visitor.open_polling(polling)
    polling.send(post(target, b"4first"))
    assert polling.response()[2] == b"ok"
    polling.send(get(target))
    assert polling.response()[2] == b"4first"
    polling.send(get(target))
    websocket.send(handshake(target.replace("polling", "websocket")) + masked(1, b"2probe"))
    assert websocket.response(head_only=True)[0] == 101
    assert websocket.frame() == (1, b"3probe")
    assert polling.response()[2] == b"6"
    websocket.send(masked(1, b"5") + masked(1, b"4second"))
    assert websocket.frame() == (1, b"4second")
    end(websocket)


@pytest.mark.parametrize("upgraded", [False, True])
def test_compression(visitor: Visitor, upgraded: bool) -> None:
    client = visitor.connect()
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    if upgraded:
        target = visitor.open_polling(visitor.connect()).replace("polling", "websocket")
        client.send(handshake(target, offer) + masked(1, b"2probe"))
    else:
        client.send(handshake(extra=offer))
    _, fields, _ = client.response(head_only=True)
    agreed = fields.get("sec-websocket-extensions", "")
    # Who answers the handshake in our place agrees on nothing, so nothing may be compressed.
    assert bool(agreed) is (visitor.mode not in ANSWERS_HANDSHAKES_ITSELF)
    assert client.frame()[1][:1] == (b"3" if upgraded else b"0")
    if upgraded:
        client.send(masked(1, b"5"))
    long = b"4" + b"long " * 2_000
    compressed = 0x40 if agreed else 0
    for _ in range(2):
        client.send(masked(1 | compressed, compress(long) if agreed else long))
        opcode, payload = client.frame()
        assert opcode == 1
        assert (inflate(payload) if agreed else payload) == long
    end(client)


def test_a_refused_handshake(visitor: Visitor) -> None:
    client = visitor.connect()
    client.send(handshake("/engine.io/?EIO=4&transport=websocket&sid=unknown"))
    status, _, body = client.response(head_only=visitor.mode in ANSWERS_HANDSHAKES_ITSELF)
    if visitor.mode in ANSWERS_HANDSHAKES_ITSELF:
        assert status == 101
        assert client.frame() == (8, (1008).to_bytes(2, "big") + b"Session ID unknown")
        client.send(masked(8, b"\x03\xf0") + get("/smuggled"))
    else:
        assert (status, body) == (400, b"Session ID unknown")
    assert client.ended()
    assert "smuggled" not in visitor.server.log()


def test_resets_during_a_refused_handshake(visitor: Visitor) -> None:
    for number in range(40):
        client = visitor.connect()
        client.send(handshake(f"/engine.io/?EIO=4&transport=websocket&sid=unknown{number}"))
        gevent.sleep(0.001 * (number % 3))
        client.reset()
    assert visitor.state()


def test_a_client_that_leaves_a_waiting_get(visitor: Visitor) -> None:
    if visitor.mode not in PLAIN_SOCKET:
        return  # nothing tells of it but the heartbeat
    client = visitor.connect()
    target = visitor.open_polling(client)
    before = visitor.state()["closed"]
    client.send(get(target))
    gevent.sleep(0.1)
    client.close()
    wait_until(lambda: visitor.state()["closed"] == [*before, "transport error"])


def test_a_websocket_leaves_no_greenlet_and_no_descriptor(visitor: Visitor) -> None:
    visitor.state()
    end(visitor.open_websocket())
    before = visitor.state()
    clients = [visitor.open_websocket() for _ in range(20)]
    during = visitor.state()
    if visitor.mode in PLAIN_SOCKET:
        assert during["greenlets"] <= before["greenlets"] + 2
    assert during["descriptors"] == before["descriptors"] + 20
    for client in clients:
        client.close()
    wait_until(lambda: visitor.state()["descriptors"] <= before["descriptors"])
    wait_until(lambda: visitor.state()["greenlets"] <= before["greenlets"] + 2)


def test_an_announced_oversize_body(visitor: Visitor) -> None:
    client = visitor.connect()
    target = visitor.open_polling(client)
    before = visitor.state()["greenlets"]
    client.send(f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 40}\r\n\r\n")
    client.send(b"x" * 1000)
    assert client.response()[0] == 413
    client.close()
    wait_until(lambda: visitor.state()["greenlets"] <= before + 2)


def test_a_chunked_oversize_body(visitor: Visitor) -> None:
    client = visitor.connect()
    target = visitor.open_polling(client)
    client.send(f"POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send(b"%x\r\n" % (1 << 40) + b"x" * 600_000)
    assert client.response()[0] == 413
    client.close()


def test_slow_bodies(visitor: Visitor) -> None:
    before = visitor.state()["greenlets"]
    for extra in ("Content-Length: 500\r\n", "Transfer-Encoding: chunked\r\n"):
        client = visitor.connect()
        target = visitor.open_polling(client)
        client.send(f"POST {target} HTTP/1.1\r\nHost: x\r\n{extra}\r\n1")
        assert client.response()[0] == 408
        client.close()
    wait_until(lambda: visitor.state()["greenlets"] <= before + 2)


def test_noise_on_the_port(visitor: Visitor) -> None:
    if visitor.mode == "gunicorn-gevent_pywsgi":
        return  # its own access log fails on requests that are none
    for noise in (b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100):
        with gevent.socket.create_connection(("127.0.0.1", visitor.server.port)) as sock:
            sock.sendall(noise)
            gevent.sleep(0.02)
    assert visitor.state()


def test_stops_with_open_connections(process: ServerProcess) -> None:
    visitor = Visitor(process)
    polling = visitor.connect()
    visitor.open_websocket()
    polling.send(get(visitor.open_polling(polling)))
    gevent.sleep(0.1)
    process.restart()
    assert_no_trouble(process)
    visitor.close()
    assert visitor.state()["sessions"] == 0
    visitor.close()
