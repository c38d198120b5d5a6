"""Engine.IO packets: one packet, a polling body of many, a WebTransport stream of frames.

The names are those of protocol revision 4; what revision 3 has in its own way ends with a 3.
"""

from geventio.protocol.engineio.packet import Packet, PacketType, decode_packet, encode_packet, encode_packet_base64
from geventio.protocol.engineio.packet3 import decode_packet3, encode_packet3, encode_packet3_base64
from geventio.protocol.engineio.payload import SEPARATOR, decode_payload, encode_payload
from geventio.protocol.engineio.payload3 import (
    decode_binary_payload3,
    decode_payload3,
    encode_binary_payload3,
    encode_payload3,
)
from geventio.protocol.engineio.webtransport import FrameDecoder, encode_frame

__all__ = [
    "SEPARATOR",
    "FrameDecoder",
    "Packet",
    "PacketType",
    "decode_binary_payload3",
    "decode_packet",
    "decode_packet3",
    "decode_payload",
    "decode_payload3",
    "encode_binary_payload3",
    "encode_frame",
    "encode_packet",
    "encode_packet3",
    "encode_packet3_base64",
    "encode_packet_base64",
    "encode_payload",
    "encode_payload3",
]
