"""A packet encoding of one's own: that of JSON, deflated, for clients on lines where each byte counts.

    python custom_parser.py

Clients have to speak it too. In JavaScript::

    const standard = require("socket.io-parser");

    class Encoder {
      encode(packet) {
        return new standard.Encoder().encode(packet).map((message) => {
          const kind = typeof message === "string" ? 0 : 1;
          return Buffer.concat([Buffer.of(kind), zlib.deflateSync(message)]);
        });
      }
    }

    class Decoder extends standard.Decoder {
      add(message) {
        const inflated = zlib.inflateSync(Buffer.from(message).subarray(1));
        super.add(message[0] === 0 ? inflated.toString() : inflated);
      }
    }

    const socket = io("http://127.0.0.1:5000", { parser: { Encoder, Decoder } });

On the wire, each Engine.IO message is binary: a byte that tells text (0) from an attachment (1), and what zlib made of
the rest. A few kilobytes may inflate to gigabytes: how many come out is limited while they do.
"""

import zlib
from collections.abc import Callable
from typing import Any

from geventio.parsers import Decoder, JSONParser, Packet

TEXT, ATTACHMENT = b"\x00", b"\x01"
LIMIT = 1_000_000  # bytes of one inflated message


class DeflatedParser:
    """Deflates what the parser of JSON wrote (a Parser)."""

    __slots__ = ("inner",)

    def __init__(self, default: Callable[[Any], Any] | None = None) -> None:
        self.inner = JSONParser(max_payload=LIMIT, default=default)

    def with_default(self, default: Callable[[Any], Any]) -> "DeflatedParser":
        """What makes the server's option ``json_default`` work."""
        return DeflatedParser(default)

    def encode(self, packet: Packet) -> list[str | bytes]:
        return [deflated(message) for message in self.inner.encode(packet)]

    def decoder(self) -> "DeflatedDecoder":
        return DeflatedDecoder(self.inner.decoder())


class DeflatedDecoder:
    """Inflates for a decoder of JSON (a Decoder)."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Decoder) -> None:
        self._inner = inner

    @property
    def waiting(self) -> int:
        return self._inner.waiting

    def add(self, message: str | bytes) -> Packet | None:
        # What cannot be read goes there too, as something that is no packet: it forgets the one that was under way.
        return self._inner.add(inflated(message))


def deflated(message: str | bytes) -> bytes:
    if isinstance(message, str):
        return TEXT + zlib.compress(message.encode("utf-8", "surrogatepass"))
    return ATTACHMENT + zlib.compress(message)


def inflated(message: str | bytes) -> str | bytes:
    """What *message* was before; the empty text, which is no packet, for one that cannot be read."""
    if isinstance(message, str):
        return ""
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(message[1:], LIMIT)
        if not inflate.eof or inflate.unused_data:
            return ""  # too long, cut off, or followed by something else
        if message[:1] == TEXT:
            return data.decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError):
        return ""
    return data if message[:1] == ATTACHMENT else ""


if __name__ == "__main__":
    from geventio import Server, SocketIOMiddleware, serve

    io = Server(parser=DeflatedParser())

    @io.on("chat message")
    def chat(socket: Any, text: str) -> None:
        io.emit("chat message", text)

    serve(SocketIOMiddleware(io), "127.0.0.1:5000")
