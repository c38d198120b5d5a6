"""``connection_error``: the application hears of every refusal, with its code and what was wrong."""

from typing import Any

import gevent
import pytest
from gevent.event import Event

from geventio.engineio import connection_errors
from geventio.engineio.connection_errors import ConnectionFailure
from tests.runtime.sockets import in_hub, wait_for

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, Address, ask, open_session
from .conftest import Make, NotingEngine
from .memory import MemoryRequest


def failing(environ: dict[str, Any]) -> Any:
    raise ValueError("no")


def listen(noting: NotingEngine) -> list[ConnectionFailure]:
    errors: list[ConnectionFailure] = []
    noting.engine.on("connection_error", errors.append)
    return errors


@pytest.mark.parametrize(
    ("method", "target", "headers", "options", "code", "message", "context"),
    [
        ("GET", "/engine.io/?EIO=4&transport=abc", [], {}, 0, "Transport unknown", {"transport": "abc"}),
        ("GET", "/engine.io/", [], {}, 0, "Transport unknown", {"transport": ""}),
        ("GET", POLLING + "&sid=nobody", [], {}, 1, "Session ID unknown", {"sid": "nobody"}),
        ("POST", POLLING, [], {}, 2, "Bad handshake method", {"method": "POST"}),
        ("GET", WEBSOCKET, [], {}, 3, "Bad request", {"name": "TRANSPORT_HANDSHAKE_ERROR"}),
        ("GET", POLLING, [("Origin", "a\x01b")], {}, 3, "Bad request",
         {"name": "INVALID_ORIGIN", "origin": "a\x01b"}),
        ("GET", POLLING, [("Origin", "https://b.example")], {}, 4, "Origin not allowed",
         {"name": "ORIGIN_NOT_ALLOWED", "origin": "https://b.example"}),
        ("GET", POLLING, [], {"allow_request": lambda environ: "go away"}, 4, "go away", {"name": "ALLOW_REQUEST"}),
        ("GET", POLLING, [], {"allow_request": failing}, 4, "Forbidden", {"name": "ALLOW_REQUEST_FAILED"}),
        ("GET", POLLING, [], {"generate_id": failing}, 3, "Bad request", {"name": "ID_GENERATION_ERROR"}),
        ("GET", POLLING.replace("EIO=4", "EIO=3"), [], {}, 5, "Unsupported protocol version", {"protocol": "3"}),
    ],
)  # fmt: skip
def test_every_refusal(
    serve: Make,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    options: dict[str, Any],
    code: int,
    message: str,
    context: dict[str, Any],
) -> None:
    noting = serve(**options)
    errors = listen(noting)
    answer = ask(noting.address, method, target, [*headers, ("X-Own", "1")])
    assert answer.status in (400, 403)
    wait_for(lambda: errors)
    (error,) = errors
    assert (error.code, error.message) == (code, message)
    cause = error.context.pop("error", None)
    assert (type(cause) is ValueError) == (failing in options.values())
    assert error.context == context
    assert (error.request.headers["x-own"], error.request.address) == ("1", "127.0.0.1")
    assert error.environ["HTTP_X_OWN"] == "1"
    assert error.environ["QUERY_STRING"] in target


def test_requests_of_a_session(serve: Make) -> None:
    noting = serve()
    errors = listen(noting)
    address: Address = noting.address
    sid = open_session(address)
    assert errors == []
    ask(address, "GET", f"{WEBSOCKET}&sid={sid}")
    ask(address, "GET", f"{POLLING.replace('EIO=4', 'EIO=3')}&sid={sid}")
    ask(address, "GET", f"{WEBSOCKET}&sid={sid}", [*WEBSOCKET_HEADERS[:3], ("Sec-WebSocket-Key", "short")])
    wait_for(lambda: len(errors) == 3)
    assert [error.context["name"] for error in errors] == [
        "TRANSPORT_MISMATCH", "PROTOCOL_MISMATCH", "TRANSPORT_HANDSHAKE_ERROR",
    ]  # fmt: skip
    assert errors[1].context["protocol"] == "3"


@pytest.mark.parametrize("hub", [False, True])
def test_handlers_run_in_a_worker_one_after_the_other(make: Make, hub: bool, caplog: pytest.LogCaptureFixture) -> None:
    noting = make()
    running: list[int] = []
    told: list[str] = []

    @noting.engine.on("connection_error")
    def slow(error: ConnectionFailure) -> None:
        running.append(1)
        assert len(running) == 1
        gevent.sleep(0.001)
        running.pop()
        told.append(error.context["sid"])
        if error.context["sid"] == "b":
            raise gevent.Timeout(1)

    noting.engine.on("connection_error", lambda error: told.append("second"))
    for sid in "abc":
        request = MemoryRequest(query=f"EIO=4&transport=polling&sid={sid}")
        if hub:
            in_hub(noting.engine.handle, request)
        else:
            noting.engine.handle(request)
        assert request.response is not None  # nobody waits for the handlers
    wait_for(lambda: len(told) == 6)
    assert told == ["a", "second", "b", "second", "c", "second"]
    assert "a connection_error handler failed" in caplog.text


def test_no_more_than_so_many_wait(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection_errors, "MAX_WAITING", 5)
    noting = make()
    gate = Event()
    told: list[ConnectionFailure] = []

    @noting.engine.on("connection_error")
    def slow(error: ConnectionFailure) -> None:
        gate.wait()
        told.append(error)

    for _ in range(20):
        noting.engine.handle(MemoryRequest(query="EIO=4&transport=polling&sid=nobody"))
    listeners = noting.engine.refusals.listeners
    assert listeners is not None
    gate.set()
    wait_for(lambda: len(told) + listeners.dropped == 20)
    assert len(told) == 6  # the one that runs, and five that wait
    assert caplog.text.count("slower than requests are refused") == 1
