"""What an encoding of Socket.IO packets offers, so that msgpack, or one of your own, can stand in for JSON.

A :class:`Parser` is shared by every connection and has no state of its own; each connection has one :class:`Decoder`,
because a packet may arrive in several Engine.IO messages::

    decoder = parser.decoder()
    for message in parser.encode(packet):
        received = decoder.add(message)
    assert received == packet

Both are asked in the hub, so they must not block. The server trusts them in this: ``add`` returns only packets that
:func:`~geventio.protocol.socketio.packet.check_payload` lets pass, raises only PacketDecodeError, and its cost is
bounded by the size of the message.
"""

from collections.abc import Callable
from typing import Any, Protocol

from geventio.exceptions import ConfigurationError
from geventio.protocol.socketio.packet import Packet

__all__ = ["Decoder", "Parser", "with_default"]


class Decoder(Protocol):
    """Puts the packets of one connection together again."""

    __slots__ = ()

    def add(self, message: str | bytes) -> Packet | None:
        """Take the data of the next Engine.IO message; return the packet that it completes, None while parts miss.

        Raises PacketDecodeError for anything that is no packet, and nothing else; what was held is dropped then.
        """
        ...

    @property
    def waiting(self) -> int:
        """Bytes held of a packet that is not complete."""
        ...


class Parser(Protocol):
    """Turns packets into the data of Engine.IO messages; makes the decoders that do the reverse.

    One that also has ``with_default(default) -> Parser`` takes the option ``json_default`` of a server.
    """

    __slots__ = ()

    def encode(self, packet: Packet) -> list[str | bytes]:
        """Return the data of the Engine.IO messages that carry *packet*: they must leave in this order, unmixed.

        Raises TypeError for a value that the encoding cannot carry, ConfigurationError for other misuse.
        """
        ...

    def decoder(self) -> Decoder:
        """Return a decoder for one connection."""
        ...


def with_default(parser: Parser, default: Callable[[Any], Any] | None) -> Parser:
    """Return *parser* with the *default* of a server, where it has one.

    Raises ConfigurationError for a parser that takes none, or has one already.
    """
    if default is None:
        return parser
    method: Callable[[Callable[[Any], Any]], Parser] | None = getattr(parser, "with_default", None)
    if method is None:
        raise ConfigurationError(
            f"json_default cannot be given to {parser!r}, which has no with_default(): let it convert values itself"
        )
    if getattr(parser, "default", None) is not None:
        raise ConfigurationError("there are two: json_default of the server, and the default of its parser")
    return method(default)
