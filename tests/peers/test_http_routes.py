"""The ordinary routes beside Socket.IO: keep-alive connections that carry both, chunked bodies, streams, pipelining."""

import json
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection

import pytest

from .server_process import ServerProcess

PATIENCE = 10.0  # seconds to wait for one thing
STREAM = "".join(f"line {position}\n" for position in range(20)).encode()


def tls_context(server: ServerProcess) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.certfile))


def connect(server: ServerProcess) -> HTTPConnection:
    """A connection that is never opened again: a server that closes it early fails the test."""
    if server.certfile is None:
        http = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    else:
        http = HTTPSConnection("127.0.0.1", server.port, timeout=PATIENCE, context=tls_context(server))
    http.connect()
    http.auto_open = 0
    return http


@pytest.fixture
def connection(running: ServerProcess) -> Iterator[HTTPConnection]:
    http = connect(running)
    yield http
    http.close()


def answer(connection: HTTPConnection, method: str, path: str, body: object = None, **options: object) -> bytes:
    connection.request(method, path, body, **options)  # type: ignore[arg-type]
    response = connection.getresponse()
    content = response.read()
    assert response.status == 200, (response.status, content)
    return content


def test_one_connection_carries_both(server: ServerProcess, connection: HTTPConnection) -> None:
    polling = "/socket.io/?EIO=4&transport=polling"
    for _ in range(2):
        assert answer(connection, "GET", "/") == b"an ordinary page"
        opened = answer(connection, "GET", polling)
        sid = json.loads(opened[1:])["sid"]
        session = f"{polling}&sid={sid}"
        assert answer(connection, "POST", "/echo", b"ordinary") == b"ordinary"
        assert answer(connection, "POST", session, "40") == b"ok"
        assert answer(connection, "GET", session).startswith(b'40{"sid":')
        chunks = iter([b"in ", b"", b"several ", b"chunks " * 5_000])
        echoed = answer(connection, "POST", "/echo", chunks, encode_chunked=True)
        assert echoed == b"in several " + b"chunks " * 5_000
        assert answer(connection, "GET", "/stream") == STREAM
        assert answer(connection, "POST", session, iter([b"4", b'20["ack one",1]']), encode_chunked=True) == b"ok"
        assert b"430[1]" in poll_until(connection, session, b"430")
        assert answer(connection, "POST", session, "1") == b"ok"


def poll_until(connection: HTTPConnection, session: str, wanted: bytes) -> bytes:
    """Poll until a packet that starts with `wanted` arrives; gives that payload."""
    while True:
        payload = answer(connection, "GET", session)
        if any(packet.startswith(wanted) for packet in payload.split(b"\x1e")):
            return payload


def test_a_waiting_poll_does_not_hold_up_the_others(server: ServerProcess, connection: HTTPConnection) -> None:
    opened = answer(connection, "GET", "/socket.io/?EIO=4&transport=polling")
    session = f"/socket.io/?EIO=4&transport=polling&sid={json.loads(opened[1:])['sid']}"
    connection.request("GET", session)
    other = connect(server)
    try:
        assert answer(other, "GET", "/") == b"an ordinary page"
        assert answer(other, "POST", session, "40") == b"ok"
    finally:
        other.close()
    assert connection.getresponse().read().startswith(b'40{"sid":')


def receive(sock: socket.socket) -> tuple[int, bytes]:
    """One response: its status and its body."""
    response = HTTPResponse(sock)
    response.begin()
    return response.status, response.read()


def test_expect_continue(server: ServerProcess, connection: HTTPConnection) -> None:
    sock = connection.sock
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    interim = b""
    while not interim.endswith(b"\r\n\r\n"):
        interim += sock.recv(1)
    assert interim.startswith(b"HTTP/1.1 100 ")
    sock.sendall(b"hello")
    assert receive(sock) == (200, b"hello")


def test_pipelined_ordinary_requests(server: ServerProcess, connection: HTTPConnection) -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\n"
    connection.sock.sendall(request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    received = b""
    while data := connection.sock.recv(65536):
        received += data
    assert received.count(b"HTTP/1.1 200 ") == 2
    assert received.count(b"an ordinary page") == 2


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET",
        b"GET /socket.io/?EIO=4",
        b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n",
        b"POST /socket.io/?EIO=4&transport=polling&sid=unknown HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n4",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"\x16\x03\x01\x00\xff not what the port speaks\r\n\r\n",
    ],
)
def test_early_closes_disturb_nobody(running: ServerProcess, connection: HTTPConnection, beginning: bytes) -> None:
    """What the WSGI server or Flask logs of their own requests is theirs; geventio logs no traceback."""
    running.new_log()
    with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE) as tcp:
        if running.certfile is None or b"not what" in beginning:
            tcp.sendall(beginning)
        else:
            with tls_context(running).wrap_socket(tcp, server_hostname="127.0.0.1") as tls:
                tls.sendall(beginning)
    assert answer(connection, "GET", "/") == b"an ordinary page"
    tracebacks = running.new_log().split("Traceback (most recent call last)")[1:]
    assert not [each for each in tracebacks if "/geventio/" in each and b"/echo" not in beginning]
