"""A WebSocket client that offers per-message deflate and tells what came compressed."""

import zlib
from typing import Any

from tests.protocol.websocket.client_frames import BINARY, CLOSE, PONG, TEXT
from tests.protocol.websocket.compressed_frames import FLUSHED, Frame, compress, compressed_frame, server_frames

from .client import WEBSOCKET, Address, Closed, WebSocketClient

OFFER = "permessage-deflate; client_max_window_bits"


class DeflatingClient(WebSocketClient):
    """Keeps one inflater for the whole connection, which serves whether the server keeps context or not."""

    @classmethod
    def offer(cls, address: Address, offer: str = OFFER, target: str = WEBSOCKET) -> "DeflatingClient":
        client = cls.connect(address, target, [("Sec-WebSocket-Extensions", offer)])
        assert isinstance(client, DeflatingClient)
        return client

    last: Frame
    """The frame that `receive` took last."""
    _inflater: Any = None

    @property
    def agreed(self) -> str | None:
        """What the server answered to the offer."""
        assert self.handshake is not None
        return self.handshake.headers.get("sec-websocket-extensions")

    def send_compressed(self, message: str | bytes) -> None:
        content = message.encode() if isinstance(message, str) else message
        self.send_raw(compressed_frame(compress(content), TEXT if isinstance(message, str) else BINARY))

    def receive_frame(self) -> tuple[bytes, Frame]:
        """The next frame, as it is on the wire and read."""
        if self.handshake is None:
            self.handshake = self.take_answer()
        head = self.take(2)
        size = {126: 2, 127: 8}.get(head[1], 0)
        extended = self.take(size)
        data = head + extended + self.take(int.from_bytes(extended, "big") if size else head[1])
        (self.last,) = server_frames(data)
        return data, self.last

    def receive(self) -> str | bytes:
        """See WebSocketClient."""
        _, frame = self.receive_frame()
        payload = frame.payload
        if frame.compressed:
            assert frame.opcode in (TEXT, BINARY)
            assert self.agreed is not None
            if self._inflater is None or "server_no_context_takeover" in self.agreed:
                self._inflater = zlib.decompressobj(-15)
            payload = self._inflater.decompress(payload + FLUSHED)
        if frame.opcode == CLOSE:
            raise Closed(int.from_bytes(payload[:2], "big") if payload else 1005)
        if frame.opcode == PONG:
            return b"pong:" + payload
        return payload.decode() if frame.opcode == TEXT else payload
