"""What happens to a session between the end of one connection and the CONNECT reply of the next one."""

from typing import Any

import pytest
from gevent.event import Event
from returning_client import ReturningClient
from site_under_test import Site

from geventio import Server


@pytest.fixture
def io() -> Server:
    return Server(connection_state_recovery=True, ping_interval=30, ping_timeout=30)


@pytest.fixture
def client(served: Site) -> ReturningClient:
    returning = ReturningClient(served)
    returning.come()
    return returning


def test_handlers_that_still_run_keep_their_session(served: Site, io: Server) -> None:
    release = Event()

    @io.on("slow")
    def slow(socket: Any) -> None:
        with socket.session() as session:
            release.wait(5)
            session["slow"] = True

    @io.on("disconnect")
    def gone(socket: Any, reason: str) -> None:
        with socket.session() as session:
            session["gone"] = session["slow"]

    def look(socket: Any) -> Any:
        with socket.session() as session:
            return session

    io.on("look", look)
    client = ReturningClient(served)
    client.come()
    client.client.emit("slow")
    client.read()
    client.cut()
    client.come()
    assert client.recovered
    release.set()
    client.client.emit("look", id=1)
    assert client.receive().data == [{"slow": True, "gone": True}]


def test_a_room_that_was_taken_away_meanwhile_stays_away(site: Any, io: Server) -> None:
    """While the middlewares look at a client that is back, its old socket is still in rooms."""
    gate = Event()
    entered = []

    @io.use
    def slow(socket: Any) -> None:
        entered.append(socket)
        if socket.recovered:
            socket.join("by the middleware")
            gate.wait(5)

    served: Site = site(io)
    client = ReturningClient(served)
    client.come()
    client.socket.join(["kept", "taken"])
    client.vanish()
    client.ask()
    served.wait_until(lambda: len(entered) == 2)
    io.in_(client.sid).sockets_leave("taken")
    io.in_(client.sid).sockets_join("given")
    gate.set()
    while not client.connected:
        client.receive()
    assert client.recovered
    assert client.socket.rooms == {client.sid, "kept", "given", "by the middleware"}


@pytest.mark.parametrize("close", [False, True])
def test_who_is_sent_away_while_away_does_not_come_back(client: ReturningClient, io: Server, close: bool) -> None:
    client.socket.join("banned")
    old = client.socket
    client.cut()
    old.disconnect(close)
    client.come()
    assert not client.recovered
    client.socket.join("banned")
    client.cut()
    io.in_("banned").except_("others").disconnect_sockets(close)
    client.come()
    assert not client.recovered
    client.cut()
    io.except_(client.sid).disconnect_sockets(close)
    client.come()
    assert client.recovered


def test_who_is_sent_away_after_having_come_back_leaves_again(client: ReturningClient, io: Server) -> None:
    old = client.socket
    client.cut()
    client.come()
    new = client.socket
    assert new is not old
    old.disconnect()
    assert new.left_reason == "server namespace disconnect"
    assert not io.root.sockets
    client.come(client=client.client)
    assert not client.recovered
    old.disconnect()
    assert client.socket.connected


def test_namespaces_of_one_connection_share_what_may_wait_for_it(site: Any) -> None:
    """Each alone would not be too much. All together would be: the client would be cut off, and come back for the same
    again.
    """
    io = Server(connection_state_recovery=True, max_send_buffer=50_000)
    names = ["/a", "/b", "/c", "/d"]
    for name in names:
        io.of(name)
    served: Site = site(io)
    clients = [ReturningClient(served, "polling", namespace=name) for name in names]
    for client in clients:
        client.others.update({other.namespace: other for other in clients})
    for client in clients:
        client.come(client=clients[0].client)  # None for the first
    clients[0].cut()
    clients[0].client = None
    for name in names:
        for _ in range(4):
            io.of(name).emit("news", "x" * 10_000)
    for client in clients:
        client.ask(client=clients[0].client)
    while not all(client.connected for client in clients):
        clients[0].receive()
    assert clients[0].recovered
    assert all(len(client.read()) == (4 if client.recovered else 0) for client in clients)
    assert io.engine.refusals.slow_clients == 0


def test_a_namespace_that_was_made_anew(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client still has the offset of the one before."""
    monkeypatch.setattr("geventio.socketio.recovery.adapter.TICK", 0.02)
    io = Server(connection_state_recovery={"max_disconnection_duration": 0.3}, cleanup_empty_child_namespaces=True)
    io.of("/job/{id}").on("connection", lambda socket: Site.add_round_trip(socket.namespace))
    served: Site = site(io)
    client = ReturningClient(served, namespace="/job/7")
    client.come()
    client.socket.emit("news", 1)
    client.read()
    client.cut()
    served.wait_until(lambda: "/job/7" not in io.namespaces)
    client.come()
    assert not client.recovered
    assert client.offset is not None
    client.cut()
    io.of("/job/7").emit("news", 2)
    client.come()
    assert client.recovered
    assert client.read() == [["news", 1], ["news", 2]]
