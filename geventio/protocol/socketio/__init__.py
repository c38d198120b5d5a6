"""Socket.IO packets, protocol revision 5, and their encodings.

:class:`MsgpackParser` lives in :mod:`geventio.protocol.socketio.msgpack_parser`: it needs the ``msgpack`` extra.
"""

from geventio.protocol.socketio.json_parser import JSONParser
from geventio.protocol.socketio.packet import RESERVED_EVENTS, Packet, PacketType, check_event_name
from geventio.protocol.socketio.parser import Decoder, Parser

__all__ = ["RESERVED_EVENTS", "Decoder", "JSONParser", "Packet", "PacketType", "Parser", "check_event_name"]
