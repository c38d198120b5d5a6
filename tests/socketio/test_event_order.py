"""A socket's events run in order and one at a time; who opts out, who comes early, who comes late."""

from typing import Any

from gevent import sleep, spawn
from gevent.event import Event
from site_under_test import Site

from geventio import Server
from geventio.protocol.socketio import Packet, PacketType

EVENT = PacketType.EVENT


def event(name: str, *args: Any, id: int | None = None) -> Packet:
    return Packet(EVENT, "/", [name, *args], id)


def test_one_at_a_time_and_in_order_while_handlers_block(site: Any, transport: str) -> None:
    io = Server()
    served: Site = site(io)
    running = 0

    @io.on("step")
    def step(socket: Any, number: int) -> int:
        nonlocal running
        running += 1
        assert running == 1
        sleep(0.001 * (number % 3))
        running -= 1
        served.seen.put(number)
        return number

    client = served.open(transport)
    client.connect()
    client.send(*[event("step", number, id=number) for number in range(40)])
    assert [client.receive().data for _ in range(40)] == [[number] for number in range(40)]
    assert [served.next() for _ in range(40)] == list(range(40))


def test_events_wait_for_the_connection_handler(site: Any, transport: str) -> None:
    io = Server()
    served: Site = site(io)

    @io.on("connection")
    def connected(socket: Any) -> None:
        sleep(0.02)
        socket.data["ready"] = True

    @io.on("ready?")
    def ready(socket: Any) -> bool:
        return bool(socket.data.get("ready"))

    client = served.open(transport)
    client.send(Packet(PacketType.CONNECT), event("ready?", id=1))
    assert client.receive().type is PacketType.CONNECT
    assert client.receive().data == [True]


def test_concurrent_handlers_do_not_wait(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()

    @io.on("slow")
    def slow(socket: Any) -> str:
        release.wait(5)
        return "slow"

    @io.on("quick", concurrent=True)
    def quick(socket: Any) -> str:
        return "quick"

    client = served.websocket()
    client.connect()
    client.emit("slow", id=1)
    client.emit("quick", id=2)
    assert client.receive().data == ["quick"]
    release.set()
    assert client.receive().data == ["slow"]


def test_concurrent_only_if_every_handler_of_the_event_says_so(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()
    io.on("slow", lambda socket: release.wait(5) and "slow")
    io.on("both", lambda socket: "both", concurrent=True)

    def second(socket: Any) -> None:
        return None

    io.on("both", second)
    client = served.websocket()
    client.connect()
    client.send(event("slow", id=1), event("both", id=2))
    client.assert_nothing_came()
    release.set()
    assert client.receive().data == ["slow"]
    assert client.receive().data == ["both"]
    io.off("both", second)
    release.clear()
    client.send(event("slow", id=1), event("both", id=2))
    assert client.receive().data == ["both"]
    release.set()


def test_a_sockets_own_concurrent_handler(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()

    @io.on("connection")
    def connected(socket: Any) -> None:
        socket.on("quick", lambda: "quick", concurrent=True)

    io.on("slow", lambda socket: release.wait(5) and "slow")
    client = served.websocket()
    client.connect()
    client.send(event("slow", id=1), event("quick", id=2))
    assert client.receive().data == ["quick"]
    release.set()


def test_once_runs_once_however_many_clients_race(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    @io.once("prize", concurrent=True)
    def prize(socket: Any) -> str:
        sleep(0.01)
        return "yours"

    clients = [served.websocket() for _ in range(5)]
    for client in clients:
        client.connect()
        client.send(event("prize", id=1), event("prize", id=2))
    winners = 0
    sleep(0.02)
    for client in clients:
        client.emit("round trip", id=3)
        while (packet := client.receive()).id != 3:
            winners += packet.data == ["yours"]
    assert winners == 1
    assert io.root.listeners.of.get("prize") is None


def test_a_wrong_event_does_not_use_up_a_once_handler(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    @io.once("name")
    def name(socket: Any, text: str) -> str:
        return text

    client = served.websocket()
    client.connect()
    (refused,) = client.call("name")
    assert refused["error"]["message"] == "invalid arguments"
    assert client.call("name", "Ada") == ["Ada"]


def test_once_for_connection_takes_the_next_socket_only(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    io.once("connection", lambda socket: served.seen.put(socket.id))
    first, second = served.websocket(), served.websocket()
    sid = first.connect()
    second.connect()
    second.assert_nothing_came()
    assert served.next() == sid
    assert served.seen.empty()


def test_no_handler_runs_after_disconnect_for_what_waited(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    @io.on("kick me")
    def kick(socket: Any) -> None:
        sleep(0.005)
        socket.disconnect()
        assert not socket.connected
        assert socket.left_reason == "server namespace disconnect"
        served.seen.put("kicked")

    io.on("late", lambda socket: served.seen.put("late"))
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    client = served.websocket()
    client.connect()
    client.send(event("kick me"), event("late"), event("late"))
    assert client.receive() == Packet(PacketType.DISCONNECT)
    assert [served.next(), served.next()] == ["kicked", "server namespace disconnect"]
    client.emit("late")  # for a namespace that it is no longer in: ends the connection, as in Node.js
    client.wait_closed()
    assert served.seen.empty()


def test_what_came_before_the_client_left_is_handled_before_its_disconnect(site: Any, transport: str) -> None:
    io = Server()
    served: Site = site(io)

    @io.on("work")
    def work(socket: Any, number: int) -> None:
        sleep(0.002)
        served.seen.put(number)

    io.on("disconnecting", lambda socket, reason: served.seen.put(("disconnecting", reason, socket.rooms)))
    io.on("disconnect", lambda socket, reason: served.seen.put(("disconnect", reason, socket.rooms)))
    client = served.open(transport)
    sid = client.connect()
    io.root.sockets[sid].join("room")
    client.send(event("work", 1), event("work", 2), Packet(PacketType.DISCONNECT))
    reason = "client namespace disconnect"
    assert [served.next() for _ in range(4)] == [
        1, 2, ("disconnecting", reason, {sid, "room"}), ("disconnect", reason, frozenset()),
    ]  # fmt: skip


def test_other_clients_go_on_while_one_blocks(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()
    io.on("slow", lambda socket: release.wait(5) and None)
    clients = [served.websocket() for _ in range(3)]
    for client in clients:
        client.connect()
    clients[0].emit("slow")
    for client in clients[1:]:
        client.assert_nothing_came()
    release.set()


def test_sockets_that_leave_during_a_broadcast(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: io.emit("left"))
    clients = [served.websocket() for _ in range(20)]
    for client in clients:
        client.connect()
    emitting = spawn(lambda: [(io.emit("tick", number), sleep(0)) for number in range(50)])
    for client in clients[::2]:
        client.cut()
    emitting.get(timeout=5)
    served.wait_until(lambda: len(io.root.sockets) == 10)
    for client in clients[1::2]:
        ticks = []
        while len(ticks) < 50:
            name, *args = client.receive_event()
            if name == "tick":
                ticks += args
        assert ticks == list(range(50))


def test_a_once_handler_that_another_event_took_meanwhile(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()
    io.on("prize", lambda socket: release.wait(5) and None, concurrent=True)
    io.once("prize", lambda socket: served.seen.put("taken"), concurrent=True)
    client = served.websocket()
    client.connect()
    client.emit("prize")
    client.emit("prize")  # both wait in the first handler, with the same second one ahead
    client.assert_nothing_came()
    release.set()
    assert served.next() == "taken"
    client.assert_nothing_came()
    assert served.seen.empty()
