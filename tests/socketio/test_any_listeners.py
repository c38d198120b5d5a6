"""Listeners to every event: what they see, in which order, and that they change nothing."""

import logging
from typing import Any

import pytest
from gevent import sleep
from gevent.event import Event
from gevent.lock import Semaphore
from site_under_test import Site

from geventio import ConfigurationError, Server
from geventio.protocol.socketio import Packet, PacketType
from geventio.socketio.handlers import outgoing as outgoing_module


def note(served: Site, name: str) -> Any:
    """A listener of a server or a namespace that notes what it is given, without the socket."""
    return lambda socket, event, *args: served.seen.put((name, event, *args))


# -- what clients send


def test_they_are_called_before_the_handlers_and_for_events_that_nobody_takes(
    io: Server, served: Site, transport: str
) -> None:
    @io.on("connection")
    def connected(socket: Any) -> None:
        socket.on_any(lambda event, *args: served.seen.put(("own", event, *args)))
        socket.prepend_any(lambda event, *args: served.seen.put(("own first", event, *args)))

    io.on("x", lambda socket, *args: served.seen.put("handler"))
    io.on_any(note(served, "second"))
    io.prepend_any(note(served, "first"))
    client = served.open(transport)
    client.connect()
    client.emit("x", 1, b"2")
    client.emit("nobody")
    names = ("first", "second", "own first", "own")
    assert [served.next() for _ in range(9)] == [
        *((name, "x", 1, b"2") for name in names), "handler", *((name, "nobody") for name in names),
    ]  # fmt: skip


def test_not_for_what_is_no_event_of_a_client(io: Server, served: Site) -> None:
    for name in ("connection", "disconnecting", "disconnect"):
        io.on(name, lambda socket, *args: served.seen.put("handler"))
    io.on("ask", lambda socket: socket.call("question"))
    io.on_any(note(served, "any"))
    client = served.websocket()
    client.connect()
    client.emit("ask")
    client.answer(client.receive_question(), "answer")
    client.leave()
    assert [served.next() for _ in range(4)] == ["handler", ("any", "ask"), "handler", "handler"]


def test_of_its_own_namespace_only(io: Server, served: Site) -> None:
    io.of("/a").on_any(note(served, "/a"))
    io.on_any(note(served, "/"))
    io.of("/b")
    client = served.websocket()
    for namespace in ("/", "/a", "/b"):
        client.connect(namespace)
        client.emit("x", namespace, namespace=namespace)
    client.leave("/")
    assert [served.next(), served.next()] == [("/", "x", "/"), ("/a", "x", "/a")]
    assert served.seen.empty()


def test_they_get_no_acknowledgement_and_what_they_return_is_none(io: Server, served: Site) -> None:
    io.on_any(lambda socket, event, *args: "any")
    io.on("x", lambda socket, value: value)
    client = served.websocket()
    client.connect()
    assert client.call("x", "handler") == ["handler"]
    client.emit("nobody", id=1)
    client.assert_nothing_came()


def test_one_that_fails_is_logged_and_the_event_goes_on(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture
) -> None:
    io.on_any(lambda socket, event, *args: 1 / 0)
    io.on_any(note(served, "next"))
    io.on_error(lambda socket, event, error: served.seen.put((event, type(error))) or "the hook's")
    io.on("x", lambda socket: "handled")
    client = served.websocket()
    client.connect()
    assert client.call("x") == ["handled"]
    assert [served.next(), served.next()] == [("x", ZeroDivisionError), ("next", "x")]
    assert "a listener to any event of 'x' in the namespace '/' failed" in caplog.text


def test_they_may_block_and_events_stay_in_order(io: Server, served: Site) -> None:
    @io.on_any
    def slow(socket: Any, event: str, *args: Any) -> None:
        sleep(0.002 * (args[0] % 3) if args else 0)

    io.on("x", lambda socket, number: number)
    client = served.websocket()
    client.connect()
    client.send(*[Packet(PacketType.EVENT, "/", ["x", number], number) for number in range(12)])
    assert [client.receive().data for _ in range(12)] == [[number] for number in range(12)]


def test_removing_and_listing(io: Server, served: Site) -> None:
    first, second, third = (note(served, name) for name in ("first", "second", "third"))
    chat = io.of("/chat")
    for source in (io, chat):
        for add, prepend, off, listed in (
            (source.on_any, source.prepend_any, source.off_any, source.listeners_any),
            (
                source.on_any_outgoing,
                source.prepend_any_outgoing,
                source.off_any_outgoing,
                source.listeners_any_outgoing,
            ),
        ):
            assert add(first) is first
            assert prepend(second) is second
            add(third)
            assert listed() == [second, first, third]
            listed().clear()
            off(first)
            off(first)
            assert listed() == [second, third]
            off()
            assert listed() == []
    io.off()
    client = served.websocket()
    client.connect()
    io.on("x", lambda socket: socket.emit("y"))
    client.emit("x")
    assert client.receive_event() == ["y"]
    assert served.seen.empty()


def test_off_of_a_name_leaves_them(io: Server, served: Site) -> None:
    io.on_any(note(served, "any"))
    io.off("x")
    io.off()
    client = served.websocket()
    client.connect()
    client.emit("x")
    assert served.next() == ("any", "x")


@pytest.mark.parametrize("method", ["on_any", "prepend_any", "on_any_outgoing", "prepend_any_outgoing"])
def test_what_cannot_be_called_with_any_event_is_refused(io: Server, served: Site, method: str) -> None:
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    for function in (5, lambda socket, event: None, lambda socket, event, one=1: None, lambda *, event: None):
        with pytest.raises(ConfigurationError, match=r"function\(socket, event, \*args\)"):
            getattr(io, method)(function)
    for function in (None, lambda event: None, lambda: None):
        with pytest.raises(ConfigurationError, match=r"form function\(event, \*args\)"):
            getattr(socket, method)(function)


def test_a_concurrent_event_has_them_beside_the_sockets_turn(io: Server, served: Site) -> None:
    release = Event()
    io.on_any(note(served, "any"))
    io.on("slow", lambda socket: release.wait(5) and None)
    io.on("quick", lambda socket: served.seen.put("quick"), concurrent=True)
    client = served.websocket()
    client.connect()
    client.emit("slow")
    client.emit("quick")
    client.emit("nobody")  # in turn: no handler of it is concurrent
    assert [served.next() for _ in range(3)] == [("any", "slow"), ("any", "quick"), "quick"]
    assert served.seen.empty()
    release.set()
    assert served.next() == ("any", "nobody")


# -- what the server sends


def test_outgoing_listeners_see_what_leaves(io: Server, served: Site, transport: str) -> None:
    seen: dict[str, list[Any]] = {}

    @io.on_any_outgoing
    def leaves(socket: Any, event: str, *args: Any) -> None:
        seen.setdefault(socket.id, []).append((event, *args))
        served.seen.put(None)

    clients = [served.open(transport) for _ in range(3)]
    sids = [client.connect() for client in clients]
    sockets = [io.root.sockets[sid] for sid in sids]
    sockets[0].join("room")
    sockets[0].emit("unicast", 1, b"2")
    sockets[0].send("message")
    sockets[0].compress(False).emit("compress")
    sockets[0].emit("question", ack=lambda *reply: None)
    io.emit("all", {"to": "all"})
    io.to("room").emit("room")
    sockets[1].broadcast.emit("others")
    io.to(sids[2]).timeout(5).emit("asked", ack=lambda replies: None)
    for _ in range(4 + 3 + 1 + 2 + 1):
        served.next()
    everybody: list[Any] = [("all", {"to": "all"})]
    assert seen == {
        sids[0]: [
            ("unicast", 1, b"2"), ("message", "message"), ("compress",), ("question",), *everybody, ("room",),
            ("others",),
        ],
        sids[1]: everybody,
        sids[2]: [*everybody, ("others",), ("asked",)],
    }  # fmt: skip
    assert served.seen.empty()


def test_a_sockets_own_outgoing_listeners(io: Server, served: Site) -> None:
    own, other = served.websocket(), served.websocket()
    socket = io.root.sockets[own.connect()]
    other.connect()
    socket.on_any_outgoing(lambda event, *args: served.seen.put(("second", event, *args)))
    socket.prepend_any_outgoing(lambda event, *args: served.seen.put(("first", event, *args)))
    io.emit("all", 1)
    assert own.receive_event() == other.receive_event() == ["all", 1]
    socket.emit("one")
    for event in (("all", 1), ("one",)):
        assert [served.next(), served.next()] == [("first", *event), ("second", *event)]
    socket.off_any_outgoing()
    io.emit("all", 2)
    assert [own.receive_event(), own.receive_event()] == [["one"], ["all", 2]]
    own.assert_nothing_came()
    assert served.seen.empty()


def test_acknowledgements_and_what_does_not_leave_are_not_seen(io: Server, served: Site) -> None:
    io.on_any_outgoing(note(served, "out"))
    io.on("x", lambda socket: "acknowledged")
    polling, client = served.polling(), served.websocket()
    away = io.root.sockets[polling.connect()]  # no GET waits: not writable
    gone = io.root.sockets[client.connect()]
    assert client.call("x") == ["acknowledged"]
    away.volatile.emit("volatile")
    away.volatile.emit("volatile", ack=lambda: None)
    io.to(away.id).volatile.emit("volatile")
    io.to(away.id).volatile.timeout(0.01).call("volatile")
    io.to("nobody").emit("nobody")
    gone.disconnect()
    gone.emit("too late")
    gone.emit("too late", ack=lambda: None)
    with pytest.raises(TypeError):
        away.emit("unfit", object())
    away.emit("marker")
    assert served.next() == ("out", "marker")
    assert served.seen.empty()


def test_outgoing_listeners_do_not_hold_up_who_emits(io: Server, served: Site) -> None:
    release = Event()

    @io.on_any_outgoing
    def slow(socket: Any, event: str, *args: Any) -> None:
        release.wait(5)
        served.seen.put((event, *args))

    @io.on("count")
    def count(socket: Any) -> str:
        for number in range(5):
            socket.emit("number", number)
        io.emit("everybody")
        return "done"

    client = served.websocket()
    client.connect()
    client.emit("count", id=1)
    assert [client.receive().data for _ in range(7)] == [
        *(["number", number] for number in range(5)), ["everybody"], ["done"],
    ]  # fmt: skip
    assert served.seen.empty()
    release.set()
    assert [served.next() for _ in range(6)] == [*(("number", number) for number in range(5)), ("everybody",)]


def test_an_outgoing_listener_that_fails(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    io.on_any_outgoing(lambda socket, event, *args: 1 / 0)
    io.on_any_outgoing(note(served, "next"))
    io.on_error(lambda socket, event, error: served.seen.put("hook"))
    client = served.websocket()
    io.root.sockets[client.connect()].emit("x")
    assert client.receive_event() == ["x"]
    assert served.next() == ("next", "x")
    assert served.seen.empty()
    assert "an on_any_outgoing listener failed on the event 'x' in the namespace '/'" in caplog.text


def test_outgoing_listeners_that_do_not_keep_up_miss_events(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing_module, "WAITING_LIMIT", 5)
    turn = Semaphore(0)

    @io.on_any_outgoing
    def slow(socket: Any, event: str, *args: Any) -> None:
        turn.acquire()
        served.seen.put((event, *args))

    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    for number in range(9):
        socket.emit("x", number)
    assert [client.receive_event() for _ in range(9)] == [["x", number] for number in range(9)]
    assert io.outgoing is not None
    assert io.outgoing.missed == 4
    assert [record.levelno for record in caplog.records if "too slow" in record.getMessage()] == [logging.WARNING]
    for number in range(5):
        turn.release()
        assert served.next() == ("x", number)
    turn.release()
    socket.emit("x", "again")
    assert served.next() == ("x", "again")


def test_a_server_without_outgoing_listeners_has_nothing_for_them(io: Server, served: Site) -> None:
    assert io.outgoing is None
    io.of("/chat").on_any_outgoing(note(served, "chat"))
    assert io.outgoing is not None
    client = served.websocket()
    client.connect()
    client.connect("/chat")
    io.emit("root")
    io.of("/chat").emit("chat")
    assert [client.receive().data, client.receive().data] == [["root"], ["chat"]]
    assert served.next() == ("chat", "chat")
    assert served.seen.empty()


def test_a_server_whose_outgoing_listeners_are_gone_has_nothing_for_them_either(io: Server, served: Site) -> None:
    first, second = io.of("/chat"), io.of("/room/{id}")
    heard = note(served, "heard")
    first.on_any_outgoing(heard)
    second.on_any_outgoing(heard)
    first.off_any_outgoing(heard)
    assert io.outgoing is not None
    second.off_any_outgoing()
    assert io.outgoing is None
    client, other = served.websocket(), served.websocket()
    other.connect()
    io.root.sockets[client.connect()].on_any_outgoing(lambda event, *args: served.seen.put((event, *args)))
    io.emit("x")
    assert served.next() == ("x",)
    client.cut()
    served.wait_until(lambda: io.count() == 1)

    def nothing_left() -> bool:
        io.emit("y")
        return io.outgoing is None

    served.wait_until(nothing_left)
    assert served.seen.empty()


def test_what_an_outgoing_listener_emits_is_not_told(io: Server, served: Site) -> None:
    @io.on_any_outgoing
    def report(socket: Any, event: str, *args: Any) -> None:
        served.seen.put((event, *args))
        socket.emit("report", event)
        io.emit("report to all", event)

    client = served.websocket()
    sid = client.connect()
    for event in ("first", "second"):
        io.root.sockets[sid].emit(event)
        assert served.next() == (event,)
    got = sorted(client.receive_event() for _ in range(6))
    assert got == [
        ["first"], ["report", "first"], ["report", "second"], ["report to all", "first"], ["report to all", "second"],
        ["second"],
    ]  # fmt: skip
    client.assert_nothing_came()
    assert served.seen.empty()


def test_children_of_a_parent_namespace_have_its_listeners(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    jobs.on_any(note(served, "any"))
    jobs.on_any_outgoing(note(served, "out"))
    client = served.websocket()
    client.connect("/job/1")
    client.emit("x", namespace="/job/1")
    assert served.next() == ("any", "x")
    own = io.of("/job/1")
    own.on_any(note(served, "own any"))
    own.on_any_outgoing(note(served, "own out"))
    jobs.prepend_any(note(served, "first"))
    client.emit("y", namespace="/job/1")
    assert [served.next() for _ in range(3)] == [("first", "y"), ("any", "y"), ("own any", "y")]
    jobs.emit("z")
    assert [served.next() for _ in range(2)] == [("out", "z"), ("own out", "z")]
    assert own.listeners_any_outgoing() != jobs.listeners_any_outgoing()
