r"""WebSocket frames: the header that a client sends, and whole frames that a server sends (RFC 6455, section 5).

A server's frames are never masked, a client's always are, so what is encoded here is not what is parsed here::

    encode_text("hi")  # b"\x81\x02hi"
    parse_header(b"\x81\x82abcd\x09\x0b", 0, limit=100)
    # Header(fin=True, opcode=1, length=2, mask=b"abcd", end=6, compressed=False)
"""

from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

from geventio.exceptions import WebSocketProtocolError

try:
    from websockets.speedups import apply_mask
except ImportError:  # a build of websockets without its C extension: twenty times slower, equally correct
    from websockets.utils import apply_mask

__all__ = [
    "CloseCode",
    "Header",
    "Opcode",
    "apply_mask",
    "encode_binary",
    "encode_close",
    "encode_compressed",
    "encode_frame",
    "encode_text",
    "is_valid_close_code",
    "parse_header",
]


class Opcode(IntEnum):
    """What a frame carries (RFC 6455, section 5.2)."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class CloseCode(IntEnum):
    """Why a connection closes (RFC 6455, section 7.4.1, and the registry that section 11.7 opens)."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RECEIVED = 1005
    """Never on the wire: the close frame had no code."""
    ABNORMAL_CLOSURE = 1006
    """Never on the wire: the connection ended without a close frame."""
    INVALID_PAYLOAD_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015
    """Never on the wire: TLS failed."""


class Header(NamedTuple):
    """A masked frame's header; *end* is where the payload starts in the data that was parsed. *compressed*: the frame
    begins a compressed message.
    """

    fin: bool
    opcode: int
    length: int
    mask: bytes
    end: int
    compressed: bool = False


MAX_CONTROL_PAYLOAD: Final = 125  # RFC 6455, section 5.5
MAX_CLOSE_REASON: Final = MAX_CONTROL_PAYLOAD - 2

_OPCODES: Final = frozenset(map(int, Opcode))
_NEVER_SENT: Final = frozenset((1005, 1006, 1015))

# The two header bytes of every small frame, ready made: indexing a tuple costs a third of bytes((first, length)).
_SMALL_TEXT: Final = tuple(bytes((0x81, length)) for length in range(126))
_SMALL_BINARY: Final = tuple(bytes((0x82, length)) for length in range(126))

_pack_16_bit_header = Struct("!BBH").pack
_pack_64_bit_header = Struct("!BBQ").pack


def is_valid_close_code(code: int) -> bool:
    """Whether *code* may stand in a close frame (RFC 6455, section 7.4)."""
    return 3000 <= code <= 4999 or (1000 <= code <= 1014 and code not in (1004, 1005, 1006))


def encode_frame(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    """Return one frame from server to client, unmasked.

    Raises ``ValueError`` for an opcode that RFC 6455 does not define, and for a control frame of more than 125 bytes
    or without *fin* (section 5.5).
    """
    length = len(payload)
    if opcode not in _OPCODES:
        raise ValueError(f"opcode {opcode!r} is not one of RFC 6455")
    if opcode >= Opcode.CLOSE and (length > MAX_CONTROL_PAYLOAD or not fin):
        raise ValueError(f"a control frame holds at most {MAX_CONTROL_PAYLOAD} bytes and is never fragmented")
    return _encode(opcode | 0x80 if fin else opcode, payload, length)


def encode_text(text: str) -> bytes:
    """Return *text* as one text frame. Raises ``UnicodeEncodeError`` for a lone surrogate: UTF-8 has no form for it."""
    payload = text.encode()
    length = len(payload)
    if length < 126:
        return _SMALL_TEXT[length] + payload
    return _encode(0x81, payload, length)


def encode_binary(data: bytes | bytearray | memoryview) -> bytes:
    """Return *data* (any bytes-like object) as one binary frame."""
    if not isinstance(data, bytes):
        data = bytes(memoryview(data))  # not bytes(data): an int would become that many zeros
    length = len(data)
    if length < 126:
        return _SMALL_BINARY[length] + data
    return _encode(0x82, data, length)


def encode_compressed(opcode: int, compressed: bytes) -> bytes:
    """Return a whole message in one frame whose payload is *compressed* already (RFC 7692, section 6)."""
    return _encode(opcode | 0xC0, compressed, len(compressed))


def encode_close(code: int | None = None, reason: str = "") -> bytes:
    """Return a close frame, with no payload where *code* is None (RFC 6455, section 5.5.1).

    Raises ``TypeError`` where *code* is not an int or *reason* not a str, and ``ValueError`` where the code may not be
    sent, where a reason comes without a code, or where the reason takes more than 123 bytes in UTF-8.
    """
    if not isinstance(reason, str):
        raise TypeError(f"a close reason is a str, not {type(reason).__name__}")
    if code is None:
        if reason:
            raise ValueError("a close reason needs a close code")
        return _encode(0x88, b"", 0)
    if not isinstance(code, int) or isinstance(code, bool):
        raise TypeError(f"a close code is an int, not {type(code).__name__}")
    if not is_valid_close_code(code):
        raise ValueError(f"close code {int(code)} may not be sent: use 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    encoded = reason.encode()
    if len(encoded) > MAX_CLOSE_REASON:
        raise ValueError(f"a close reason takes at most {MAX_CLOSE_REASON} bytes in UTF-8, this one {len(encoded)}")
    return _encode(0x88, code.to_bytes(2, "big") + encoded, 2 + len(encoded))


def _encode(first: int, payload: bytes, length: int) -> bytes:
    if length < 126:
        return bytes((first, length)) + payload
    if length < 0x10000:
        return _pack_16_bit_header(first, 126, length) + payload
    return _pack_64_bit_header(first, 127, length) + payload


def parse_header(data: bytes, position: int, limit: int, compressed_limit: int | None = None) -> Header | None:
    """Return the header of the client's frame that starts at *position*, or None while it is incomplete.

    *compressed_limit* takes the place of *limit* where the frame begins a compressed message; None: it must not.

    Raises ``WebSocketProtocolError`` as soon as the bytes at hand break RFC 6455, section 5.2, or announce a data
    frame of more than *limit* bytes: nothing of such a frame's payload needs to be waited for. The checks come in the
    order of the bytes, so that the error does not depend on how the header was cut into reads.
    """
    available = len(data) - position
    if available < 2:
        return None
    first, second = data[position], data[position + 1]
    opcode = first & 0x0F
    length = second & 0x7F
    compressed = first & 0x70 != 0
    if compressed:
        # RSV1, on a frame that begins a data message, where compression was agreed on: RFC 7692, section 6.
        if first & 0x30 or compressed_limit is None or opcode not in (Opcode.TEXT, Opcode.BINARY):
            raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "reserved bit set")
        limit = compressed_limit
    if opcode not in _OPCODES:
        raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "unknown opcode")
    if not second & 0x80:
        raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "frame not masked")
    if opcode >= Opcode.CLOSE:
        if not first & 0x80:
            raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "control frame fragmented")
        if length > MAX_CONTROL_PAYLOAD:
            raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "control frame too long")

    mask_at = position + 2
    if length > 125:
        mask_at, shortest = (position + 4, 126) if length == 126 else (position + 10, 0x10000)
        if mask_at - position > available:
            return None
        length = int.from_bytes(data[position + 2 : mask_at], "big")
        if length < shortest:
            raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "length not in its shortest form")
        if length >> 63:
            raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "length over 63 bits")
    if length > limit and opcode < Opcode.CLOSE:
        raise WebSocketProtocolError(CloseCode.MESSAGE_TOO_BIG, "message too big")
    end = mask_at + 4
    if end - position > available:
        return None
    return Header(bool(first & 0x80), opcode, length, data[mask_at:end], end, compressed)
