"""Namespaces come and go while clients do: what is made at the same time, what is cleaned up, what is bounded."""

import gc
import logging
import tracemalloc
from typing import Any

import pytest
from gevent import sleep, spawn
from gevent.event import Event
from site_under_test import Site

from geventio import ConnectionRejected, Namespace, Server
from geventio.protocol.socketio import Packet, PacketType

CONNECT = PacketType.CONNECT
TEMPLATE = "/job/{id}"


def children(io: Server) -> set[str]:
    return {name for name in io.namespaces if name.startswith("/job/")}


# -- at the same time


def test_two_clients_that_join_a_new_child_at_once_share_it(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    made: list[Namespace] = []
    release = Event()

    class Slow(Namespace):
        def __init__(self, server: Server, name: str) -> None:
            super().__init__(server, name)
            made.append(self)
            release.wait(5)
            self.on("which", lambda socket: made.index(self))

    io.of(TEMPLATE, Slow)
    clients = [served.websocket() for _ in range(4)]
    for client in clients:
        client.send(Packet(CONNECT, "/job/7"))
    served.wait_until(lambda: bool(made))
    clients[0].connect()  # other namespaces of the connection go on
    assert "/job/7" not in io.namespaces
    release.set()
    for client in clients:
        assert client.receive().type is CONNECT
        assert client.call("which", namespace="/job/7") == [0]
    assert len(made) == 1
    assert len(made[0].sockets) == 4


def test_of_waits_for_a_child_that_is_being_made(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    class Slow(Namespace):
        def __init__(self, server: Server, name: str) -> None:
            super().__init__(server, name)
            served.seen.put("making")
            sleep(0.005)
            self.complete = True

    io.of(TEMPLATE, Slow)
    client = served.websocket()
    client.send(Packet(CONNECT, "/job/7"))
    assert served.next() == "making"
    child = io.of("/job/7")
    assert child.complete  # type: ignore[attr-defined]
    assert client.receive().type is CONNECT
    assert len(child.sockets) == 1
    assert served.seen.empty()


def test_nobody_joins_before_the_handlers_of_new_namespace_are_through(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()

    def refuse(socket: Any) -> None:
        raise ConnectionRejected("guarded")

    @io.on("new_namespace")
    def guard(namespace: Namespace) -> None:
        release.wait(5)
        namespace.use(refuse)

    io.of(TEMPLATE)
    first, second = served.websocket(), served.websocket()
    first.send(Packet(CONNECT, "/job/7"))
    served.wait_until(lambda: "/job/7" in io.namespaces)
    second.send(Packet(CONNECT, "/job/7"))
    second.connect()
    release.set()
    for client in (first, second):
        assert client.receive().data == {"message": "guarded"}


def test_a_client_waits_for_what_of_makes(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()
    io.on("new_namespace", lambda namespace: (release.wait(5), namespace.on("x", lambda socket: "complete")))
    making = spawn(io.of, "/plain")
    client = served.websocket()
    client.connect()
    client.send(Packet(CONNECT, "/plain"))
    client.assert_nothing_came()
    release.set()
    assert client.receive().type is CONNECT
    assert client.call("x", namespace="/plain") == ["complete"]
    assert making.get(timeout=5) is io.of("/plain")


def test_a_failed_making_is_tried_again_by_who_waited_for_it(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    io = Server()
    served: Site = site(io)
    release = Event()
    tries = 0

    class Unlucky(Namespace):
        def __init__(self, server: Server, name: str) -> None:
            nonlocal tries
            tries += 1
            super().__init__(server, name)
            if tries == 1:
                release.wait(5)
                raise ValueError("unlucky")

    io.of(TEMPLATE, Unlucky)
    first, second = served.websocket(), served.websocket()
    first.send(Packet(CONNECT, "/job/7"))
    served.wait_until(lambda: tries == 1)
    second.send(Packet(CONNECT, "/job/7"))
    second.connect()
    release.set()
    assert first.receive().data == {"message": "Internal server error"}
    assert second.receive().type is CONNECT
    assert tries == 2
    assert len(io.adapters._adapters) == 2  # those of "/" and of the child


def test_a_function_runs_for_each_client_beside_the_others(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    releases = {"a": Event(), "b": Event()}

    def allowed(name: str, auth: dict[str, Any]) -> bool:
        served.seen.put(auth["who"])
        releases[auth["who"]].wait(5)
        return bool(auth["who"] == "b")

    io.of(allowed)
    first, second = served.websocket(), served.websocket()
    first.send(Packet(CONNECT, "/x", {"who": "a"}))
    second.send(Packet(CONNECT, "/x", {"who": "b"}))
    assert {served.next(), served.next()} == {"a", "b"}
    releases["b"].set()
    assert second.receive().type is CONNECT
    releases["a"].set()  # its answer counts, though the namespace is there by now
    assert first.receive().data == {"message": "Invalid namespace"}


def test_the_function_that_made_a_child_decides_on_it(site: Any) -> None:
    """A client that the first function refused does not get in by the second, slower one, when another client has made
    the namespace by the first one meanwhile.
    """
    io = Server()
    served: Site = site(io)
    release = Event()
    asked: list[tuple[str, str]] = []

    def members(name: str, auth: dict[str, Any]) -> bool:
        asked.append(("members", auth["who"]))
        return bool(auth["who"] == "member")

    def guests(name: str, auth: dict[str, Any]) -> bool:
        asked.append(("guests", auth["who"]))
        served.seen.put("guest waits")
        release.wait(5)
        return True

    io.of(members)
    io.of(guests)
    guest, member = served.websocket(), served.websocket()
    guest.send(Packet(CONNECT, "/x", {"who": "guest"}))
    assert served.next() == "guest waits"
    member.connect("/x", {"who": "member"})
    release.set()
    assert guest.receive().data == {"message": "Invalid namespace"}
    assert asked == [("members", "guest"), ("guests", "guest"), ("members", "member"), ("members", "guest")]
    # What of() made meanwhile is open to all, as a name goes before patterns.
    release.clear()
    guest.send(Packet(CONNECT, "/y", {"who": "guest"}))
    assert served.next() == "guest waits"
    io.of("/y")
    release.set()
    assert guest.receive().type is CONNECT


@pytest.mark.parametrize("decision", ["yes", "no", "rejected", "failed"])
def test_a_client_that_leaves_while_the_function_runs(
    site: Any, transport: str, decision: str, caplog: pytest.LogCaptureFixture
) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)
    release, done = Event(), Event()

    def allowed(name: str, auth: dict[str, Any]) -> bool:
        try:
            served.seen.put("asked")
            release.wait(5)
            if decision == "rejected":
                raise ConnectionRejected("no")
            if decision == "failed":
                raise ValueError("x")
            return decision == "yes"
        finally:
            done.set()

    dynamic = io.of(allowed)
    dynamic.on("connection", served.seen.put)
    client = served.open(transport)
    client.send(Packet(CONNECT, "/x"))
    assert served.next() == "asked"
    client.close()
    served.wait_until(lambda: not io.engine.sessions)
    release.set()
    done.wait(5)
    sleep(0)
    assert dict(dynamic.children) == {}
    assert set(io.namespaces) == {"/"}
    assert served.seen.empty()
    assert ("could not be made" in caplog.text) == (decision == "failed")


@pytest.mark.parametrize("packet", [Packet(CONNECT, "/x"), Packet(PacketType.EVENT, "/x", ["early"])])
def test_further_packets_while_the_function_runs(site: Any, packet: Packet) -> None:
    """As for a client whose middlewares run: nothing may come yet, and the connection ends."""
    io = Server()
    served: Site = site(io)
    release = Event()
    io.of(lambda name, auth: release.wait(5))
    client = served.websocket()
    client.connect()
    client.send(Packet(CONNECT, "/x"))
    client.assert_nothing_came()  # other namespaces go on
    client.send(packet)
    client.wait_closed()
    release.set()


# -- cleaning up


def test_children_stay_unless_asked_otherwise(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    io.of(TEMPLATE)
    client = served.websocket()
    client.connect("/job/7")
    client.leave("/job/7")
    client.connect()
    assert children(io) == {"/job/7"}


def test_an_empty_child_goes(site: Any, transport: str) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    io.of("/plain")
    served: Site = site(io)
    jobs = io.of(TEMPLATE)
    mine = io.of("/job/mine")
    jobs.on("which", lambda socket: id(socket.namespace))
    first, second = served.open(transport), served.open(transport)
    first.connect("/job/7")
    first.connect("/job/mine")
    second.connect("/job/7")
    before = first.call("which", namespace="/job/7")
    first.leave("/job/7")
    assert second.call("which", namespace="/job/7") == before
    second.close()
    served.wait_until(lambda: children(io) == {"/job/mine"})  # what the application made stays
    first.leave("/job/mine")
    first.connect("/plain")
    first.leave("/plain")
    first.connect("/job/7")
    assert children(io) == {"/job/7", "/job/mine"}
    assert io.of("/job/mine") is mine
    assert "/plain" in io.namespaces
    first.close()
    served.wait_until(lambda: children(io) == {"/job/mine"})


def test_a_child_outlives_the_disconnect_handlers_of_its_last_socket(site: Any) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)
    release = Event()

    @io.of(TEMPLATE).on("disconnect")
    def gone(socket: Any, reason: str) -> None:
        served.seen.put("leaving")
        release.wait(5)
        socket.namespace.emit("gone", socket.id)

    first, second = served.websocket(), served.websocket()
    sid = first.connect("/job/7")
    first.leave("/job/7")
    assert served.next() == "leaving"
    assert children(io) == {"/job/7"}
    second.connect("/job/7")  # so whoever comes now is in the same namespace
    release.set()
    assert second.receive_event() == ["gone", sid]
    assert children(io) == {"/job/7"}


def test_a_child_that_refuses_its_first_client_goes(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)

    @io.of(TEMPLATE).use
    def refuse(socket: Any) -> None:
        if socket.params["id"] == "broken":
            raise ValueError("x")
        raise ConnectionRejected("no")

    client = served.websocket()
    assert client.refused("/job/7") == {"message": "no"}
    assert client.refused("/job/broken") == {"message": "Internal server error"}
    served.wait_until(lambda: not children(io))


def test_a_child_stays_while_somebody_is_joining(site: Any) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)
    release = Event()

    @io.of(TEMPLATE).use
    def slow(socket: Any) -> None:
        if socket.handshake.auth.get("slow"):
            served.seen.put(socket.namespace)
            release.wait(5)

    first, second = served.websocket(), served.websocket()
    first.connect("/job/7")
    second.send(Packet(CONNECT, "/job/7", {"slow": True}))
    namespace = served.next()
    first.leave("/job/7")
    first.connect()
    assert children(io) == {"/job/7"}
    release.set()
    assert second.receive().type is CONNECT
    assert io.namespaces["/job/7"] is namespace
    assert len(namespace.sockets) == 1
    second.close()
    served.wait_until(lambda: not children(io))


def test_a_client_that_leaves_while_its_middlewares_run_leaves_no_child(site: Any) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)
    release = Event()
    io.of(TEMPLATE).use(lambda socket: (served.seen.put("runs"), release.wait(5)))
    client = served.websocket()
    client.send(Packet(CONNECT, "/job/7"))
    assert served.next() == "runs"
    client.cut()
    served.wait_until(lambda: not io.engine.sessions)
    assert children(io) == {"/job/7"}
    release.set()
    served.wait_until(lambda: not children(io))


def test_a_child_is_cleaned_up_while_another_client_is_asked_about(site: Any) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)
    release = Event()
    made: list[Namespace] = []
    io.on("new_namespace", made.append)

    def allowed(name: str, auth: dict[str, Any]) -> bool:
        if auth.get("slow"):
            served.seen.put("asked")
            release.wait(5)
        return True

    io.of(allowed).on("which", lambda socket: made.index(socket.namespace))
    first, second = served.websocket(), served.websocket()
    first.connect("/x")
    second.send(Packet(CONNECT, "/x", {"slow": True}))
    assert served.next() == "asked"
    first.leave("/x")
    served.wait_until(lambda: "/x" not in io.namespaces)
    release.set()
    assert second.receive().type is CONNECT
    assert second.call("which", namespace="/x") == [1]
    assert io.namespaces["/x"] is made[1]
    assert len(made[1].sockets) == 1


def test_many_clients_come_and_go_in_few_names(site: Any) -> None:
    """However they interleave: who is in a namespace is in the one of that name, and at the end nothing is left."""
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)
    jobs = io.of(TEMPLATE)

    @jobs.use
    def now_and_then(socket: Any) -> None:
        if socket.handshake.auth["n"] % 3 == 0:
            sleep(0)
        if socket.handshake.auth["n"] % 7 == 0:
            raise ConnectionRejected("seven")

    @jobs.on("here")
    def here(socket: Any) -> bool:
        return io.namespaces[socket.namespace.name] is socket.namespace and socket.id in socket.namespace.sockets

    clients = [served.websocket() for _ in range(6)]
    for step in range(60):
        for number, client in enumerate(clients):
            name = f"/job/{(step + number) % 3}"
            client.send(Packet(CONNECT, name, {"n": step * number}))
        for number, client in enumerate(clients):
            name = f"/job/{(step + number) % 3}"
            if client.receive().type is CONNECT:
                assert client.call("here", namespace=name) == [True]
                client.leave(name)
    served.wait_until(lambda: not children(io))
    assert dict(jobs.children) == {}  # type: ignore[attr-defined]
    assert len(io.adapters._adapters) == 1


# -- bounds


def test_children_of_a_pattern_are_bounded(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    io = Server(max_child_namespaces=3)
    served: Site = site(io)
    io.of(TEMPLATE)
    io.of(re_other := "/other/{id}")
    client = served.websocket()
    for number in range(3):
        client.connect(f"/job/{number}")
    for _ in range(3):
        assert client.refused("/job/3") == {"message": "Invalid namespace"}
    client.connect("/other/1")
    served.websocket().connect("/job/2")
    assert len(children(io)) == 3
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "'/job/{id}' has 3 children, as many as max_child_namespaces allows" in record.getMessage()
    io.of("/job/mine")  # the application's own are its own affair
    served.websocket().connect("/job/mine")
    assert re_other in repr(io.of(re_other))


def test_namespaces_of_a_connection_are_bounded(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    io = Server(max_namespaces=3)
    served: Site = site(io)
    release = Event()
    io.of(TEMPLATE)
    io.of(lambda name, auth: release.wait(5))
    client = served.websocket()
    client.connect()
    client.connect("/job/1")
    client.send(Packet(CONNECT, "/slow"))
    for _ in range(100):  # nor do functions pile up
        client.send(Packet(CONNECT, "/slow2"))
        packet = client.receive()
        assert (packet.namespace, packet.data) == ("/slow2", {"message": "Too many namespaces"})
    assert client.refused("/nowhere") == {"message": "Too many namespaces"}
    client.leave("/job/1")
    client.connect("/job/2")
    release.set()
    assert client.receive() is not None
    served.websocket().connect("/job/3")
    assert children(io) == {"/job/1", "/job/2", "/job/3"}
    assert [record.getMessage().count("max_namespaces") for record in caplog.records] == [1]
    assert io.table.refused == 101


def test_sixteen_namespaces_unless_told_otherwise(site: Any) -> None:
    io = Server()
    served: Site = site(io)
    io.of(TEMPLATE)
    client = served.websocket()
    for number in range(16):
        client.connect(f"/job/{number}")
    assert client.refused("/job/16") == {"message": "Too many namespaces"}


def test_a_flood_of_names_leaves_nothing(site: Any) -> None:
    io = Server(cleanup_empty_child_namespaces=True)
    served: Site = site(io)
    io.of(TEMPLATE)
    client = served.websocket()

    def flood(count: int) -> None:
        for number in range(count):
            name = f"/job/{number:0200}"
            client.connect(name)
            client.send(Packet(PacketType.DISCONNECT, name), Packet(CONNECT, f"/unknown{name}"))
            assert client.receive().data == {"message": "Invalid namespace"}

    flood(50)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        flood(2_000)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    served.wait_until(lambda: not children(io))
    assert grown < 50_000
