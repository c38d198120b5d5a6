"""Frames as a client sends them, right or wrong: what the tests speak."""

from geventio.protocol.websocket import CloseCode, Opcode, WebSocketProtocol

CONTINUATION = Opcode.CONTINUATION
TEXT = Opcode.TEXT
BINARY = Opcode.BINARY
CLOSE = Opcode.CLOSE
PING = Opcode.PING
PONG = Opcode.PONG

MASK = b"\x37\xfa\x21\x3d"  # of the examples in RFC 6455, section 5.7


def header(
    opcode: int, length: int, *, fin: bool = True, reserved: int = 0, mask: bytes | None = MASK, length_size: int = -1
) -> bytes:
    """The header of a frame; *length_size* 0, 2 or 8 forces the form of the length."""
    if length_size == -1:
        length_size = 0 if length < 126 else 2 if length < 0x10000 else 8
    short = {0: length, 2: 126, 8: 127}[length_size]
    mask_bit = 0 if mask is None else 0x80
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    extended = length.to_bytes(length_size, "big") if length_size else b""
    return bytes((first, mask_bit | short)) + extended + (mask or b"")


def masked(payload: bytes, mask: bytes = MASK) -> bytes:
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def client_frame(opcode: int, payload: bytes = b"", *, fin: bool = True, mask: bytes = MASK) -> bytes:
    return header(opcode, len(payload), fin=fin, mask=mask) + masked(payload, mask)


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return client_frame(CLOSE, code.to_bytes(2, "big") + reason)


def opened(max_message_size: int = 1_000_000) -> WebSocketProtocol:
    return WebSocketProtocol(max_message_size)


def sent_close_code(protocol: WebSocketProtocol) -> int:
    """The code in the close frame that stands last in the queue."""
    frame = protocol.data_to_send()[-1]
    assert frame[0] == 0x80 | CLOSE
    assert frame[1] == len(frame) - 2
    return int.from_bytes(frame[2:4], "big") if len(frame) > 2 else CloseCode.NO_STATUS_RECEIVED
