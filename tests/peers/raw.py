"""Peers without a client library: Engine.IO over plain HTTP requests and plain WebSocket messages."""

import contextlib
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPMessage
from typing import Any, NamedTuple

import websocket

PATIENCE = 5.0  # seconds to wait for one thing
SEPARATOR = "\x1e"


class Answer(NamedTuple):
    """What came back on a request."""

    status: int
    headers: HTTPMessage
    body: str

    @property
    def error(self) -> tuple[int, int, str]:
        """(status, code, message) of an Engine.IO error; another version of the protocol gets advice too."""
        content = json.loads(self.body)
        assert set(content) == ({"code", "message", "advice"} if content["code"] == 5 else {"code", "message"})
        return self.status, content["code"], content["message"]


class Closed(Exception):
    """The server has closed the WebSocket; `code` is 1005 for a close frame without one, 1006 without a close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Endpoint:
    """An Engine.IO endpoint: a port and a path."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.path = path

    def request(
        self, query: str, method: str = "GET", body: str | bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request on its own connection."""
        with self.pending(query, method, body, headers) as connection:
            return finish(connection)

    @contextlib.contextmanager
    def pending(
        self, query: str, method: str = "GET", body: str | bytes | None = None, headers: dict[str, str] | None = None
    ) -> Iterator[HTTPConnection]:
        """A request that is sent; `finish` waits for its answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            content = body.encode() if isinstance(body, str) else body
            connection.request(method, f"{self.path}?{query}", content, headers or {})
            yield connection
        finally:
            connection.close()

    def wait_gone(self, sid: str) -> None:
        """Wait until the session is unknown; asks with a method that disturbs no session."""
        deadline = time.monotonic() + PATIENCE
        while '"code":1,' not in self.request(f"EIO=4&transport=polling&sid={sid}", "PUT").body:
            assert time.monotonic() < deadline, "the session is still there"

    def open_polling(self) -> "PollingPeer":
        return PollingPeer(self)

    @contextlib.contextmanager
    def open_websocket(self, query: str = "EIO=4&transport=websocket", **options: Any) -> Iterator["WebSocketPeer"]:
        """A WebSocket; raises `websocket.WebSocketBadStatusException` when the server refuses it."""
        url = f"ws://127.0.0.1:{self.port}{self.path}?{query}"
        sock = websocket.create_connection(url, timeout=PATIENCE, **options)
        try:
            yield WebSocketPeer(sock)
        finally:
            sock.shutdown()


def finish(connection: HTTPConnection) -> Answer:
    """Wait for the answer to a pending request."""
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read().decode())


class PollingPeer:
    """A session over HTTP long-polling."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        answer = endpoint.request("EIO=4&transport=polling")
        assert answer.status == 200, answer
        assert answer.body[0] == "0"
        self.opened: dict[str, Any] = json.loads(answer.body[1:])
        self.sid = self.opened["sid"]
        self.query = f"EIO=4&transport=polling&sid={self.sid}"

    def get(self) -> Answer:
        return self.endpoint.request(self.query)

    def post(self, body: str | bytes, headers: dict[str, str] | None = None) -> Answer:
        return self.endpoint.request(self.query, "POST", body, headers)

    @contextlib.contextmanager
    def waiting_get(self) -> Iterator[HTTPConnection]:
        """A GET that the server is holding."""
        with self.endpoint.pending(self.query) as connection:
            self.endpoint.request("transport=none")  # when this is answered, the one before it has been read
            yield connection

    def assert_closed(self) -> None:
        assert self.get().error == (400, 1, "Session ID unknown")


class WebSocketPeer:
    """A WebSocket connection to the server; pings are answered and left out unless asked for."""

    def __init__(self, sock: websocket.WebSocket) -> None:
        self.sock = sock

    def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.sock.send(message)
        else:
            self.sock.send_binary(message)

    def receive(self, pings: bool = False) -> str | bytes:
        """The next message; raises `Closed`."""
        while True:
            try:
                opcode, data = self.sock.recv_data(control_frame=True)
            except websocket.WebSocketConnectionClosedException:
                raise Closed(1006) from None
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                raise Closed(int.from_bytes(data[:2], "big") if data else 1005)
            if opcode == websocket.ABNF.OPCODE_BINARY:
                return bytes(data)
            text = data.decode()
            if text != "2" or pings:
                return str(text)
            self.send("3")

    def receive_open(self) -> dict[str, Any]:
        """The open packet that comes first."""
        packet = self.receive()
        assert isinstance(packet, str)
        assert packet[0] == "0"
        content: dict[str, Any] = json.loads(packet[1:])
        return content

    def wait_closed(self) -> int:
        """The close code; messages before it are left out, and pings are not answered."""
        try:
            while True:
                self.receive(pings=True)
        except Closed as closed:
            return closed.code
