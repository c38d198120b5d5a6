"""What a client leaves behind once it has gone: nothing, however it went."""

import gc
from collections import Counter
from typing import Any

import pytest
from gevent import sleep
from gevent.event import Event
from site_under_test import Site

from geventio import ConnectionRejected, Server
from geventio.engineio.session import Session
from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import Mailbox
from geventio.socketio.acks import Ack, PendingAcks
from geventio.socketio.connection import Connection
from geventio.socketio.handshake import Handshake
from geventio.socketio.socket import Socket

KINDS = (Ack, Connection, Handshake, Mailbox, PendingAcks, Session, Socket)


def alive() -> Counter[str]:
    gc.collect()
    return Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, KINDS))


@pytest.mark.parametrize(
    "end", ["leave", "close", "cut", "kick", "garbage", "refused", "in a middleware", "half a packet"]
)
def test_nothing_is_left(site: Any, transport: str, end: str) -> None:
    io = Server()
    io.of("/admin")
    served: Site = site(io)
    release = Event()

    @io.use
    def middleware(socket: Any) -> None:
        socket.data["large"] = bytearray(1000)
        socket.join("early")
        if end == "refused":
            raise ConnectionRejected("no")
        if end == "in a middleware":
            release.wait(5)

    @io.on("connection")
    def connected(socket: Any) -> None:
        socket.join(["a", "b"])
        socket.on("own", lambda: socket.id)
        socket.on_any(lambda event, *args: socket)
        socket.on_any_outgoing(lambda event, *args: socket)
        socket.use_packet(lambda event: socket)
        socket.emit("q", ack=lambda: socket)
        socket.timeout(60).emit("q", ack=lambda error: socket)

    @io.on("work")
    def work(socket: Any) -> None:
        sleep(0.001)
        if end == "kick":
            socket.disconnect(close=True)

    io.on("keeps its ack", lambda socket, *, ack: socket.data.update(ack=ack))
    before = alive() + Counter(Mailbox=1)  # one of the server itself, for those who listen to what leaves
    clients = [served.open(transport) for _ in range(5)]
    for client in clients:
        if end == "refused":
            client.refused()
            client.close()
            continue
        client.send(Packet(PacketType.CONNECT), *([Packet(PacketType.CONNECT, "/admin")] * (end != "in a middleware")))
        if end != "in a middleware":
            for name in ("keeps its ack", "own", "work", "work"):
                client.emit(name, id=1)
        if end == "leave":
            client.leave()
            client.leave("/admin")
            client.close()
        elif end in ("close", "in a middleware"):
            client.close()
        elif end == "cut":
            if transport == "polling":
                for _ in range(7):  # two replies, two questions, three acknowledgements
                    client.receive()
                served.wait_polled(client)
            client.cut()
        elif end == "garbage":
            client.send_text("4garbage")
            client.wait_closed()
        elif end == "kick":
            client.wait_closed()
        elif end == "half a packet":
            client.send_text('452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
            client.send_packets([b"x" * 10_000])
            client.close()
    served.wait_until(lambda: not io.engine.sessions)
    release.set()
    del client
    for opened in clients:
        opened.cut()
    served.clients.clear()
    clients.clear()
    served.wait_until(lambda: not alive() - before)  # what earlier tests left may go meanwhile
    assert io.root.sockets == io.of("/admin").sockets == {}
    for namespace in io.namespaces.values():
        rooms: Any = namespace.adapter
        assert len(rooms._rooms) == 0
        assert rooms._rooms.all_rooms() == frozenset()


def test_churn_leaves_nothing(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    io.on("connection", lambda socket: socket.join(["room", socket.id + "x"]))
    io.on("x", lambda socket: io.to("room").emit("y"))
    before = alive()
    for number in range(300):
        with served.websocket() as client:
            client.connect()
            client.emit("x")
            if number % 3:
                client.leave()
        served.clients.clear()
    del client
    served.wait_until(lambda: not io.engine.sessions)
    served.wait_until(lambda: not alive() - before)  # what earlier tests left may go meanwhile
