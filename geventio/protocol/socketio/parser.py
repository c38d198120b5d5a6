"""What an encoding of Socket.IO packets offers, so that msgpack can stand beside JSON.

A :class:`Parser` is shared by every connection and has no state of its own; each connection has one :class:`Decoder`,
because a packet may arrive in several Engine.IO messages::

    decoder = parser.decoder()
    for message in parser.encode(packet):
        received = decoder.add(message)
    assert received == packet
"""

from typing import Protocol

from geventio.protocol.socketio.packet import Packet

__all__ = ["Decoder", "Parser"]


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
    """Turns packets into the data of Engine.IO messages; makes the decoders that do the reverse."""

    __slots__ = ()

    def encode(self, packet: Packet) -> list[str | bytes]:
        """Return the data of the Engine.IO messages that carry *packet*: they must leave in this order, unmixed.

        Raises TypeError for a value that the encoding cannot carry, ConfigurationError for other misuse.
        """
        ...

    def decoder(self) -> Decoder:
        """Return a decoder for one connection."""
        ...
