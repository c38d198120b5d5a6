"""What a client may send and when: odd names, wrong packets, early and late ones, joining and leaving."""

from typing import Any

import pytest
from gevent import sleep
from gevent.event import Event
from site_under_test import Site

from geventio import ConnectionRejected, Disconnected, Server
from geventio.protocol.socketio import Packet, PacketType


def test_a_clients_event_named_connection_is_not_the_servers(site: Any, transport: str) -> None:
    io = Server()
    served: Site = site(io)
    count = 0

    @io.on("connection")
    def connected(socket: Any) -> None:
        nonlocal count
        count += 1
        socket.on("connection", lambda text: f"own: {text}")

    client = served.open(transport)
    client.connect()
    client.emit("connection")
    assert client.call("connection", "x") == ["own: x"]
    assert count == 1
    io.off("connection")
    served.websocket().connect()
    client.assert_nothing_came()
    assert count == 1


@pytest.mark.parametrize("name", ["error", "message", "__init__", "", "\0", "\ud800", "x" * 100_000, 5, 1.5, "off"])
def test_odd_event_names_are_plain_keys(site: Any, name: Any) -> None:
    io = Server()
    served: Site = site(io)
    if isinstance(name, str):
        io.on(name, lambda socket, *args: ["taken", *args])
    client = served.websocket()
    client.connect()
    if isinstance(name, str):
        assert client.call(name, 1) == [["taken", 1]]
        io.off(name)
    client.emit(name, 1, id=3)  # nobody's: never acknowledged
    client.assert_nothing_came()


@pytest.mark.parametrize(
    "text",
    [
        '42["connect"]', '42["connect_error"]', '42["disconnect"]', '42["disconnecting"]', '42["newListener"]',
        '42["removeListener"]', "42[]", "42{}", "42", "42[null]", "42[true]", '42[{"toString":1}]', "42[[1]]", "4",
        "49",
        '44{"message":"x"}', "40", "41x", '450-["x"]', '4511-["x"]', '451-["x",{"_placeholder":true,"num":1}]',
        '42/admin,["x"]', "41/admin,", '43/admin,1["x"]', "42" + "[" * 1000,
    ],
)  # fmt: skip
def test_what_no_client_may_send_ends_the_connection(site: Any, text: str) -> None:
    io = Server()
    served: Site = site(io)
    io.of("/admin")
    io.on("x", lambda socket, *args: served.seen.put(args))
    other = served.websocket()
    other.connect()
    client = served.websocket()
    client.connect()
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    client.send_text(text)
    client.wait_closed()
    assert served.next() == "forced close"
    other.assert_nothing_came()


@pytest.mark.parametrize("text", ['42["x"]', "43[]", "41", "4x", b"\x01", '451-["x",{"_placeholder":true,"num":0}]'])
def test_the_first_packet_is_connect(site: Any, text: Any) -> None:
    io = Server()
    served: Site = site(io)
    io.on("x", lambda socket, *args: served.seen.put(args))
    client = served.websocket()
    client.send_packets([text] if isinstance(text, bytes) else [text, "40"])
    client.wait_closed()
    assert served.seen.empty()


def test_events_while_a_middleware_runs_reach_nobody(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    entered, release = Event(), Event()

    @io.use
    def slow(socket: Any) -> None:
        entered.set()
        release.wait(5)
        raise ConnectionRejected("no")

    io.on("x", lambda socket: served.seen.put("x"))
    io.on("connection", lambda socket: served.seen.put("connection"))
    client = served.websocket()
    client.send(Packet(PacketType.CONNECT))
    assert entered.wait(5)
    client.emit("x")
    client.wait_closed()
    release.set()
    sleep(0.01)
    assert served.seen.empty()


def test_a_socket_may_leave_and_come_back(site: Any, transport: str) -> None:
    io = Server()
    served: Site = site(io)
    old: list[Any] = []

    @io.on("connection")
    def connected(socket: Any) -> None:
        old.append(socket)

    client = served.open(transport)
    first = client.connect()
    client.leave()
    second = client.connect()
    assert first != second
    old[0].emit("to the socket that has left")
    old[0].volatile.emit("so is this")
    old[0].to("nobody").emit("x")
    with pytest.raises(Disconnected, match="client namespace disconnect"):
        old[0].call("question")
    old[0].timeout(5).emit("question", ack=lambda error: served.seen.put(str(error)))
    assert served.next() == "the client disconnected (client namespace disconnect)"
    client.assert_nothing_came()
    old[1].emit("hello")
    assert client.receive_event() == ["hello"]


def test_an_acknowledgement_of_a_socket_that_left_does_not_reach_its_successor(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()
    io.on("slow", lambda socket: release.wait(5))
    client = served.websocket()
    client.connect()
    client.emit("slow", id=0)
    client.leave()
    client.connect()
    release.set()
    sleep(0.005)
    client.assert_nothing_came()


def test_several_namespaces_on_one_connection(site: Any, transport: str) -> None:
    io = Server()
    admin = io.of("admin")
    assert admin is io.of("/admin")
    served: Site = site(io)
    io.on("where", lambda socket: socket.namespace.name)
    admin.on("where", lambda socket: socket.namespace.name)
    client = served.open(transport)
    root_id, admin_id = client.connect(), client.connect("/admin", {"token": "1"})
    assert root_id != admin_id
    assert client.opened["sid"] not in (root_id, admin_id)
    assert admin.sockets[admin_id].handshake.auth == {"token": "1"}
    assert admin.sockets[admin_id].connection is io.root.sockets[root_id].connection
    assert client.call("where") == ["/"]
    assert client.call("where", namespace="/admin") == ["/admin"]
    client.leave("/")
    served.wait_until(lambda: not io.root.sockets)
    assert client.call("where", namespace="/admin") == ["/admin"]
    assert client.refused("/none") == {"message": "Invalid namespace"}
    assert client.refused("/admin?x=1") == {"message": "Invalid namespace"}
    assert client.connect() not in (root_id, admin_id)


def test_a_second_connect_to_a_joined_namespace_ends_the_connection(site: Any) -> None:
    served: Site = site()
    client = served.websocket()
    client.connect()
    client.send(Packet(PacketType.CONNECT))
    client.wait_closed()


def test_a_connection_that_joins_nothing_is_closed(site: Any, transport: str) -> None:
    served: Site = site(Server(connect_timeout=0.1))
    joined = served.open(transport)
    joined.connect()
    joined.leave()  # the deadline is for the first namespace only
    mute = served.open(transport)
    mute.wait_closed()
    joined.connect()
