"""Small clients over raw sockets: every byte is the test's own choice."""

import json
import socket
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from gevent import socket as gevent_socket

from geventio.protocol.websocket import Opcode
from tests.protocol.websocket.client_frames import client_frame

Address = tuple[str, int]
Fields = Iterable[tuple[str, str]]

WEBSOCKET_HEADERS = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
POLLING = "/engine.io/?EIO=4&transport=polling"
WEBSOCKET = "/engine.io/?EIO=4&transport=websocket"


class Answer(NamedTuple):
    """An HTTP response; field names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class ConnectionLost(Exception):
    """The server closed the connection."""


class Closed(Exception):
    """The server sent a close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    """A connection and what has been read too far."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.sock.settimeout(5)
        self._buffer = b""

    @classmethod
    def to(cls, address: Address) -> "Connection":
        return cls(gevent_socket.create_connection(address))

    def take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._read()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def take_until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._read()
        taken, _, self._buffer = self._buffer.partition(end)
        return taken

    def _read(self) -> None:
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise ConnectionLost
        self._buffer += data

    def take_answer(self) -> Answer:
        lines = self.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        return Answer(status, headers, self.take(int(headers.get("content-length", 0))))

    def close(self) -> None:
        self.sock.close()

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def request_head(method: str, target: str, headers: Fields = (), length: int | None = None) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost:5000", *(f"{name}: {value}" for name, value in headers)]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class HTTPClient:
    """One kept-alive connection."""

    def __init__(self, address: Address) -> None:
        self.connection = Connection.to(address)

    def send(self, method: str, target: str, headers: Fields = (), body: bytes | None = None) -> None:
        length = None if body is None else len(body)
        self.connection.sock.sendall(request_head(method, target, headers, length) + (body or b""))

    def receive(self) -> Answer:
        return self.connection.take_answer()

    def request(self, method: str, target: str, headers: Fields = (), body: bytes | None = None) -> Answer:
        self.send(method, target, headers, body)
        return self.receive()

    def close(self) -> None:
        self.connection.close()

    def reset(self) -> None:
        self.connection.reset()


def ask(address: Address, method: str, target: str, headers: Fields = (), body: bytes | None = None) -> Answer:
    """One request over a connection of its own."""
    client = HTTPClient(address)
    try:
        return client.request(method, target, headers, body)
    finally:
        client.close()


def open_session(address: Address, query: str = "") -> str:
    """A new polling session's id."""
    answer = ask(address, "GET", POLLING + query)
    assert answer.status == 200
    return str(json.loads(answer.text[1:])["sid"])


class WebSocketClient(Connection):
    """A WebSocket connection after its handshake."""

    @classmethod
    def connect(
        cls, address: Address, target: str = WEBSOCKET, headers: Fields = (), early: bytes = b""
    ) -> "WebSocketClient":
        """Open one; *early* goes out in the same segment as the handshake."""
        client = cls(gevent_socket.create_connection(address))
        client.sock.sendall(request_head("GET", target, [*WEBSOCKET_HEADERS, *headers]) + early)
        client.handshake = client.take_answer()
        return client

    handshake: Answer | None = None

    def send(self, message: str | bytes) -> None:
        self.sock.sendall(frame(message))

    def send_raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> str | bytes:
        """The next message.

        :raises Closed: for a close frame.
        :raises ConnectionLost: for an end without one.
        """
        if self.handshake is None:
            self.handshake = self.take_answer()
        first, length = self.take(2)
        assert first & 0x80
        assert length < 128, "a server's frames are not masked"
        if length == 126:
            (length,) = struct.unpack("!H", self.take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.take(8))
        payload = self.take(length)
        opcode = first & 0x0F
        if opcode == Opcode.CLOSE:
            raise Closed(int.from_bytes(payload[:2], "big") if payload else 1005)
        if opcode == Opcode.PONG:
            return b"pong:" + payload
        return payload.decode() if opcode == Opcode.TEXT else payload

    def receive_open(self) -> dict[str, Any]:
        text = self.receive()
        assert isinstance(text, str)
        assert text[0] == "0"
        content: dict[str, Any] = json.loads(text[1:])
        return content

    def close_code(self) -> int:
        """Read until the close frame; 1006 when there is none."""
        try:
            while True:
                self.receive()
        except Closed as closed:
            return closed.code
        except ConnectionLost:
            return 1006


def frame(message: str | bytes) -> bytes:
    if isinstance(message, str):
        return client_frame(Opcode.TEXT, message.encode())
    return client_frame(Opcode.BINARY, message)


def drain_socket(connection: Connection) -> int:
    """Read until the end; returns how many bytes that was."""
    total = 0
    try:
        while data := connection.sock.recv(65536):
            total += len(data)
    except ConnectionError:
        pass
    return total
