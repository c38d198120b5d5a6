"""Many clients that lose their connections at random moments under traffic: each gets each event once, in order.

The test keeps a ledger of its own: whenever something is emitted, it notes for every session, whether its client is
there or away, if the event is for it. In the end a client that was recovered all the time has exactly what the ledger
says; a session that was lost has what the ledger says up to some event, and nothing behind it.
"""

import random
import time
from collections import Counter
from typing import Any

import pytest
from client import Closed
from gevent import joinall, sleep, spawn
from returning_client import ReturningClient
from site_under_test import Site

from geventio import Server

SECONDS = 5.0
CLIENTS = 24
AWAY = 0.6  # seconds that a client may be away
ROOMS = [f"room {number}" for number in range(6)]


class Ledger:
    """Which events are for which session."""

    def __init__(self) -> None:
        self.rooms: dict[str, set[str]] = {}
        self.expected: dict[str, list[int]] = {}
        self.number = 0

    def note(self, to: set[str] | None, excluded: set[str]) -> int:
        """An event is about to leave; its number."""
        self.number += 1
        for sid, rooms in self.rooms.items():
            if (to is None or to & rooms) and not excluded & rooms:
                self.expected[sid].append(self.number)
        return self.number


class Wanderer(ReturningClient):
    """A client with a bad connection, and what each of its sessions got."""

    def __init__(self, site: Site, transport: str, dice: random.Random) -> None:
        super().__init__(site, transport)
        self.dice = dice
        self.sessions: dict[str, list[list[Any]]] = {}
        self.counted: Counter[str] = Counter()

    def come_back(self) -> None:
        sid = self.sid
        while True:
            try:
                self.come()
                break
            except (Closed, OSError, AssertionError):
                self.counted["lost while connecting"] += 1
        assert self.recovered == (self.sid == sid)
        if not self.recovered:
            self.events = self.sessions[self.sid] = []
        self.counted["recovered" if self.recovered else "new"] += 1

    def live(self, until: float) -> None:
        dice = self.dice
        self.come_back()
        while time.monotonic() < until:
            self.lose()
            sleep(dice.choice([0, 0, 0.01, 0.05, 0.2, AWAY * 1.5 if dice.random() < 0.3 else 0.1]))
            self.come_back()

    def rest(self) -> None:
        """Nothing is emitted any more: come back and take the rest."""
        self.come_back()
        self.read()
        self.client.cut()

    def lose(self) -> None:
        """Take some of what has come, and lose the connection in one way or another."""
        dice = self.dice
        for _ in range(dice.choice([0, 1, 3, 10, 30])):
            self.receive()
        kind = dice.choice(["cut", "unread", "vanish", "goodbye", "at once"])
        self.counted[kind] += 1
        if kind == "unread":
            sleep(dice.random() / 20)
        elif kind == "goodbye":
            self.client.send_text("1") if self.transport == "polling" else self.client.close()
        elif kind == "at once":  # asked to come back, and lost before the answer was read
            self.ask()
            sleep(dice.choice([0, 0.002, 0.02]))
        elif kind == "cut" and self.transport == "websocket":
            self.client.sock.settimeout(0.01)
            try:
                self.client.buffer.read(dice.randrange(200))  # to the middle of a frame
            except OSError:
                self.counted["quiet"] += 1
        if kind != "vanish":
            self.client.cut()


@pytest.mark.parametrize("seed", [1, 2])
def test_once_and_in_order(site: Any, seed: int) -> None:
    dice = random.Random(seed)
    io = Server(
        connection_state_recovery={"max_disconnection_duration": AWAY, "max_bytes": 4_000_000},
        ping_interval=0.2,
        ping_timeout=0.1,
    )
    ledger = Ledger()

    @io.on("connection")
    def connected(socket: Any) -> None:
        if not socket.recovered:
            ledger.rooms[socket.id] = {socket.id}
            ledger.expected[socket.id] = []
            socket.emit("welcome", ledger.note({socket.id}, set()))

    def publish() -> None:
        while not all(greenlet.dead for greenlet in living):
            for _ in range(dice.randrange(4)):
                act()
            sleep(0.001)

    def act() -> None:
        sockets = list(io.root.sockets.values())
        sids = list(ledger.rooms)[-CLIENTS * 2 :]
        payload = "x" * dice.choice([0, 10, 100, 1000, 20_000 if dice.random() < 0.05 else 0])
        match dice.randrange(9):
            case 0 | 1 if sockets:
                socket, room = dice.choice(sockets), dice.choice(ROOMS)
                if room in ledger.rooms[socket.id]:
                    socket.leave(room)
                else:
                    socket.join(room)
                ledger.rooms[socket.id] ^= {room}
            case 2:
                io.emit("all", ledger.note(None, set()), payload)
            case 3 | 4:
                rooms = set(dice.sample(ROOMS, dice.randint(1, 2)))
                io.to(rooms).emit("rooms", ledger.note(rooms, set()), payload)
            case 5:
                excluded = {dice.choice(ROOMS)}
                io.except_(excluded).emit("except", ledger.note(None, excluded), payload.encode())
            case 6 if sockets:
                socket = dice.choice(sockets)
                socket.emit("own", ledger.note({socket.id}, set()), payload)
            case 7 if sids:
                sid = dice.choice(sids)
                io.to(sid).emit("to one", ledger.note({sid}, set()), payload)
            case 8 if sids:
                sid = dice.choice(sids)
                io.except_(sid).volatile.emit("volatile", payload)

    served: Site = site(io)
    wanderers = [
        Wanderer(served, "polling" if number % 4 == 0 else "websocket", random.Random(seed * 1000 + number))
        for number in range(CLIENTS)
    ]
    until = time.monotonic() + SECONDS
    living = [spawn(one.live, until) for one in wanderers]
    assert len(joinall([*living, spawn(publish)], timeout=15, raise_error=True)) == CLIENTS + 1
    assert len(joinall([spawn(one.rest) for one in wanderers], timeout=15, raise_error=True)) == CLIENTS

    adapter: Any = io.root.adapter
    counted = sum((one.counted for one in wanderers), Counter())
    for one in wanderers:
        for sid, events in one.sessions.items():
            numbers = [event[1] for event in events if event[0] != "volatile"]
            expected = ledger.expected[sid]
            if sid != one.sid:
                expected = expected[: len(numbers)]  # the session was lost in the end
            assert numbers == expected, (seed, sid, counted)
    assert counted["recovered"] > 5 * CLIENTS, counted
    assert counted["new"] > CLIENTS, counted
    assert sum(map(len, ledger.expected.values())) > 2000
    assert adapter.events_dropped == 0
    # A client that never read for as long as the events are kept is told so.
    assert set(adapter.not_recovered) <= {"unknown or expired", "events were dropped"}
