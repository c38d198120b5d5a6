"""Clients of Socket.IO 1 and 2 beside current ones on one server (``allow_eio3``)."""

import logging
from typing import Any

import pytest
from client import Closed
from gevent import sleep
from older_client import OlderClient, OlderPollingClient, OlderWebSocketClient
from site_under_test import Site

from geventio import ConnectionRejected, Server
from geventio.engineio.session import Session
from geventio.protocol.socketio import JSONParser, Packet, PacketType

KINDS = {"websocket": OlderWebSocketClient, "polling": OlderPollingClient}


def open_older(site: Site, transport: str, query: str = "") -> OlderClient:
    """A client that has heard nothing but the open packet."""
    client = KINDS[transport](site.port, query)
    site.clients.append(client)
    return client


def join_older(site: Site, transport: str) -> OlderClient:
    """A client that is in ``/``."""
    client = open_older(site, transport)
    client.welcome()
    return client


@pytest.fixture
def io() -> Server:
    return Server(allow_eio3=True)


def test_it_is_in_the_root_namespace_without_asking(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)

    @io.on("connection")
    def connected(socket: Any) -> None:
        served.seen.put((socket.id, socket.handshake.auth, socket.handshake.query["token"], socket.conn.protocol))
        socket.emit("hello", "€😀", b"\x01")

    client = open_older(served, transport, "&token=1")
    client.welcome()
    assert client.receive_event() == ["hello", "€😀", b"\x01"]
    assert served.next() == (client.id, {}, "1", 3)
    assert list(io.root.sockets) == [client.id]


def test_the_open_packet_comes_alone_in_the_first_response(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = OlderPollingClient(served.port)
    assert not client.queue
    client.welcome()
    client.cut()


def test_events_and_acknowledgements_both_ways(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    io.on("echo", lambda socket, *args: args)
    io.on("ask me", lambda socket, *args: socket.call("question", *args, timeout=5))
    client = join_older(served, transport)
    args = [1, "€😀", {"a": [b"\x00\x04", None]}, b""]
    assert client.call("echo", *args) == args
    client.emit("ask me", b"?", 1, id=3)
    question = client.receive_question()
    assert question.data == ["question", b"?", 1]
    client.answer(question, {"x": b"!"})
    assert client.receive() == Packet(PacketType.ACK, "/", [{"x": b"!"}], 3)


def test_queries_of_namespaces(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    admin = io.of("/admin")

    @admin.use
    def authenticate(socket: Any) -> None:
        if socket.handshake.auth.get("token") != "s&c":
            raise ConnectionRejected("not authorised", {"code": 401})

    admin.on("connection", lambda socket: served.seen.put((socket.id, socket.handshake.auth)))
    admin.on("who", lambda socket: socket.id)
    client = join_older(served, transport)
    client.send_text("40/admin?token=wrong,")
    assert client.error() == {"code": 401}
    client.join("/admin", "?token=s%26c&uid=a+b")
    expected = f"/admin#{client.id}"
    assert served.next() == (expected, {"token": "s&c", "uid": "a b"})
    # Any of its packets may have the query.
    client.send_text('42/admin?token=x,7["who"]')
    assert client.receive() == Packet(PacketType.ACK, "/admin", [expected], 7)
    client.send_text('42/admin,8["who"]')
    assert client.receive() == Packet(PacketType.ACK, "/admin", [expected], 8)
    client.send_text("41/admin?token=x,")
    client.assert_nothing_came()
    assert not admin.sockets


def test_a_payload_of_connect_means_nothing(site: Any, io: Server) -> None:
    served: Site = site(io)
    chat = io.of("/chat")
    chat.on("connection", lambda socket: served.seen.put(socket.handshake.auth))
    client = join_older(served, "websocket")
    client.send_text('40/chat?a=1,{"token":"x"}')
    client.welcome("/chat")
    assert served.next() == {"a": "1"}


def test_refusals(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    errors: dict[str, Any] = {
        "/text": ConnectionRejected("plain €"),
        "/data": ConnectionRejected("m", {"code": "E1"}),
        "/list": ConnectionRejected("m", [1]),
        "/false": ConnectionRejected("m", False),
        "/unknown-to-json": ConnectionRejected("m", {1j}),
        "/failed": RuntimeError("not for clients"),
    }

    for name, error in errors.items():
        io.of(name).use(_raiser(error))
    client = join_older(served, transport)
    answers = {}
    for name in [*errors, "/nope"]:
        client.send_text(f"40{name}?a=1,")
        message = client.receive_message()
        assert isinstance(message, str)
        answers[name] = message
    assert answers == {
        "/text": '4/text,"plain €"',
        "/data": '4/data,{"code":"E1"}',
        "/list": "4/list,[1]",
        "/false": '4/false,"m"',
        "/unknown-to-json": '4/unknown-to-json,"Internal server error"',
        "/failed": '4/failed,"Internal server error"',
        "/nope": '4/nope,{"message":"Invalid namespace"}',
    }
    client.assert_nothing_came()


def _raiser(error: Exception) -> Any:
    def refuse(socket: Any) -> None:
        raise error

    return refuse


def test_a_refused_root_leaves_the_connection_until_it_is_too_late(site: Any, transport: str) -> None:
    io = Server(allow_eio3=True, connect_timeout=0.3)
    served: Site = site(io)
    io.use(_raiser(ConnectionRejected("not you")))
    client = open_older(served, transport)
    assert client.receive_message() == '4"not you"'
    client.send_text("40")
    assert client.receive_message() == '4"not you"'
    client.wait_closed()


def test_middlewares_of_the_root_run_before_it_is_joined(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)

    @io.use
    def slow(socket: Any) -> None:
        sleep(0.01)
        socket.join("early")

    client = join_older(served, transport)
    io.to("early").emit("hello")
    assert client.receive_event() == ["hello"]


def test_one_broadcast_reaches_clients_of_every_version(site: Any, io: Server) -> None:
    served: Site = site(io)
    io.on("connection", lambda socket: socket.join("room"))
    clients: list[Any] = [join_older(served, "websocket"), join_older(served, "polling")]
    current: list[Any] = [served.websocket(), served.polling()]
    for client in current:
        client.connect()
    served.wait_until(lambda: len(io.root.adapter.rooms_of(clients[0].id)) == 2 and len(io.root.sockets) == 4)
    io.to("room").emit("news", "€", b"\x04")
    io.to("room").emit("news", "text")
    for client in clients + current:
        assert client.receive_event() == ["news", "€", b"\x04"]
        assert client.receive_event() == ["news", "text"]
    replies = []

    def ask() -> None:
        replies.extend(io.to("room").timeout(5).call("ready?", b"?"))

    io.on("ask", lambda socket: ask())
    clients[0].emit("ask")
    for client in clients + current:
        question = client.receive_question()
        assert question.data == ["ready?", b"?"]
        client.answer(question, b"yes")
    served.wait_until(lambda: len(replies) == 4)
    assert {reply for _, reply in replies} == {b"yes"}
    assert {client.id for client in clients} < {sid for sid, _ in replies}


def test_it_comes_back_with_the_same_id_over_the_same_connection(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    io.on("leave me", lambda socket: socket.disconnect())
    io.on("connection", served.seen.put)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    client = join_older(served, transport)
    old = served.next()
    old.join("room")
    client.emit("leave me")
    assert client.receive() == Packet(PacketType.DISCONNECT, "/")
    assert served.next() == "server namespace disconnect"
    client.join("/")
    new = served.next()
    assert new is not old
    assert new.id == old.id == client.id
    old.join("too late")
    old.emit("too late")
    assert new.rooms == {client.id}
    client.send_text("41")
    assert served.next() == "client namespace disconnect"
    client.join("/")
    assert served.next().id == client.id
    client.assert_nothing_came()


def test_the_server_ends_the_connection(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    io.of("/chat")
    io.on("close", lambda socket: socket.disconnect(close=True))
    client = join_older(served, transport)
    client.join("/chat")
    client.emit("close")
    assert {client.receive().namespace, client.receive().namespace} == {"/", "/chat"}
    with pytest.raises(Closed):
        client.receive()


def test_the_client_ends_it(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    join_older(served, transport).close()  # type: ignore[attr-defined]
    assert served.next() == "transport close"
    assert not io.root.sockets


@pytest.mark.parametrize(
    "text",
    ["40", "40/?a=1,", '44"x"', '42/admin,["x"]', "41/admin?a=1,", "42", "40/" + "a" * 300, "40/a?" + "b" * 8200,
     "40/a?" + "b&" * 101, '42["disconnect"]'],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_no_client_may_send_ends_the_connection(site: Any, io: Server, text: str) -> None:
    served: Site = site(io)
    io.of("/admin")
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    client = join_older(served, "websocket")
    client.send_text(text)
    client.wait_closed()
    assert served.next() == "forced close"


def test_a_client_that_is_gone_before_it_is_greeted(site: Any, io: Server) -> None:
    served: Site = site(io)
    io.on("connection", served.seen.put)
    engine = io.engine
    open_handler = engine._open_handler

    def open_and_close(session: Session) -> Any:
        session.handler = open_handler(session)
        session.close()
        return session.handler

    engine._open_handler = open_and_close
    open_older(served, "websocket").wait_closed()
    sleep(0.01)
    assert served.seen.empty()
    assert not io.root.sockets


def test_recovery_is_not_for_them(site: Any) -> None:
    io = Server(allow_eio3=True, connection_state_recovery=True)
    served: Site = site(io)
    io.of("/chat").on("connection", lambda socket: served.seen.put(socket.recovered))
    client = join_older(served, "websocket")
    client.join("/chat", "?pid=a&offset=b")
    assert served.next() is False
    client.assert_nothing_came()


def test_long_tokens_in_queries(site: Any) -> None:
    parser = JSONParser(max_namespace_length=20)
    io = Server(allow_eio3=True, parser=parser)
    served: Site = site(io)
    io.of("/chat").on("connection", lambda socket: served.seen.put(socket.handshake.auth))
    client = join_older(served, "websocket")
    client.join("/chat", "?token=" + "x" * 4000)
    assert served.next() == {"token": "x" * 4000}
    assert parser.max_namespace_length == 20


def test_its_ids_are_not_logged_above_debug(site: Any, io: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "geventio")
    served: Site = site(io)
    io.on("fail", _raiser(RuntimeError("x")))
    io.use(lambda socket: served.seen.put(repr(socket)))
    client = join_older(served, "websocket")
    assert client.id not in served.next()
    client.emit("fail")
    client.emit("fail", b"x")
    client.assert_nothing_came()
    client.send_text("4x")
    client.wait_closed()
    assert "a handler of 'fail'" in caplog.text
    assert client.id not in caplog.text
