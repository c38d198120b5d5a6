"""Every reason for which a socket may leave, on each transport."""

from contextlib import suppress
from typing import Any

import pytest
from client import Client, Closed
from gevent.event import Event
from site_under_test import Site

from geventio import ConnectionRejected, Disconnected, Server
from geventio.protocol.socketio import Packet, PacketType


def watched(io: Server, served: Site) -> None:
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))


@pytest.fixture
def io() -> Server:
    return Server(ping_interval=30, ping_timeout=30)


@pytest.fixture
def served(site: Any, io: Server) -> Site:
    started: Site = site(io)
    watched(io, started)
    return started


@pytest.fixture
def client(served: Site, transport: str) -> Client:
    opened: Client = served.open(transport)
    opened.connect()
    return opened


def test_transport_close(served: Site, client: Any) -> None:
    client.close()
    assert served.next() == "transport close"


def test_a_websocket_that_is_cut(served: Site) -> None:
    client = served.websocket()
    client.connect()
    client.cut()
    assert served.next() == "transport close"


def test_a_poll_that_is_cut(served: Site) -> None:
    client = served.polling()
    client.connect()
    served.wait_polled(client)
    client.cut()
    assert served.next() == "transport error"


def test_a_message_too_big(site: Any) -> None:
    served: Site = site(io := Server(max_http_buffer_size=1000))
    watched(io, served)
    client = served.websocket()
    client.connect()
    client.emit("x", "x" * 2000)
    assert served.next() == "transport error"


def test_overlapping_polls(served: Site) -> None:
    client = served.polling()
    client.connect()
    served.wait_polled(client)
    response, _ = client.finish(client.request("GET"))
    assert response.status == 400
    assert served.next() == "transport error"


def test_ping_timeout(site: Any, transport: str) -> None:
    served: Site = site(io := Server(ping_interval=0.05, ping_timeout=0.05))
    watched(io, served)
    client = served.open(transport)
    client.connect()
    assert client.receive_packet() == "2"
    assert served.next() == "ping timeout"


def test_parse_error(served: Site, client: Any) -> None:
    with suppress(Closed):  # polling: the POST is answered with 400
        client.send_text("9")
    assert served.next() == "parse error"


def test_forced_close(served: Site, client: Any, transport: str) -> None:
    """Invalid Socket.IO data: the client can be told now."""
    if transport == "polling":
        served.wait_polled(client)
    client.send_text("4garbage")
    assert served.next() == "forced close"
    client.wait_closed()


def test_forced_server_close(served: Site) -> None:
    """The same without a GET: the client hears of it when it asks next."""
    client = served.polling()
    client.connect()
    client.send_text("4garbage", '42["late"]')
    assert served.next() == "forced server close"
    client.wait_closed()


def test_server_shutting_down(served: Site, client: Any, io: Server) -> None:
    io.close()
    assert served.next() == "server shutting down"
    client.wait_closed()
    io.close()
    assert io.root.sockets == {}
    with pytest.raises((AssertionError, KeyError)):
        served.websocket()


def test_client_namespace_disconnect(served: Site, client: Any) -> None:
    client.leave()
    assert served.next() == "client namespace disconnect"


@pytest.mark.parametrize("close", [False, True])
def test_server_namespace_disconnect(served: Site, client: Any, io: Server, close: bool) -> None:
    admin = io.of("/admin")
    served.add_round_trip(admin)
    client.connect("/admin")
    (socket,) = io.root.sockets.values()
    admin.on("disconnect", lambda socket, reason: served.seen.put("/admin: " + reason))
    socket.disconnect(close)
    socket.disconnect(False)
    assert served.next() == "server namespace disconnect"
    assert client.receive() == Packet(PacketType.DISCONNECT)
    if close:
        assert served.next() == "/admin: server namespace disconnect"
        assert client.receive() == Packet(PacketType.DISCONNECT, "/admin")
        client.wait_closed()
    else:
        client.assert_nothing_came("/admin")
    assert served.seen.empty()


def test_disconnect_once_and_nothing_of_it_is_left(served: Site, client: Any, io: Server) -> None:
    (socket,) = io.root.sockets.values()
    socket.join(["a", "b"])
    socket.disconnect(close=True)
    socket.disconnect()
    socket.disconnect(close=True)
    assert not socket.connected
    assert served.next() == "server namespace disconnect"
    client.wait_closed()
    assert served.seen.empty()
    assert io.root.sockets == {}
    assert io.root.adapter.rooms_of(socket.id) == frozenset()
    socket.join("c")
    socket.leave("a")
    assert socket.rooms == frozenset()
    socket.emit("x")
    socket.send("x", ack=print)
    with pytest.raises(Disconnected) as caught:
        socket.call("x")
    assert caught.value.reason == "server namespace disconnect"
    socket.timeout(5).emit("x", ack=lambda error, *values: served.seen.put((type(error), values)))
    assert served.next() == (Disconnected, ())


def test_a_disconnect_handler_that_disconnects_the_clients_other_socket(served: Site, client: Any, io: Server) -> None:
    admin = io.of("/admin")
    admin.on("disconnect", lambda socket, reason: served.seen.put("/admin: " + reason))
    other = admin.sockets[client.connect("/admin")]
    io.on("disconnect", lambda socket, reason: other.disconnect())
    client.close()
    reasons = sorted([served.next(), served.next()])
    assert reasons[1] == "transport close"
    assert reasons[0] in ("/admin: transport close", "/admin: server namespace disconnect")  # whichever came first
    assert served.seen.empty()


def test_leaving_while_a_middleware_runs(site: Any, transport: str) -> None:
    served: Site = site(io := Server())
    entered, release = Event(), Event()
    sockets = []

    @io.use
    def slow(socket: Any) -> None:
        sockets.append(socket)
        entered.set()
        release.wait(5)
        socket.disconnect()  # harmless: the client has left
        if len(sockets) == 1:
            raise ConnectionRejected("too late")

    io.on("connection", lambda socket: served.seen.put("connected"))
    watched(io, served)
    for expected in (1, 2):
        client = served.open(transport)
        client.send(Packet(PacketType.CONNECT))
        assert entered.wait(5)
        client.close()
        served.wait_until(lambda: sockets[-1].connection.closed)
        release.set()
        served.wait_until(lambda: sockets[-1].left_reason is not None)
        assert len(sockets) == expected
        assert sockets[-1].left_reason == "transport close"
        release.clear()
        entered.clear()
    assert served.seen.empty()
    assert io.root.sockets == {}


def test_disconnect_in_a_middleware(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    served: Site = site(io := Server())
    close = False

    @io.use
    def middleware(socket: Any) -> None:
        socket.disconnect(close)

    client = served.websocket()
    assert client.refused() == {"message": "Internal server error"}
    assert "raising ConnectionRejected" in caplog.text
    close = True
    client.send(Packet(PacketType.CONNECT))
    client.wait_closed()
    assert io.root.sockets == {}


def test_disconnecting_handlers_reach_the_rooms_that_the_socket_was_in(served: Site, io: Server) -> None:
    @io.on("disconnecting")
    def leaving(socket: Any, reason: str) -> None:
        for room in socket.rooms - {socket.id}:
            io.to(room).emit("left", reason)

    clients = [served.websocket() for _ in range(2)]
    for client in clients:
        io.root.sockets[client.connect()].join("room")
    clients[0].leave()
    assert clients[1].receive_event() == ["left", "client namespace disconnect"]
