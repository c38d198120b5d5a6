"""Packet encodings: those that come with geventio, and what it takes to write another.

::

    from geventio import Server
    from geventio.parsers import MsgpackParser

    io = Server(parser=MsgpackParser())  # clients: io(url, {parser: require("socket.io-msgpack-parser")})

A server speaks one encoding, and its clients have to be given the same. An encoding of your own is a :class:`Parser`,
which turns a :class:`Packet` into Engine.IO messages, and the :class:`Decoder` that it makes for each connection::

    class UpsideDown:
        def __init__(self):
            self.json = JSONParser()

        def encode(self, packet):
            return [message[::-1] for message in self.json.encode(packet)]

        def decoder(self):
            return UpsideDownDecoder(self.json.decoder())

``tests/protocol/socketio/parser_contract.py`` in geventio's repository is what every encoding promises, as tests to run
on yours; ``examples/custom_parser.py`` is a whole one. One that reads packets by itself calls :func:`check_payload` on
what it read, and :func:`check_header` on what it is to write.
"""

from geventio.exceptions import PacketDecodeError
from geventio.protocol.json import MAX_DEPTH
from geventio.protocol.socketio.json_parser import JSONParser
from geventio.protocol.socketio.msgpack_parser import MsgpackParser
from geventio.protocol.socketio.packet import RESERVED_EVENTS, Packet, PacketType, check_header, check_payload
from geventio.protocol.socketio.parser import Decoder, Parser

__all__ = [
    "MAX_DEPTH",
    "RESERVED_EVENTS",
    "Decoder",
    "JSONParser",
    "MsgpackParser",
    "Packet",
    "PacketDecodeError",
    "PacketType",
    "Parser",
    "check_header",
    "check_payload",
]
