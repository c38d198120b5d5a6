"""Hooks and middlewares of the application that fail in ways of which no engine should know: whoever asked gets an
answer all the same, through both doors.
"""

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from geventio.engineio.engine import Engine
from tests.runtime.sockets import wait_for

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, Address, Connection, HTTPClient, ask, request_head
from .doors import DOORS, opened

App = Callable[..., Any]
Serve = Callable[..., Address]


def elsewhere(environ: dict[str, Any], start_response: App) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "3")])
    return [b"app"]


def changing(changes: dict[Any, Any]) -> Callable[[App], App]:
    """A middleware that puts *changes* into the environ."""

    def middleware(app: App) -> App:
        return lambda environ, start_response: app({**environ, **changes}, start_response)

    return middleware


def ends_its_greenlet(*args: Any) -> Any:
    raise gevent.GreenletExit


@pytest.fixture(params=DOORS)
def serve(request: pytest.FixtureRequest) -> Iterator[Callable[[Engine], Address]]:
    doors = []

    def build(engine: Engine) -> Address:
        doors.append(opened(request.param, engine, elsewhere))
        return doors[-1].__enter__()

    yield build
    for door in doors:
        door.__exit__(None, None, None)


@pytest.mark.parametrize("name", ["HTTP_UPGRADE", "HTTP_ORIGIN", "HTTP_CONNECTION", "HTTP_SEC_WEBSOCKET_KEY"])
def test_a_middleware_that_leaves_nonsense_in_the_environ(serve: Serve, name: str) -> None:
    engine = Engine()
    engine.use(changing({name: 7}))
    address = serve(engine)
    polling = name in ("HTTP_CONNECTION", "HTTP_SEC_WEBSOCKET_KEY")  # only a WebSocket has use for them
    assert ask(address, "GET", POLLING).status == (200 if polling else 400)
    assert ask(address, "GET", WEBSOCKET, WEBSOCKET_HEADERS).status == 400
    assert len(engine.sessions) == polling


@pytest.mark.parametrize("option", ["allow_request", "generate_id", "cors_allowed_origins"])
def test_a_function_that_ends_its_own_greenlet(serve: Serve, option: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(**{option: ends_its_greenlet})
    errors: list[Any] = []
    engine.on("connection_error", errors.append)
    address = serve(engine)
    origin = ("Origin", "http://localhost:5000")
    assert ask(address, "GET", POLLING, [origin]).status == 400
    assert ask(address, "GET", WEBSOCKET, [*WEBSOCKET_HEADERS, origin]).status == 400
    wait_for(lambda: len(errors) == 2)
    assert {error.context["name"] for error in errors} == {"HOOK_FAILURE"}
    assert caplog.text.count("a hook of the engine failed") == 2
    assert not engine.sessions


@pytest.mark.parametrize("event", ["headers", "initial_headers"])
def test_a_headers_hook_that_ends_its_own_greenlet(serve: Serve, event: str) -> None:
    engine = Engine()
    engine.on(event, ends_its_greenlet)
    address = serve(engine)
    assert ask(address, "GET", POLLING).status == 200
    assert ask(address, "GET", WEBSOCKET, WEBSOCKET_HEADERS).status == 400
    assert len(engine.sessions) == 1


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_where_there_must_be_none(serve: Serve, status: str, method: str) -> None:
    """Or the client takes it for the response to its next request."""
    engine = Engine()

    @engine.use
    def answering(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> list[bytes]:
            start_response(status, [])(b"HTTP/1.1 200 OK\r\n")
            return [b"Content-Length: 0\r\n\r\n"]

        return application

    client = HTTPClient(serve(engine))
    assert client.request(method, POLLING).status == int(status[:3])
    assert client.request("GET", "/elsewhere").body == b"app"
    client.close()


def test_a_websocket_handshake_with_a_body_is_none_behind_a_middleware_either(serve: Serve) -> None:
    engine = Engine()
    seen: list[str] = []

    @engine.use
    def looking(app: App) -> App:
        def application(environ: dict[str, Any], start_response: App) -> Any:
            seen.append(environ["CONTENT_LENGTH"])
            return app(environ, start_response)

        return application

    client = Connection.to(serve(engine))
    client.sock.sendall(request_head("GET", WEBSOCKET, WEBSOCKET_HEADERS, 5) + b"12345")
    answer = client.take_answer()
    assert (answer.status, answer.text) == (400, "A WebSocket handshake has no body")
    assert seen == ["0"]  # the body is not the middleware's to read
    client.close()
