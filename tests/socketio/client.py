"""Clients that speak Engine.IO and Socket.IO in the clear: a test says what leaves and sees what comes.

::

    with WebSocketClient(port) as client:
        client.connect("/")
        client.emit("chat message", "hi", id=1)
        assert client.receive() == Packet(PacketType.ACK, "/", ["got it"], 1)
"""

from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from gevent.socket import create_connection
from protocol.websocket.client_frames import BINARY, CLOSE, TEXT, client_frame

from geventio.protocol.json import loads
from geventio.protocol.socketio import JSONParser, Packet, PacketType

PATIENCE = 5.0  # seconds to wait for one thing
SEPARATOR = "\x1e"

Message = str | bytes


class Closed(Exception):
    """The server ended the connection."""


class Client:
    """What both transports share: Socket.IO over Engine.IO messages."""

    def __init__(self) -> None:
        self.parser = JSONParser()
        self.decoder = self.parser.decoder()
        self.opened: dict[str, Any] = {}

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.cut()

    def send_packets(self, packets: list[Message]) -> None:
        """Send Engine.IO packets: text as it is, bytes as a binary message."""
        raise NotImplementedError

    def receive_packet(self) -> Message:
        """The next Engine.IO packet, in the same form."""
        raise NotImplementedError

    def cut(self) -> None:
        """Go away without a word."""
        raise NotImplementedError

    def send_text(self, *packets: str) -> None:
        self.send_packets(list(packets))

    def send(self, *packets: Packet) -> None:
        """Send Socket.IO packets, together where the transport can."""
        self.send_packets(
            [
                "4" + message if isinstance(message, str) else message
                for packet in packets
                for message in self.parser.encode(packet)
            ]
        )

    def receive_message(self) -> Message:
        """The next Engine.IO message; heartbeats are answered."""
        while True:
            packet = self.receive_packet()
            if isinstance(packet, bytes):
                return packet
            if packet[:1] == "4":
                return packet[1:]
            if packet == "2":
                self.send_text("3")
            elif packet == "1":
                raise Closed
            else:
                assert packet == "6", packet

    def receive(self) -> Packet:
        """The next Socket.IO packet."""
        packet = None
        while packet is None:
            packet = self.decoder.add(self.receive_message())
        return packet

    def receive_event(self) -> list[Any]:
        packet = self.receive()
        assert packet.type is PacketType.EVENT, packet
        assert packet.id is None, packet
        return packet.data  # type: ignore[no-any-return]

    def connect(self, namespace: str = "/", auth: dict[str, Any] | None = None) -> str:
        """Join a namespace; the socket's id."""
        self.send(Packet(PacketType.CONNECT, namespace, auth))
        packet = self.receive()
        assert packet.type is PacketType.CONNECT, packet
        assert packet.namespace == namespace
        return str(packet.data["sid"])

    def refused(self, namespace: str = "/", auth: dict[str, Any] | None = None) -> dict[str, Any]:
        """Try to join; the error."""
        self.send(Packet(PacketType.CONNECT, namespace, auth))
        packet = self.receive()
        assert packet.type is PacketType.CONNECT_ERROR, packet
        assert packet.namespace == namespace
        return packet.data  # type: ignore[no-any-return]

    def emit(self, event: str, *args: Any, namespace: str = "/", id: int | None = None) -> None:
        self.send(Packet(PacketType.EVENT, namespace, [event, *args], id))

    def call(self, event: str, *args: Any, namespace: str = "/", id: int = 777) -> list[Any]:
        """Emit and take the acknowledgement, which has to be the next packet."""
        self.emit(event, *args, namespace=namespace, id=id)
        packet = self.receive()
        assert packet.type is PacketType.ACK, packet
        assert (packet.namespace, packet.id) == (namespace, id)
        return packet.data  # type: ignore[no-any-return]

    def receive_question(self) -> Packet:
        """The next packet, an event that asks for an acknowledgement."""
        packet = self.receive()
        assert packet.type is PacketType.EVENT, packet
        assert packet.id is not None, packet
        return packet

    def answer(self, question: Packet, *args: Any) -> None:
        self.send(Packet(PacketType.ACK, question.namespace, list(args), question.id))

    def leave(self, namespace: str = "/") -> None:
        self.send(Packet(PacketType.DISCONNECT, namespace))

    def assert_nothing_came(self, namespace: str = "/") -> None:
        """A round trip (see `conftest.site`): what the server sent before it would be here before its answer."""
        assert self.call("round trip", namespace=namespace, id=9999) == ["done"]

    def wait_closed(self) -> None:
        """Read until the server ends the connection."""
        try:
            while True:
                self.receive_packet()
        except Closed:
            pass


class WebSocketClient(Client):
    """Engine.IO over WebSocket alone."""

    def __init__(self, port: int, query: str = "", headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.sock = create_connection(("127.0.0.1", port), timeout=PATIENCE)
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.sock.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extra}\r\n".encode()
        )
        self.buffer = self.sock.makefile("rb")
        status = self.buffer.readline()
        assert status.startswith(b"HTTP/1.1 101 "), status
        while self.buffer.readline() != b"\r\n":
            pass
        opened = self.receive_packet()
        assert isinstance(opened, str)
        assert opened[0] == "0"
        self.opened = loads(opened[1:])

    def send_packets(self, packets: list[Message]) -> None:
        self.send_raw(
            b"".join(
                client_frame(TEXT, packet.encode()) if isinstance(packet, str) else client_frame(BINARY, packet)
                for packet in packets
            )
        )

    def send_raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive_packet(self) -> Message:
        try:
            head = self.buffer.read(2)
            if len(head) < 2 or head[0] & 15 == CLOSE:
                raise Closed
            length = head[1]
            if length > 125:
                length = int.from_bytes(self.buffer.read(2 if length == 126 else 8), "big")
            data = self.buffer.read(length)
        except ConnectionResetError:
            raise Closed from None
        return data.decode() if head[0] & 15 == TEXT else bytes(data)

    def close(self) -> None:
        """The close handshake."""
        self.send_raw(client_frame(CLOSE))
        self.wait_closed()

    def cut(self) -> None:
        self.buffer.close()
        self.sock.close()


class PollingClient(Client):
    """Engine.IO over HTTP long-polling alone. A GET waits at the server only while `receive` does, or after `poll`."""

    def __init__(self, port: int, query: str = "", headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.port = port
        self.headers = dict(headers)
        self.url = f"/socket.io/?EIO=4&transport=polling{query}"
        self.queue: deque[Message] = deque()
        self.getter: HTTPConnection | None = None
        opened = self.receive_packet()
        assert isinstance(opened, str)
        assert opened[0] == "0"
        self.opened = loads(opened[1:])
        self.url += f"&sid={self.opened['sid']}"

    def request(self, method: str, body: bytes | None = None) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.sock = create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.request(method, self.url, body, self.headers)
        return connection

    def finish(self, connection: HTTPConnection) -> tuple[HTTPResponse, str]:
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response, body

    def poll(self) -> None:
        """Leave a GET at the server; `receive` takes its answer."""
        assert self.getter is None
        self.getter = self.request("GET")

    def send_packets(self, packets: list[Message]) -> None:
        response, _ = self.finish(self.request("POST", self.payload(packets)))
        if response.status != 200:
            raise Closed

    @staticmethod
    def payload(packets: list[Message]) -> bytes:
        texts = [packet if isinstance(packet, str) else "b" + b64encode(packet).decode() for packet in packets]
        return SEPARATOR.join(texts).encode()

    def receive_packet(self) -> Message:
        if not self.queue:
            if self.getter is None:
                self.poll()
            assert self.getter is not None
            getter, self.getter = self.getter, None
            response, body = self.finish(getter)
            if response.status != 200:
                raise Closed
            self.queue.extend(b64decode(text[1:]) if text[0] == "b" else text for text in body.split(SEPARATOR))
        packet = self.queue.popleft()
        if packet == "1":
            raise Closed
        return packet

    def close(self) -> None:
        """Engine.IO's close packet."""
        self.send_text("1")

    def cut(self) -> None:
        if self.getter is not None:
            self.getter.close()
            self.getter = None
