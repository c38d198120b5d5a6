"""Servers without gevent, in threads of this process: a clear refusal, and nothing hangs or is left behind."""

import logging
import os
import socketserver
import threading
import time
import wsgiref.simple_server
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
import werkzeug.serving

from geventio import Server, SocketIOMiddleware

from .running import handshake


class QuietHandler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """To nowhere."""


class ThreadingServer(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"an ordinary page"]


@pytest.fixture(params=["werkzeug", "werkzeug threaded", "wsgiref", "wsgiref threaded"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    app: Any = SocketIOMiddleware(Server(), page)
    if request.param.startswith("werkzeug"):
        server: Any = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=request.param.endswith("threaded"))
    else:
        kind = ThreadingServer if request.param.endswith("threaded") else wsgiref.simple_server.WSGIServer
        server = kind(("127.0.0.1", 0), QuietHandler)
        server.set_app(app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
        assert not thread.is_alive()


def fetch(port: int, method: str, target: str, body: bytes | None = None, headers: Any = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, target, body, headers or {})
    response = connection.getresponse()
    try:
        return response.status, response.read()
    finally:
        connection.close()


def test_an_unfit_server_says_so(port: int, caplog: pytest.LogCaptureFixture) -> None:
    polling = "/socket.io/?EIO=4&transport=polling"
    fields = dict(line.split(": ") for line in handshake().decode().split("\r\n")[1:] if line)
    for method, target, body, headers in (
        ("GET", polling, None, None),
        ("POST", polling + "&sid=x", b"40", None),
        ("OPTIONS", polling, None, {"Origin": "http://x"}),
        ("GET", polling.replace("polling", "websocket"), None, fields),
    ):
        status, answer = fetch(port, method, target, body, headers)
        assert status == 501
        for remedy in (b"geventio.serve()", b"gunicorn -k gevent", b"gevent.pywsgi.WSGIServer"):
            assert remedy in answer
        assert fetch(port, "GET", "/page") == (200, b"an ordinary page")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "gunicorn -k gevent" in record.getMessage()


def test_nothing_is_left_behind(port: int) -> None:
    fetch(port, "GET", "/socket.io/?EIO=4&transport=polling")
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        assert fetch(port, "GET", "/socket.io/?EIO=4&transport=polling")[0] == 501
    deadline = time.monotonic() + 5  # the server's threads close their connections after the client has its answer
    while len(os.listdir("/proc/self/fd")) > descriptors + 2 or threading.active_count() > threads + 1:
        assert time.monotonic() < deadline, (os.listdir("/proc/self/fd"), threading.enumerate())
        time.sleep(0.01)
