r"""Engine.IO packets, protocol revision 4, and their forms on the wire (Engine.IO protocol, "Packet encoding").

A packet is a type and its data. Only a message may be binary: a WebSocket carries it as a binary frame without a type,
a text channel as ``b`` and base64::

    >>> encode_packet(Packet(PacketType.MESSAGE, "hello"))
    '4hello'
    >>> encode_packet(Packet(PacketType.MESSAGE, b"\x01\x02"))
    b'\x01\x02'
    >>> decode_packet("bAQI=")
    Packet(type=<PacketType.MESSAGE: 4>, data=b'\x01\x02')
"""

import binascii
from base64 import b64decode
from enum import IntEnum
from typing import Final, NamedTuple

from geventio.exceptions import ConfigurationError, PacketDecodeError

__all__ = ["BARE_PACKETS", "Packet", "PacketType", "decode_packet", "encode_packet", "encode_packet_base64"]


class PacketType(IntEnum):
    """What a packet is for; the number is its digit on the wire."""

    OPEN = 0
    CLOSE = 1
    PING = 2
    PONG = 3
    MESSAGE = 4
    UPGRADE = 5
    NOOP = 6


class Packet(NamedTuple):
    """One Engine.IO packet. *data* is text, or the bytes of a binary message."""

    type: PacketType
    data: str | bytes = ""


def encode_packet(packet: Packet) -> str | bytes:
    """Return the WebSocket form of *packet*: a str for a text frame, bytes for a binary frame.

    Raises ConfigurationError for bytes in anything but a message.
    """
    kind, data = packet
    if isinstance(data, str):
        return _DIGITS[kind] + data
    if kind is not PacketType.MESSAGE:
        raise ConfigurationError(f"only a message packet can be binary, not {PacketType(kind).name}")
    return data


def encode_packet_base64(packet: Packet) -> str:
    """Return the text form of *packet*, for polling and for a WebSocket that asked for it with ``b64``.

    Raises ConfigurationError for bytes in anything but a message.
    """
    encoded = encode_packet(packet)
    return encoded if isinstance(encoded, str) else "b" + binascii.b2a_base64(encoded, newline=False).decode()


def decode_packet(raw: str | bytes) -> Packet:
    """Return the packet in *raw*: bytes are a binary message, text starts with a type's digit or with ``b``.

    Raises PacketDecodeError for an empty text, an unknown type and anything but padded base64 after ``b``.
    """
    if isinstance(raw, str):
        head = raw[:1]
        if head == "4":
            return _new(Packet, (_MESSAGE, raw[1:]))
        if head in _TYPES:
            return Packet(_TYPES[head], raw[1:])
        if head == "b":
            return Packet(_MESSAGE, _decode_base64(raw))
        raise PacketDecodeError("unknown Engine.IO packet type" if raw else "empty Engine.IO packet")
    return _new(Packet, (_MESSAGE, raw))


def _decode_base64(raw: str) -> bytes:
    # Python 3.10 overlooks some misplaced padding; with whole groups of four, every version refuses the same texts.
    if len(raw) % 4 != 1:
        raise PacketDecodeError("invalid base64 in a binary packet: its length")
    try:
        return b64decode(raw[1:], validate=True)
    except ValueError:
        raise PacketDecodeError("invalid base64 in a binary packet") from None


_new = tuple.__new__  # past NamedTuple's __new__, which is Python code: a third of the time, once per message
_MESSAGE = PacketType.MESSAGE
_DIGITS = tuple(str(kind.value) for kind in PacketType)
_TYPES = {str(kind.value): kind for kind in PacketType}

BARE_PACKETS: Final = {digit: Packet(kind) for digit, kind in _TYPES.items()}
"""The packets without data, by their text: most heartbeats, and what a body of very many packets consists of."""
