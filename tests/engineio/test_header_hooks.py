"""``initial_headers`` and ``headers``: what the application adds to the engine's responses."""

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent.event import Event

from geventio import ConfigurationError
from geventio.engineio.engine import Engine
from geventio.engineio.response_headers import ResponseHeaders, check_field, merge
from tests.runtime.sockets import wait_for

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, Address, HTTPClient, WebSocketClient, ask, open_session
from .doors import DOORS, opened

ORIGIN = "https://a.example"


class House:
    """An engine behind one of the doors."""

    def __init__(self, engine: Engine, address: Address) -> None:
        self.engine = engine
        self.address = address
        self.sockets: list[Any] = []
        engine.on("connection", self.sockets.append)


@pytest.fixture(params=DOORS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    engine = Engine(cors_allowed_origins=[ORIGIN], cookie=True)
    with opened(request.param, engine) as address:
        yield House(engine, address)


def test_initial_and_every(house: House) -> None:
    seen: list[tuple[str, str]] = []

    @house.engine.on("initial_headers")
    def first(headers: ResponseHeaders, environ: dict[str, Any]) -> None:
        gevent.sleep(0.001)  # may block
        headers.add("Set-Cookie", "first=1")
        seen.append(("initial", environ["REQUEST_METHOD"]))

    @house.engine.on("headers")
    def every(headers: ResponseHeaders, environ: dict[str, Any]) -> None:
        gevent.sleep(0.001)
        headers["X-Served-By"] = "a1"
        seen.append(("every", environ["QUERY_STRING"].partition("transport=")[2].partition("&")[0]))

    client = HTTPClient(house.address)
    client.send("GET", POLLING)
    head = client.connection.take_until(b"\r\n\r\n").decode()
    assert "Set-Cookie: first=1" in head
    assert "Set-Cookie: io=" in head
    assert "X-Served-By: a1" in head
    assert seen == [("initial", "GET"), ("every", "polling")]
    seen.clear()
    target = f"{POLLING}&sid={house.sockets[0].id}"
    assert ask(house.address, "POST", target, body=b"4a").headers["x-served-by"] == "a1"
    waiting = HTTPClient(house.address)
    waiting.send("GET", target)
    websocket = WebSocketClient.connect(house.address, f"{WEBSOCKET}&sid={house.sockets[0].id}")
    assert websocket.handshake is not None
    assert websocket.handshake.headers["x-served-by"] == "a1"
    assert "set-cookie" not in websocket.handshake.headers
    house.sockets[0].send("x")
    answer = waiting.receive()
    assert (answer.text, answer.headers["x-served-by"]) == ("4x", "a1")
    assert "set-cookie" not in answer.headers
    assert sorted(seen) == [("every", "polling"), ("every", "polling"), ("every", "websocket")]
    for each in (client, waiting, websocket):
        each.close()


def test_a_websocket_session(house: House) -> None:
    house.engine.on("initial_headers", lambda headers, environ: headers.add("Set-Cookie", "first=1"))
    websocket = WebSocketClient.connect(house.address, headers=[("Origin", ORIGIN)])
    assert websocket.handshake is not None
    fields = websocket.handshake.headers
    assert (fields["set-cookie"], fields["access-control-allow-origin"]) == ("first=1", ORIGIN)
    assert (fields["upgrade"], fields["sec-websocket-accept"]) == ("websocket", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    assert websocket.receive_open()
    websocket.close()


def test_refusals_have_them_too_but_no_initial_ones(house: House) -> None:
    house.engine.on("initial_headers", lambda headers, environ: headers.add("X-Initial", "1"))
    house.engine.on("headers", lambda headers, environ: headers.add("X-Every", "1"))
    answers = [
        ask(house.address, "GET", POLLING + "&sid=nobody"),
        ask(house.address, "GET", POLLING.replace("polling", "abc")),
        ask(house.address, "POST", POLLING, body=b""),
        ask(house.address, "GET", POLLING, [("Origin", "https://evil.example")]),
        ask(house.address, "OPTIONS", POLLING, [("Origin", ORIGIN)]),
        ask(house.address, "GET", WEBSOCKET + "&sid=nobody", WEBSOCKET_HEADERS),
        ask(house.address, "GET", WEBSOCKET, [*WEBSOCKET_HEADERS[:3], ("Sec-WebSocket-Key", "short")]),
    ]
    assert [answer.status for answer in answers] == [400, 400, 400, 403, 204, 400, 400]
    for answer in answers:
        assert answer.headers["x-every"] == "1"
        assert "x-initial" not in answer.headers


def test_a_hook_may_change_what_is_there(house: House) -> None:
    @house.engine.on("headers")
    def change(headers: ResponseHeaders, environ: dict[str, Any]) -> None:
        del headers["access-control-allow-origin"]
        headers["cache-control"] = "private"

    answer = ask(house.address, "GET", POLLING, [("Origin", ORIGIN)])
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Name", "a\r\nSet-Cookie: admin=1"), ("X-Name", "a\nb"), ("X-Name", "a\rb"), ("X-Name", "a\0b"),
        ("X-Name", "\u20ac"), ("X-Name", 5), ("X-Name", None), ("X Name", "a"), ("X-Name:", "a"), ("", "a"),
        ("X\r\nY", "a"), (5, "a"), ("Content-Length", "5"), ("connection", "close"), ("Transfer-Encoding", "chunked"),
        ("Sec-WebSocket-Accept", "x"), ("Upgrade", "x"),
    ],
)  # fmt: skip
def test_what_no_field_may_hold(house: House, name: Any, value: Any, caplog: pytest.LogCaptureFixture) -> None:
    @house.engine.on("headers")
    def bad(headers: ResponseHeaders, environ: dict[str, Any]) -> None:
        headers["X-Before"] = "1"
        headers[name] = value

    answer = ask(house.address, "GET", POLLING)
    assert answer.status == 200
    assert answer.headers["x-before"] == "1"
    assert "admin=1" not in str(answer.headers)
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "a headers hook failed" in caplog.text
    assert "ConfigurationError" in caplog.text
    websocket = WebSocketClient.connect(house.address)
    assert websocket.receive_open()
    websocket.close()


@pytest.mark.parametrize("error", [ValueError("a"), gevent.Timeout(1), gevent.GreenletExit()])
def test_a_hook_that_raises_keeps_no_response_back(house: House, error: BaseException) -> None:
    @house.engine.on("headers")
    def bad(headers: ResponseHeaders, environ: dict[str, Any]) -> None:
        raise error

    assert ask(house.address, "GET", POLLING).status == 200
    assert ask(house.address, "GET", POLLING + "&sid=nobody").status == 400


def test_a_client_that_leaves_during_a_hook(house: House) -> None:
    gate = Event()
    house.engine.on("headers", lambda headers, environ: gate.wait())
    for target, headers in ((POLLING, ()), (WEBSOCKET, WEBSOCKET_HEADERS)):
        client = HTTPClient(house.address)
        client.send("GET", target, headers)
        gevent.sleep(0.02)
        client.reset()
    gate.set()
    gevent.sleep(0.02)
    assert open_session(house.address)


def test_an_engine_that_closes_during_a_hook_opens_nothing(house: House) -> None:
    gate = Event()
    entered: list[int] = []
    house.engine.on("initial_headers", lambda headers, environ: entered.append(1) or gate.wait())
    client = HTTPClient(house.address)
    client.send("GET", WEBSOCKET, WEBSOCKET_HEADERS)
    wait_for(lambda: entered)
    house.engine.close()
    gate.set()
    assert client.receive().status == 503
    assert not house.engine.sessions
    client.close()


def test_wrong_registrations() -> None:
    engine = Engine()
    with pytest.raises(ConfigurationError, match="initial_headers, headers, connection_error"):
        engine.on("header", print)
    with pytest.raises(ConfigurationError, match="callable"):
        engine.on("headers", 5)  # type: ignore[call-overload]


def test_response_headers_are_a_mapping_without_case() -> None:
    headers = ResponseHeaders([("Vary", "Origin"), ("Set-Cookie", "a=1")])
    headers.add("set-cookie", "b=2")
    assert (headers["SET-COOKIE"], headers["vary"], len(headers)) == ("a=1", "Origin", 2)
    assert list(headers) == ["Set-Cookie", "Vary"] or list(headers) == ["Vary", "Set-Cookie"]
    assert "vary" in headers
    headers["VARY"] = "Cookie"
    assert headers.fields == [("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("VARY", "Cookie")]
    headers.setdefault("X-A", "1")
    headers.update({"X-A": "2"})
    del headers["set-cookie"]
    assert headers.fields == [("VARY", "Cookie"), ("X-A", "2")]
    with pytest.raises(KeyError):
        headers["absent"]
    with pytest.raises(KeyError):
        del headers["absent"]
    assert "2" not in repr(headers)
    assert check_field("X", "\xe9\t ") == ("X", "\xe9\t ")


def test_merging() -> None:
    own = [("Cache-Control", "no-store"), ("Vary", "Origin"), ("Set-Cookie", "a=1")]
    added = [("cache-control", "public"), ("vary", "Cookie"), ("Set-Cookie", "b=2"), ("X-A", "1"), ("X-A", "2")]
    assert merge(own, added) == [*own, *added[1:]]
