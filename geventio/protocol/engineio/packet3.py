r"""Engine.IO packets of protocol revision 3, which clients of Socket.IO 1 and 2 speak: what differs from revision 4.

Text packets are the same. A binary message has its type in front, as a byte in a WebSocket's binary frame and as a
digit in the base64 form::

    >>> encode_packet3(Packet(PacketType.MESSAGE, "hello"))
    '4hello'
    >>> encode_packet3(Packet(PacketType.MESSAGE, b"\x01\x02"))
    b'\x04\x01\x02'
    >>> encode_packet3_base64(Packet(PacketType.MESSAGE, b"\x01\x02"))
    'b4AQI='
    >>> decode_packet3(b"\x04\x01\x02") == decode_packet3("b4AQI=") == Packet(PacketType.MESSAGE, b"\x01\x02")
    True
"""

from geventio.exceptions import PacketDecodeError
from geventio.protocol.engineio.packet import Packet, PacketType, decode_packet, encode_packet, encode_packet_base64

__all__ = ["BINARY_MESSAGE", "decode_packet3", "encode_packet3", "encode_packet3_base64"]

BINARY_MESSAGE = b"\x04"
"""The type in front of a binary message; nothing but a message is binary."""


def encode_packet3(packet: Packet) -> str | bytes:
    """Return the WebSocket form of *packet*: a str for a text frame, bytes for a binary frame.

    Raises ConfigurationError for bytes in anything but a message.
    """
    encoded = encode_packet(packet)
    return encoded if isinstance(encoded, str) else BINARY_MESSAGE + encoded


def encode_packet3_base64(packet: Packet) -> str:
    """Return the text form of *packet*, for clients that said ``b64`` or cannot be sent binary.

    Raises ConfigurationError for bytes in anything but a message.
    """
    text = encode_packet_base64(packet)
    return text if isinstance(packet.data, str) else "b4" + text[1:]


def decode_packet3(raw: str | bytes) -> Packet:
    """Return the packet in *raw*: the content of a WebSocket's text or binary frame, or one packet of a payload.

    Raises PacketDecodeError for what is empty, for an unknown type, for anything binary that is no message, and for
    anything but padded base64 after ``b4``.
    """
    if isinstance(raw, str):
        if raw[:1] != "b":
            return decode_packet(raw)
        if raw[1:2] != "4":
            raise PacketDecodeError("binary Engine.IO packet that is no message")
        return decode_packet("b" + raw[2:])
    if raw[:1] != BINARY_MESSAGE:
        raise PacketDecodeError("binary Engine.IO packet that is no message" if raw else "empty Engine.IO packet")
    return Packet(PacketType.MESSAGE, raw[1:])
