"""What many sockets are asked and told, on one server and on two: the same, whichever server is asked."""

from collections.abc import Callable

import gevent
import pytest
from selected_clients import Group, answer_all, chosen, everybody_heard
from site_under_test import Site
from two_servers import Bus

from geventio import AdapterError, ConfigurationError, RemoteSocket, Server
from geventio.protocol.socketio import Packet, PacketType


@pytest.fixture
def pair(site: Callable[..., Site]) -> Group:
    """Two servers."""
    bus = Bus()
    return Group([site(Server(adapter=bus.adapter)) for _ in range(2)])


def test_fetch_sockets(group: Group) -> None:
    for expected, some in chosen(group):
        assert group.named(socket.id for socket in some.fetch_sockets()) == expected
    assert isinstance(group.remote("d"), RemoteSocket)


def test_count(group: Group) -> None:
    for expected, some in chosen(group):
        assert some.count() == len(expected)


def test_rooms(group: Group) -> None:
    ids = group.ids
    assert group.io.rooms() == group.io.of("/").rooms() == {"x", "y", *ids.values()}
    assert group.io.to("y").rooms() == {"x", "y", ids["b"], ids["c"]}
    assert group.io.except_("x").rooms() == {"y", ids["c"]}
    assert group.io.to("nobody").rooms() == frozenset()
    group.socket("a").leave(ids["a"])
    assert group.io.to("x").except_("y").rooms() == {"x", ids["d"]}


def test_broadcasts(group: Group) -> None:
    for expected, some in chosen(group):
        some.emit("hi", b"\x01")
        gevent.sleep(0.01)  # what other servers send is not awaited by anything that the clients could ask
        assert everybody_heard(group) == expected


def test_sockets_join(group: Group) -> None:
    for number, (expected, some) in enumerate(chosen(group)):
        if hasattr(some, "sockets_join"):
            rooms = [f"one {number}", f"two {number}"]
            some.sockets_join(rooms)
            group.wait(lambda rooms=rooms, expected=expected: group.who_is_in(rooms[1]) == expected)  # type: ignore[misc]
            assert group.who_is_in(rooms[0]) == expected
    group.io.to("y").sockets_join("just one")
    group.wait(lambda: group.who_is_in("just one") == "bc")


def test_sockets_leave(group: Group) -> None:
    group.io.to("x").except_("y").sockets_leave("x")
    group.wait(lambda: group.who_is_in("x") == "b")
    group.io.sockets_leave(["x", "y", "unknown"])
    group.wait(lambda: group.who_is_in("x") + group.who_is_in("y") == "")
    assert group.io.count() == 4
    group.io.in_(group.ids["d"]).sockets_join("z")
    group.wait(lambda: group.who_is_in("z") == "d")
    group.io.in_("z").sockets_leave("z")
    group.wait(lambda: group.who_is_in("z") == "")


@pytest.mark.parametrize("join", ["sockets_join", "sockets_leave"])
def test_names_of_rooms_are_checked(group: Group, join: str) -> None:
    for rooms in (None, 5, [5]):
        with pytest.raises(ConfigurationError, match="the name of a room is a text"):
            getattr(group.io, join)(rooms)


def test_disconnect_sockets(group: Group) -> None:
    group.io.to("x").except_(group.ids["a"]).disconnect_sockets()
    for name in "bd":
        assert group.clients[name].receive() == Packet(PacketType.DISCONNECT, "/")
        group.clients[name].connect()  # the connection is as good as it was
    group.wait(lambda: group.io.in_("x").count() == 1)
    group.io.in_("y").disconnect_sockets(close=True)
    assert group.clients["c"].receive() == Packet(PacketType.DISCONNECT, "/")
    group.clients["c"].wait_closed()
    group.io.disconnect_sockets()
    group.wait(lambda: group.io.count() == 0)


# -- acknowledgements


def test_a_broadcast_is_acknowledged(group: Group) -> None:
    for expected, some in chosen(group)[2:]:
        answer_all(group, expected)
        replies = some.timeout(5).call("ready?", b"\x02")
        assert sorted(replies) == sorted((group.ids[name], (name, b"\x03")) for name in expected)
        assert replies.missing == []


def test_who_does_not_answer_is_missing(group: Group) -> None:
    answer_all(group, "ac")
    replies = group.io.timeout(0.2).call("ready?", b"\x02")
    assert group.named(sid for sid, _ in replies) == "ac"
    assert group.named(replies.missing) == "bd"


def test_who_leaves_is_missing_at_once(group: Group) -> None:
    answer_all(group, "b")

    def leave(name: str) -> None:
        group.clients[name].receive_question()
        group.clients[name].cut()

    for name in "ad":
        gevent.spawn(leave, name)
    replies = group.io.to("x").timeout(5).call("ready?", b"\x02")
    assert group.named(sid for sid, _ in replies) == "b"
    assert group.named(replies.missing) == "ad"


def test_the_function_of_a_broadcast(group: Group) -> None:
    seen = group.sites[0].seen
    answer_all(group, "abcd")
    group.io.timeout(5).emit("ready?", b"\x02", ack=seen.put)
    assert group.named(sid for sid, _ in group.sites[0].next()) == "abcd"


# -- two servers alone


def test_local_is_this_server(pair: Group) -> None:
    io = pair.io
    assert pair.named(socket.id for socket in io.local.fetch_sockets()) == "ab"
    assert io.local.count() == io.to("x").local.count() == 2
    assert io.local.rooms() == {"x", "y", pair.ids["a"], pair.ids["b"]}
    io.local.sockets_join("here")
    io.local.to("y").sockets_leave("y")
    io.local.emit("hi", b"\x01")
    gevent.sleep(0.01)
    assert everybody_heard(pair) == "ab"
    assert pair.who_is_in("here") == "ab"
    assert pair.who_is_in("y") == "c"
    io.local.disconnect_sockets()
    pair.wait(lambda: pair.other.count() == 2)


def test_another_server_that_is_silent(pair: Group) -> None:
    pair.other.root.adapter.deaf = True  # type: ignore[attr-defined]
    for ask in (pair.io.fetch_sockets, pair.io.rooms, pair.io.count):
        with pytest.raises(AdapterError, match="0 of 1 servers answered"):
            ask()
    answer_all(pair, "ab")
    replies = pair.io.timeout(0.2).call("ready?", b"\x02")
    assert pair.named(sid for sid, _ in replies) == "ab"


def test_a_server_that_closes_is_gone(pair: Group) -> None:
    assert pair.io.root.adapter.server_count() == 2
    pair.other.close()
    assert pair.io.root.adapter.server_count() == 1
    assert pair.io.count() == 2


def test_namespaces_are_apart(pair: Group) -> None:
    pair.io.of("/admin")
    pair.other.of("/admin")
    pair.clients["c"].connect("/admin")
    assert pair.io.of("/admin").count() == 1
    pair.io.of("/admin").disconnect_sockets()
    assert pair.clients["c"].receive() == Packet(PacketType.DISCONNECT, "/admin")
    assert pair.io.count() == 4


def test_an_adapter_listens_once_its_server_serves(site: Callable[..., Site]) -> None:
    bus = Bus()
    first, second = (Server(adapter=bus.adapter) for _ in range(2))
    assert first.root.adapter.server_count() == 1  # both made; none of them serves
    with site(first).websocket() as client:
        client.connect()
    second.of("/")
    second.of("/before")
    second.adapters.start()
    second.of("/after")
    assert first.root.adapter.server_count() == 2
    assert set(bus.listening) == {"/", "/before", "/after"}
    second.adapters.start()  # once is enough
    for io in (first, second, first):
        io.close()
    assert not any(bus.listening.values())
    assert Server().root.adapter.server_count() == 1
