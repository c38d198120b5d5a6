"""The engine under a Socket.IO server, as an application reaches it: ``io.engine`` and ``socket.conn``."""

from collections.abc import Callable
from typing import Any

import pytest
from site_under_test import Site

from geventio import ConfigurationError, Server

Serve = Callable[..., Site]


def test_the_engines_own_connection_event(site: Serve, transport: str, caplog: pytest.LogCaptureFixture) -> None:
    io = Server()
    served = site(io)
    conns: list[Any] = []
    io.engine.on("connection", conns.append)

    @io.engine.on("connection")
    def failing(conn: Any) -> None:
        raise ValueError

    @io.on("connection")
    def connected(socket: Any) -> None:
        served.seen.put(socket)

    with served.open(transport) as client:
        served.wait_until(lambda: len(conns) == 1)  # before any namespace is joined
        assert (conns[0].transport.name, conns[0].ready_state) == (transport, "open")
        client.connect()
        socket = served.next()
        assert socket.conn is conns[0]
        assert io.engine.clients_count == 1
        assert socket.conn.request.query["EIO"] == "4"
    served.wait_until(lambda: io.engine.clients_count == 0 or transport == "polling")
    assert "a connection handler of the engine failed" in caplog.text


def test_what_a_conn_tells(site: Serve, transport: str) -> None:
    io = Server()
    served = site(io)

    @io.on("connection")
    def connected(socket: Any) -> None:
        for event in ("packet", "packet_create", "close"):
            socket.conn.on(event, lambda *args, event=event: served.seen.put((event, *args)))

    @io.on("echo")
    def echo(socket: Any, value: Any) -> Any:
        return value

    with served.open(transport) as client:
        client.connect()
        client.emit("echo", "a", id=1)
        assert client.receive().data == ["a"]
        io.emit("to all", b"\x01")
        assert client.receive_event() == ["to all", b"\x01"]
        assert [served.next() for _ in range(4)] == [
            ("packet", "message", '21["echo","a"]'), ("packet_create", "message", '31["a"]'),
            ("packet_create", "message", '51-["to all",{"_placeholder":true,"num":0}]'),
            ("packet_create", "message", b"\x01"),
        ]  # fmt: skip
        io.close()
        while (last := served.next())[0] != "close":
            assert last[:2] == ("packet_create", "message")
        assert last == ("close", "server shutting down", "")


def test_an_environ_that_a_middleware_filled_reaches_the_handlers(site: Serve, transport: str) -> None:
    io = Server()
    served = site(io)

    @io.engine.use
    def authenticate(app: Any) -> Any:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            environ["user"] = {"name": environ["HTTP_X_USER"]}
            return app(environ, start_response)

        return application

    @io.use
    def check(socket: Any) -> None:
        socket.data["user"] = socket.handshake.environ["user"]["name"]

    @io.on("who")
    def who(socket: Any) -> str:
        return str(socket.data["user"])

    opening = served.websocket if transport == "websocket" else served.polling
    client = opening(headers=[("X-User", "ann")])
    client.connect()
    client.emit("who", id=1)
    assert client.receive().data == ["ann"]


def test_wrong_names() -> None:
    with pytest.raises(ConfigurationError, match="connection_error"):
        Server().engine.on("disconnect", print)


def test_an_event_before_anything_is_joined(site: Serve, transport: str) -> None:
    served = site(Server(initial_packet='2["welcome",1]'))
    with served.open(transport) as client:
        assert client.receive_event() == ["welcome", 1]
        client.connect()
