"""``Server.close()``: whoever is connected, connecting or waiting."""

from typing import Any

import pytest
from client import Closed
from gevent import spawn
from gevent.event import Event
from site_under_test import Site

from geventio import Disconnected, Server
from geventio.protocol.socketio import Packet, PacketType


def test_close_with_clients_in_every_state(site: Any, transport: str) -> None:
    io = Server()
    io.of("/admin")
    served: Site = site(io)
    release = Event()
    middle: list[Any] = []

    @io.use
    def slow(socket: Any) -> None:
        if socket.handshake.auth.get("slow"):
            middle.append(socket)
            release.wait(5)

    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    io.on("connection", lambda socket: served.seen.put("connected"))
    joined, in_middleware, mute = (served.open(transport) for _ in range(3))
    socket = io.root.sockets[joined.connect()]
    joined.connect("/admin")
    assert served.next() == "connected"
    in_middleware.send(Packet(PacketType.CONNECT, "/", {"slow": True}))
    caller = spawn(socket.call, "question", timeout=None)
    joined.receive_question()
    served.wait_until(lambda: bool(middle))
    io.close()
    assert served.next() == "server shutting down"
    with pytest.raises(Disconnected, match="server shutting down"):
        caller.get(timeout=5)
    release.set()
    for client in (joined, in_middleware, mute):
        client.wait_closed()
    served.wait_until(lambda: middle[0].left_reason == "server shutting down")
    assert served.seen.empty()
    assert io.engine.sessions == io.root.sockets == io.of("/admin").sockets == {}


def test_close_in_a_handler(site: Any, transport: str) -> None:
    io = Server()
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    io.on("shut down", lambda socket: io.close())
    clients = [served.open(transport) for _ in range(2)]
    for client in clients:
        client.connect()
    clients[0].emit("shut down")
    assert {served.next(), served.next()} == {"server shutting down"}


def test_handshakes_are_refused_after_close(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    io.close()
    with pytest.raises(AssertionError, match=r"HTTP/1\.1 503"):
        served.websocket()
    with pytest.raises(Closed):
        served.polling()
