"""Random clients that come, talk, join, leave and vanish on both transports, from a seed; what must hold throughout."""

import random
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import pytest
from client import Closed
from gevent import joinall, sleep, spawn
from site_under_test import Site

from geventio import ConnectionRejected, Disconnected, Server


@pytest.mark.parametrize("seed", range(4))
def test_what_must_hold(site: Any, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    dice = random.Random(seed)
    io = Server()
    served: Site = site(io)
    came: Counter[str] = Counter()
    left: Counter[str] = Counter()
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    running: Counter[str] = Counter()
    wrong: list[str] = []

    @io.use
    def middleware(socket: Any) -> None:
        sleep(dice.random() / 500)
        socket.join("early")
        if dice.random() < 0.1:
            raise ConnectionRejected("no")

    @io.on("connection")
    def connected(socket: Any) -> None:
        came[socket.id] += 1
        sleep(dice.random() / 500)
        if socket.connected and "early" not in socket.rooms:
            wrong.append("a room is missing")

    @io.on("step")
    def step(socket: Any, number: int) -> int:
        running[socket.id] += 1
        if running[socket.id] > 1 or left[socket.id]:
            wrong.append("two at a time, or after disconnect")
        numbers[socket.id].append(number)
        if dice.random() < 0.3:
            sleep(dice.random() / 500)
        socket.join(f"room {number % 3}")
        socket.to("early").emit("news", number)
        if dice.random() < 0.05:
            with suppress(Disconnected, TimeoutError):
                socket.call("question", timeout=0.02)
        if dice.random() < 0.02:
            socket.disconnect(close=dice.random() < 0.5)
        if dice.random() < 0.02:
            io.to(f"room {number % 2}").timeout(0.02).emit("q", ack=lambda replies: None)
        running[socket.id] -= 1
        return number

    @io.on("disconnect")
    def gone(socket: Any, reason: str) -> None:
        left[socket.id] += 1
        if socket.rooms or io.root.adapter.rooms_of(socket.id):
            wrong.append("rooms of a socket that has left")

    def live(transport: str) -> None:
        client = served.open(transport)
        with suppress(Closed, AssertionError, OSError):  # the server may say goodbye at any time
            client.connect()
            for number in range(30):
                client.emit("step", number, id=number if dice.random() < 0.5 else None)
                if dice.random() < 0.2:
                    client.receive()
                if dice.random() < 0.02:
                    break
            match dice.randint(0, 3):
                case 0:
                    client.leave()
                    client.close()
                case 1:
                    client.close()
                case 2:
                    client.send_text("4garbage")
        client.cut()

    joinall([spawn(live, dice.choice(["websocket", "polling"])) for _ in range(40)], timeout=20, raise_error=True)
    io.close()
    served.wait_until(lambda: not +running and left.keys() == came.keys())
    assert wrong == []
    assert set(came.values()) == set(left.values()) == {1}
    for sequence in numbers.values():
        assert sequence == list(range(len(sequence)))
    assert sum(map(len, numbers.values())) > 200
    assert io.root.sockets == io.engine.sessions == {}
    assert caplog.records == []
