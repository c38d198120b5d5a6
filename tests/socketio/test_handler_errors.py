"""What happens when a user's code raises: logged with its event's name, connection intact, nobody else disturbed."""

import logging
from typing import Any

import gevent
import pytest
from site_under_test import Site

from geventio import ConnectionRejected, Server
from geventio.protocol.socketio import Packet, PacketType


def raising(error: BaseException) -> Any:
    def handler(socket: Any, *args: Any) -> None:
        raise error

    return handler


@pytest.mark.parametrize("error", [ValueError("x"), gevent.Timeout(1), ConnectionRejected("too late"), MemoryError()])
def test_a_handler_that_raises(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, transport: str, error: BaseException
) -> None:
    io.on("x", raising(error))
    io.on("x", lambda socket: served.seen.put("the next handler"))
    client = served.open(transport)
    client.connect()
    client.emit("x")
    assert served.next() == "the next handler"
    client.assert_nothing_came()
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.name == "geventio.socketio"
    assert record.getMessage() == "a handler of 'x' in the namespace '/' failed"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_without_on_error_a_failed_event_is_not_acknowledged(io: Server, served: Site) -> None:
    io.on("x", raising(ValueError()))
    client = served.websocket()
    client.connect()
    client.emit("x", id=1)
    client.assert_nothing_came()


def test_on_error(io: Server, served: Site) -> None:
    @io.on_error
    def failed(socket: Any, event: str, error: Exception) -> Any:
        served.seen.put((event, type(error)))
        return None if event == "quiet" else ("failed", event)

    for name in ("x", "quiet", "connection", "disconnecting", "disconnect"):
        io.on(name, raising(ValueError()))
    io.on("timeout", raising(gevent.Timeout()))
    io.on("acked", acked := lambda socket, *, ack: (ack("before"), 1 / 0))
    admin = io.of("/admin")
    admin.on("x", raising(KeyError()))
    client = served.websocket()
    client.connect()
    client.connect("/admin")
    assert served.next() == ("connection", ValueError)
    assert client.call("x") == ["failed", "x"]
    assert client.call("timeout") == ["failed", "timeout"]
    assert client.call("x", namespace="/admin") == ["failed", "x"]
    assert client.call("acked") == ["before"]
    client.emit("quiet", id=1)
    client.assert_nothing_came()
    client.leave()
    seen = [served.next() for _ in range(7)]
    assert seen == [
        ("x", ValueError), ("timeout", gevent.Timeout), ("x", KeyError), ("acked", ZeroDivisionError),
        ("quiet", ValueError), ("disconnecting", ValueError), ("disconnect", ValueError),
    ]  # fmt: skip
    assert callable(acked)


def test_an_on_error_hook_that_raises(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    io.on("x", raising(ValueError()))
    io.on_error(lambda socket, event, error: 1 / 0)
    client = served.websocket()
    client.connect()
    client.emit("x", id=1)
    client.assert_nothing_came()
    assert "the on_error hook failed on the error of 'x'" in caplog.text


def test_a_handler_that_ends_its_greenlet(io: Server, served: Site) -> None:
    for name in ("x", "disconnecting"):
        io.on(name, raising(gevent.GreenletExit()))
    io.on("disconnect", lambda socket, reason: served.seen.put((reason, socket.rooms)))
    client = served.websocket()
    client.connect()
    client.emit("x", id=1)
    client.assert_nothing_came()
    client.leave()
    assert served.next() == ("client namespace disconnect", frozenset())


@pytest.mark.parametrize("error", [ValueError("x"), gevent.Timeout(1), gevent.GreenletExit()])
def test_a_middleware_that_raises(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, transport: str, error: BaseException
) -> None:
    failing = True

    @io.use
    def middleware(socket: Any) -> None:
        if failing:
            raise error

    io.use(lambda socket: served.seen.put("second"))
    client = served.open(transport)
    assert client.refused() == {"message": "Internal server error"}
    assert served.seen.empty()
    assert ("a middleware of the namespace '/' failed" in caplog.text) != isinstance(error, gevent.GreenletExit)
    assert io.root.sockets == {}
    failing = False
    client.connect()  # it may try again
    assert served.next() == "second"


@pytest.mark.parametrize(
    ("rejection", "expected"),
    [
        (ConnectionRejected(), {"message": "Connection rejected"}),
        (ConnectionRejected("no"), {"message": "no"}),
        (ConnectionRejected("no", {"code": 7}), {"message": "no", "data": {"code": 7}}),
        (ConnectionRejected("no", 0), {"message": "no", "data": 0}),
        (ConnectionRejected("no", b"bytes"), {"message": "Internal server error"}),
        (ConnectionRejected("no", object()), {"message": "Internal server error"}),
    ],
)
def test_refusals(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, rejection: ConnectionRejected, expected: dict[str, Any]
) -> None:
    io.of("/admin").use(raising(rejection))
    client = served.websocket()
    client.connect()
    assert client.refused("/admin") == expected
    assert ("cannot be sent" in caplog.text) == (expected["message"] == "Internal server error")
    client.assert_nothing_came()
    assert str(rejection) in ("Connection rejected", "no")


@pytest.mark.parametrize(
    ("handler", "count", "complaint"),
    [
        (lambda socket: None, 1, "the handler takes 0 arguments, and the client sent 1"),
        (lambda socket, a: None, 0, "the handler takes 1 argument, and the client sent 0"),
        (lambda socket, a, b=1: None, 3, "the handler takes 1 to 2 arguments, and the client sent 3"),
        (lambda socket, a, *more: None, 0, "the handler takes at least 1 arguments, and the client sent 0"),
    ],
)
def test_a_wrong_number_of_arguments(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, handler: Any, count: int, complaint: str
) -> None:
    io.on("x", handler)
    io.on_error(lambda socket, event, error: str(error))
    client = served.websocket()
    client.connect()
    assert client.call("x", *range(count)) == [complaint]
    assert f"the event 'x' in the namespace '/' was not handled: {complaint}" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_type_error_of_the_handler_is_the_handlers(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture
) -> None:
    io.on("x", lambda socket, a: len(a))
    client = served.websocket()
    client.connect()
    client.emit("x", 5)
    client.assert_nothing_came()
    assert "has no len()" in caplog.text


def test_a_clients_text_in_a_log_record_is_escaped_and_bounded(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    names = ["x\r\nERROR forged line \x1b[31m", "y" * 100_000, "\udc80\0" * 50_000]
    for name in names:
        io.on(name, lambda socket: 1 / 0)
    client = served.websocket()
    client.connect()
    for name in names:
        client.emit(name)
        client.emit(name, 1)  # an argument too many
    client.assert_nothing_came()
    client.send(Packet(PacketType.CONNECT, "/no\r\nERROR forged"))
    assert client.receive().type is PacketType.CONNECT_ERROR
    client.send_text("4/\r\nERROR forged" + "z" * 100_000)
    client.wait_closed()
    assert len(caplog.records) >= 7
    for record in caplog.records:
        message = record.getMessage()
        assert len(message) < 700
        assert message.isprintable()
        assert client.opened["sid"] not in message
