r"""Socket.IO protocol revision 4, which clients of Socket.IO 1 and 2 speak: what differs from revision 5.

On the wire the packets are the same. A client puts what it has to say for itself behind the name of a namespace, where
revision 5 has the payload of CONNECT; the answers to CONNECT have no payload, or the error itself::

    >>> from geventio.protocol.socketio.json_parser import JSONParser
    >>> parser = JSONParser()
    >>> decoder4(parser).add("0/admin?token=1234&uid=abcd,")
    Packet(type=<PacketType.CONNECT: 0>, namespace='/admin', data={'token': '1234', 'uid': 'abcd'}, id=None)
    >>> parser.encode(connect4("/admin"))
    ['0/admin,']
    >>> parser.encode(error4("/admin", "Not authorized"))
    ['4/admin,"Not authorized"']
"""

from copy import copy
from typing import Any, Final
from urllib.parse import parse_qsl

from geventio.exceptions import PacketDecodeError
from geventio.protocol.socketio.packet import Packet, PacketType, namespace_too_long
from geventio.protocol.socketio.parser import Decoder, Parser

__all__ = ["QUERY_LIMIT", "Decoder4", "connect4", "decoder4", "error4"]

QUERY_LIMIT: Final = 8192
"""Bytes of a namespace's name and query together: as much as HTTP servers take of a request's target."""
NAME_LIMIT: Final = 256
MAX_FIELDS: Final = 100


def connect4(namespace: str) -> Packet:
    """Return the packet that tells a client that it is in *namespace*: the client knows its id by itself."""
    return Packet(PacketType.CONNECT, namespace)


def error4(namespace: str, error: Any) -> Packet:
    """Return the packet that refuses *namespace*: ERROR, with *error* as it is where revision 5 has an object."""
    return Packet(PacketType.CONNECT_ERROR, namespace, error)


def decoder4(parser: Parser) -> "Decoder4":
    """Return a decoder for one connection, above one of *parser*.

    A parser with a ``max_namespace_length`` gives room for the query, and the names alone stay within that length;
    with any other one its own limits hold for both together.
    """
    limit = getattr(parser, "max_namespace_length", None)
    if limit is None:
        return Decoder4(parser.decoder(), NAME_LIMIT)
    roomy: Any = copy(parser)
    roomy.max_namespace_length = max(limit, QUERY_LIMIT)
    return Decoder4(roomy.decoder(), limit)


class Decoder4(Decoder):
    """Puts the packets of one connection together, and splits the queries off the namespaces, which clients may send
    with any packet.

    The data of a CONNECT is its query: texts by name, of a repeated name the last one; a payload means nothing here.
    """

    __slots__ = ("_decoder", "_limit")

    def __init__(self, decoder: Decoder, max_namespace_length: int) -> None:
        self._decoder = decoder
        self._limit = max_namespace_length

    @property
    def waiting(self) -> int:
        """Bytes held of a packet that is not complete."""
        return self._decoder.waiting

    def add(self, message: str | bytes) -> Packet | None:
        """Take the data of the next Engine.IO message; return the packet that it completes, None while parts miss.

        Raises PacketDecodeError for anything that is no packet, a name that is too long, and over 100 fields in a
        query.
        """
        packet = self._decoder.add(message)
        if packet is None:
            return None
        query = ""
        if packet.namespace != "/":
            packet.namespace, _, query = packet.namespace.partition("?")
            if namespace_too_long(packet.namespace, self._limit):
                raise PacketDecodeError(f"name of a namespace over {self._limit} bytes")
        if packet.type is PacketType.CONNECT:
            try:
                packet.data = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS))
            except ValueError:
                raise PacketDecodeError(f"over {MAX_FIELDS} fields in the query of a namespace") from None
        return packet
