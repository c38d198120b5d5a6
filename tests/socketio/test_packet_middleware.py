"""Packet middlewares: their order, what they may do with an event, and what becomes of it when they fail."""

import logging
from typing import Any

import gevent
import pytest
from gevent import sleep
from gevent.event import Event
from site_under_test import Site

from geventio import ConfigurationError, EventRejected, IncomingEvent, Server
from geventio.protocol.socketio import Packet, PacketType


def test_server_then_namespace_then_socket(io: Server, served: Site, transport: str) -> None:
    def adding(name: str) -> Any:
        def middleware(*given: Any) -> None:
            given[-1].args.append(name)

        return middleware

    chat = io.of("/chat")
    served.add_round_trip(chat)

    @chat.on("connection")
    def connected(socket: Any) -> None:
        socket.use(adding("socket"))
        socket.use_packet(adding("socket again"))

    chat.use_packet(adding("namespace"))
    io.use_packet(adding("server"))
    chat.use_packet(adding("namespace again"))
    io.use_packet(adding("server again"))
    for namespace in (io, chat):
        namespace.on_any(lambda socket, event, *args: served.seen.put(args[1:]))
        namespace.on("x", lambda socket, *args: list(args))
    client = served.open(transport)
    client.connect("/chat")
    client.connect("/")
    names = ["server", "server again", "namespace", "namespace again", "socket", "socket again"]
    assert client.call("x", "client", namespace="/chat") == [["client", *names]]
    assert served.next() == tuple(names)
    assert client.call("x", "client") == [["client", "server", "server again"]]


def test_what_they_are_given(io: Server, served: Site) -> None:
    @io.use_packet
    def look(socket: Any, event: IncomingEvent) -> None:
        served.seen.put((socket.id, event.name, event.args, event.wants_ack, event.dropped, repr(event)))

    client = served.websocket()
    sid = client.connect()
    client.emit("x", 1, {"bytes": b"2"})
    client.emit("y" * 100, id=5)
    client.send_text("42[5,6]")
    assert served.next() == (
        sid, "x", [1, {"bytes": b"2"}], False, False, "<IncomingEvent 'x' with 2 arguments>"
    )  # fmt: skip
    sid, *_, wants_ack, _, text = served.next()
    assert wants_ack
    assert len(text) < 110
    assert served.next()[1:3] == (5, [6])


def test_changing_an_event(io: Server, served: Site) -> None:
    @io.use_packet
    def rename(socket: Any, event: IncomingEvent) -> None:
        if event.name == "old":
            event.name = "new"
            event.args = (event.args[0] * 2, "more")

    @io.use_packet
    def see(socket: Any, event: IncomingEvent) -> None:
        served.seen.put((event.name, event.args))

    io.on("old", lambda socket, *args: "old")
    io.on("new", lambda socket, *args: ["new", *args])
    client = served.websocket()
    client.connect()
    assert client.call("old", 4) == [["new", 8, "more"]]
    assert served.next() == ("new", [8, "more"])


def test_a_handlers_annotations_are_held_against_what_comes_out(io: Server, served: Site) -> None:
    @io.use_packet
    def spoil(socket: Any, event: IncomingEvent) -> None:
        if event.name == "x":
            event.args[0] = [event.args[0]]

    @io.on("x")
    def handler(socket: Any, text: str) -> None:
        served.seen.put(text)

    client = served.websocket()
    client.connect()
    (refused,) = client.call("x", "text")
    assert refused["error"]["data"] == [{"argument": "text", "problem": "expected str, got list"}]
    assert served.seen.empty()


@pytest.mark.parametrize(
    ("rejection", "expected"),
    [
        (EventRejected(), {"message": "Event rejected"}),
        (EventRejected("no"), {"message": "no"}),
        (EventRejected("no", {"code": 7}), {"message": "no", "data": {"code": 7}}),
        (EventRejected("no", 0), {"message": "no", "data": 0}),
        (EventRejected("no", b"bytes"), {"message": "no", "data": b"bytes"}),
        (EventRejected("no", object()), {"message": "Internal server error"}),
    ],
)
@pytest.mark.parametrize("where", ["server", "namespace", "socket", "handler"])
def test_refusing_an_event(
    io: Server,
    served: Site,
    caplog: pytest.LogCaptureFixture,
    rejection: EventRejected,
    expected: dict[str, Any],
    where: str,
) -> None:
    caplog.set_level(logging.INFO)

    def refuse(*given: Any) -> None:
        if where == "handler" or given[-1].name == "x":
            raise rejection

    io.on_error(lambda socket, event, error: served.seen.put("hook"))
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    if where == "handler":
        io.on("x", refuse)
    else:
        {"server": io, "namespace": io.of("/"), "socket": socket}[where].use_packet(refuse)
        io.on("x", lambda socket: served.seen.put("handler"))
    assert client.call("x") == [{"error": expected}]
    client.emit("x")  # without an acknowledgement to refuse
    client.assert_nothing_came()
    assert served.seen.empty()
    refused = [
        record for record in caplog.records if "refused the event 'x' in the namespace '/'" in record.getMessage()
    ]
    assert [record.levelno for record in refused] == [logging.INFO] * 2
    assert all(record.exc_info is None for record in refused)
    assert ("cannot be sent" in caplog.text) == (expected["message"] == "Internal server error")


def test_dropping_an_event(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    @io.use_packet
    def drop(socket: Any, event: IncomingEvent) -> None:
        if event.name == "secret name":
            event.drop()
            event.args.append("still here")

    io.use_packet(lambda socket, event: served.seen.put(event.name))
    io.on_any(lambda socket, event, *args: served.seen.put(event))
    io.on("secret name", lambda socket, *args: served.seen.put("handler"))
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    for _ in range(3):
        client.emit("secret name", "secret payload", id=1)
    client.assert_nothing_came()
    assert [served.next(), served.next()] == ["round trip", "round trip"]
    assert served.seen.empty()
    assert io.root.dropped_events == 3
    (record,) = [record for record in caplog.records if "dropped" in record.getMessage()]
    assert record.levelno == logging.INFO
    assert "secret payload" not in caplog.text
    socket.use(lambda event: event.drop())
    client.emit("x")
    served.wait_until(lambda: io.root.dropped_events == 4)


@pytest.mark.parametrize("error", [ValueError("x"), gevent.Timeout(1), ConfigurationError("x"), gevent.GreenletExit()])
@pytest.mark.parametrize("hooked", [False, True])
def test_one_that_fails(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, error: BaseException, hooked: bool
) -> None:
    @io.use_packet
    def fail(socket: Any, event: IncomingEvent) -> None:
        if event.name == "x":
            raise error

    io.use_packet(lambda socket, event: served.seen.put(event.name) if event.name == "x" else None)
    io.on("x", lambda socket: served.seen.put("handler"))
    if hooked:
        io.on_error(lambda socket, event, error: ("failed", event))
    client = served.websocket()
    client.connect()
    ended = isinstance(error, gevent.GreenletExit)
    if hooked and not ended:
        assert client.call("x") == ["failed", "x"]
    else:
        client.emit("x", id=1)
    client.assert_nothing_came()
    assert served.seen.empty()
    assert ("a packet middleware of 'x' in the namespace '/' failed" in caplog.text) != ended
    assert io.root.dropped_events == 0


@pytest.mark.parametrize("name", ["connect", "disconnect", "newListener", None, True, b"x", ["x"]])
def test_a_name_that_no_event_can_have(io: Server, served: Site, caplog: pytest.LogCaptureFixture, name: Any) -> None:
    @io.use_packet
    def rename(socket: Any, event: IncomingEvent) -> None:
        if event.name == "x":
            event.name = name

    io.on("connection", lambda socket: served.seen.put("connection"))
    io.on("new_namespace", lambda namespace: served.seen.put("new_namespace"))
    client = served.websocket()
    client.connect()
    assert served.next() == "connection"
    client.emit("x", id=1)
    client.assert_nothing_came()
    assert served.seen.empty()
    assert "ConfigurationError" in caplog.text


def test_arguments_that_are_none(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    @io.use_packet
    def change(socket: Any, event: IncomingEvent) -> None:
        if event.name == "x":
            event.args = "text"  # type: ignore[assignment]

    io.on("x", lambda socket, *args: served.seen.put(args))
    client = served.websocket()
    client.connect()
    client.emit("x", id=1)
    client.assert_nothing_came()
    assert served.seen.empty()
    assert "the arguments of an event are a list, not str" in caplog.text


def test_wants_ack_is_read_only() -> None:
    event = IncomingEvent("x", [], wants_ack=True)
    with pytest.raises(AttributeError):
        event.wants_ack = False  # type: ignore[misc]
    with pytest.raises(AttributeError):
        event.other = 1  # type: ignore[attr-defined]


def test_one_that_blocks_keeps_the_order_and_holds_up_nobody_else(io: Server, served: Site) -> None:
    @io.use_packet
    def slow(socket: Any, event: IncomingEvent) -> None:
        if event.name == "x":
            sleep(0.002 * (event.args[0] % 3))
        elif event.name == "block":
            Event().wait(5)

    io.on("x", lambda socket, number: number)
    blocked, client = served.websocket(), served.websocket()
    blocked.connect()
    blocked.emit("block")
    client.connect()
    client.send(*[Packet(PacketType.EVENT, "/", ["x", number], number) for number in range(12)])
    assert [client.receive().data for _ in range(12)] == [[number] for number in range(12)]


def test_a_concurrent_event_passes_them_beside_the_sockets_turn(io: Server, served: Site) -> None:
    release = Event()
    io.use_packet(lambda socket, event: event.args.append("seen"))
    io.on("slow", lambda socket, seen: release.wait(5) and "slow")
    io.on("quick", lambda socket, seen: seen, concurrent=True)
    client = served.websocket()
    client.connect()
    client.emit("slow", id=1)
    client.emit("quick", id=2)
    assert client.receive().data == ["seen"]
    release.set()
    assert client.receive().data == ["slow"]


def test_an_event_of_a_socket_that_one_disconnected_goes_no_further(io: Server, served: Site) -> None:
    @io.use_packet
    def kick(socket: Any, event: IncomingEvent) -> None:
        socket.disconnect()

    io.on("x", lambda socket: served.seen.put("handler"))
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    client = served.websocket()
    client.connect()
    client.emit("x")
    assert client.receive() == Packet(PacketType.DISCONNECT)
    assert served.next() == "server namespace disconnect"
    assert served.seen.empty()


def test_an_event_whose_client_left_meanwhile_is_handled_before_its_disconnect(io: Server, served: Site) -> None:
    release = Event()
    io.use_packet(lambda socket, event: release.wait(5))
    io.on("x", lambda socket: served.seen.put("handler"))
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    client.emit("x")
    client.leave()
    served.wait_until(lambda: not socket.connected)
    release.set()
    assert [served.next(), served.next()] == ["handler", "client namespace disconnect"]


def test_not_for_what_is_no_event_of_a_client(io: Server, served: Site) -> None:
    io.use_packet(lambda socket, event: served.seen.put(event.name))
    io.on("ask", lambda socket: socket.call("question"))
    client = served.websocket()
    client.connect()
    client.emit("ask")
    client.answer(client.receive_question())
    client.leave()
    served.wait_until(lambda: not io.root.sockets)
    assert served.next() == "ask"
    assert served.seen.empty()


def test_children_of_a_parent_namespace_have_its_middlewares(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    jobs.use_packet(lambda socket, event: event.args.append(socket.params["id"]))
    jobs.on("x", lambda socket, *args: list(args))
    client = served.websocket()
    client.connect("/job/1")
    assert client.call("x", namespace="/job/1") == [["1"]]
    io.of("/job/1").use_packet(lambda socket, event: event.args.append("child"))
    assert client.call("x", namespace="/job/1") == [["1", "child"]]
    client.connect("/job/2")
    assert client.call("x", namespace="/job/2") == [["2"]]


def test_what_is_no_middleware_is_refused(io: Server, served: Site) -> None:
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    for function in (5, lambda event: None, lambda socket, event, following: None):
        for source in (io, io.of("/chat")):
            with pytest.raises(ConfigurationError, match=r"form middleware\(socket, event\)"):
                source.use_packet(function)
    for function in (None, lambda: None, lambda socket, event: None):
        for use in (socket.use, socket.use_packet):
            with pytest.raises(ConfigurationError, match=r"form middleware\(event\)"):
                use(function)
    assert io.packet_middlewares == ()
