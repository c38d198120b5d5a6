r"""A polling body: Engine.IO packets in text form, joined by the record separator (its protocol, "HTTP long-polling").

    >>> from geventio.protocol.engineio.packet import Packet, PacketType
    >>> encode_payload([Packet(PacketType.MESSAGE, "hello"), Packet(PacketType.MESSAGE, b"\x01")])
    '4hello\x1ebAQ=='
    >>> [packet.data for packet in decode_payload("4hello\x1ebAQ==")]
    ['hello', b'\x01']

Nothing is escaped, because JSON has no raw control characters; a message text that holds one cannot go by polling.
"""

from collections.abc import Iterable, Iterator

from geventio.protocol.engineio.packet import BARE_PACKETS, Packet, decode_packet, encode_packet_base64

__all__ = ["SEPARATOR", "decode_payload", "encode_payload"]

SEPARATOR = "\x1e"


def encode_payload(packets: Iterable[Packet]) -> str:
    """Return the body that carries *packets*, in their order."""
    return SEPARATOR.join(map(encode_packet_base64, packets))


def decode_payload(text: str) -> Iterator[Packet]:
    """Yield the packets of a body.

    Raises PacketDecodeError at the first packet that is none; those before it have been yielded by then.
    """
    for raw in text.split(SEPARATOR):
        yield BARE_PACKETS[raw] if raw in BARE_PACKETS else decode_packet(raw)
