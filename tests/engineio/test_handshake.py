"""What the application has a say in at a handshake: allow_request, the cookie, compression, the connection handler."""

import gzip
import json
import random
import zlib
from typing import Any

import gevent
import pytest

from geventio import ConfigurationError
from geventio.engineio.compression import accepted_encoding
from geventio.engineio.engine import Engine
from geventio.engineio.prepared import PreparedMessages
from geventio.engineio.sockets import EngineSocket
from tests.runtime.sockets import in_hub, wait_for

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, HTTPClient, WebSocketClient, ask, open_session
from .conftest import Make
from .memory import MemoryRequest


@pytest.mark.parametrize(
    ("answer", "message"),
    [(True, None), (None, None), (False, "Forbidden"), (0, "Forbidden"), ("go äway", "go äway"), ("", "")],
)
def test_allow_request(serve: Make, answer: Any, message: str | None) -> None:
    asked: list[dict[str, Any]] = []

    def allow(environ: dict[str, Any]) -> Any:
        asked.append(environ)
        return answer

    noting = serve(allow_request=allow)
    reply = ask(noting.address, "GET", POLLING, [("Cookie", "user=1")])
    upgrade = ask(noting.address, "GET", WEBSOCKET, WEBSOCKET_HEADERS)
    assert asked[0]["HTTP_COOKIE"] == "user=1"
    assert len(asked) == 2
    if message is None:
        assert (reply.status, upgrade.status) == (200, 101)
    else:
        assert reply.status == 403
        assert json.loads(reply.text) == {"code": 4, "message": message}
        assert (upgrade.status, upgrade.text) == (400, message)
        assert noting.engine.sessions == {}


@pytest.mark.parametrize("error", [ValueError("secret of the application"), gevent.Timeout(1)])
def test_allow_request_raises(serve: Make, error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def allow(environ: dict[str, Any]) -> bool:
        raise error

    noting = serve(allow_request=allow)
    reply = ask(noting.address, "GET", POLLING)
    assert (reply.status, reply.text) == (403, '{"code":4,"message":"Forbidden"}')
    assert ask(noting.address, "GET", WEBSOCKET, WEBSOCKET_HEADERS).text == "Forbidden"
    assert "allow_request failed" in caplog.text


def test_allow_request_may_block_and_holds_nobody_up(serve: Make) -> None:
    def allow(environ: dict[str, Any]) -> bool:
        gevent.sleep(0.2 if "slow" in environ["QUERY_STRING"] else 0)
        return True

    noting = serve(allow_request=allow)
    slow = HTTPClient(noting.address)
    slow.send("GET", POLLING + "&slow=1")
    begun = gevent.get_hub().loop.now()
    sid = open_session(noting.address)
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"4a").text == "ok"  # asked at handshakes alone
    gevent.get_hub().loop.update_now()
    assert gevent.get_hub().loop.now() - begun < 0.2
    assert slow.receive().status == 200
    slow.close()


def test_a_version_mismatch_is_found_after_asking(serve: Make) -> None:
    noting = serve(allow_request=lambda environ: "no")
    assert json.loads(ask(noting.address, "GET", POLLING.replace("4", "3")).text)["code"] == 4


def test_a_client_that_leaves_while_the_application_is_asked(serve: Make) -> None:
    def allow(environ: dict[str, Any]) -> bool:
        gevent.sleep(0.03)
        return True

    noting = serve(allow_request=allow)
    for target, headers in ((WEBSOCKET, WEBSOCKET_HEADERS), (POLLING, ())):
        client = HTTPClient(noting.address)
        client.send("GET", target, headers)
        gevent.sleep(0.01)
        client.reset()
        gevent.sleep(0.05)
    assert noting.clients[0].closed[0][0] == "transport close"
    assert open_session(noting.address)


def test_closing_while_the_application_is_asked(make: Make) -> None:
    noting = make(allow_request=lambda environ: gevent.sleep(0.02))
    request = MemoryRequest()
    noting.engine.handle(request)
    gevent.sleep(0.01)
    noting.engine.close()
    gevent.sleep(0.03)
    assert request.response is not None
    assert request.response.status == 503
    assert noting.engine.sessions == {}
    request = MemoryRequest()
    noting.engine.handle(request)
    gevent.sleep(0)
    assert request.response is not None
    assert request.response.status == 503


@pytest.mark.parametrize(
    ("cookie", "attributes"),
    [
        (True, "io={}; Path=/; HttpOnly; SameSite=Lax"),
        ("sticky", "sticky={}; Path=/; HttpOnly; SameSite=Lax"),
        ({"name": "n", "path": "/x", "http_only": False, "same_site": "none", "secure": True, "max_age": 60},
         "n={}; Path=/x; Max-Age=60; Secure; SameSite=None"),
    ],
)  # fmt: skip
def test_the_cookie(serve: Make, cookie: Any, attributes: str) -> None:
    noting = serve(cookie=cookie)
    answer = ask(noting.address, "GET", POLLING)
    sid = noting.last.session.id
    assert answer.headers["set-cookie"] == attributes.format(sid)
    noting.last.session.send("x")
    assert "set-cookie" not in ask(noting.address, "GET", f"{POLLING}&sid={sid}").headers
    assert "set-cookie" not in ask(noting.address, "GET", WEBSOCKET, WEBSOCKET_HEADERS).headers


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"), ("deflate", "deflate"), ("deflate, gzip", "gzip"), ("GZIP", "gzip"), ("br", None),
        ("", None), ("*", "gzip"), ("gzip;q=0", None), ("gzip;q=0, deflate", "deflate"), ("gzip; q=0.0, *", "deflate"),
        ("gzip;q=0.001", "gzip"), ("*;q=0", None), ("gzip;q=1.0, *;q=0", "gzip"), ("identity", None),
        ("x-gzip", None), ("a," * 30 + "gzip", None),
    ],
)  # fmt: skip
def test_accepted_encoding(accept: str, coding: str | None) -> None:
    assert accepted_encoding(accept) == coding


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("size", [1022, 1023])
def test_compression_above_a_threshold(serve: Make, coding: str, size: int) -> None:
    noting = serve()
    sid = open_session(noting.address)
    noting.last.session.send("x" * size)
    answer = ask(noting.address, "GET", f"{POLLING}&sid={sid}", [("Accept-Encoding", coding)])
    if size == 1022:
        assert "content-encoding" not in answer.headers
        assert answer.body == b"4" + b"x" * size
    else:
        assert answer.headers["content-encoding"] == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        unpack = gzip.decompress if coding == "gzip" else zlib.decompress
        assert unpack(answer.body) == b"4" + b"x" * size


def test_what_is_not_compressed(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    session = noting.last.session
    accept = [("Accept-Encoding", "gzip")]
    session.send_messages(["x" * 2000], compress=False)
    assert "content-encoding" not in ask(noting.address, "GET", f"{POLLING}&sid={sid}", accept).headers
    session.send_messages(["x" * 2000], compress=False)
    session.send("y")
    assert "content-encoding" in ask(noting.address, "GET", f"{POLLING}&sid={sid}", accept).headers
    session.send("x" * 2000)
    assert (
        "content-encoding"
        not in ask(noting.address, "GET", f"{POLLING}&sid={sid}", [("Accept-Encoding", "br")]).headers
    )
    noting = serve(http_compression=False)
    sid = open_session(noting.address)
    noting.last.session.send("x" * 2000)
    assert "content-encoding" not in ask(noting.address, "GET", f"{POLLING}&sid={sid}", accept).headers


def test_the_level_of_compression(serve: Make) -> None:
    text = " ".join(random.Random(1).choices(["alpha", "beta", "gamma", "delta", "epsilon"], k=20_000))
    sizes = []
    for level in (1, 9):
        noting = serve(http_compression_level=level, max_send_buffer=1_000_000)
        sid = open_session(noting.address)
        noting.last.session.send(text)
        answer = ask(noting.address, "GET", f"{POLLING}&sid={sid}", [("Accept-Encoding", "gzip")])
        assert gzip.decompress(answer.body).decode() == "4" + text
        sizes.append(len(answer.body))
    assert sizes[1] < sizes[0] * 0.95


def test_a_broadcast_to_polling_clients_is_compressed_once_for_each_coding(serve: Make) -> None:
    noting = serve()
    prepared = PreparedMessages(["x" * 5_000])
    bodies = []
    for coding in ("gzip", "gzip", "deflate", "identity"):
        sid = open_session(noting.address)
        noting.last.session.send_prepared(prepared)
        answer = ask(noting.address, "GET", f"{POLLING}&sid={sid}", [("Accept-Encoding", coding)])
        bodies.append(answer.body)
    assert bodies[0] == bodies[1]
    assert gzip.decompress(bodies[1]) == zlib.decompress(bodies[2]) == bodies[3] == b"4" + b"x" * 5_000
    assert prepared._compressed is not None
    assert len(prepared._compressed) == 2
    # With something else beside it, it is compressed as a part of that.
    sid = open_session(noting.address)
    noting.last.session.send_prepared(prepared)
    noting.last.session.send("more")
    answer = ask(noting.address, "GET", f"{POLLING}&sid={sid}", [("Accept-Encoding", "gzip")])
    assert gzip.decompress(answer.body) == bodies[3] + b"\x1e4more"
    assert len(prepared._compressed) == 2


# -- the engine alone, with its own API


def test_an_echo_server(serve: Make) -> None:
    noting = serve()
    engine = Engine()
    noting.engine._open_handler = engine._open_socket  # the public API behind the server that is already there
    seen: list[Any] = []

    @engine.on("connection")
    def connected(socket: EngineSocket) -> None:
        seen.append((socket.id, socket.transport_name, socket.request.query["EIO"]))
        socket.on("message", socket.send)

        @socket.on("close")
        def closed(reason: str) -> None:
            seen.append(reason)

    client = WebSocketClient.connect(noting.address)
    sid = client.receive_open()["sid"]
    client.send("4a")
    client.send(b"b")
    assert [client.receive(), client.receive()] == ["4a", b"b"]
    client.close()
    wait_for(lambda: len(seen) == 2)
    assert seen == [(sid, "websocket", "4"), "transport close"]
    with pytest.raises(ConfigurationError, match="connection"):
        engine.on("connect", connected)
    with pytest.raises(ConfigurationError, match="callable"):
        engine.on("connection", 5)  # type: ignore[call-overload]


def test_wrong_registrations_on_a_socket(make: Make) -> None:
    engine = Engine()
    failures: list[str] = []

    @engine.on("connection")
    def connected(socket: EngineSocket) -> None:
        wrong: list[tuple[str, Any]] = [("error", print), ("message", 5)]
        for event, handler in wrong:
            try:
                socket.on(event, handler)
            except ConfigurationError as error:
                failures.append(str(error))

    engine.handle(MemoryRequest())
    wait_for(lambda: len(failures) == 2)
    assert "message and close" in failures[0]
    assert "callable" in failures[1]
    engine.close()


@pytest.mark.parametrize("hub", [False, True])
@pytest.mark.parametrize("websocket", [False, True])
@pytest.mark.parametrize("whole_engine", [False, True])
def test_a_connection_handler_that_closes_at_once(hub: bool, websocket: bool, whole_engine: bool) -> None:
    engine = Engine()
    reasons: list[str] = []

    @engine.on("connection")
    def connected(socket: EngineSocket) -> None:
        socket.on("close", reasons.append)
        socket.send("bye")
        (engine if whole_engine else socket).close()

    request = MemoryRequest.upgrading() if websocket else MemoryRequest()
    if hub:
        in_hub(engine.handle, request)
    else:
        engine.handle(request)
    wait_for(lambda: reasons)
    gevent.sleep(0.01)
    assert not whole_engine or not engine.sessions
    if request.websocket is not None:
        assert request.websocket.receive_open()
        assert request.websocket.receive() == "4bye"
        assert request.websocket.close_code() == 1005
        request.websocket.close()
    else:
        assert request.response is not None
        # A server that goes before it has answered says so.
        assert request.response.status == (503 if whole_engine and hub else 200)
    assert len(reasons) == 1
    while engine.sessions:  # a polling client hears of the end when it asks next
        request = MemoryRequest(query=f"EIO=4&transport=polling&sid={next(iter(engine.sessions))}")
        engine.handle(request)
        assert request.response is not None
    engine.close()
