"""WebTransport frames in pieces, and frames that are none."""

import random

import pytest

from geventio.exceptions import ConfigurationError, PacketDecodeError, PayloadTooBig
from geventio.protocol.engineio import FrameDecoder, Packet, PacketType, encode_frame

SIZES = [0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 70000]


def packets_of(decoder: FrameDecoder) -> list[Packet]:
    return list(iter(decoder.next_packet, None))


@pytest.mark.parametrize("size", SIZES)
def test_each_form_of_length(size):
    for packet in (Packet(PacketType.MESSAGE, "x" * size), Packet(PacketType.MESSAGE, b"x" * size)):
        decoder = FrameDecoder(max_payload=100_000)
        decoder.receive_data(encode_frame(packet))
        if packet.data == b"":
            with pytest.raises(PacketDecodeError, match="empty"):
                decoder.next_packet()
        else:
            assert packets_of(decoder) == [packet]


def test_any_split_gives_the_same_packets():
    packets = [
        Packet(PacketType.MESSAGE, "é" * 100),
        Packet(PacketType.PING, "probe"),
        Packet(PacketType.MESSAGE, b"1" * 300),
    ]
    stream = b"".join(map(encode_frame, packets))
    rng = random.Random(7)
    for _ in range(50):
        cuts = sorted(rng.sample(range(1, len(stream)), 6))
        decoder = FrameDecoder(max_payload=1000)
        received = []
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            decoder.receive_data(stream[start:end])
            received += packets_of(decoder)
        assert received == packets


def test_byte_by_byte():
    decoder = FrameDecoder(max_payload=100_000)
    received = []
    for byte in encode_frame(Packet(PacketType.MESSAGE, b"x" * 66_000)):
        decoder.receive_data(bytes((byte,)))
        received += packets_of(decoder)
    assert received == [Packet(PacketType.MESSAGE, b"x" * 66_000)]


@pytest.mark.parametrize(
    "header", [b"\x65", b"\xe5", b"\x7e\x00\x65", b"\x7f" + (2**53).to_bytes(8, "big"), b"\xff" * 9]
)
def test_too_big_is_known_from_the_header(header):
    decoder = FrameDecoder(max_payload=100)
    decoder.receive_data(header)
    with pytest.raises(PayloadTooBig) as raised:
        decoder.next_packet()
    assert raised.value.limit == 100
    assert raised.value.size > 100


@pytest.mark.parametrize("frame", [b"\x00", b"\x80", b"\x7e\x00\x00", b"\x02\x34\xff", b"\x01x", b"\x03bAB"])
def test_bad_frames(frame):
    decoder = FrameDecoder(max_payload=100)
    decoder.receive_data(frame)
    with pytest.raises(PacketDecodeError):
        decoder.next_packet()


def test_good_frames_come_before_the_bad_one():
    decoder = FrameDecoder(max_payload=100)
    decoder.receive_data(b"\x012\x00")
    assert decoder.next_packet() == Packet(PacketType.PING)
    with pytest.raises(PacketDecodeError):
        decoder.next_packet()


def test_only_a_message_is_binary():
    with pytest.raises(ConfigurationError):
        encode_frame(Packet(PacketType.OPEN, b"x"))
