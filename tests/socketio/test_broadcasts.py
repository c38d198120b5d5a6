"""Whom a broadcast reaches, how it travels, and that choosing changes nothing."""

from typing import Any

import pytest
from gevent import spawn
from site_under_test import Site

from geventio import BroadcastOperator, ConfigurationError, Replies, Server
from geventio.protocol.socketio import PacketType


@pytest.fixture
def io() -> Server:
    return Server()


class Party:
    """Three clients: a in room x, b in x and y, c in y."""

    def __init__(self, served: Site, transport: str) -> None:
        self.clients = {name: served.open(transport) for name in "abc"}
        self.sockets = {name: served.io.root.sockets[client.connect()] for name, client in self.clients.items()}
        self.ids = {name: socket.id for name, socket in self.sockets.items()}
        self.sockets["a"].join("x")
        self.sockets["b"].join(["x", "y"])
        self.sockets["c"].join("y")

    def who_heard(self) -> str:
        heard = ""
        for name, client in self.clients.items():
            client.emit("round trip", id=1)
            while (packet := client.receive()).type is not PacketType.ACK:
                assert packet.data == ["hi", 1, b"\x02"]
                heard += name
        return heard


@pytest.fixture
def party(site: Any, io: Server, transport: str) -> Party:
    return Party(site(io), transport)


def choices(io: Server, party: Party) -> list[tuple[str, Any]]:
    a, b = party.sockets["a"], party.sockets["b"]
    return [
        ("abc", io),
        ("abc", io.of("/")),
        ("abc", io.local),
        ("abc", io.compress(False)),
        ("abc", io.timeout(1)),
        ("ab", io.to("x")),
        ("ab", io.in_("x")),
        ("abc", io.to(["x", "y"])),
        ("abc", io.to("x").to("y")),
        ("abc", io.to("x").in_(iter(["y"]))),
        ("", io.to("nobody")),
        ("", io.to([])),
        ("ab", io.to("x").to([])),
        ("c", io.except_("x")),
        ("", io.except_(["x", "y"])),
        ("a", io.to("x").except_("y")),
        ("abc", io.except_([])),
        ("b", io.to(party.ids["b"])),
        ("ab", io.to([party.ids["a"], party.ids["b"]]).local.compress(False)),
        ("bc", io.except_(party.ids["a"])),
        ("bc", a.broadcast),
        ("bc", a.local),
        ("b", a.to("x")),
        ("b", a.in_("x")),
        ("", a.except_("y")),
        ("c", b.to("y").local.timeout(1)),
        ("bc", a.compress(False).broadcast),
        ("b", a.timeout(1).to("x")),
        ("b", a.compress(True).in_("x")),
        ("", a.compress(True).except_("y")),
        ("a", a.compress(True)),
        ("a", a.timeout(1)),
        ("b", b),
    ]


def test_whom_a_broadcast_reaches(io: Server, party: Party) -> None:
    for expected, operator in choices(io, party):
        operator.emit("hi", 1, b"\x02")
        assert party.who_heard() == expected, operator


def test_send_is_the_event_message(io: Server, party: Party) -> None:
    a = party.sockets["a"]
    for operator in (io, io.of("/"), io.to("x"), a, a.compress(False)):
        operator.send("text", 1)
        assert party.clients["a"].receive_event() == ["message", "text", 1]


def test_an_operator_is_a_value(io: Server, party: Party) -> None:
    base = io.to("x")
    narrowed = base.except_("y")
    base.to("y")
    base.volatile.local.compress(False).timeout(3)
    base.emit("hi", 1, b"\x02")
    assert party.who_heard() == "ab"
    narrowed.emit("hi", 1, b"\x02")
    assert party.who_heard() == "a"
    assert isinstance(base, BroadcastOperator)
    assert not hasattr(base, "__dict__")
    single = party.sockets["a"].compress(False)
    single.volatile.timeout(1)
    with pytest.raises(ConfigurationError):
        single.broadcast.call("x")


def test_a_sockets_own_room(io: Server, party: Party) -> None:
    a, b = party.sockets["a"], party.sockets["b"]
    assert a.rooms == {a.id, "x"}
    b.join(a.id)
    io.to(a.id).emit("hi", 1, b"\x02")
    assert party.who_heard() == "ab"
    a.leave(a.id)
    assert a.rooms == {"x"}
    io.to(a.id).emit("hi", 1, b"\x02")
    assert party.who_heard() == "b"
    a.broadcast.emit("hi", 1, b"\x02")  # never itself; b is in the room of that name
    assert party.who_heard() == "c"
    a.join(a.id)
    b.leave(a.id)
    b.leave("not in it")
    a.broadcast.emit("hi", 1, b"\x02")
    assert party.who_heard() == "bc"


def answer(party: Party, names: str, *args: Any) -> None:
    for name in names:
        client = party.clients[name]
        client.answer(client.receive_question(), *args)


def test_replies_and_who_is_missing(io: Server, party: Party) -> None:
    asked = spawn(lambda: io.except_(party.ids["c"]).timeout(0.1).call("ready?", 1))
    answer(party, "b", "yes", "indeed")
    replies = asked.get(timeout=5)
    assert list(replies) == [(party.ids["b"], ("yes", "indeed"))]
    assert replies[0] == (party.ids["b"], ("yes", "indeed"))
    assert replies[:1] == [replies[0]]
    assert len(replies) == 1
    assert replies[0] in replies
    assert replies.missing == [party.ids["a"]]
    assert isinstance(replies, Replies)
    assert all(len(socket._acks or ()) == 0 for socket in party.sockets.values())


def test_replies_of_server_namespace_and_socket(io: Server, party: Party) -> None:
    for ask, names in (
        (lambda: io.call("q", timeout=5), "abc"),
        (lambda: io.of("/").call("q", timeout=5), "abc"),
        (lambda: party.sockets["a"].timeout(5).broadcast.call("q"), "bc"),
        (lambda: io.to("nobody").timeout(5).call("q"), ""),
        (lambda: io.to([]).timeout(5).call("q"), ""),
    ):
        asked = spawn(ask)
        answer(party, names)
        assert {sid: None for sid, _ in asked.get(timeout=5)} == dict.fromkeys(party.ids[name] for name in names)


def test_the_replies_to_a_function(io: Server, party: Party, site: Any) -> None:
    heard: list[Any] = []
    io.to("x").timeout(5).emit("q", ack=lambda replies: heard.append(dict(replies)))
    io.to("nobody").timeout(5).emit("q", ack=lambda replies: heard.append(dict(replies)))
    answer(party, "ab", 7)
    assert party.who_heard() == ""
    assert heard == [{}, {party.ids["a"]: 7, party.ids["b"]: 7}]


def test_volatile_over_polling(site: Any, io: Server) -> None:
    served: Site = site(io)
    client, other = served.polling(), served.polling()
    socket = io.root.sockets[client.connect()]
    other.connect()
    socket.volatile.emit("dropped")  # no GET waits
    io.volatile.emit("dropped")
    socket.volatile.broadcast.emit("dropped")
    socket.timeout(0.05).volatile.emit("dropped", ack=served.seen.put)
    assert str(served.next()) == "no acknowledgement within 0.05 s"
    client.assert_nothing_came()
    other.assert_nothing_came()
    served.wait_polled(client)
    socket.volatile.emit("taken")
    assert client.receive_event() == ["taken"]
    served.wait_polled(client)
    io.volatile.emit("taken")
    assert client.receive_event() == ["taken"]
    other.assert_nothing_came()
    served.wait_polled(client)
    asked = spawn(lambda: io.volatile.timeout(0.2).call("q"))
    client.answer(client.receive_question(), 1)
    replies = asked.get(timeout=5)
    assert list(replies) == [(socket.id, 1)]
    assert len(replies.missing) == 1
    other.assert_nothing_came()


def test_volatile_over_websocket(site: Any) -> None:
    served: Site = site(io := Server(max_send_buffer=50_000_000))
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    socket.volatile.emit("taken")
    assert client.receive_event() == ["taken"]
    sent = 0
    while not socket.conn.buffered or not sent:  # until the kernel has no room
        socket.emit("filler", "x" * 100_000)
        sent += 1
        assert sent < 400
    served.wait_until(lambda: bool(socket.conn.buffered))
    socket.volatile.emit("dropped")
    io.volatile.emit("dropped")
    for _ in range(sent):
        assert client.receive_event()[0] == "filler"
    served.wait_until(lambda: not socket.conn.buffered)
    client.assert_nothing_came()
    socket.volatile.compress(True).emit("taken")
    assert client.receive_event() == ["taken"]


def test_compress_over_polling(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = served.polling(headers=[("Accept-Encoding", "gzip")])
    socket = io.root.sockets[client.connect()]
    for operator, encoding in (
        (socket, "gzip"),
        (socket.compress(False), None),
        (io, "gzip"),
        (io.compress(False), None),
    ):
        served.wait_polled(client)
        operator.emit("x", "x" * 2000)
        assert client.getter is not None
        response = client.getter.getresponse()
        assert response.getheader("Content-Encoding") == encoding
        response.read()
        client.cut()


def test_namespaces_are_apart(site: Any, io: Server) -> None:
    admin = io.of("/admin")
    served: Site = site(io)
    client = served.websocket()
    client.connect()
    client.connect("/admin")
    io.emit("root")
    assert client.receive().namespace == "/"
    admin.emit("admin")
    assert client.receive().namespace == "/admin"
    admin.to("/").emit("nobody")
    client.assert_nothing_came()
    client.assert_nothing_came("/admin")
    assert repr(admin) == "<Namespace '/admin'>"
