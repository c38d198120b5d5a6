"""``on_room``: what handlers are told of rooms, against a plain model of them, and when."""

import random
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.queue import Queue
from site_under_test import Site

from geventio import ConfigurationError, Server
from geventio.socketio.room_events import FORMS, WatchedRoomTable
from geventio.socketio.rooms import RoomTable

SIDS = [f"s{number}" for number in range(5)]
ROOMS = ["x", "y", "", *SIDS[:3]]


class Told:
    """What the watchers of a table would know from what they are told alone."""

    def __init__(self) -> None:
        self.rooms: dict[str, set[str]] = {}

    def watch(self, event: str, room: str, sid: str | None) -> None:
        match event:
            case "create-room":
                assert room not in self.rooms
                self.rooms[room] = set()
            case "join-room":
                assert sid not in self.rooms[room]
                self.rooms[room].add(str(sid))
            case "leave-room":
                self.rooms[room].remove(str(sid))
            case "delete-room":
                assert self.rooms.pop(room) == set()


@pytest.mark.parametrize("seed", range(20))
def test_the_changes_of_a_table_are_told_exactly(seed: int) -> None:
    dice = random.Random(seed)
    plain, watched = RoomTable(), WatchedRoomTable(RoomTable())
    told = [Told(), Told()]
    watched.watchers.extend(one.watch for one in told)
    for _ in range(400):
        sid, some = dice.choice(SIDS), dice.sample(ROOMS, dice.randint(0, 3))
        step = dice.randint(0, 4)
        for table in (plain, watched):
            match step:
                case 0:
                    table.add(sid)
                case 1:
                    table.remove(sid)
                case 2:
                    for room in some:
                        table.leave(sid, room)
                case _:
                    table.join(sid, some)
        assert watched.all_rooms() == plain.all_rooms()
        for one in told:
            assert one.rooms == {room: set(plain.members(room)) for room in plain.all_rooms()}


def test_a_table_that_is_watched_later_is_the_same_table() -> None:
    table = RoomTable()
    table.add("a")
    table.join("a", ["x"])
    watched = WatchedRoomTable(table)
    assert watched.rooms("a") == {"a", "x"}
    told: list[Any] = []
    watched.watchers.append(lambda *change: told.append(change))
    watched.join("a", ["x", "a"])
    watched.add("a")
    watched.leave("a", "y")
    watched.remove("b")
    watched.join("b", ["x"])
    assert told == []  # nothing has changed
    watched.remove("a")
    assert told == [
        ("leave-room", "a", "a"),
        ("delete-room", "a", None),
        ("leave-room", "x", "a"),
        ("delete-room", "x", None),
    ]


def listen(source: Any) -> "Queue[Any]":
    told: Queue[Any] = Queue()
    for event in FORMS:
        if FORMS[event][1] == 1:
            source.on_room(event, lambda room, event=event: told.put((event, room)))
        else:
            source.on_room(event)(lambda room, sid, event=event: told.put((event, room, sid)))
    return told


def test_handlers_hear_what_happens(site: Callable[..., Site]) -> None:
    io = Server()
    told = listen(io)
    served = site(io)

    def next_ones(count: int) -> list[Any]:
        return [told.get(timeout=5) for _ in range(count)]

    one, two = served.websocket(), served.websocket()
    a, b = one.connect(), two.connect()
    for sid in (a, b):
        assert next_ones(2) == [("create-room", sid), ("join-room", sid, sid)]
    io.root.sockets[a].join("news")
    assert next_ones(2) == [("create-room", "news"), ("join-room", "news", a)]
    io.sockets_join("news")
    assert next_ones(1) == [("join-room", "news", b)]
    io.root.sockets[a].leave("news")
    assert next_ones(1) == [("leave-room", "news", a)]
    two.cut()
    assert sorted(next_ones(4)) == sorted(
        [("leave-room", b, b), ("delete-room", b), ("leave-room", "news", b), ("delete-room", "news")]
    )
    one.assert_nothing_came()
    assert told.qsize() == 0


def test_one_after_the_other_and_after_the_change(site: Callable[..., Site]) -> None:
    io = Server()
    running = 0
    seen: Queue[Any] = Queue()

    @io.on_room("join-room")
    def joined(room: str, sid: str) -> None:
        nonlocal running
        running += 1
        assert running == 1
        assert room in io.root.sockets[sid].rooms
        gevent.sleep(0.001)  # it may block
        running -= 1
        seen.put(room)

    served = site(io)
    sid = served.websocket().connect()
    names = [f"room {number}" for number in range(20)]
    for name in names:
        io.root.sockets[sid].join(name)
    assert [seen.get(timeout=5) for _ in range(21)] == [sid, *names]


def test_a_handler_that_fails(site: Callable[..., Site], caplog: pytest.LogCaptureFixture) -> None:
    io = Server()
    seen: Queue[Any] = Queue()
    io.on_room("create-room", lambda room: 1 / 0)
    io.on_room("create-room", seen.put)
    sid = site(io).websocket().connect()
    assert seen.get(timeout=5) == sid
    assert "a handler of 'create-room' in the namespace '/' failed" in caplog.text


def test_namespaces_are_apart_and_may_be_listened_to_late(site: Callable[..., Site]) -> None:
    io = Server()
    admin = io.of("/admin")
    served = site(io)
    client = served.websocket()
    client.connect()
    sid = client.connect("/admin")
    told = listen(admin)
    io.root.sockets[next(iter(io.root.sockets))].join("here")
    admin.sockets[sid].join("there")
    assert [told.get(timeout=5), told.get(timeout=5)] == [("create-room", "there"), ("join-room", "there", sid)]
    client.cut()
    left = [told.get(timeout=5) for _ in range(4)]
    assert ("delete-room", sid) in left
    assert told.qsize() == 0


def test_an_adapter_of_a_cluster_may_watch_beside_the_handlers(site: Callable[..., Site]) -> None:
    io = Server()
    changes: list[Any] = []
    io.root.adapter.watch_rooms(lambda *change: changes.append(change))
    told = listen(io)
    sid = site(io).websocket().connect()
    assert changes == [("create-room", sid, None), ("join-room", sid, sid)]
    assert [told.get(timeout=5), told.get(timeout=5)] == [("create-room", sid), ("join-room", sid, sid)]


def test_misuse() -> None:
    io = Server()
    for register in (io.on_room, lambda event: io.on_room(event, print)):
        with pytest.raises(ConfigurationError, match="the events of rooms are create-room, delete-room, join-room"):
            register("join")
    with pytest.raises(ConfigurationError, match=r"handler\(room\)"):
        io.on_room("create-room", lambda: None)
    with pytest.raises(ConfigurationError, match=r"handler\(room, sid\)"):
        io.on_room("leave-room")(lambda room: None)
