"""What is put together wrongly says so at once, and what to do."""

from pathlib import Path
from typing import Any

import flask
import pytest

from geventio import ConfigurationError, EngineIOMiddleware, Server, SocketIOMiddleware, serve
from geventio.engineio.engine import Engine

io = Server()


def app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return []


def flask_app() -> flask.Flask:
    application = flask.Flask(__name__)
    application.wsgi_app = SocketIOMiddleware(io, application.wsgi_app)  # type: ignore[method-assign]
    return application


@pytest.mark.parametrize(
    ("build", "advice"),
    [
        (lambda: SocketIOMiddleware(app, io), "application comes second"),
        (lambda: SocketIOMiddleware(Engine()), "a Server"),
        (lambda: EngineIOMiddleware(io), "an Engine"),
        (lambda: EngineIOMiddleware(app, Engine()), "application comes second"),
        (lambda: SocketIOMiddleware(io, "app"), "WSGI callable"),
        (lambda: SocketIOMiddleware(io, SocketIOMiddleware(Server())), "give one of them another path"),
        (lambda: SocketIOMiddleware(io, EngineIOMiddleware(Engine(path="socket.io"))), "give one of them another path"),
        (lambda: SocketIOMiddleware(Server(), flask_app()), "give one of them another path"),
        (lambda: SocketIOMiddleware(Server(path="/a"), SocketIOMiddleware(Server(path="/a/b"))), "another path"),
        (lambda: serve(io), "serve(SocketIOMiddleware(server))"),
        (lambda: serve(Engine()), "serve(EngineIOMiddleware(server))"),
        (lambda: serve("127.0.0.1:5000"), "WSGI application"),
        (lambda: serve(None), "WSGI application"),
        (lambda: serve(app, keyfile="key.pem"), "both"),
        (lambda: serve(app, certfile="cert.pem"), "both"),
        (lambda: serve(app, keyfile="missing.pem", certfile="missing.pem"), "missing.pem"),
        (lambda: serve(app, "unix:/tmp/socket"), "host:port"),
        (lambda: serve(app, "127.0.0.1"), "host:port"),
        (lambda: serve(app, "127.0.0.1:http"), "host:port"),
        (lambda: serve(app, "127.0.0.1:70000"), "host:port"),
        (lambda: serve(app, ("127.0.0.1", "x")), "host:port"),
        (lambda: serve(app, ("127.0.0.1",)), "host:port"),
        (lambda: serve(app, 5000), "host:port"),
    ],
)
def test_misuse(build: Any, advice: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build()
    assert advice in str(caught.value)


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"broken\.pem"):
        serve(app, keyfile=str(broken), certfile=str(broken))
