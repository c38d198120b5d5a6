r"""Engine.IO packets on a WebTransport stream (as Node.js writes them).

A stream has no message borders, so a header stands before each packet: the top bit says binary, the low seven bits the
length, or 126 and 127 announce a length of two or eight bytes::

    >>> from geventio.protocol.engineio.packet import Packet, PacketType
    >>> encode_frame(Packet(PacketType.PING, "probe"))
    b'\x062probe'
    >>> decoder = FrameDecoder(max_payload=1_000_000)
    >>> decoder.receive_data(b"\x062pro")
    >>> decoder.next_packet()
    >>> decoder.receive_data(b"be")
    >>> decoder.next_packet()
    Packet(type=<PacketType.PING: 2>, data='probe')
"""

from geventio.exceptions import PacketDecodeError, PayloadTooBig
from geventio.protocol.engineio.packet import Packet, decode_packet, encode_packet

__all__ = ["FrameDecoder", "encode_frame"]


def encode_frame(packet: Packet) -> bytes:
    """Return *packet* with its header. Raises ConfigurationError for bytes in anything but a message."""
    encoded = encode_packet(packet)
    binary = 0 if isinstance(encoded, str) else 0x80
    payload = encoded.encode() if isinstance(encoded, str) else encoded
    length = len(payload)
    if length < 126:
        return bytes((binary | length,)) + payload
    if length < 1 << 16:
        return bytes((binary | 126,)) + length.to_bytes(2, "big") + payload
    return bytes((binary | 127,)) + length.to_bytes(8, "big") + payload


class FrameDecoder:
    """Finds the packets in a stream that arrives in pieces of any size; *max_payload* bounds one packet, in bytes."""

    __slots__ = ("_buffer", "_max_payload")

    def __init__(self, max_payload: int) -> None:
        self._buffer = bytearray()
        self._max_payload = max_payload

    def receive_data(self, data: bytes) -> None:
        """Take the next piece of the stream; then ask :meth:`next_packet` until it has none."""
        self._buffer += data

    def next_packet(self) -> Packet | None:
        """Return the next whole packet, None until more data comes.

        Raises PayloadTooBig as soon as a header announces more than *max_payload*, PacketDecodeError for an empty
        frame, invalid UTF-8 or a packet that is none. Both end the stream.
        """
        buffer = self._buffer
        if not buffer:
            return None
        length = buffer[0] & 0x7F
        start = 1
        if length > 125:
            start = 3 if length == 126 else 9
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[1:start], "big")
        if length > self._max_payload:
            raise PayloadTooBig(length, self._max_payload)
        if not length:
            raise PacketDecodeError("empty WebTransport frame")
        end = start + length
        if len(buffer) < end:
            return None
        binary = buffer[0] & 0x80
        payload = bytes(buffer[start:end])
        del buffer[:end]
        if binary:
            return decode_packet(payload)
        try:
            return decode_packet(payload.decode())
        except UnicodeDecodeError:
            raise PacketDecodeError("invalid UTF-8 in a WebTransport frame") from None
