"""Compressed messages as a client sends them, and what it makes of the server's: zlib as RFC 7692 describes it."""

import zlib
from typing import Any, NamedTuple

from geventio.option_groups import DeflateOptions
from geventio.protocol.websocket import WebSocketProtocol, accept_deflate

from .client_frames import CONTINUATION, TEXT, header, masked

FLUSHED = b"\x00\x00\xff\xff"


class Frame(NamedTuple):
    """A frame of the server."""

    fin: bool
    compressed: bool
    opcode: int
    payload: bytes


def compress(content: bytes, bits: int = 15, level: int = 6) -> bytes:
    """One message by itself."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -bits)
    return flushed(compressor, content)


def flushed(compressor: Any, content: bytes) -> bytes:
    data: bytes = compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert data.endswith(FLUSHED)
    return data[:-4]


def inflate(data: bytes, bits: int = 15) -> bytes:
    """One message by itself; fails for a window larger than agreed on."""
    return zlib.decompressobj(-bits).decompress(data + FLUSHED)


def compressed_frame(data: bytes, opcode: int = TEXT, *, fin: bool = True) -> bytes:
    """A client's frame of compressed *data*, the first of its message."""
    return header(opcode, len(data), fin=fin, reserved=4) + masked(data)


def fragments(data: bytes, size: int, opcode: int = TEXT) -> list[bytes]:
    """A compressed message in frames of *size* bytes."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    last = len(pieces) - 1
    return [
        header(CONTINUATION if at else opcode, len(piece), fin=at == last, reserved=0 if at else 4) + masked(piece)
        for at, piece in enumerate(pieces)
    ]


def server_frames(data: bytes) -> list[Frame]:
    """The frames in what a server sent."""
    frames = []
    while data:
        length, start = data[1], 2
        assert length < 128, "masked"
        if length > 125:
            start = 4 if length == 126 else 10
            length = int.from_bytes(data[2:start], "big")
        assert not data[0] & 0x30
        payload = data[start : start + length]
        assert len(payload) == length
        frames.append(Frame(bool(data[0] & 0x80), bool(data[0] & 0x40), data[0] & 15, payload))
        data = data[start + length :]
    return frames


def compressing(max_message_size: int = 1_000_000, *, context: bool = False) -> WebSocketProtocol:
    """A connection that agreed on compression; *context*: the client's messages refer to earlier ones."""
    options = DeflateOptions(client_no_context_takeover=not context)
    accepted = accept_deflate("permessage-deflate", options, max_message_size)
    assert accepted is not None
    return WebSocketProtocol(max_message_size, accepted.inflater)
