"""What of Socket.IO travels compressed where client and server agreed on per-message deflate."""

import random
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from client import WebSocketClient
from protocol.websocket.client_frames import BINARY, TEXT
from protocol.websocket.compressed_frames import FLUSHED, compress, compressed_frame
from site_under_test import Site

from geventio import Server
from geventio.protocol.socketio import Packet, PacketType

LONG = "words and words, " * 200
BYTES = b"\0" * 3_000
OFFER = [("Sec-WebSocket-Extensions", "permessage-deflate")]


class DeflatingClient(WebSocketClient):
    """Inflates what comes compressed and counts it."""

    def __init__(self, port: int) -> None:
        self.compressed: list[bool] = []
        """Of each frame since `taken`."""
        super().__init__(port, headers=OFFER)

    def receive_packet(self) -> Any:
        first = self.buffer.peek(1)[:1]
        packed = bool(first and first[0] & 0x40)
        self.compressed.append(packed)
        if not packed:
            return super().receive_packet()
        opcode, length = self.buffer.read(1)[0] & 15, self.buffer.read(1)[0]
        if length > 125:
            length = int.from_bytes(self.buffer.read(2 if length == 126 else 8), "big")
        data = zlib.decompress(self.buffer.read(length) + FLUSHED + b"\x03\x00", -15)
        return data.decode() if opcode == TEXT else data

    def taken(self) -> list[bool]:
        """Which of the frames that were received since the last call were compressed."""
        compressed, self.compressed = self.compressed, []
        return compressed


@pytest.fixture
def io() -> Server:
    return Server(per_message_deflate=True)


@pytest.fixture
def served(io: Server, site: Any) -> Site:
    io.on("echo", lambda socket, *args: args)
    return site(io)  # type: ignore[no-any-return]


@pytest.fixture
def client(served: Site) -> Iterator[DeflatingClient]:
    with DeflatingClient(served.port) as client:
        client.connect()
        assert not any(client.taken())
        yield client


def test_events_and_acknowledgements_both_ways(io: Server, client: DeflatingClient) -> None:
    for args, compressed in (
        ([LONG], [True]),
        (["short"], [False]),
        ([BYTES], [False, True]),
        ([LONG, b"x", BYTES], [True, False, True]),
    ):
        assert client.call("echo", *args) == args
        assert client.taken() == compressed
        client.send_raw(
            b"".join(
                compressed_frame(compress(b"4" + m.encode()), TEXT)
                if isinstance(m, str)
                else compressed_frame(compress(m), BINARY)
                for m in client.parser.encode(Packet(PacketType.EVENT, "/", ["echo", *args], 777))
            )
        )
        assert client.receive() == Packet(PacketType.ACK, "/", args, 777)
        assert client.taken() == compressed
    (socket,) = io.root.sockets.values()
    socket.emit("long", LONG, ack=print)
    assert client.receive_question().data == ["long", LONG]
    assert client.taken() == [True]


def test_flags(io: Server, client: DeflatingClient) -> None:
    (socket,) = io.root.sockets.values()
    everybody = [io, io.of("/"), io.to(socket.id), io.except_("nobody"), io.local]
    for target in [socket, *everybody]:
        for choice, compressed in (
            (target, True),
            (target.volatile, True),
            (target.compress(True), True),
            (target.compress(False), False),
            (target.volatile.compress(False), False),
            (target.compress(False).volatile, False),
        ):
            choice.emit("news", LONG, BYTES)
            assert client.receive_event() == ["news", LONG, BYTES]
            assert client.taken() == [compressed, compressed]


def test_a_volatile_event_that_is_passed_over_leaves_nothing_behind_in_the_context(site: Any) -> None:
    """With context, what was compressed has to be sent: otherwise the client could not inflate what follows."""
    io = Server(per_message_deflate={"server_no_context_takeover": False}, max_send_buffer=50_000_000)
    served = site(io)
    client = DeflatingClient(served.port)
    inflater = zlib.decompressobj(-15)
    client.connect()
    (socket,) = io.root.sockets.values()
    incompressible = random.Random(1).randbytes(5_000_000).hex()  # more than the kernel takes
    socket.emit("big", incompressible)
    assert not socket.conn.writable
    for position in range(50):
        socket.volatile.emit("volatile", position, LONG)
        io.volatile.emit("volatile", position, LONG)
    socket.emit("last", LONG)
    received = []
    while not received or received[-1][0] != "last":
        first, length = client.buffer.read(2)
        if length > 125:
            length = int.from_bytes(client.buffer.read(2 if length == 126 else 8), "big")
        data = client.buffer.read(length)
        if first & 0x40:
            data = inflater.decompress(data + FLUSHED)
        packet = client.decoder.add(data[1:].decode())
        assert packet is not None
        received.append(packet.data)
    assert received == [["big", incompressible], ["last", LONG]]
    client.cut()


def test_clients_that_agreed_and_clients_that_did_not_hear_the_same(io: Server, served: Site) -> None:
    clients: list[Any] = [
        DeflatingClient(served.port),
        served.websocket(),
        served.polling(),
        DeflatingClient(served.port),
    ]
    for client in clients:
        client.connect()
    io.emit("news", LONG, BYTES)
    for client in clients:
        assert client.receive_event() == ["news", LONG, BYTES]
    for client in clients[::3]:
        assert client.taken()[-2:] == [True, True]
        client.cut()
