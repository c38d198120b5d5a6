"""Socket.IO packets, protocol revision 5, and the rules that hold for them in every encoding (Socket.IO protocol).

    >>> Packet(PacketType.EVENT, "/", ["chat message", "hi"], 12)
    Packet(type=<PacketType.EVENT: 2>, namespace='/', data=['chat message', 'hi'], id=12)

A packet with bytes in it is an EVENT or an ACK here; BINARY_EVENT and BINARY_ACK are how the JSON encoding spells it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from geventio.exceptions import ConfigurationError, PacketDecodeError

__all__ = [
    "MAX_ID",
    "RESERVED_EVENTS",
    "Packet",
    "PacketType",
    "check_event_name",
    "check_header",
    "check_payload",
    "namespace_too_long",
]

MAX_ID: Final = 2**53
"""The largest id of an acknowledgement: beyond it JavaScript cannot tell neighbours apart."""

RESERVED_EVENTS: Final = frozenset(
    ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")
)
"""Names that mean something to Socket.IO itself: never sent, and an error when received."""


class PacketType(IntEnum):
    """What a packet is for; the number is its digit on the wire."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


@dataclass(slots=True)
class Packet:
    """One Socket.IO packet.

    *data* depends on the type: CONNECT None or a dict; EVENT a list of the name and the arguments; ACK a list of
    arguments; CONNECT_ERROR a str or a dict; DISCONNECT None. As in the Node.js server, an EVENT, ACK or CONNECT_ERROR
    may arrive without any payload: None. *id* asks for an acknowledgement (EVENT) or is the one that is answered (ACK).
    """

    type: PacketType
    namespace: str = "/"
    data: Any = None
    id: int | None = None


def check_event_name(name: Any) -> None:
    """Raise ConfigurationError unless *name* can be the name of an event that is sent."""
    if isinstance(name, str):
        if name in RESERVED_EVENTS:
            reserved = ", ".join(sorted(RESERVED_EVENTS))
            raise ConfigurationError(f"{name!r} is a reserved event name; choose another than {reserved}")
    elif isinstance(name, bool) or not isinstance(name, (int, float)):
        raise ConfigurationError(f"the name of an event is a str (or a number), not {type(name).__name__}")


def check_header(packet: Packet, max_namespace_length: int) -> None:
    """Raise ConfigurationError unless namespace and id of *packet* can be sent."""
    namespace, number = packet.namespace, packet.id
    if namespace != "/":
        if namespace[:1] != "/" or "," in namespace:
            raise ConfigurationError(f"the name of a namespace starts with '/' and has no comma: {namespace[:80]!r}")
        if namespace_too_long(namespace, max_namespace_length):
            raise ConfigurationError(f"the name of a namespace has at most {max_namespace_length} bytes")
    if number is not None and (type(number) is not int or not 0 <= number <= MAX_ID):
        raise ConfigurationError(f"the id of a packet is an int from 0 to 2**53, not {number!r:.80}")


def namespace_too_long(namespace: str, limit: int) -> bool:
    """Tell whether *namespace* has over *limit* bytes."""
    if namespace.isascii():
        return len(namespace) > limit
    return len(namespace) > limit or len(namespace.encode("utf-8", "surrogatepass")) > limit


def check_payload(kind: PacketType, data: Any) -> None:
    """Raise PacketDecodeError unless *data*, which came from a client, is a payload for a packet of type *kind*."""
    if kind is _EVENT:
        if type(data) is not list or not data:
            raise PacketDecodeError("the payload of an event is an array that starts with its name")
        name = data[0]
        if type(name) is str:
            if name in RESERVED_EVENTS:
                raise PacketDecodeError(f"event with the reserved name {name!r}")
        elif type(name) is not int and type(name) is not float:
            raise PacketDecodeError("the name of an event is a string or a number")
    elif kind is _ACK:
        if type(data) is not list:
            raise PacketDecodeError("the payload of an acknowledgement is an array")
    elif kind is _CONNECT:
        if type(data) is not dict:
            raise PacketDecodeError("the payload of CONNECT is an object")
    elif kind is _CONNECT_ERROR:
        if type(data) is not dict and type(data) is not str:
            raise PacketDecodeError("the payload of CONNECT_ERROR is an object or a string")
    else:
        raise PacketDecodeError("DISCONNECT has no payload")


# A member found through its class costs a Python call on some versions, and these are asked for each packet.
_CONNECT, _EVENT, _ACK = PacketType.CONNECT, PacketType.EVENT, PacketType.ACK
_CONNECT_ERROR = PacketType.CONNECT_ERROR
