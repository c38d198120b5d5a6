r"""The default encoding of Socket.IO packets: a line of text, and binary attachments after it ("Packet encoding").

A value of bytes leaves a placeholder in the text and follows as a message of its own::

    >>> parser = JSONParser()
    >>> parser.encode(Packet(PacketType.EVENT, "/admin", ["upload", b"\x01"], id=7))
    ['51-/admin,7["upload",{"_placeholder":true,"num":0}]', b'\x01']
    >>> decoder = parser.decoder()
    >>> decoder.add('51-["upload",{"_placeholder":true,"num":0}]')
    >>> decoder.add(b"\x01").data
    ['upload', b'\x01']
"""

from collections.abc import Callable
from typing import Any

from orjson import JSONDecodeError
from orjson import dumps as _dumps
from orjson import loads as _loads

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.json import MAX_DEPTH, dumps_standard, loads, stand_in
from geventio.protocol.socketio.packet import (
    MAX_ID,
    RESERVED_EVENTS,
    Packet,
    PacketType,
    check_header,
    check_payload,
    namespace_too_long,
)
from geventio.protocol.socketio.parser import Decoder, Parser

__all__ = ["JSONDecoder", "JSONParser"]

_EVENT = PacketType.EVENT
_TYPES = {str(kind.value): kind for kind in PacketType if kind <= PacketType.CONNECT_ERROR}
_BINARY_TYPES = {"5": PacketType.EVENT, "6": PacketType.ACK}
_DIGITS = ("0", "1", "2", "3", "4", "2", "3")  # of each PacketType, where nothing binary goes with it
_BINARY_DIGITS = {"2": "5", "3": "6"}
_PLACEHOLDER = '"_placeholder":true'
_FLAT = 2 * MAX_DEPTH  # a text this short cannot nest too deep
_DECIMAL = frozenset("0123456789")
_ID_DIGITS = 16  # of 2**53
_COUNT_DIGITS = 9


class JSONParser(Parser):
    """The encoding that every Socket.IO client speaks.

    *max_attachments* bounds the binary attachments of a packet, both ways (official clients refuse more than 10);
    *max_namespace_length* the name of a namespace, in bytes; *max_payload* text and attachments of one received packet
    together, in bytes (None: as much as the transport lets through).

    Beside what JSON has, these are sent: dates and times (ISO 8601), UUID and Decimal (text), members of an enum (their
    values), dataclasses (objects), tuples (arrays), bytes (attachments). *default* is called with any other value, and
    with a Decimal, and returns what is sent in its place, or raises TypeError.
    """

    __slots__ = ("default", "max_attachments", "max_namespace_length", "max_payload")

    def __init__(
        self,
        *,
        max_attachments: int = 10,
        max_namespace_length: int = 256,
        max_payload: int | None = None,
        default: Callable[[Any], Any] | None = None,
    ) -> None:
        self.max_attachments = max_attachments
        self.max_namespace_length = max_namespace_length
        self.max_payload = max_payload
        self.default = default

    def with_default(self, default: Callable[[Any], Any]) -> "JSONParser":
        """Return the same encoding with another *default*."""
        return JSONParser(
            max_attachments=self.max_attachments,
            max_namespace_length=self.max_namespace_length,
            max_payload=self.max_payload,
            default=default,
        )

    def encode(self, packet: Packet) -> list[str | bytes]:
        """Return the text of *packet*, then its attachments: each bytes-like value, depth first.

        Where there are attachments, a dict that has ``"_placeholder": True`` itself is refused with ConfigurationError:
        the receiver could not tell it from an attachment, and a client that finds a wrong number in it hangs up.
        Raises TypeError for a value that JSON cannot carry.
        """
        data = packet.data
        if packet.type is _EVENT and packet.id is None and packet.namespace == "/" and data is not None:
            try:
                return ["2" + _dumps(data).decode()]
            except TypeError:  # bytes, or something for the user's default or the standard library
                return self._encode_attachments("2", "", data)
        return self._encode(packet)

    def decoder(self) -> "JSONDecoder":
        """Return a decoder for one connection."""
        return JSONDecoder(self)

    def _encode(self, packet: Packet) -> list[str | bytes]:
        check_header(packet, self.max_namespace_length)
        digit = _DIGITS[packet.type]
        head = "" if packet.namespace == "/" else packet.namespace + ","
        if packet.id is not None:
            head += str(packet.id)
        if packet.data is None:
            return [digit + head]
        try:
            return [digit + head + _dumps(packet.data).decode()]
        except TypeError:
            return self._encode_attachments(digit, head, packet.data)

    def _encode_attachments(self, digit: str, head: str, data: Any) -> list[str | bytes]:
        attachments = _Attachments(self.default)
        try:
            # The user's default is not asked in orjson's midst: it may let others run, who change what is being read,
            # and what ends it (a timeout, a kill) would be taken for a value that cannot be sent.
            text = _dumps(data, attachments if self.default is None else attachments.take).decode()
        except TypeError:
            attachments = _Attachments(self.default)
            text = dumps_standard(data, attachments)
        if not attachments:
            return [digit + head + text]
        if digit not in _BINARY_DIGITS:
            raise TypeError(f"cannot send bytes in a packet of type {PacketType(int(digit)).name}")
        count = len(attachments)
        if count > self.max_attachments:
            raise ConfigurationError(
                f"a packet has at most {self.max_attachments} binary attachments, this one {count}: "
                "join them, or send several packets"
            )
        if text.count(_PLACEHOLDER) != count:
            raise ConfigurationError('a dict with "_placeholder": True cannot be sent beside bytes')
        return [f"{_BINARY_DIGITS[digit]}{count}-{head}{text}", *attachments]


class JSONDecoder(Decoder):
    """Puts text and attachments of one connection together."""

    __slots__ = ("_parser", "_partial")

    def __init__(self, parser: JSONParser) -> None:
        self._parser = parser
        self._partial: _Partial | None = None

    @property
    def waiting(self) -> int:
        """Bytes held of a packet whose attachments are not all there."""
        return 0 if self._partial is None else self._partial.size

    def add(self, message: str | bytes) -> Packet | None:
        """Take the data of the next Engine.IO message; return the packet that it completes, None while parts miss.

        Raises PacketDecodeError, and forgets the packet that was under way.
        """
        if self._partial is not None:
            return self._add_attachment(self._partial, message)
        if type(message) is not str:
            raise PacketDecodeError("binary message without a packet that announces it")
        if message[:2] == "2[":
            # Most of all traffic: an event in the main namespace that wants no acknowledgement.
            text = message[1:]
            try:
                data = _loads(text) if len(text) <= _FLAT else loads(text)
                name = data[0]
            except (JSONDecodeError, IndexError):
                return self._add_text(message)
            if type(name) is str and name not in RESERVED_EVENTS:
                return Packet(_EVENT, "/", data)
        return self._add_text(message)

    def _add_text(self, text: str) -> Packet | None:
        digit = text[:1]
        position = 1
        count = 0
        if digit in _TYPES:
            kind = _TYPES[digit]
        elif digit in _BINARY_TYPES:
            kind = _BINARY_TYPES[digit]
            count, position = self._attachment_count(text)
        else:
            raise PacketDecodeError("unknown Socket.IO packet type" if text else "empty Socket.IO packet")
        namespace = "/"
        head = text[position : position + _ID_DIGITS + 1]
        if head[:1] == "/":
            namespace, position = self._namespace(text, position)
            head = text[position : position + _ID_DIGITS + 1]
        number = None
        if head[:1] in _DECIMAL:
            digits = head[: len(head) - len(head.lstrip("0123456789"))]
            number = int(digits)
            if number > MAX_ID:
                raise PacketDecodeError("id of a packet over 2**53")
            position += len(digits)
        if position >= len(text):
            if count:
                raise PacketDecodeError("binary packet without a payload")
            return Packet(kind, namespace, None, number)
        data = loads(text[position:])
        check_payload(kind, data)
        packet = Packet(kind, namespace, data, number)
        if not count:
            return packet
        self._partial = _Partial(packet, count, _places(data, count), len(text))
        return None

    def _add_attachment(self, partial: "_Partial", message: str | bytes) -> Packet | None:
        self._partial = None
        if isinstance(message, str):
            raise PacketDecodeError("text message where a binary attachment was due")
        partial.size += len(message)
        limit = self._parser.max_payload
        if limit is not None and partial.size > limit:
            raise PacketDecodeError(f"packet with attachments over {limit} bytes")
        partial.attachments.append(bytes(message))
        if len(partial.attachments) < partial.count:
            self._partial = partial
            return None
        for container, key, number in partial.places:
            container[key] = None if number is None else partial.attachments[number]
        return partial.packet

    def _attachment_count(self, text: str) -> tuple[int, int]:
        dash = text.find("-", 1, _COUNT_DIGITS + 2)
        digits = text[1:dash] if dash > 0 else ""
        if not (digits.isascii() and digits.isdigit() and int(digits)):
            raise PacketDecodeError("illegal number of attachments")
        if int(digits) > self._parser.max_attachments:
            raise PacketDecodeError(f"over {self._parser.max_attachments} attachments")
        return int(digits), dash + 1

    def _namespace(self, text: str, start: int) -> tuple[str, int]:
        limit = self._parser.max_namespace_length
        comma = text.find(",", start, start + limit + 1)
        namespace = text[start:comma] if comma > 0 else text[start:]
        if namespace_too_long(namespace, limit):
            raise PacketDecodeError(f"name of a namespace over {limit} bytes")
        return namespace, start + len(namespace) + 1


class _Attachments(list[bytes]):
    """The attachments of a packet that is being encoded; called with each value that is not JSON, in order."""

    __slots__ = ("default",)

    def __init__(self, default: Callable[[Any], Any] | None) -> None:
        super().__init__()
        self.default = default

    def take(self, value: Any) -> Any:
        """What stands for a bytes-like value, or a named tuple. Raises LookupError for anything else."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            self.append(bytes(value))  # a copy of what its owner may change before it has left
            return {"_placeholder": True, "num": len(self) - 1}
        if isinstance(value, tuple):  # orjson asks about named tuples
            return list(value)
        raise LookupError(type(value))

    def __call__(self, value: Any) -> Any:
        try:
            return self.take(value)
        except LookupError:
            return stand_in(value, self.default, "JSON")


class _Partial:
    """A packet whose attachments are still to come; *size* is what is held of it, in bytes."""

    __slots__ = ("attachments", "count", "packet", "places", "size")

    def __init__(self, packet: Packet, count: int, places: list[tuple[Any, Any, int | None]], size: int) -> None:
        self.packet = packet
        self.count = count
        self.places = places
        self.size = size
        self.attachments: list[bytes] = []


def _places(data: Any, count: int) -> list[tuple[Any, Any, int | None]]:
    """Find where the attachments belong: (container, key, number of the attachment) for each placeholder in *data*.

    A number between two whole ones finds nothing, as an index does in JavaScript: None.
    """
    places: list[tuple[Any, Any, int | None]] = []
    containers = [data]
    while containers:
        container = containers.pop()
        for key, item in container.items() if type(container) is dict else enumerate(container):
            if type(item) is dict and item.get("_placeholder") is True:
                number: Any = item.get("num")
                if type(number) not in (int, float) or not 0 <= number < count:
                    raise PacketDecodeError("illegal attachments")
                places.append((container, key, int(number) if number == int(number) else None))
            elif type(item) is dict or type(item) is list:
                containers.append(item)
    return places
