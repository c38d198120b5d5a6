"""The public contract, as a user writes it and nearly word for word."""

from typing import Any

import pytest
from gevent import spawn
from site_under_test import Site

from geventio import ConnectionRejected, Disconnected, Server, SocketIOMiddleware
from geventio.protocol.socketio import PacketType


def other_application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the application"]


def test_the_contract(site: Any, transport: str) -> None:
    io = Server(cors_allowed_origins="https://example.org")
    answers: list[Any] = []
    reasons: list[str] = []

    @io.use
    def authenticate(socket: Any) -> None:
        if socket.handshake.auth.get("token") != "secret":
            raise ConnectionRejected("not authorised", {"code": 401})

    @io.on("connection")
    def connected(socket: Any) -> None:
        socket.join("news")
        socket.emit("hello", 1, "2", {"3": b"\x04"})
        answers.append(socket.call("question", 42, timeout=5))

    @io.on("chat message")
    def chat(socket: Any, text: str) -> str:
        socket.to("news").emit("chat message", text)
        return "got it"

    @io.on("disconnect")
    def gone(socket: Any, reason: str) -> None:
        reasons.append(reason)

    admin = io.of("/admin")
    app = SocketIOMiddleware(io, other_application)
    served: Site = site(io, app)

    stranger = served.open(transport)
    assert stranger.refused() == {"message": "not authorised", "data": {"code": 401}}

    first, second = served.open(transport), served.open(transport)
    ids = []
    for client in (first, second):
        ids.append(client.connect(auth={"token": "secret"}))
        assert client.receive_event() == ["hello", 1, "2", {"3": b"\x04"}]
        question = client.receive_question()
        assert question.data == ["question", 42]
        client.answer(question, "fine")
    assert first.call("chat message", "hi") == ["got it"]
    assert answers == ["fine", "fine"]
    assert second.receive_event() == ["chat message", "hi"]

    second.assert_nothing_came()  # for polling: no GET waits now, and volatile means it
    io.to("news").except_(ids[0]).emit("tick", 3)
    assert second.receive_event() == ["tick", 3]
    first.assert_nothing_came()

    asked = spawn(lambda: io.to("news").timeout(5).call("ready?"))
    for client in (first, second):
        client.answer(client.receive_question(), "yes")
    replies = asked.get(timeout=5)
    assert dict(replies) == {ids[0]: "yes", ids[1]: "yes"}
    assert replies.missing == []
    for sid, reply in replies:
        assert sid in ids
        assert reply == "yes"

    first.connect("/admin")
    assert len(admin.sockets) == 1
    first.leave()
    served.wait_until(lambda: reasons == ["client namespace disconnect"])


def test_one_sockets_own_handlers(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    @io.on("connection")
    def connected(socket: Any) -> None:
        @socket.on("add")
        def add(a: int, b: int) -> int:
            return a + b

        @socket.once("first")
        def first(*, ack: Any) -> None:
            ack("only", "once")

        @socket.on("disconnect")
        def gone(reason: str) -> None:
            served.seen.put(reason)

    client = served.websocket()
    client.connect()
    assert client.call("add", 2, 3) == [5]
    assert client.call("first") == ["only", "once"]
    client.emit("first", id=5)
    client.assert_nothing_came()
    client.close()
    assert served.next() == "transport close"


def test_an_ack_function(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    @io.on("connection")
    def connected(socket: Any) -> None:
        socket.emit("question", ack=lambda *values: served.seen.put(values))
        socket.timeout(5).emit("timed", ack=lambda error, *values: served.seen.put((error, values)))
        socket.send("hello")

    client = served.websocket()
    client.connect()
    for values in (("a", b"\x01"), ("b",)):
        client.answer(client.receive_question(), *values)
    assert served.next() == ("a", b"\x01")
    assert served.next() == (None, ("b",))
    packet = client.receive()
    assert (packet.type, packet.data) == (PacketType.EVENT, ["message", "hello"])


def test_waiting_for_a_client_that_leaves(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    @io.on("connection")
    def connected(socket: Any) -> None:
        with pytest.raises(Disconnected, match=r"the client disconnected \(transport close\)") as caught:
            socket.call("question", timeout=None)
        served.seen.put(caught.value.reason)

    client = served.websocket()
    client.connect()
    client.receive_question()
    client.cut()
    assert served.next() == "transport close"
