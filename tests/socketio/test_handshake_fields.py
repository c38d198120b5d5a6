"""What a socket knows of how its client came."""

import time
from datetime import datetime, timezone
from typing import Any

from site_under_test import Site

from geventio import Handshake, Server


def test_the_fields(site: Any, transport: str) -> None:
    io = Server(cors_allowed_origins="https://example.org")
    admin = io.of("/admin")
    served: Site = site(io)
    before = time.time()
    headers = [("Origin", "https://example.org"), ("Cookie", "a=b"), ("X-Trace", "1")]
    client = getattr(served, transport)("&token=first&token=se%20cond&empty=", headers)
    auth = {"token": "secret", "nested": {"a": [1, None]}}
    socket = io.root.sockets[client.connect(auth=auth)]
    handshake = socket.handshake
    assert isinstance(handshake, Handshake)
    assert handshake.auth == auth
    assert before <= handshake.issued <= time.time()
    assert handshake.time == datetime.fromtimestamp(handshake.issued, timezone.utc)
    assert handshake.headers["x-trace"] == "1"
    assert handshake.headers["cookie"] == "a=b"
    assert handshake.query == {"EIO": "4", "transport": transport, "token": "se cond", "empty": ""}
    assert handshake.url == f"/socket.io/?EIO=4&transport={transport}&token=first&token=se%20cond&empty="
    assert handshake.address == "127.0.0.1"
    assert handshake.secure is False
    assert handshake.xdomain is True
    environ = handshake.environ
    assert environ["PATH_INFO"] == "/socket.io/"
    assert environ["QUERY_STRING"].startswith("EIO=4&")
    assert environ["HTTP_COOKIE"] == "a=b"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.input"].read() == b""
    assert environ is not handshake.environ
    assert socket.conn.transport.name == transport
    assert socket.data is socket.data
    assert socket.data == {}

    other = admin.sockets[client.connect("/admin")].handshake
    assert other.auth == {}
    assert other.issued >= handshake.issued
    assert other.url == handshake.url
    plain = served.open(transport)
    assert io.root.sockets[plain.connect()].handshake.xdomain is False
