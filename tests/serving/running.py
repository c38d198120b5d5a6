"""A server of ours in this process, whose application notes all that it sees, and clients made of bytes."""

import gc
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket, ssl
from gevent.pywsgi import WSGIServer
from greenlet import greenlet

from geventio import EngineIOMiddleware
from geventio.engineio.engine import Engine
from geventio.serving import make_server

PATIENCE = 5.0  # seconds to wait for one thing
BODY_TIMEOUT = 0.3
POLLING = "/engine.io/?EIO=4&transport=polling"


@contextmanager
def importable_here() -> Iterator[None]:
    """The applications beside this file can be imported by the processes that are started meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        yield


class App:
    """A WSGI application that notes the requests it gets, with their bodies."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        try:
            body = environ["wsgi.input"].read()
        except OSError:  # the client has gone
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], body))
        reply = b"app:" + environ["PATH_INFO"].encode("latin-1") + b":" + body
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(reply)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply]


class Client:
    """One connection, of which the test writes and reads the bytes."""

    def __init__(self, port: int, host: str = "127.0.0.1", certfile: Path | None = None) -> None:
        self.sock: Any = socket.create_connection((host, port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if certfile is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(certfile)
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        self._file = self.sock.makefile("rb")

    def send(self, data: str | bytes) -> None:
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def send_pieces(self, *pieces: bytes) -> None:
        """Each piece in a segment of its own, read by the server before the next one leaves."""
        for piece in pieces:
            self.send(piece)
            gevent.sleep(0.002)  # the hub looks at its sockets only when it has to wait

    def response(self, *, head_only: bool = False) -> tuple[int, dict[str, str], bytes]:
        """The next response: status, fields, body."""
        line = self._file.readline()
        if not line:
            raise EOFError
        status = int(line.split()[1])
        fields: dict[str, str] = {}
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._file.readline(), 16):
                body += self._file.read(size)
                self._file.readline()
            self._file.readline()
            return status, fields, body
        length = 0 if head_only else int(fields.get("content-length", "0"))
        return status, fields, self._file.read(length)

    def frame(self) -> tuple[int, bytes]:
        """The next WebSocket frame: opcode and payload."""
        first, second = self._file.read(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", self._file.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._file.read(8))
        return first & 15, self._file.read(length)

    def ended(self) -> bool:
        """Whether the server has closed; waits for it, and fails when something else comes."""
        try:
            rest = self._file.read()
        except ConnectionResetError:
            return True
        assert rest == b"", rest
        return True

    def reset(self) -> None:
        """End with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._file.close()
        self.sock.close()


class Running:
    """An Engine.IO echo server and :class:`App` behind one door."""

    def __init__(self, server: WSGIServer, engine: Engine, app: App) -> None:
        self.server = server
        self.engine = engine
        self.app = app
        self.messages: list[Any] = []
        self.closed: list[str] = []
        self._clients: list[Client] = []

        @engine.on("connection")
        def connected(socket: Any) -> None:
            socket.on("message", self.messages.append)
            socket.on("message", socket.send)
            socket.on("close", self.closed.append)

    @property
    def port(self) -> int:
        return int(self.server.address[1])

    def connect(self, host: str = "127.0.0.1") -> Client:
        client = Client(self.port, host)
        self._clients.append(client)
        return client

    def open_polling(self, client: Client | None = None) -> str:
        """The target of a new session's requests."""
        client = client or self.connect()
        client.send(f"GET {POLLING} HTTP/1.1\r\nHost: x\r\n\r\n")
        status, _, body = client.response()
        assert status == 200, body
        sid = body.split(b'"sid":"')[1].split(b'"')[0].decode()
        return f"{POLLING}&sid={sid}"

    def close_clients(self) -> None:
        for client in self._clients:
            client.close()


@contextmanager
def running(app: Any = None, engine: Engine | None = None, wrap: Any = None, **options: Any) -> Iterator[Running]:
    """Serves through the front door unless *wrap*, a WSGI middleware, stands before it."""
    engine = engine or Engine(body_timeout=BODY_TIMEOUT, **options)
    app = app if app is not None else App()
    middleware = EngineIOMiddleware(engine, app)
    server = make_server(wrap(middleware) if wrap else middleware, ("127.0.0.1", 0))
    server.error_log = sys.__stderr__  # pytest closes what it puts in the place of sys.stderr
    server.start()
    house = Running(server, engine, app)
    try:
        yield house
    finally:
        house.close_clients()
        engine.close()
        server.stop()


def greenlets() -> int:
    """Greenlets that are alive, idle workers included."""
    gc.collect()
    return sum(1 for thing in gc.get_objects() if isinstance(thing, greenlet) and not thing.dead and thing)


def wait_until(condition: Callable[[], Any]) -> None:
    with gevent.Timeout(PATIENCE):
        while not condition():
            gevent.sleep(0.01)


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame, with the mask 0."""
    if len(payload) < 126:
        head = bytes([0x80 | opcode, 0x80 | len(payload)])
    elif len(payload) < 65536:
        head = bytes([0x80 | opcode, 0x80 | 126]) + struct.pack(">H", len(payload))
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + struct.pack(">Q", len(payload))
    return head + b"\0\0\0\0" + payload


def handshake(target: str = "/engine.io/?EIO=4&transport=websocket", extra: str = "", version: str = "1.1") -> bytes:
    """A WebSocket handshake."""
    return (
        f"GET {target} HTTP/{version}\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extra}\r\n"
    ).encode()


def get(target: str, extra: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode()


def post(target: str, body: bytes, extra: str = "") -> bytes:
    return f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body
