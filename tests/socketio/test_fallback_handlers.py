"""``*``: the handlers of what no other handler takes."""

from typing import Any

import pytest
from gevent.event import Event
from site_under_test import Site

from geventio import ConfigurationError, IncomingEvent, Server


def test_it_takes_and_acknowledges_what_nobody_else_takes(io: Server, served: Site, transport: str) -> None:
    io.on("taken", lambda socket, *args: "taken")

    @io.on("*")
    def rest(socket: Any, event: Any, *args: Any) -> Any:
        return (socket.id, event, *args)

    client = served.open(transport)
    sid = client.connect()
    assert client.call("taken", 1) == ["taken"]
    assert client.call("x", 1, b"2") == [sid, "x", 1, b"2"]
    assert client.call("*", 1) == [sid, "*", 1]
    assert client.call("connection") == [sid, "connection"]
    client.send_text('420[5,"number"]')
    assert client.receive().data == [sid, 5, "number"]
    io.off("taken")
    assert client.call("taken") == [sid, "taken"]
    io.off("*")
    client.emit("x", id=1)
    client.emit("*", id=2)
    client.assert_nothing_came()


def test_it_sees_nothing_but_events_of_clients(io: Server, served: Site) -> None:
    io.on("*", lambda socket, event, *args: served.seen.put(event))
    client = served.websocket()
    client.connect()
    client.emit("x")
    client.leave()
    served.wait_until(lambda: not io.root.sockets)
    client.connect()
    client.assert_nothing_came()
    assert served.next() == "x"
    assert served.seen.empty()


def test_a_sockets_own(io: Server, served: Site) -> None:
    @io.on("connection")
    def connected(socket: Any) -> None:
        socket.on("own", lambda: "own")
        socket.on("*", lambda event, *args: ["rest", event, *args])

    io.on("namespace's", lambda socket: "namespace's")
    client = served.websocket()
    client.connect()
    assert client.call("own") == ["own"]
    assert client.call("namespace's") == ["namespace's"]
    assert client.call("x", 1) == [["rest", "x", 1]]


def test_a_sockets_own_handler_takes_an_event_from_it(io: Server, served: Site) -> None:
    io.on("connection", lambda socket: socket.on("own", lambda: "own"))
    io.on("*", lambda socket, event, *args: "rest")
    client = served.websocket()
    client.connect()
    assert client.call("own") == ["own"]
    assert client.call("x") == ["rest"]


def test_once_concurrent_and_ack(io: Server, served: Site) -> None:
    release = Event()
    io.on("slow", lambda socket: release.wait(5) and None)
    io.once("*", lambda socket, event, *, ack: ack("once", event), concurrent=True)
    client = served.websocket()
    client.connect()
    client.emit("slow")
    assert client.call("x") == ["once", "x"]
    client.emit("y", id=1)
    client.assert_nothing_came()
    release.set()


def test_after_any_listeners_and_packet_middlewares(io: Server, served: Site) -> None:
    @io.use_packet
    def rename(socket: Any, event: IncomingEvent) -> None:
        event.name = "taken" if event.name == "old" else event.name

    io.on_any(lambda socket, event, *args: served.seen.put(event))
    io.on("taken", lambda socket: "taken")
    io.on("*", lambda socket, event, *args: "rest")
    client = served.websocket()
    client.connect()
    assert client.call("old") == ["taken"]
    assert client.call("x") == ["rest"]
    assert [served.next(), served.next()] == ["taken", "x"]


def test_errors_are_told_with_the_events_own_name(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    io.on_error(lambda socket, event, error: (event, str(error)))

    @io.on("*")
    def rest(socket: Any, event: Any, number: int) -> float:
        return 1 / number

    client = served.websocket()
    client.connect()
    assert client.call("x", 2) == [0.5]
    assert client.call("x", 0) == ["x", "division by zero"]
    assert client.call("y") == ["y", "the handler takes 1 argument, and the client sent 0"]
    assert client.call("y", "2") == ["y", "number: expected int, got str"]
    assert "a handler of 'x' in the namespace '/' failed" in caplog.text


def test_the_name_is_an_argument_that_is_checked_too(io: Server, served: Site) -> None:
    @io.on("*")
    def rest(socket: Any, event: str, *args: Any) -> str:
        return event

    client = served.websocket()
    client.connect()
    assert client.call("x") == ["x"]
    client.send_text("420[5]")
    (refused,) = client.receive().data
    assert refused["error"]["data"] == [{"argument": "event", "problem": "expected str, got int"}]


def test_its_form(io: Server, served: Site) -> None:
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    for handler in (lambda socket: None, lambda socket, *, ack: None):
        with pytest.raises(
            ConfigurationError, match=r"cannot take the event; its form is handler\(socket, event, \*args\)"
        ):
            io.on("*", handler)
    with pytest.raises(ConfigurationError, match=r"its form is handler\(event, \*args\)"):
        socket.on("*", lambda: None)
