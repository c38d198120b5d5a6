"""Every way of serving: middlewares and header hooks in front of the engine, and the client's files."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.conftest import assert_no_trouble
from tests.peers.server_process import FULL_MODES, ServerProcess

from .hooked import CLIENT
from .running import Client, get, handshake, importable_here, masked, post, wait_until

POLLING = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
USER = "X-User: ann\r\n"
ANSWERS_HANDSHAKES_ITSELF = ("gevent-websocket", "gunicorn-geventwebsocket")


@pytest.fixture(
    scope="module",
    params=[pytest.param(mode, marks=[] if mode == "serve" else pytest.mark.matrix) for mode in FULL_MODES],
)
def process(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]
) -> Iterator[ServerProcess]:
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with importable_here(), ServerProcess(request.param, "hooked:application", log_path, certificate) as server:
        yield server


@pytest.fixture
def clients(process: ServerProcess) -> Iterator["Clients"]:
    clients = Clients(process)
    yield clients
    clients.close()
    if not clients.trouble:
        assert_no_trouble(process)


class Clients:
    """Opens connections to the server, and closes them."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.trouble = False
        """Whether the test makes the application fail."""
        self._open: list[Client] = []

    def connect(self) -> Client:
        self._open.append(Client(self.server.port, certfile=self.server.certfile))
        return self._open[-1]

    def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        client = self.connect()
        client.send(request)
        return client.response(head_only=request.startswith(b"HEAD"))

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.ask(get("/state"))[2])
        return state

    def close(self) -> None:
        for client in self._open:
            client.close()


def test_polling_and_upgrade(clients: Clients) -> None:
    polling, websocket = clients.connect(), clients.connect()
    polling.send(get(POLLING, USER))
    status, fields, body = polling.response()
    assert (status, fields["set-cookie"], fields["x-served-for"]) == (200, "seen=ann", "ann")
    target = f"{POLLING}&sid={json.loads(body[1:])['sid']}"
    polling.send(post(target, b"40", USER))
    status, fields, body = polling.response()
    assert (status, body, fields["set-cookie"], fields["x-served-for"]) == (200, b"ok", "seen=ann", "ann")
    polling.send(get(target, USER))
    status, fields, body = polling.response()
    assert b'42["welcome","ann"]' in body
    assert (fields["set-cookie"], fields["content-length"]) == ("seen=ann", str(len(body)))
    polling.send(get(target, USER))
    websocket.send(handshake(target.replace("polling", "websocket"), USER) + masked(1, b"2probe"))
    status, fields, _ = websocket.response(head_only=True)
    assert status == 101
    if clients.server.mode not in ANSWERS_HANDSHAKES_ITSELF:
        assert (fields["set-cookie"], fields["x-served-for"]) == ("seen=ann", "ann")
    assert websocket.frame() == (1, b"3probe")
    assert polling.response()[2] == b"6"
    websocket.send(masked(1, b"5") + masked(1, b'42["ack?"]'))
    wait_until(lambda: clients.state()["conns"].get("upgrade websocket") == 1)
    websocket.send(masked(8, b"\x03\xe8"))
    assert websocket.frame()[0] == 8
    wait_until(lambda: clients.state()["conns"].get("close transport close") == 1)


def test_websocket_with_frames_in_the_segment_of_the_handshake(clients: Clients) -> None:
    client = clients.connect()
    client.send(handshake(WEBSOCKET, USER) + masked(1, b"40"))
    status, fields, _ = client.response(head_only=True)
    assert status == 101
    if clients.server.mode not in ANSWERS_HANDSHAKES_ITSELF:
        assert (fields["set-cookie"], fields["x-served-for"]) == ("seen=ann", "ann")
    assert client.frame()[1].startswith(b'0{"sid":')
    assert client.frame()[1].startswith(b'40{"sid":')
    assert client.frame() == (1, b'42["welcome","ann"]')
    client.send(masked(8, b"\x03\xe8"))
    assert client.frame()[0] == 8
    assert client.ended()


def test_who_is_refused(clients: Clients) -> None:
    before = clients.state()["sessions"]
    status, fields, body = clients.ask(get(POLLING))
    assert (status, body) == (401, b"who are you?")
    assert "x-served-for" not in fields
    client = clients.connect()
    client.send(handshake(WEBSOCKET))
    status, _, body = client.response(head_only=clients.server.mode in ANSWERS_HANDSHAKES_ITSELF)
    if clients.server.mode in ANSWERS_HANDSHAKES_ITSELF:
        assert client.frame() == (8, (1008).to_bytes(2, "big") + b"who are you?")
    else:
        assert (status, body) == (401, b"who are you?")
    assert clients.state()["sessions"] == before


def test_a_middleware_that_fails(clients: Clients) -> None:
    clients.trouble = True
    status, _, body = clients.ask(get(POLLING, "X-User: trouble\r\n"))
    assert (status, json.loads(body)) == (400, {"code": 3, "message": "Bad request"})
    wait_until(lambda: clients.state()["errors"].get("MIDDLEWARE_FAILURE") == 1)
    log = clients.server.new_log()
    assert log.count("a middleware of the engine failed") == 1
    assert log.count("Traceback (most recent call last)") == 1


def test_the_clients_files(clients: Clients) -> None:
    """Without a user: no middleware stands before them."""
    script = (CLIENT / "socket.io.min.js").read_bytes()
    client = clients.connect()
    client.send(get("/socket.io/socket.io.min.js"))
    status, fields, body = client.response()
    assert (status, body) == (200, script)
    assert fields["content-type"] == "application/javascript; charset=utf-8"
    assert "x-served-for" not in fields
    client.send(get("/socket.io/socket.io.min.js", f"If-None-Match: {fields['etag']}\r\n"))
    assert client.response()[0] == 304
    client.send(get("/socket.io/socket.io.min.js", "Accept-Encoding: gzip\r\n"))  # the connection is still in step
    status, fields, body = client.response()
    assert (status, fields["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(body) == script
    client.send(get("/socket.io/socket.io.min.js").replace(b"GET", b"HEAD"))
    status, fields, _ = client.response(head_only=True)
    assert (status, fields["content-length"]) == (200, str(len(script)))
    client.send(get("/state"))
    assert client.response()[0] == 200
    assert clients.ask(get("/socket.io/../hooked.py"))[0] in (400, 401, 404)
    assert clients.ask(get("/socket.io/%2e%2e/package.json"))[0] == 401
