"""Ordinary routes behind the front door are what they are on plain pywsgi, and a handshake's environ too."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
from gevent import socket
from gevent.pywsgi import WSGIServer
from werkzeug.middleware.proxy_fix import ProxyFix

from geventio import EngineIOMiddleware, Server, SocketIOMiddleware
from geventio.engineio.engine import Engine
from geventio.serving import make_server

from .conftest import assert_quiet
from .running import POLLING, Client, Running, get, handshake, post, running, wait_until


def routes(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """An application that uses all that WSGI offers."""
    path = environ["PATH_INFO"]
    source = environ["wsgi.input"]
    if path == "/fails":
        raise ValueError("a defect of the application")
    if path == "/fails-late":
        start_response("200 OK", [("Content-Length", "100")])
        return failing()
    if path == "/close":
        start_response("200 OK", [("Connection", "close"), ("Content-Length", "2")])
        return [b"ok"]
    if path == "/write":
        write = start_response("200 OK", [("Content-Length", "7")])
        write(b"wr")
        return [b"itten"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/stream":
        return (b"line %d\n" % n for n in range(1000))
    if path == "/lines":
        return [repr(source.readlines()).encode()]
    if path == "/size":
        return [str(len(source.read())).encode()]
    if path == "/peer":
        return [f"{environ['REMOTE_ADDR']} {environ['REMOTE_PORT']} {environ['SERVER_PORT']}".encode()]
    return [b"ignored the body"]


def failing() -> Iterator[bytes]:
    yield b"started"
    raise ValueError("a defect of the application")


@contextmanager
def plain(app: Any = routes) -> Iterator[Callable[[], Client]]:
    """The same application on pywsgi as it is."""
    server = WSGIServer(("127.0.0.1", 0), EngineIOMiddleware(Engine(), app), log=None)
    server.start()
    clients: list[Client] = []

    def connect() -> Client:
        clients.append(Client(server.address[1]))
        return clients[-1]

    try:
        yield connect
    finally:
        for client in clients:
            client.close()
        server.stop()


CHUNKED_LINES = (
    b"POST /lines HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na\nb\n\r\n3\r\nc\nd\r\n0\r\n\r\n"
)
REQUESTS = {
    "stream": get("/stream"),
    "lines": post("/lines", b"a\nb\nc"),
    "chunked lines": CHUNKED_LINES,
    "large upload": post("/size", b"x" * 3_000_000),
    "ignored body": post("/ignored", b"x" * 100_000),
    "write callable": get("/write"),
    "close": get("/close"),
    "fails": get("/fails"),
    "fails late": get("/fails-late"),
    "HTTP/1.0": get("/write").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP/1.0 kept alive": get("/write", "Connection: keep-alive\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "another method": get("/write").replace(b"GET", b"BREW"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_route_is_as_on_plain_pywsgi(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    observed = []
    with running(app=routes) as house, plain() as connect:
        for client in (house.connect(), connect()):
            log = []
            for _ in range(3):  # on one connection as long as it is kept
                try:
                    client.send(REQUESTS[name])
                    status, fields, body = client.response()
                except (EOFError, OSError):
                    break
                fields.pop("date", None)
                log.append((status, fields, body))
            observed.append(log)
    assert observed[0] == observed[1]
    assert observed[0]
    assert (capfd.readouterr().err.count("Traceback") > 0) == ("fails" in name)


def test_the_peer_s_address(capfd: pytest.CaptureFixture[str]) -> None:
    with running(app=routes) as house:
        client = house.connect()
        for _ in range(3):
            client.send(get(POLLING) + get("/peer"))
            assert client.response()[0] == 200
            host, port = client.sock.getsockname()
            assert client.response()[2] == f"{host} {port} {house.port}".encode()


def test_the_access_log() -> None:
    log = io.StringIO()
    server = make_server(EngineIOMiddleware(Engine(), routes), ("127.0.0.1", 0), log=log)
    server.start()
    client = Client(server.address[1])
    client.send(get("/write") + get("/close"))
    assert [client.response()[2], client.response()[2]] == [b"written", b"ok"]
    assert client.ended()
    server.stop()
    lines = [line.split('"') for line in log.getvalue().splitlines()]
    assert [request for _, request, _ in lines] == ["GET /write HTTP/1.1", "GET /close HTTP/1.1"]
    assert all(rest.startswith(" 200 ") for _, _, rest in lines)


def test_ipv6() -> None:
    server = make_server(EngineIOMiddleware(Engine(), routes), "[::1]:0")
    server.start()
    client = Client(server.address[1], "::1")
    client.send(get(POLLING) + get("/peer"))
    assert client.response()[0] == 200
    assert client.response()[2].startswith(b"::1 ")
    client.close()
    server.stop()


def test_a_default_timeout_of_sockets_does_not_hold_up_the_hub() -> None:
    socket.setdefaulttimeout(30)
    try:
        with running(max_send_buffer=10_000_000) as house:
            client = house.connect()
            client.send(get("/page"))
            assert client.response()[0] == 200
            target = house.open_polling(client)
            (session,) = house.engine.sessions.values()
            for _ in range(8):
                session.send("x" * 900_000)
            client.send(get(target))
            assert house.open_polling()  # while the long response waits for its reader
            assert len(client.response()[2]) > 900_000
    finally:
        socket.setdefaulttimeout(None)


# -- the environ ------------------------------------------------------------------------------------------------------

EXTRA = (
    "Cookie: a=1\r\nCookie: b=2\r\nX-Twice: 1\r\nX-Twice: 2\r\nX-Empty:\r\nX-Space:  a b \t\r\nX_Under: bad\r\n"
    "Content-Type: text/x; a=\xe9\r\nX-Forwarded-For: 1.2.3.4\r\nProxy: x\r\n"
)
EXPECTED_TO_DIFFER = {"REMOTE_PORT", "SERVER_PORT", "wsgi.input", "wsgi.errors", "HTTP_HOST"}


def test_the_environ_of_a_handshake_is_the_one_of_pywsgi() -> None:
    engine = Engine()
    environs = []
    engine.on("connection", lambda socket: environs.append(socket.request.environ()))
    servers = [
        make_server(EngineIOMiddleware(engine), ("127.0.0.1", 0)),
        WSGIServer(("127.0.0.1", 0), EngineIOMiddleware(engine), log=None),
    ]
    for server in servers:
        server.start()
    path = "/engine.io/a%%20%%C3%%A9//b?EIO=4&transport=%s&x=%%20y&x=2"
    for request in (
        get(path % "polling", EXTRA),
        get(path % "polling", EXTRA + "Content-Length: 0\r\n"),
        handshake(path % "websocket", EXTRA),
        get(path % "polling", EXTRA).replace(b"HTTP/1.1", b"HTTP/1.0"),
    ):
        environs.clear()
        for server in servers:
            client = Client(server.address[1])
            client.send(request)
            assert client.response(head_only=True)[0] in (200, 101)
            client.close()
        wait_until(lambda: len(environs) == 2)
        ours, theirs = environs
        assert ours.keys() == theirs.keys()
        assert {key for key in ours if ours[key] != theirs[key]} <= EXPECTED_TO_DIFFER
        for environ in environs:
            assert environ["wsgi.input"].read() == b""
    for server in servers:
        server.stop()


def test_what_hooks_see_is_the_environ_of_pywsgi() -> None:
    seen: list[dict[str, Any]] = []
    engine = Engine(allow_request=lambda environ: seen.append(dict(environ)))
    servers = [
        make_server(EngineIOMiddleware(engine), ("127.0.0.1", 0)),
        WSGIServer(("127.0.0.1", 0), EngineIOMiddleware(engine), log=None),
    ]
    for server in servers:
        server.start()
        client = Client(server.address[1])
        client.send(get(POLLING, EXTRA))
        assert client.response()[0] == 200
        client.close()
        server.stop()
    ours, theirs = seen
    assert {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)} <= EXPECTED_TO_DIFFER


def test_flask_reads_its_session_from_a_handshake(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    app = flask.Flask(__name__)
    app.secret_key = "secret"

    @app.get("/login")
    def login() -> str:
        flask.session["name"] = "Ada"
        return "in"

    engine = Engine()
    names = []

    @engine.on("connection")
    def connected(socket: Any) -> None:
        with app.request_context(socket.request.environ()):
            names.append((flask.session["name"], flask.request.args["transport"], flask.request.remote_addr))

    app.wsgi_app = EngineIOMiddleware(engine, app.wsgi_app)  # type: ignore[method-assign]
    server = make_server(app, ("127.0.0.1", 0))
    server.start()
    client = Client(server.address[1])
    client.send(get("/login"))
    cookie = client.response()[1]["set-cookie"].split(";")[0]
    client.send(get(POLLING, f"Cookie: {cookie}\r\n"))
    assert client.response()[0] == 200
    wait_until(lambda: names == [("Ada", "polling", "127.0.0.1")])
    client.close()
    server.stop()
    assert_quiet(capfd, caplog)


# -- middlewares of others --------------------------------------------------------------------------------------------


class Guard:
    """Lets nobody in without the word; keeps the application under the name that Flask uses."""

    def __init__(self, app: Any) -> None:
        self.wsgi_app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ.get("HTTP_X_WORD") != "sesame":
            start_response("403 Forbidden", [("Content-Length", "0")])
            return []
        return self.wsgi_app(environ, start_response)


class GuardedMiddleware(EngineIOMiddleware):
    """The same as a subclass of ours."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ.get("HTTP_X_WORD") != "sesame":
            start_response("403 Forbidden", [("Content-Length", "0")])
            return []
        return super().__call__(environ, start_response)


class GuardedFlask(flask.Flask):
    """And as a subclass of Flask."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        return Guard(super().__call__)(environ, start_response)


def guarded_flask(middleware: EngineIOMiddleware) -> Any:
    app = GuardedFlask(__name__)
    app.wsgi_app = middleware  # type: ignore[method-assign]
    return app


def guarded_subclass(middleware: EngineIOMiddleware) -> Any:
    return GuardedMiddleware(middleware.engine, middleware.app)


@pytest.mark.parametrize("guard", [Guard, guarded_subclass, guarded_flask])
def test_the_door_does_not_go_round_another_middleware(guard: Any) -> None:
    with running(wrap=guard) as house:
        client = house.connect()
        for request in (get(POLLING), get("/page")):
            client.send(request)
            assert client.response()[0] == 403
        client.send(get(POLLING, "X-Word: sesame\r\n"))
        assert client.response()[0] == 200
        assert len(house.engine.sessions) == 1


def wrapping_start_response(app: Any) -> Any:
    def middleware(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Wrapped", "yes")])

        return app(environ, start)

    return middleware


def generator(app: Any) -> Any:
    def middleware(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        yield from app(environ, start_response)

    return middleware


@pytest.mark.parametrize("wrap", [wrapping_start_response, generator, ProxyFix])
def test_middlewares_of_others(wrap: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with running(wrap=wrap) as house:
        client = house.connect()
        target = house.open_polling(client)
        client.send(post(target, b"4hi") + get(target) + get("/page"))
        responses = [client.response() for _ in range(3)]
        assert [body for _, _, body in responses] == [b"ok", b"4hi", b"app:/page:"]
        if wrap is wrapping_start_response:
            assert all(fields["x-wrapped"] == "yes" for _, fields, _ in responses)
        client.send(handshake() + b"\x81\x82\0\0\0\x004x")
        assert client.response(head_only=True)[0] == 101
        assert client.frame()[1][:1] == b"0"
        assert client.frame() == (1, b"4x")
        bad = house.connect()
        bad.send(get("/engine.io/?EIO=4&transport=none"))
        assert bad.response()[0] == 400
    assert "Traceback" not in capfd.readouterr().err


def test_two_servers_side_by_side(house: Running) -> None:
    first, second = Server(), Server(path="/other/")
    app = SocketIOMiddleware(first, SocketIOMiddleware(second, house.app))
    server = make_server(app, ("127.0.0.1", 0))
    server.start()
    client = Client(server.address[1])
    for path in ("/socket.io/", "/other/"):
        client.send(get(f"{path}?EIO=4&transport=polling"))
        assert client.response()[0] == 200
    client.send(get("/page"))
    assert client.response()[2] == b"app:/page:"
    assert (len(first.engine.sessions), len(second.engine.sessions)) == (1, 1)
    client.close()
    server.stop()
