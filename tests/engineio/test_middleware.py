"""WSGI middlewares in front of the engine, through both doors."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from flask import Flask, session
from gevent.event import Event
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from geventio import ConfigurationError
from geventio.engineio.engine import Engine
from geventio.engineio.sockets import EngineSocket
from tests.runtime.sockets import wait_for

from .client import (
    POLLING,
    WEBSOCKET,
    WEBSOCKET_HEADERS,
    Address,
    HTTPClient,
    WebSocketClient,
    ask,
    open_session,
)
from .doors import DOORS, opened
from .memory import MemoryRequest

App = Callable[..., Any]
Open = Callable[..., Address]


class House:
    """An echo server behind one of the doors, with the sockets that connected."""

    def __init__(self, engine: Engine, address: Address) -> None:
        self.engine = engine
        self.address = address
        self.sockets: list[EngineSocket] = []

        @engine.on("connection")
        def connected(socket: EngineSocket) -> None:
            self.sockets.append(socket)
            socket.on("message", socket.send)


def elsewhere(environ: dict[str, Any], start_response: App) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "3")])
    return [b"app"]


@pytest.fixture(params=DOORS)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    engine = Engine()
    with opened(request.param, engine, elsewhere) as address:
        yield House(engine, address)


def naming(name: str, calls: list[str]) -> Callable[[App], App]:
    """A middleware that notes that it was called and says so in the response."""

    def middleware(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            calls.append(name)
            environ["names"] = [*environ.get("names", ()), name]

            def start(status: str, headers: Any, exc_info: Any = None) -> Any:
                return start_response(status, [*headers, ("X-Names", name), ("Set-Cookie", f"{name}=1")], exc_info)

            return app(environ, start)

        return application

    return middleware


def cookies(address: Address, target: str, headers: Any = (), method: str = "GET") -> list[str]:
    """The Set-Cookie fields of a response, in order; and its status first."""
    client = HTTPClient(address)
    client.send(method, target, headers)
    lines = client.connection.take_until(b"\r\n\r\n").decode().split("\r\n")
    client.close()
    return [lines[0].split(" ")[1], *(line.partition(": ")[2] for line in lines if line.startswith("Set-Cookie: "))]


def test_every_engine_request_passes_them_in_order(house: House) -> None:
    calls: list[str] = []
    house.engine.use(naming("first", calls))
    house.engine.use(naming("second", calls))
    # Fields are added on the way out: the inner one's first.
    assert cookies(house.address, POLLING) == ["200", "second=1", "first=1"]
    assert house.sockets[0].request.environ()["names"] == ["first", "second"]
    assert calls == ["first", "second"]
    assert cookies(house.address, WEBSOCKET, WEBSOCKET_HEADERS) == ["101", "second=1", "first=1"]
    assert house.sockets[1].request.environ()["names"] == ["first", "second"]
    assert cookies(house.address, POLLING + "&sid=nobody") == ["400", "second=1", "first=1"]
    assert cookies(house.address, POLLING, [("Origin", "null")], "OPTIONS")[1:] == ["second=1", "first=1"]
    assert ask(house.address, "GET", "/elsewhere").body == b"app"
    assert calls == ["first", "second"] * 4


def test_polling_and_upgrade_go_on_behind_a_middleware(house: House) -> None:
    calls: list[str] = []
    house.engine.use(naming("one", calls))
    sid = open_session(house.address)
    target = f"{POLLING}&sid={sid}"
    assert ask(house.address, "POST", target, body=b"4" + "é".encode() * 70_000).text == "ok"
    assert ask(house.address, "GET", target).text == "4" + "é" * 70_000
    waiting = HTTPClient(house.address)
    waiting.send("GET", target)
    websocket = WebSocketClient.connect(house.address, f"{WEBSOCKET}&sid={sid}")
    assert websocket.handshake is not None
    assert websocket.handshake.headers["set-cookie"] == "one=1"
    assert websocket.handshake.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    websocket.send("2probe")
    assert websocket.receive() == "3probe"
    answer = waiting.receive()
    assert (answer.text, answer.headers["set-cookie"]) == ("6", "one=1")
    websocket.send("5")
    websocket.send("4over")
    assert websocket.receive() == "4over"
    assert len(calls) == 5
    websocket.close()
    waiting.close()


def test_a_waiting_poll_holds_no_middleware(house: House) -> None:
    inside: list[int] = []

    @house.engine.use
    def counting(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            inside.append(1)
            try:
                return app(environ, start_response)
            finally:
                inside.pop()

        return application

    target = f"{POLLING}&sid={open_session(house.address)}"
    client = HTTPClient(house.address)
    client.send("GET", target)
    wait_for(lambda: house.sockets[0].session.transport.writable)
    assert inside == []
    house.sockets[0].send("late")
    assert client.receive().text == "4late"
    client.close()


def refusing(status: str) -> Callable[[App], App]:
    def middleware(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "999"), ("X-Why", "test")])
            return iter([b"log ", b"in"])

        return application

    return middleware


@pytest.mark.parametrize(("status", "code"), [("401 Unauthorized", 401), ("200 OK", 200), ("499 Odd", 499)])
def test_a_middleware_that_answers_itself(house: House, status: str, code: int) -> None:
    house.engine.use(refusing(status))
    for headers in ((), WEBSOCKET_HEADERS):
        answer = ask(house.address, "GET", WEBSOCKET if headers else POLLING, headers)
        assert (answer.status, answer.body, answer.headers["x-why"]) == (code, b"log in", "test")
        assert answer.headers["content-length"] == "6"
    assert house.sockets == []
    assert not house.engine.sessions


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_without_a_body(house: House, status: str) -> None:
    @house.engine.use
    def empty(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> list[bytes]:
            start_response(status, [("Content-Length", "0")])
            return []

        return application

    client = HTTPClient(house.address)
    client.send("GET", POLLING)
    head = client.connection.take_until(b"\r\n\r\n").decode()
    assert head.startswith(f"HTTP/1.1 {status}\r\n")
    assert "content-length" not in head.lower()
    client.send("GET", "/elsewhere")
    assert client.receive().status == 200
    client.close()


def test_no_session_is_opened_for_who_is_refused_behind_the_engine(house: House) -> None:
    """A middleware may make up its mind after it has called its application."""

    @house.engine.use
    def strict(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            list(app(environ, lambda *args: start_response("403 Forbidden", [])))
            return [b"no"]

        return application

    answer = ask(house.address, "GET", POLLING)
    assert (answer.status, answer.body) == (403, b"no")
    assert house.sockets == []


def broken_raises(environ: Any, start_response: Any) -> Any:
    raise ValueError("secret of the application")


def broken_late(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b"x"
    raise ValueError("secret of the application")


def broken_timeout(environ: Any, start_response: Any) -> Any:
    raise gevent.Timeout(1)


def broken_kill(environ: Any, start_response: Any) -> Any:
    raise gevent.GreenletExit


def broken_silent(environ: Any, start_response: Any) -> Any:
    return []


def broken_body(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return ["text"]


def broken_status(environ: Any, start_response: Any) -> Any:
    start_response("100 Continue", [])
    return []


def broken_header(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("X-Name", "a\r\nSet-Cookie: admin=1")])
    return []


def broken_twice(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


@pytest.mark.parametrize(
    "application",
    [broken_raises, broken_late, broken_timeout, broken_kill, broken_silent, broken_body, broken_status, broken_header,
     broken_twice],
)  # fmt: skip
def test_a_middleware_that_fails(house: House, application: App, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Any] = []
    house.engine.on("connection_error", errors.append)
    house.engine.use(lambda app: application)
    answer = ask(house.address, "GET", POLLING)
    assert (answer.status, json.loads(answer.text)) == (400, {"code": 3, "message": "Bad request"})
    upgrade = ask(house.address, "GET", WEBSOCKET, WEBSOCKET_HEADERS)
    assert (upgrade.status, upgrade.text) == (400, "Bad request")
    wait_for(lambda: len(errors) == 2)
    for error in errors:
        assert (error.code, error.context["name"]) == (3, "MIDDLEWARE_FAILURE")
        assert isinstance(error.context["error"], BaseException)
    assert caplog.text.count("a middleware of the engine failed") == 2
    assert house.sockets == []


def test_what_fails_behind_the_engine_opens_no_session(house: House) -> None:
    @house.engine.use
    def late(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Iterator[bytes]:
            yield from app(environ, start_response)
            raise ValueError

        return application

    assert ask(house.address, "GET", POLLING).status == 400
    assert house.sockets == []
    assert not house.engine.sessions


def test_an_environ_that_is_a_copy_will_do_and_one_that_is_not_will_not(house: House) -> None:
    def copying(app: App) -> App:
        return lambda environ, start_response: app({**environ, "user": "ann"}, start_response)

    house.engine.use(copying)
    open_session(house.address)
    environ = house.sockets[0].request.environ()
    assert environ["user"] == "ann"
    assert not [key for key in environ if key.startswith("geventio")]
    house.engine.use(lambda app: lambda environ, start_response: app({"REQUEST_METHOD": "GET"}, start_response))
    assert ask(house.address, "GET", POLLING).status == 400


def test_the_body_is_the_engines(house: House) -> None:
    bodies: list[bytes] = []

    @house.engine.use
    def reading(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            bodies.append(environ["wsgi.input"].read())
            assert environ.get("CONTENT_LENGTH") in (None, "0", "")
            return app(environ, start_response)

        return application

    target = f"{POLLING}&sid={open_session(house.address)}"
    assert ask(house.address, "POST", target, body=b"4hello").text == "ok"
    assert ask(house.address, "GET", target).text == "4hello"
    assert set(bodies) == {b""}


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_middleware_returns_is_closed(house: House, fails: bool) -> None:
    """As PEP 3333 has it: middlewares let go of their resources there."""
    closed: list[int] = []

    class Result:
        def __init__(self, pieces: Any) -> None:
            self.pieces = pieces

        def __iter__(self) -> Iterator[bytes]:
            yield from self.pieces
            if fails:
                raise ValueError

        def close(self) -> None:
            closed.append(1)

    house.engine.use(lambda app: lambda environ, start_response: Result(app(environ, start_response)))
    assert ask(house.address, "GET", POLLING).status == (400 if fails else 200)
    assert closed == [1]


def test_what_the_engine_says_itself_stands(house: House) -> None:
    @house.engine.use
    def meddling(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            def start(status: str, headers: Any, exc_info: Any = None) -> Any:
                fields = [("Content-Length", "5"), ("Cache-Control", "public"), ("Transfer-Encoding", "chunked"),
                          ("Connection", "x"), ("Content-Encoding", "gzip"), ("Vary", "Cookie"), ("X-Own", "1"),
                          ("Upgrade", "h2c"), ("Sec-WebSocket-Accept", "forged")]  # fmt: skip
                return start_response(status, [*headers, *fields], exc_info)

            return app(environ, start)

        return application

    answer = ask(house.address, "GET", POLLING)
    assert answer.status == 200
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert (answer.headers["vary"], answer.headers["x-own"]) == ("Cookie", "1")
    assert not {"content-encoding", "transfer-encoding", "upgrade"} & answer.headers.keys()
    websocket = WebSocketClient.connect(house.address)
    assert websocket.handshake is not None
    assert websocket.handshake.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert websocket.handshake.headers["upgrade"] == "websocket"
    assert websocket.handshake.headers["x-own"] == "1"
    assert websocket.receive_open()["upgrades"] == []
    websocket.close()


def test_proxy_fix(house: House) -> None:
    """The origin check and the handshake follow what a trusted proxy says."""
    forwarded = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.example"),
                 ("Origin", "https://a.example")]  # fmt: skip
    assert ask(house.address, "GET", POLLING, forwarded).status == 403
    house.engine.use(lambda app: ProxyFix(app, x_for=1, x_proto=1, x_host=1))
    answer = ask(house.address, "GET", POLLING, forwarded)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "https://a.example")
    request = house.sockets[0].request
    assert (request.address, request.secure, request.headers["host"]) == ("203.0.113.7", True, "a.example")


def test_a_flask_session(house: House) -> None:
    flask_app = Flask("test")
    flask_app.secret_key = "test"

    @flask_app.get("/elsewhere")
    def login() -> str:
        session["user"] = "ann"
        return "in"

    @house.engine.use
    def flask_session(app: App) -> App:
        def middleware(environ: dict[str, Any], start_response: App) -> Any:
            with flask_app.request_context(environ):
                if "user" not in session:
                    return Response("log in first", 401)(environ, start_response)
                environ["user"] = session["user"]
                session["seen"] = session.get("seen", 0) + 1

                def start(status: str, headers: Any, exc_info: Any = None) -> Any:
                    response = flask_app.response_class(status=status, headers=headers)
                    flask_app.session_interface.save_session(flask_app, session, response)  # type: ignore[arg-type]
                    return start_response(status, list(response.headers), exc_info)

                return app(environ, start)

        return middleware

    refused = ask(house.address, "GET", POLLING)
    assert (refused.status, refused.body) == (401, b"log in first")
    cookie = flask_app.test_client().get("/elsewhere").headers["Set-Cookie"].split(";")[0]
    first = ask(house.address, "GET", POLLING, [("Cookie", cookie)])
    assert first.status == 200
    again = WebSocketClient.connect(house.address, headers=[("Cookie", first.headers["set-cookie"].split(";")[0])])
    assert again.handshake is not None
    saved = again.handshake.headers["set-cookie"].split(";")[0].partition("=")[2]
    serializer = flask_app.session_interface.get_signing_serializer(flask_app)  # type: ignore[attr-defined]
    assert serializer.loads(saved) == {"user": "ann", "seen": 2}
    assert [socket.request.environ()["user"] for socket in house.sockets] == ["ann", "ann"]
    again.close()


def test_a_slow_middleware_holds_nobody_else_up(house: House) -> None:
    gate = Event()

    @house.engine.use
    def slow(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            if "slow" in environ["QUERY_STRING"]:
                gate.wait()
            return app(environ, start_response)

        return application

    held = HTTPClient(house.address)
    held.send("GET", POLLING + "&slow=1")
    assert open_session(house.address)
    leaving = HTTPClient(house.address)
    leaving.send("GET", WEBSOCKET + "&slow=1", WEBSOCKET_HEADERS)
    gevent.sleep(0.02)
    leaving.reset()
    gate.set()
    assert held.receive().status == 200
    held.close()


def test_wrong_middlewares() -> None:
    engine = Engine()
    with pytest.raises(ConfigurationError, match="function of a WSGI application"):
        engine.use(5)  # type: ignore[type-var]
    with pytest.raises(ConfigurationError, match="must return a WSGI application"):
        engine.use(lambda app: None)  # type: ignore[arg-type, return-value]
    request = MemoryRequest()
    engine.handle(request)  # neither was registered: answered at once
    assert request.response is not None
    engine.close()


def test_one_may_be_added_while_requests_come(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    calls: list[str] = []
    open_session(house.address)
    house.engine.use(naming("a", calls))
    open_session(house.address)
    house.engine.use(naming("b", calls))
    open_session(house.address)
    assert calls == ["a", "a", "b"]
