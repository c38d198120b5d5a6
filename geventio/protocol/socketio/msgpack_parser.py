r"""The encoding of the npm package ``socket.io-msgpack-parser``: one binary message per packet.

Both ends must choose it. Bytes travel inside the packet, so there are no attachments::

    >>> parser = MsgpackParser()
    >>> parser.encode(Packet(PacketType.EVENT, "/", ["b", b"\x01"]))
    [b'\x83\xa4type\x02\xa4data\x92\xa1b\xc4\x01\x01\xa3nsp\xa1/']
    >>> parser.decoder().add(_[0]).data
    ['b', b'\x01']

JavaScript's ``undefined`` arrives as None, a Date as an aware :class:`datetime.datetime` (and is sent as one, to the
millisecond), an ArrayBuffer as bytes.
"""

import datetime
from collections.abc import Callable
from typing import Any

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.json import MAX_SENT_DEPTH, expand, key_text, stand_in
from geventio.protocol.socketio.msgpack_scan import scan
from geventio.protocol.socketio.packet import (
    MAX_ID,
    Packet,
    PacketType,
    check_header,
    check_payload,
    namespace_too_long,
)
from geventio.protocol.socketio.parser import Decoder, Parser

try:
    import msgpack
except ImportError:
    msgpack = None

__all__ = ["MsgpackDecoder", "MsgpackParser"]

_NUMBERS = (0, 1, 2, 3, 4, 2, 3)  # of each PacketType: what is binary needs no type of its own
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MILLISECOND = datetime.timedelta(milliseconds=1)


class MsgpackParser(Parser):
    """The encoding of clients that were given ``socket.io-msgpack-parser``.

    *max_namespace_length* bounds the name of a namespace, in bytes, both ways. What is sent beside the types of
    msgpack, and when *default* is called, is as in :class:`JSONParser`, but that a datetime is JavaScript's Date: one
    without a zone is taken as UTC.

    :raises ConfigurationError: without the msgpack package, which is the extra ``geventio[msgpack]``.
    """

    __slots__ = ("default", "max_namespace_length")

    def __init__(self, *, max_namespace_length: int = 256, default: Callable[[Any], Any] | None = None) -> None:
        if msgpack is None:
            raise ConfigurationError("MsgpackParser needs the msgpack package: pip install 'geventio[msgpack]'")
        self.max_namespace_length = max_namespace_length
        self.default = default

    def with_default(self, default: Callable[[Any], Any]) -> "MsgpackParser":
        """Return the same encoding with another *default*."""
        return MsgpackParser(max_namespace_length=self.max_namespace_length, default=default)

    def encode(self, packet: Packet) -> list[str | bytes]:
        """Return the one message that carries *packet*.

        Raises TypeError for a value that msgpack cannot carry, ConfigurationError for a namespace or an id that is
        none.
        """
        check_header(packet, self.max_namespace_length)
        fields: dict[str, Any] = {"type": _NUMBERS[packet.type]}
        if packet.data is not None:  # nil is not undefined: JavaScript decoders refuse it
            fields["data"] = self._portable(packet.data, 0)
        if packet.id is not None:
            fields["id"] = packet.id
        fields["nsp"] = packet.namespace
        try:
            encoded: bytes = msgpack.packb(fields, unicode_errors="surrogatepass")
        except OverflowError:
            raise TypeError("cannot send an integer beyond 64 bits as msgpack") from None
        return [encoded]

    def decoder(self) -> "MsgpackDecoder":
        """Return a decoder for one connection."""
        return MsgpackDecoder(self)

    def _portable(self, value: Any, depth: int) -> Any:
        """Copy *value* in the types that JavaScript shares: keys are str, dates are its Date."""
        if value is None or isinstance(value, (str, int, float, bytes)):
            return value
        if depth == MAX_SENT_DEPTH:
            raise TypeError(f"cannot send a value that nests over {MAX_SENT_DEPTH} levels or contains itself")
        if isinstance(value, dict):
            return {key_text(key): self._portable(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._portable(item, depth + 1) for item in value]
        if isinstance(value, (bytearray, memoryview)):
            return bytes(value)
        if isinstance(value, datetime.datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
            return msgpack.ExtType(0, ((aware - _EPOCH) // _MILLISECOND).to_bytes(8, "big", signed=True))
        try:
            known = expand(value)
        except LookupError:
            known = stand_in(value, self.default, "msgpack")
        return self._portable(known, depth + 1)


class MsgpackDecoder(Decoder):
    """Reads one packet from each message; nothing is ever held."""

    __slots__ = ("_parser",)

    def __init__(self, parser: MsgpackParser) -> None:
        self._parser = parser

    @property
    def waiting(self) -> int:
        """Always 0: a packet is one message."""
        return 0

    def add(self, message: str | bytes) -> Packet:
        """Return the packet in *message*. Raises PacketDecodeError for anything that is none."""
        if isinstance(message, str):
            raise PacketDecodeError("text message where msgpack was due")
        fields = _unpack(bytes(message))
        if type(fields) is not dict:
            raise PacketDecodeError("a msgpack packet is a map")
        number, namespace = fields.get("type"), fields.get("nsp")
        if type(number) is not int or not 0 <= number <= PacketType.CONNECT_ERROR:
            raise PacketDecodeError("unknown Socket.IO packet type")
        if type(namespace) is not str:
            raise PacketDecodeError("the namespace of a packet is a string")
        limit = self._parser.max_namespace_length
        if namespace_too_long(namespace, limit):
            raise PacketDecodeError(f"name of a namespace over {limit} bytes")
        kind, data, ack = PacketType(number), fields.get("data"), fields.get("id")
        if ack is not None and (type(ack) is not int or not 0 <= ack <= MAX_ID):
            raise PacketDecodeError("the id of a packet is an integer from 0 to 2**53")
        if data is not None or kind not in (PacketType.CONNECT, PacketType.DISCONNECT):
            check_payload(kind, data)
        return Packet(kind, namespace, data, ack)


def _unpack(message: bytes) -> Any:
    buffers = scan(message)

    def extension(code: int, data: bytes) -> Any:
        if code != 0:
            raise ValueError("unknown msgpack extension")
        if next(buffers):
            return data
        if data == b"\0":
            return None
        if len(data) == 8:
            return _EPOCH + int.from_bytes(data, "big", signed=True) * _MILLISECOND
        raise ValueError("unknown msgpack extension")

    try:
        return msgpack.unpackb(message, ext_hook=extension, timestamp=3, unicode_errors="surrogatepass")
    except (ValueError, OverflowError) as error:
        raise PacketDecodeError(f"invalid msgpack: {error}") from None
