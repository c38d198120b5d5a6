"""Clients of Engine.IO 3 and Socket.IO protocol 4 in the clear: what those of Socket.IO 1 and 2 send and take."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any

from client import Client, Closed, Message, PollingClient, WebSocketClient

from geventio.protocol.socketio import Packet, PacketType


class OlderClient(Client):
    """What both transports share."""

    opened: dict[str, Any]

    @property
    def id(self) -> str:
        """The session's id, which is the id of the socket in the namespace ``/`` too."""
        return str(self.opened["sid"])

    def welcome(self, namespace: str = "/") -> None:
        """The next packet says that the client is in *namespace*, and nothing else."""
        packet = self.receive()
        assert packet == Packet(PacketType.CONNECT, namespace), packet

    def join(self, namespace: str, query: str = "") -> None:
        """Join a namespace; the query is as it goes over the wire."""
        self.send_text(f"40{namespace}{query},")
        self.welcome(namespace)

    def error(self) -> Any:
        """The next packet, which has to be an ERROR: what it says."""
        packet = self.receive()
        assert packet.type is PacketType.CONNECT_ERROR, packet
        return packet.data


class OlderWebSocketClient(OlderClient, WebSocketClient):
    """Over WebSocket alone: a binary message has its type in front."""

    def __init__(self, port: int, query: str = "", headers: Iterable[tuple[str, str]] = ()) -> None:
        WebSocketClient.__init__(self, port, f"&EIO=3{query}", headers)

    def send_packets(self, packets: list[Message]) -> None:
        super().send_packets([packet if isinstance(packet, str) else b"\x04" + packet for packet in packets])

    def receive_packet(self) -> Message:
        packet = super().receive_packet()
        if isinstance(packet, str):
            return packet
        assert packet[:1] == b"\x04"
        return packet[1:]


class OlderPollingClient(OlderClient, PollingClient):
    """Over HTTP long-polling alone, with text bodies: each packet behind its length."""

    def __init__(self, port: int, query: str = "", headers: Iterable[tuple[str, str]] = ()) -> None:
        PollingClient.__init__(self, port, f"&EIO=3&b64=1{query}", headers)

    @staticmethod
    def payload(packets: list[Message]) -> bytes:
        texts = [packet if isinstance(packet, str) else "b4" + b64encode(packet).decode() for packet in packets]
        return "".join(f"{len(text.encode('utf-16-le')) // 2}:{text}" for text in texts).encode()

    @staticmethod
    def packets(body: str) -> list[Message]:
        units = body.encode("utf-16-le")
        packets: list[Message] = []
        while units:
            length, _, _ = units.decode("utf-16-le").partition(":")
            start = 2 * len(length) + 2
            text = units[start : start + 2 * int(length)].decode("utf-16-le")
            packets.append(b64decode(text[2:]) if text[:2] == "b4" else text)
            units = units[start + 2 * int(length) :]
        return packets

    def receive_packet(self) -> Message:
        while not self.queue:
            if self.getter is None:
                self.poll()
            assert self.getter is not None
            getter, self.getter = self.getter, None
            response, body = self.finish(getter)
            if response.status != 200:
                raise Closed
            self.queue.extend(self.packets(body))
        packet = self.queue.popleft()
        if packet == "1":
            raise Closed
        return packet
