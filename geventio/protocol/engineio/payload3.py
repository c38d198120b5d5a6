r"""Polling bodies of protocol revision 3: each packet behind its length (its protocol, "Encoding", "Payload").

The string form counts what JavaScript counts, UTF-16 code units; binary messages go as base64 in it::

    >>> from geventio.protocol.engineio.packet import Packet, PacketType
    >>> packets = [Packet(PacketType.MESSAGE, "\U0001f600"), Packet(PacketType.MESSAGE, b"\x01")]
    >>> encode_payload3(packets)
    '3:4😀6:b4AQ=='
    >>> list(decode_payload3('3:4😀6:b4AQ==')) == packets
    True

The binary form (XHR2) is for clients that can take it. A byte says whether text or binary follows, then come the
decimal digits of the length in bytes, each as a byte of its value, then 255::

    >>> encode_binary_payload3(packets)
    b'\x00\x05\xff4\xf0\x9f\x98\x80\x01\x02\xff\x04\x01'
    >>> list(decode_binary_payload3(encode_binary_payload3(packets))) == packets
    True

JSONP, the third form that clients of that time knew, is left out on purpose: it lets any page read the answers, and
no browser that is still in use needs it.
"""

from collections.abc import Iterable, Iterator

from geventio.exceptions import PacketDecodeError
from geventio.protocol.engineio.packet import BARE_PACKETS, Packet
from geventio.protocol.engineio.packet3 import decode_packet3, encode_packet3, encode_packet3_base64

__all__ = [
    "EMPTY_PAYLOAD",
    "binary_piece",
    "decode_binary_payload3",
    "decode_payload3",
    "encode_binary_payload3",
    "encode_payload3",
    "text_piece",
]

EMPTY_PAYLOAD = "0:"
"""The string form of no packets."""

_LENGTH_DIGITS = 15  # enough for any length; a bound on the search for their end
_END_OF_LENGTH = 255


def text_piece(encoded: str) -> str:
    """Return *encoded*, a packet in text form, with its length in front."""
    if encoded.isascii():
        return f"{len(encoded)}:{encoded}"
    # One byte of two for each code unit, as JavaScript counts; a lone surrogate is one too.
    return f"{len(encoded.encode('utf-16-le', 'surrogatepass')) // 2}:{encoded}"


def binary_piece(encoded: str | bytes) -> bytes:
    """Return *encoded*, a packet in WebSocket form, with what the binary payload has in front of it."""
    kind = b"\x01"
    if isinstance(encoded, str):
        kind = b"\x00"
        encoded = encoded.encode("utf-8", "surrogatepass")
    return kind + bytes(map(int, str(len(encoded)))) + b"\xff" + encoded


def encode_payload3(packets: Iterable[Packet]) -> str:
    """Return the string form of *packets*, in their order."""
    return "".join(text_piece(encode_packet3_base64(packet)) for packet in packets) or EMPTY_PAYLOAD


def encode_binary_payload3(packets: Iterable[Packet]) -> bytes:
    """Return the binary form of *packets*, in their order."""
    return b"".join(binary_piece(encode_packet3(packet)) for packet in packets)


def decode_payload3(text: str) -> Iterator[Packet]:
    """Yield the packets of a body in string form; an empty packet is passed over, as in Node.js.

    Raises PacketDecodeError at the first packet that is none; those before it have been yielded by then.
    """
    if not text:
        raise PacketDecodeError("empty payload")
    position, end = 0, len(text)
    while position < end:
        colon = text.find(":", position, position + _LENGTH_DIGITS + 1)
        digits = text[position:colon] if colon > 0 else ""
        if not (digits.isdigit() and digits.isascii()):
            raise PacketDecodeError("packet without a length in front of it")
        length = int(digits)
        raw = text[colon + 1 : colon + 1 + length]
        if not raw.isascii():
            raw = _first_units(raw, length)  # it may be shorter than *length* characters, not longer
        elif len(raw) < length:
            raise PacketDecodeError("packet longer than its payload")
        position = colon + 1 + len(raw)
        if raw in BARE_PACKETS:
            yield BARE_PACKETS[raw]
        elif raw:
            yield decode_packet3(raw)


def _first_units(text: str, count: int) -> str:
    """Return the first *count* UTF-16 code units of *text*."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) < 2 * count:
        raise PacketDecodeError("packet longer than its payload")
    try:
        return units[: 2 * count].decode("utf-16-le")
    except UnicodeDecodeError:
        raise PacketDecodeError("packet that ends within a character") from None


def decode_binary_payload3(data: bytes) -> Iterator[Packet]:
    """Yield the packets of a body in binary form; a body of no bytes has none.

    Raises PacketDecodeError at the first packet that is none; those before it have been yielded by then.
    """
    position, end = 0, len(data)
    while position < end:
        stop = data.find(_END_OF_LENGTH, position + 1, position + _LENGTH_DIGITS + 2)
        digits = data[position + 1 : stop] if stop > 0 else b""
        if not digits or max(digits) > 9:
            raise PacketDecodeError("packet without a length in front of it")
        length = 0
        for digit in digits:
            length = 10 * length + digit
        raw = data[stop + 1 : stop + 1 + length]
        if len(raw) < length:
            raise PacketDecodeError("packet longer than its payload")
        binary = data[position]
        position = stop + 1 + length
        if binary:
            yield decode_packet3(raw)
            continue
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise PacketDecodeError("invalid UTF-8 in a packet") from None
        yield BARE_PACKETS[text] if text in BARE_PACKETS else decode_packet3(text)
