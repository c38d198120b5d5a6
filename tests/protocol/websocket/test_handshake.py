"""Which requests open a WebSocket, and how the others are answered."""

import base64
import contextlib
import time

import pytest

from geventio.exceptions import GeventIOError
from geventio.protocol.websocket import HandshakeRejected, accept_key, check_handshake

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

REQUEST = {
    "host": "server.example.com",
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
}


def rejection(method: str = "GET", **headers: str | None) -> HandshakeRejected:
    """The answer to a request that differs from a good one in *headers* (with _ for -); None leaves one out."""
    request: dict[str, str] = dict(REQUEST)
    for name, value in headers.items():
        if value is None:
            del request[name.replace("_", "-")]
        else:
            request[name.replace("_", "-")] = value
    with pytest.raises(HandshakeRejected) as caught:
        check_handshake(method, request)
    return caught.value


def test_the_example_of_the_rfc() -> None:
    assert accept_key(KEY) == ACCEPT
    assert check_handshake("GET", REQUEST) == ACCEPT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connection", "upgrade"),
        ("connection", "UPGRADE"),
        ("connection", "keep-alive, Upgrade"),
        ("connection", "keep-alive\t,\t Upgrade ,close"),
        ("connection", ",,Upgrade"),
        ("upgrade", "WebSocket"),
        ("upgrade", "h2c, websocket"),
        ("content-length", "0"),
        ("content-length", "000"),
        ("content-length", ""),
        ("sec-websocket-key", f" {KEY}\t"),
        ("sec-websocket-version", " 13 "),
        ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ("sec-websocket-protocol", "chat, superchat"),
    ],
)
def test_accepted(name: str, value: str) -> None:
    assert check_handshake("GET", {**REQUEST, name: value}) == ACCEPT


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "CONNECT", "get", ""])
def test_other_methods(method: str) -> None:
    rejected = rejection(method)
    assert rejected.status == 405
    assert rejected.headers == (("Allow", "GET"),)


@pytest.mark.parametrize("value", [None, "", "keep-alive", "upgraded", "up grade", "Upgrade;q=1", "keep-alive Upgrade"])
def test_connection(value: str | None) -> None:
    rejected = rejection(connection=value)
    assert rejected.status == 400
    assert "Connection" in rejected.message


@pytest.mark.parametrize("value", [None, "", "h2c", "websockets", "web socket", "websocket/13"])
def test_upgrade(value: str | None) -> None:
    rejected = rejection(upgrade=value)
    assert rejected.status == 400
    assert "Upgrade" in rejected.message


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "x",
        base64.b64encode(bytes(15)).decode(),
        base64.b64encode(bytes(17)).decode(),
        base64.b64encode(bytes(18)).decode(),
        base64.b64encode(bytes(32)).decode(),
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25j!Q==",
        "dGhlIHNhbXBsZSBub25jZ\n==",
        "dGhlIHNhbXBsZSBub25jé===",
        f"{KEY}, {KEY}",
    ],
)
def test_key(value: str | None) -> None:
    rejected = rejection(sec_websocket_key=value)
    assert rejected.status == 400
    assert "Sec-WebSocket-Key" in rejected.message


@pytest.mark.parametrize("value", [None, "", "12", "14", "8", "013", "13, 8", "13.0", "thirteen"])
def test_version(value: str | None) -> None:
    rejected = rejection(sec_websocket_version=value)
    assert rejected.status == 426
    assert rejected.headers == (("Sec-WebSocket-Version", "13"),)


@pytest.mark.parametrize("value", ["1", "10", "-0", "+0", "0x0", "0, 0", "abc"])
def test_a_body(value: str) -> None:
    assert rejection(content_length=value).status == 400


@pytest.mark.parametrize("value", ["chunked", "identity", ""])
def test_a_chunked_body(value: str) -> None:
    assert rejection(transfer_encoding=value).status == 400


def test_a_rejection_tells_what_is_wrong() -> None:
    rejected = rejection(sec_websocket_version="8")
    assert isinstance(rejected, GeventIOError)
    assert str(rejected) == "The WebSocket version is 13 (HTTP status 426)"


LONG = 65_536


@pytest.mark.parametrize(
    "name", ["connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "content-length"]
)
@pytest.mark.parametrize(
    "value", [",", " ", "\t", ", ", "0", "A", "upgrade", "websocket,", " ,upgrade", "A=", "é", "1 "]
)
def test_long_values_are_cheap(name: str, value: str) -> None:
    request = {**REQUEST, name: (value * LONG)[:LONG]}
    fastest = 1.0
    for _ in range(5):  # the machine may be busy with something else
        start = time.thread_time()
        with contextlib.suppress(HandshakeRejected):
            check_handshake("GET", request)
        fastest = min(fastest, time.thread_time() - start)
    assert fastest < 0.005
