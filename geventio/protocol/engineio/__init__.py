"""Engine.IO packets, protocol revision 4: one packet, a polling body of many, a WebTransport stream of frames."""

from geventio.protocol.engineio.packet import Packet, PacketType, decode_packet, encode_packet, encode_packet_base64
from geventio.protocol.engineio.payload import SEPARATOR, decode_payload, encode_payload
from geventio.protocol.engineio.webtransport import FrameDecoder, encode_frame

__all__ = [
    "SEPARATOR",
    "FrameDecoder",
    "Packet",
    "PacketType",
    "decode_packet",
    "decode_payload",
    "encode_frame",
    "encode_packet",
    "encode_packet_base64",
    "encode_payload",
]
