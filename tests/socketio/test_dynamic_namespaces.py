"""Namespaces that clients' requests make: by template, regular expression and function; what they share with their
parent; `new_namespace`.
"""

import logging
import re
from typing import Any

import pytest
from gevent import GreenletExit, Timeout, sleep
from site_under_test import Site

from geventio import ConnectionRejected, Namespace, ParentNamespace, Server
from geventio.protocol.socketio import Packet, PacketType

INVALID = {"message": "Invalid namespace"}


def test_a_template(io: Server, served: Site, transport: str) -> None:
    jobs = io.of("/job/{id}")
    jobs.on("which", lambda socket: (socket.namespace.name, socket.params))
    io.on("params", lambda socket: socket.params)
    client = served.open(transport)
    client.connect()
    client.connect("/job/7")
    client.connect("/job/8 %2F 😀")
    assert client.call("which", namespace="/job/7") == ["/job/7", {"id": "7"}]
    assert client.call("which", namespace="/job/8 %2F 😀") == ["/job/8 %2F 😀", {"id": "8 %2F 😀"}]
    assert client.refused("/job/7/8") == INVALID
    assert client.refused("/job/") == INVALID
    assert client.call("params") == [{}]
    other = served.open(transport)
    other.connect("/job/7")
    assert isinstance(jobs, ParentNamespace)
    assert set(jobs.children) == {"/job/7", "/job/8 %2F 😀"}
    assert len(jobs.children["/job/7"].sockets) == 2


def test_params_are_a_copy(io: Server, served: Site) -> None:
    io.of("/job/{id}").on("spoil", lambda socket: socket.params.clear())
    io.of("/job/{id}").on("which", lambda socket: socket.params)
    client = served.websocket()
    client.connect("/job/7")
    client.emit("spoil", namespace="/job/7")
    assert client.call("which", namespace="/job/7") == [{"id": "7"}]


def test_a_regular_expression(io: Server, served: Site) -> None:
    rooms = io.of(re.compile(r"/(?P<kind>room|hall)-\d+"))
    rooms.on("which", lambda socket: socket.params)
    client = served.websocket()
    client.connect("/room-1")
    assert client.call("which", namespace="/room-1") == [{"kind": "room"}]
    assert client.refused("/room-1x") == INVALID
    assert client.refused("/x/room-1") == INVALID


def test_a_function(io: Server, served: Site, transport: str) -> None:
    asked = []

    def known(name: str, auth: dict[str, Any]) -> bool:
        asked.append((name, auth))
        sleep(0.001)
        return auth.get("token") == "secret"

    io.of(known).on("which", lambda socket: (socket.namespace.name, socket.params))
    first, second = served.open(transport), served.open(transport)
    assert first.refused("/x") == INVALID
    first.connect("/x", {"token": "secret"})
    assert first.call("which", namespace="/x") == ["/x", {}]
    # Each client is asked about, also when the namespace is there.
    assert second.refused("/x", {"token": "wrong"}) == INVALID
    second.connect("/x", {"token": "secret"})
    assert asked == [
        ("/x", {}), ("/x", {"token": "secret"}), ("/x", {"token": "wrong"}), ("/x", {"token": "secret"})
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "expected", "logged"),
    [
        (ConnectionRejected("no", {"code": 7}), {"message": "no", "data": {"code": 7}}, None),
        (ConnectionRejected(), {"message": "Connection rejected"}, None),
        (ConnectionRejected("no", object()), {"message": "Internal server error"}, "cannot be sent"),
        (ValueError("secret"), {"message": "Internal server error"}, "could not be made"),
        (Timeout(1), {"message": "Internal server error"}, "could not be made"),
        (GreenletExit(), {"message": "Internal server error"}, None),
    ],
)
def test_a_function_that_raises(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture, error: BaseException, expected: Any, logged: str | None
) -> None:
    failing = True

    def function(name: str, auth: dict[str, Any]) -> bool:
        if failing:
            raise error
        return True

    io.of(function)
    after: list[str] = []

    def second(name: str, auth: dict[str, Any]) -> bool:
        after.append(name)
        return True

    io.of(second)
    client = served.websocket()
    assert client.refused("/x") == expected
    assert after == []  # an error is no answer, so nobody else is asked
    assert (logged or "") in caplog.text
    assert bool(caplog.records) == (logged is not None)
    failing = False
    client.connect("/x")  # it may try again


def test_the_first_match_wins_and_names_go_before_patterns(io: Server, served: Site) -> None:
    for number, pattern in enumerate(
        [lambda name, auth: name == "/a/1", re.compile("/[ab]/.*"), "/a/{id}", lambda name, auth: True]
    ):
        io.of(pattern).on("which", lambda socket, number=number: number)  # type: ignore[call-overload]
    io.of("/c").on("which", lambda socket: "concrete")

    class Special(Namespace):
        def on_which(self, socket: Any) -> str:
            return "special"

    assert io.of("/a/special", Special).parent is None
    client = served.websocket()
    names = {"/a/1": 0, "/a/2": 1, "/b/3": 1, "/d": 3, "/c": "concrete", "/a/special": "special"}
    for name, expected in names.items():
        client.connect(name)
        assert client.call("which", namespace=name) == [expected]


def test_a_child_made_by_of_is_the_one_that_clients_join(io: Server, served: Site) -> None:
    io.of("/job/{id}").on("which", lambda socket: socket.params)
    io.of("/job/7").on("own", lambda socket: "own")
    client = served.websocket()
    client.connect("/job/7")
    client.connect("/job/8")
    assert client.call("which", namespace="/job/7") == [{"id": "7"}]
    assert client.call("own", namespace="/job/7") == ["own"]
    client.emit("own", namespace="/job/8", id=1)
    assert client.call("which", namespace="/job/8") == [{"id": "8"}]


def test_handlers_and_middlewares_are_shared_while_children_live(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    client = served.websocket()
    client.connect("/job/1")
    client.connect("/job/2")
    own = io.of("/job/1")
    order: list[str] = []
    own.use(lambda socket: order.append("own middleware"))
    own.on("x", lambda socket: order.append("own"))
    jobs.use(lambda socket: order.append("middleware"))
    jobs.on("x", lambda socket: order.append("shared"))
    jobs.on("connection", lambda socket: order.append("connection"))
    jobs.on("asked", lambda socket: "answered", concurrent=True)
    own.on("connection", lambda socket: order.append("own connection"))

    def said(event: str, name: str) -> list[str]:
        order.clear()
        client.emit(event, namespace=name)
        assert client.call("asked", namespace=name) == ["answered"]
        served.wait_until(lambda: bool(order))
        return list(order)

    assert said("x", "/job/1") == ["shared", "own"]
    assert said("x", "/job/2") == ["shared"]
    jobs.on("x", lambda socket: order.append("shared later"))
    assert said("x", "/job/1") == ["shared", "shared later", "own"]
    own.off("x")
    assert said("x", "/job/1") == ["shared", "shared later"]  # off() takes away what was registered there
    own.off()
    jobs.once("x", lambda socket: order.append("once"))
    own.on("y", lambda socket: order.append("y"))
    assert said("x", "/job/1")[2:] == ["once"]
    assert said("x", "/job/2")[2:] == []  # once for all children
    jobs.off("x")
    own.on("x", lambda socket: order.append("own again"))
    assert said("x", "/job/1") == ["own again"]

    order.clear()
    own.on("connection", lambda socket: order.append("own connection"))
    late = served.websocket()
    late.connect("/job/1")
    assert late.call("asked", namespace="/job/1") == ["answered"]
    assert order == ["middleware", "own middleware", "connection", "own connection"]
    late.connect("/job/2")
    assert late.call("asked", namespace="/job/2") == ["answered"]
    assert order[4:] == ["middleware", "connection"]


def test_an_event_is_concurrent_where_all_its_handlers_are(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    jobs.on("x", lambda socket: None, concurrent=True)
    jobs.on("y", lambda socket: None, concurrent=True)
    child = io.of("/job/1")
    child.on("x", lambda socket: None)
    child.on("z", lambda socket: None, concurrent=True)
    assert child.listeners.concurrent == {"y", "z"}
    assert jobs.listeners.concurrent == {"x", "y"}
    child.off("x")
    assert child.listeners.concurrent == {"x", "y", "z"}


def test_what_is_registered_for_any_event_is_shared_too(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    seen: list[Any] = []
    client = served.websocket()
    client.connect("/job/1")
    child = io.of("/job/1")
    child.on_any(lambda socket, event, *args: seen.append(("child", event)))
    jobs.on_any(lambda socket, event, *args: seen.append(("parent", event)))

    @child.use_packet
    def shout(socket: Any, event: Any) -> None:
        event.args[0] += "!"

    @jobs.use_packet
    def upper(socket: Any, event: Any) -> None:
        event.args[0] = event.args[0].upper()

    jobs.on("*", lambda socket, event, text: f"{event}: {text}")
    assert client.call("x", "hi", namespace="/job/1") == ["x: HI!"]
    assert seen == [("parent", "x"), ("child", "x")]


def test_middlewares_of_the_parent_refuse(io: Server, served: Site) -> None:
    @io.of("/job/{id}").use
    def may_see(socket: Any) -> None:
        if socket.params["id"] != socket.handshake.auth.get("job"):
            raise ConnectionRejected("not yours", {"id": socket.params["id"]})

    client = served.websocket()
    assert client.refused("/job/7", {"job": "8"}) == {"message": "not yours", "data": {"id": "7"}}
    client.connect("/job/7", {"job": "7"})


def test_broadcasts_reach_the_clients_of_all_children(io: Server, served: Site, transport: str) -> None:
    jobs = io.of("/job/{id}")

    @jobs.on("connection")
    def connected(socket: Any) -> None:
        socket.join("even" if int(socket.params["id"]) % 2 == 0 else "odd")
        socket.emit("welcome")

    clients = [served.open(transport) for _ in range(4)]
    ids = []
    for number, client in enumerate(clients):
        ids.append(client.connect(f"/job/{number}"))
        assert client.receive_event() == ["welcome"]

    def heard(*expected: int) -> None:
        for number, client in enumerate(clients):
            if number in expected:
                packet = client.receive()
                assert (packet.namespace, packet.data) == (f"/job/{number}", ["tick", b"\x01"])
        for number, client in enumerate(clients):
            assert client.call("round trip", namespace=f"/job/{number}") == ["done"]

    served.add_round_trip(jobs)
    jobs.emit("tick", b"\x01")
    heard(0, 1, 2, 3)
    jobs.to("even").emit("tick", b"\x01")
    heard(0, 2)
    jobs.except_("even").emit("tick", b"\x01")
    heard(1, 3)
    jobs.to(["even", "odd"]).except_(ids[0]).emit("tick", b"\x01")
    heard(1, 2, 3)
    jobs.to(ids[3]).emit("tick", b"\x01")
    heard(3)
    io.of("/job/2").emit("tick", b"\x01")
    heard(2)

    assert jobs.count() == 4
    assert jobs.to("even").count() == 2
    assert jobs.rooms() == {"even", "odd", *ids}
    assert {found.id for found in jobs.fetch_sockets()} == set(ids)
    jobs.in_("odd").sockets_join("more")
    jobs.in_("more").sockets_leave("odd")
    jobs.to("more").emit("tick", b"\x01")
    heard(1, 3)
    jobs.in_("more").disconnect_sockets()
    for number in (1, 3):
        assert clients[number].receive() == Packet(PacketType.DISCONNECT, f"/job/{number}")
    assert jobs.count() == 2


def test_a_broadcast_that_cannot_be_encoded_reaches_nobody(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    served.add_round_trip(jobs)
    jobs.emit("tick", object())  # to nobody
    client = served.websocket()
    client.connect("/job/1")
    client.connect("/job/2")
    with pytest.raises(TypeError):
        jobs.emit("tick", object())
    client.assert_nothing_came("/job/1")
    assert client.call("round trip", namespace="/job/2") == ["done"]


def test_calling_the_clients_of_all_children(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    assert list(jobs.timeout(5).call("ready?")) == []  # nobody: at once
    clients = [served.websocket() for _ in range(3)]
    ids = [client.connect(f"/job/{number % 2}") for number, client in enumerate(clients)]
    clients.append(served.websocket())
    ids.append(clients[3].connect("/job/empty"))
    clients[3].leave("/job/empty")
    served.wait_until(lambda: not io.of("/job/empty").sockets)
    jobs.timeout(5).emit("ready?", ack=served.seen.put)
    for number, client in enumerate(clients[:3]):
        client.answer(client.receive_question(), number)
    replies = served.next()
    assert sorted(replies) == sorted((sid, number) for number, sid in enumerate(ids[:3]))
    assert replies.missing == []
    jobs.to(ids[1]).timeout(0.05).emit("ready?", ack=served.seen.put)
    assert served.next().missing == [ids[1]]


def test_rooms_of_all_children_are_watched(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    client = served.websocket()
    before = client.connect("/job/1")
    jobs.on_room("join-room", lambda room, sid: served.seen.put((room, sid)))
    after = client.connect("/job/2")
    assert served.next() == (after, after)
    jobs.in_(before).sockets_join("news")
    assert served.next() == ("news", before)


def test_what_other_servers_say_reaches_the_parents_handlers_and_the_childs(io: Server, served: Site) -> None:
    jobs = io.of("/job/{id}")
    child = io.of("/job/7")
    child.on_server_side("forget", lambda name: served.seen.put(("child", name)))
    jobs.on_server_side("forget", lambda name: served.seen.put(("parent", name)))
    child.server_side_received(["forget", "ann"])
    io.of("/job/8").server_side_received(["forget", "bob"])
    child.server_side_received(["other"])
    assert [served.next() for _ in range(3)] == [("parent", "ann"), ("child", "ann"), ("parent", "bob")]
    assert jobs.server_side_call("anybody?", timeout=1) == []
    jobs.server_side_emit("to nobody")
    assert jobs.adapter.server_count() == 1


def test_new_namespace(io: Server, served: Site) -> None:
    seen: list[Any] = []

    @io.on("new_namespace")
    def made(namespace: Namespace) -> None:
        seen.append(namespace)
        assert io.of(namespace.name) is namespace
        namespace.on("greet", lambda socket: f"hello from {namespace.name}")
        if namespace.name == "/job/guarded":
            sleep(0.002)
            namespace.use(refuse)

    def refuse(socket: Any) -> None:
        raise ConnectionRejected("guarded")

    plain = io.of("/plain")
    jobs = io.of("/job/{id}")
    assert seen == [plain]
    client = served.websocket()
    client.connect("/job/7")
    assert client.call("greet", namespace="/job/7") == ["hello from /job/7"]
    assert client.refused("/job/guarded") == {"message": "guarded"}
    assert seen == [plain, jobs.children["/job/7"], jobs.children["/job/guarded"]]  # type: ignore[attr-defined]
    assert io.of("/plain") is plain
    assert len(seen) == 3


def test_a_client_does_not_reach_the_handlers_of_new_namespace(io: Server, served: Site) -> None:
    io.on("new_namespace", served.seen.put)
    io.once("new_namespace", served.seen.put)
    client = served.websocket()
    client.connect()
    client.emit("new_namespace", "/x", id=1)
    client.assert_nothing_came()
    assert served.seen.empty()
    socket = next(iter(io.root.sockets.values()))
    socket.on("new_namespace", lambda name: f"the client's own event, {name}")
    assert client.call("new_namespace", "/x") == ["the client's own event, /x"]
    for name in ("/a", "/b"):
        io.of(name)
    assert [served.next().name for _ in range(3)] == ["/a", "/a", "/b"]
    io.off("new_namespace")
    io.of("/c")
    assert served.seen.empty()


def test_a_handler_of_new_namespace_that_fails_leaves_no_namespace_behind(
    io: Server, served: Site, caplog: pytest.LogCaptureFixture
) -> None:
    failing = True

    @io.on("new_namespace")
    def made(namespace: Namespace) -> None:
        if failing:
            raise ValueError("no middleware for you")
        namespace.on("x", lambda socket: "x")

    jobs = io.of("/job/{id}")
    client = served.websocket()
    assert client.refused("/job/7") == {"message": "Internal server error"}
    assert "no middleware for you" in caplog.text
    with pytest.raises(ValueError, match="no middleware"):
        io.of("/plain")
    assert set(io.namespaces) == {"/"}
    assert jobs.children == {}  # type: ignore[attr-defined]
    failing = False
    client.connect("/job/7")
    assert client.call("x", namespace="/job/7") == ["x"]


def test_odd_names(io: Server, served: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    io.of("/n/{name}").on("which", lambda socket: socket.params["name"])
    io.of("/__class__").on("which", lambda socket: "plain")
    client = served.websocket()
    names = [
        "__proto__", "__init__", "on_connection", "{name}", "{0.__class__}", "%s%n", "%00", "\0", "\x7f\x1e\r\n", "*",
        "?a=b&c", "😀" * 63, "ü", "u\u0308", " ", "'\"\\",
    ]  # fmt: skip
    for name in names:
        client.connect(f"/n/{name}")
        assert client.call("which", namespace=f"/n/{name}") == [name]
        client.leave(f"/n/{name}")
    client.connect("/__class__")
    assert client.call("which", namespace="/__class__") == ["plain"]
    assert client.refused("/n/") == INVALID
    assert client.refused("/nothing\r\nERROR forged") == INVALID
    assert set(io.namespaces) == {"/", "/__class__", *(f"/n/{name}" for name in names)}
    for record in caplog.records:
        assert record.getMessage().isprintable()
    client.send_text("40/n/" + "x" * 257 + ",")  # longer than a name may be
    client.wait_closed()
