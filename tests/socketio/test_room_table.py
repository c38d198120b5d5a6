"""The room table against the plainest model of it, over random histories; and joining and leaving through sockets."""

import random
from typing import Any

import pytest
from site_under_test import Site

from geventio import Server
from geventio.socketio.rooms import RoomTable

SIDS = [f"s{number}" for number in range(6)]
ROOMS = ["x", "y", "z", "", *SIDS[:4]]


class Model:
    """Pairs (sid, room)."""

    def __init__(self) -> None:
        self.sids: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()

    def add(self, sid: str) -> None:
        if sid not in self.sids:
            self.sids.add(sid)
            self.pairs.add((sid, sid))

    def remove(self, sid: str) -> set[str]:
        rooms = self.rooms(sid)
        self.sids.discard(sid)
        self.pairs = {pair for pair in self.pairs if pair[0] != sid}
        return rooms

    def join(self, sid: str, rooms: list[str]) -> None:
        if sid in self.sids:
            self.pairs |= {(sid, room) for room in rooms}

    def leave(self, sid: str, room: str) -> None:
        self.pairs.discard((sid, room))

    def rooms(self, sid: str) -> set[str]:
        return {room for member, room in self.pairs if member == sid}

    def members(self, room: str) -> set[str]:
        return {member for member, name in self.pairs if name == room}

    def select(self, rooms: set[str] | None, excluded: set[str]) -> set[str]:
        chosen = self.sids if rooms is None else {sid for room in rooms for sid in self.members(room)}
        return chosen - {sid for room in excluded for sid in self.members(room)} - excluded


@pytest.mark.parametrize("seed", range(20))
def test_against_the_model(seed: int) -> None:
    dice = random.Random(seed)
    table, model = RoomTable(), Model()
    for _ in range(400):
        sid = dice.choice(SIDS)
        some = dice.sample(ROOMS, dice.randint(0, 3))
        match dice.randint(0, 5):
            case 0:
                table.add(sid)
                model.add(sid)
            case 1:
                assert table.remove(sid) == model.remove(sid)
            case 2 | 3:
                table.join(sid, some)
                model.join(sid, some)
            case _:
                room = dice.choice(ROOMS)
                table.leave(sid, room)
                model.leave(sid, room)
        assert len(table) == len(model.sids)
        for sid in SIDS:
            assert (sid in table) == (sid in model.sids)
            assert table.rooms(sid) == model.rooms(sid)
        for room in ROOMS:
            assert set(table.members(room)) == model.members(room)
        assert table.all_rooms() == {room for _, room in model.pairs}
        rooms = None if dice.random() < 0.3 else set(dice.sample(ROOMS, dice.randint(0, 3)))
        excluded = set(dice.sample(ROOMS, dice.randint(0, 2)))
        chosen = table.select(rooms if rooms is None else frozenset(rooms), frozenset(excluded))
        assert len(chosen) == len(set(chosen))
        assert set(chosen) == model.select(rooms, excluded)
    for sid in SIDS:
        table.remove(sid)
    assert table._rooms == table._members == {}
    assert table._without_own == set()


def test_rooms_of_a_socket(site: Any) -> None:
    io = Server()
    served: Site = site(io)

    @io.use
    def early(socket: Any) -> None:
        socket.join(["user 1", "not this one"])
        socket.leave("not this one")
        assert socket.rooms == {"user 1"}
        io.to("user 1").emit("not yet a member")

    @io.on("connection")
    def connected(socket: Any) -> None:
        served.seen.put(socket.rooms)

    client = served.websocket()
    sid = client.connect()
    assert served.next() == {sid, "user 1"}
    io.to("user 1").emit("hello")
    assert client.receive_event() == ["hello"]
    socket = io.root.sockets[sid]
    for name in ("", "\0", "__class__", "\ud800", "x" * 1_000_000, "{0}", "%s"):
        socket.join(name)
        assert name in socket.rooms
        socket.leave(name)
    assert socket.rooms == {sid, "user 1"}
