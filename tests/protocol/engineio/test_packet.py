"""What the vectors leave open about single Engine.IO packets."""

import random

import pytest

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.engineio import Packet, PacketType, decode_packet, encode_packet, encode_packet_base64

SEED = 20260101


@pytest.mark.parametrize("kind", [kind for kind in PacketType if kind is not PacketType.MESSAGE])
def test_only_a_message_is_binary(kind):
    with pytest.raises(ConfigurationError, match=f"only a message packet can be binary, not {kind.name}"):
        encode_packet(Packet(kind, b"\x01"))
    with pytest.raises(ConfigurationError):
        encode_packet_base64(Packet(kind, b"\x01"))


def test_data_is_optional():
    assert encode_packet(Packet(PacketType.NOOP)) == "6"
    assert decode_packet("6") == Packet(PacketType.NOOP, "")


@pytest.mark.parametrize(
    "raw",
    [
        "bA",
        "bAQ",
        "bAQIx=",
        "bA===",
        "b====",
        "bAQ==AQ==",
        "b=AQI",
        "bAQ\n==",
        "bAQ!=",
        "bAQI\u00e9",
        "bAQI=\n",
        "b AQI=",
    ],
)
def test_base64_is_strict(raw):
    with pytest.raises(PacketDecodeError, match="base64"):
        decode_packet(raw)


def test_base64_of_nothing():
    assert encode_packet_base64(Packet(PacketType.MESSAGE, b"")) == "b"
    assert decode_packet("b") == Packet(PacketType.MESSAGE, b"")


@pytest.mark.parametrize("raw", ["", "7", "9x", "B", "-1", " 4", "\u0664", "\ud800", "\x00", "{}"])
def test_unknown_types(raw):
    with pytest.raises(PacketDecodeError):
        decode_packet(raw)


def test_any_packet_survives_both_forms():
    rng = random.Random(SEED)
    for _ in range(500):
        if rng.random() < 0.5:
            packet = Packet(PacketType.MESSAGE, rng.randbytes(rng.randrange(40)))
        else:
            text = "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(0xE000, 0x10FFFF)))) for _ in range(9))
            packet = Packet(rng.choice(list(PacketType)), text)
        assert decode_packet(encode_packet(packet)) == packet
        assert decode_packet(encode_packet_base64(packet)) == packet


def test_any_text_is_a_packet_or_a_decode_error():
    rng = random.Random(SEED)
    for _ in range(2000):
        raw = "".join(rng.choice("0123456789bAQI=+/\x1e\u00e9-_ ") for _ in range(rng.randrange(8)))
        try:
            packet = decode_packet(raw)
        except PacketDecodeError:
            continue
        assert decode_packet(encode_packet_base64(packet)) == packet
