r"""Per-message deflate: compressing and inflating messages as RFC 7692, sections 6 and 7.2, wants it.

Both sides of a connection agree first (``deflate_negotiation``). Then a data message may be compressed: its first frame
has the bit RSV1, and its payload is a raw deflate stream without the four bytes that every flush ends with::

    Deflater(DeflateOptions(threshold=9), 15).deflate_frames(encode_text("Hello" * 3))  # b"\xc1\n\xf2H\xcd\xc9...
    Inflater(max_size=1_000_000).inflate(b"\xf2H\xcd\xc9\xc9\x07\0")  # b"Hello"

What a client costs follows from the parameters. Where no context is kept, a deflater and an inflater have no state: all
clients share them, and what one of them is sent in a broadcast is compressed once for all. Where context is kept, a
client costs some 260 kB from the first message that it is sent (``ContextDeflater``), and what it sent last, up to
32 kB, from the first that it sends (``ContextInflater``).
"""

import zlib
from functools import lru_cache
from typing import Any, ClassVar, Final

from geventio.exceptions import WebSocketProtocolError
from geventio.option_groups import DeflateOptions
from geventio.protocol.websocket.frames import CloseCode, Opcode, encode_compressed

_FLUSHED: Final = b"\x00\x00\xff\xff"  # how an empty block without compression ends: RFC 7692, section 7.2.1

# Behind what a client sent: the bytes that it left out, and an empty last block. The stream then comes to its end
# exactly where the message ended with a block, and a message that was cut is not taken for a whole one.
_END: Final = _FLUSHED + b"\x01\x00\x00\xff\xff"

# Taking a large message in pieces saves a copy of it, and of what is left when it inflates to too much.
_CHUNK: Final = 65_536

# A message may consist of several deflate streams (section 7.2.1, blocks with BFINAL), and each costs a look at the
# rest of its chunk. Senders that end streams end one for each message, or for each fragment of a few.
MAX_STREAMS: Final = 8

# zlib refers to at most this much less than its window.
_WINDOW_MARGIN: Final = 262
_MAX_WINDOW: Final = 32_768


class Deflater:
    """Compresses each message by itself, so that one serves every client with the same window."""

    __slots__ = ("_level", "_mem_level", "_window_bits", "threshold")

    shared: ClassVar = True
    """Whether what comes out is the same for every client."""

    def __init__(self, options: DeflateOptions, window_bits: int) -> None:
        self._level = options.level
        self._mem_level = options.mem_level
        self._window_bits = window_bits
        self.threshold = max(options.threshold, 1)
        """Bytes from which a message is compressed."""

    def deflate_frames(self, frames: bytes) -> bytes:
        """Return *frames*, whole messages that the server encoded, with those from the threshold on compressed."""
        if len(frames) < self.threshold:
            return frames
        compressed = []
        position = 0
        while position < len(frames):
            length = frames[position + 1]
            start = position + 2
            if length > 125:
                start += 2 if length == 126 else 8
                length = int.from_bytes(frames[position + 2 : start], "big")
            end = start + length
            frame = frames[position:end]
            opcode = frames[position] & 0x0F
            if length >= self.threshold and opcode in (Opcode.TEXT, Opcode.BINARY):
                frame = self._deflate_frame(opcode, frames[start:end], frame)
            compressed.append(frame)
            position = end
        return compressed[0] if len(compressed) == 1 else b"".join(compressed)

    def _deflate_frame(self, opcode: int, payload: bytes, frame: bytes) -> bytes:
        # A window and tables no larger than the message asks for: a quarter of the time for one of 2 kB.
        bits = min(self._window_bits, max(9, (len(payload) + _WINDOW_MARGIN).bit_length()))
        compressor = zlib.compressobj(self._level, zlib.DEFLATED, -bits, min(self._mem_level, bits - 6))
        shorter = encode_compressed(opcode, _flushed(compressor, payload))
        return shorter if len(shorter) < len(frame) else frame


class ContextDeflater(Deflater):
    """Compresses each message with a view to those before: the client's own."""

    __slots__ = ("_compressor",)

    shared: ClassVar = False

    def __init__(self, options: DeflateOptions, window_bits: int) -> None:
        super().__init__(options, window_bits)
        self._compressor: Any = None  # made for the first message

    def _deflate_frame(self, opcode: int, payload: bytes, frame: bytes) -> bytes:  # noqa: ARG002
        if self._compressor is None:
            self._compressor = zlib.compressobj(self._level, zlib.DEFLATED, -self._window_bits, self._mem_level)
        # Even where it became longer: the client's window has to see what ours saw.
        return encode_compressed(opcode, _flushed(self._compressor, payload))


class Inflater:
    """Inflates messages that were compressed each by itself. It has no state, so that one serves every client.

    *max_size* is in bytes of an inflated message.
    """

    __slots__ = ("max_compressed_size", "max_size")

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self.max_compressed_size = max_size + max_size // 8 + 64
        """Bytes of compressed data that may hold a message of *max_size*: what cannot be compressed gets a bit longer,
        by an eighth with the tables of the thriftiest senders."""

    def inflate(self, data: bytes | bytearray) -> bytes:
        """Return the content of a message whose frames carried *data*.

        Raises ``WebSocketProtocolError``: 1009 as soon as the content is over *max_size* (no more than that is ever
        inflated), 1007 for what is no deflate data or was cut, 1008 for too many streams in one message.
        """
        return self._inflate(data, b"")

    def _inflate(self, data: bytes | bytearray, window: bytes) -> bytes:
        """Inflate *data*, which may refer to *window*."""
        pieces: list[bytes] = []
        size = 0
        streams = 1
        decompressor = zlib.decompressobj(-zlib.MAX_WBITS, window)
        for position in range(0, len(data), _CHUNK):
            last = position + _CHUNK >= len(data)
            chunk = bytes(data[position:]) + _END if last else bytes(data[position : position + _CHUNK])
            while chunk:
                piece = _decompress(decompressor, chunk, self.max_size + 1 - size)
                if piece is None:
                    raise _invalid()
                pieces.append(piece)
                size += len(piece)
                if size > self.max_size:
                    raise WebSocketProtocolError(CloseCode.MESSAGE_TOO_BIG, "message too big")
                if not decompressor.eof:
                    break
                chunk = decompressor.unused_data
                if last and chunk in (b"", _END):  # _END: the sender's own last block stands for the empty one
                    return piece if len(pieces) == 1 else b"".join(pieces)
                streams += 1
                if streams > MAX_STREAMS:
                    raise WebSocketProtocolError(CloseCode.POLICY_VIOLATION, "too many deflate streams in a message")
                decompressor = zlib.decompressobj(-zlib.MAX_WBITS, b"".join([window, *pieces])[-_MAX_WINDOW:])
        if data:
            raise _invalid()  # it ends in the middle of a block
        return b""  # how some senders compress nothing


class ContextInflater(Inflater):
    """Inflates messages that refer to those before: the client's own.

    What it keeps between messages is the window, at most two to the power of *window_bits* bytes, and no decompressor.
    """

    __slots__ = ("_window", "_window_size")

    def __init__(self, max_size: int, window_bits: int) -> None:
        super().__init__(max_size)
        self._window_size = 1 << max(window_bits, 9)  # zlib's smallest: it takes 8 for 9
        self._window = b""

    def inflate(self, data: bytes | bytearray) -> bytes:
        """See Inflater."""
        content = self._inflate(data, self._window)
        self._window = (self._window + content)[-self._window_size :]
        return content


@lru_cache(maxsize=64)
def shared_deflater(options: DeflateOptions, window_bits: int) -> Deflater:
    """The deflater of all clients with these options and this window."""
    return Deflater(options, window_bits)


@lru_cache(maxsize=64)
def shared_inflater(max_size: int) -> Inflater:
    """The inflater of all clients with this limit."""
    return Inflater(max_size)


def _flushed(compressor: Any, payload: bytes) -> bytes:
    """*payload* compressed up to a boundary between bytes (RFC 7692, section 7.2.1)."""
    compressed: bytes = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return compressed[: -len(_FLUSHED)]


def _decompress(decompressor: Any, data: bytes | bytearray, limit: int) -> bytes | None:
    """At most *limit* bytes; None for what is no deflate data. What is raised for it must not keep zlib's error, whose
    frames hold the message.
    """
    try:
        content: bytes = decompressor.decompress(data, limit)
    except zlib.error:
        return None
    return content


def _invalid() -> WebSocketProtocolError:
    return WebSocketProtocolError(CloseCode.INVALID_PAYLOAD_DATA, "invalid deflate data")
