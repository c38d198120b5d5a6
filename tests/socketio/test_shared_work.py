"""Work that is done once for many: a broadcast is encoded once, and who leaves costs what it was in."""

import time
from typing import Any

import pytest
from client import Client
from site_under_test import Site

from geventio import Server
from geventio.engineio.prepared import PreparedMessages
from geventio.parsers import JSONParser, Packet, PacketType
from geventio.socketio.rooms import RoomTable


class CountingParser(JSONParser):
    """Notes the events that it encodes."""

    __slots__ = ("encoded",)

    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[Any] = []

    def encode(self, packet: Packet) -> list[str | bytes]:
        if packet.type is PacketType.EVENT:
            self.encoded.append(packet.data)
        return super().encode(packet)


@pytest.mark.parametrize("recovery", [False, True])
def test_a_broadcast_is_encoded_once(site: Any, recovery: bool) -> None:
    parser = CountingParser()
    io = Server(parser=parser, connection_state_recovery=recovery)
    served: Site = site(io)
    clients: list[Client] = [served.websocket(), served.polling(), served.websocket(), served.polling()]
    for client in clients:
        io.root.sockets[client.connect()].join("news")
    io.emit("all", 1, b"\x02")
    io.to(["news", "other"]).emit("room", 2)
    io.to("nobody").emit("nobody hears it")
    for client in clients:
        assert client.receive_event()[:3] == ["all", 1, b"\x02"]
        assert client.receive_event()[:2] == ["room", 2]
    assert [data[0] for data in parser.encoded] == ["all", "room"]


def test_forms_are_built_once() -> None:
    prepared = PreparedMessages(['51-["x",{"_placeholder":true,"num":0}]', b"\x01" * 100])
    for form in (prepared.frames, prepared.base64_frames, prepared.payload):
        assert form() is form()


def leaving_time(rooms: int) -> float:
    """Seconds that 500 sockets, each in two rooms, take to leave, while others are in so many."""
    table = RoomTable()
    table.add("other")
    table.join("other", [f"room {number}" for number in range(rooms)])
    leaving = [f"leaving {number}" for number in range(500)]
    for sid in leaving:
        table.add(sid)
        table.join(sid, ["room 0", f"own {sid}"])
    started = time.thread_time()
    for sid in leaving:
        table.remove(sid)
    return time.thread_time() - started


def test_leaving_costs_what_the_socket_was_in_and_not_what_there_is() -> None:
    few = min(leaving_time(10) for _ in range(5))
    many = min(leaving_time(20_000) for _ in range(5))
    assert many < 10 * few
