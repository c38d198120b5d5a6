"""Engine.IO packets of revision 3: the vectors of the official parser, and what they leave open."""

import random
import tracemalloc

import pytest

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.engineio import (
    Packet,
    PacketType,
    decode_binary_payload3,
    decode_packet3,
    decode_payload3,
    encode_binary_payload3,
    encode_packet3,
    encode_packet3_base64,
    encode_payload3,
)

from ..cost import growth
from ..vectors import encoded, revive, suite

SEED = 20260103


def packet(value) -> Packet:
    return Packet(PacketType[value["type"].upper()], revive(value.get("data", "")))


def decode_any(body: str | bytes) -> list[Packet]:
    return list(decode_payload3(body) if isinstance(body, str) else decode_binary_payload3(body))


@pytest.mark.parametrize(**suite("eio3.packet"))
def test_packet(vector):
    sent = packet(vector["input"])
    encode = encode_packet3_base64 if vector["name"].endswith("base64") else encode_packet3
    assert encode(sent) == encoded(vector)
    assert decode_packet3(encoded(vector)) == sent


@pytest.mark.parametrize(**suite("eio3.payload.string"))
def test_string_payload(vector):
    packets = [packet(value) for value in vector["input"]]
    assert encode_payload3(packets) == encoded(vector)
    assert list(decode_payload3(encoded(vector))) == packets


@pytest.mark.parametrize(**suite("eio3.payload.binary"))
def test_binary_payload(vector):
    packets = [packet(value) for value in vector["input"]]
    assert encode_binary_payload3(packets) == encoded(vector)
    assert list(decode_binary_payload3(encoded(vector))) == packets


@pytest.mark.parametrize(**suite("eio3.payload.decode"))
def test_decoded_payload(vector):
    assert list(decode_binary_payload3(encoded(vector))) == [packet(value) for value in vector["decoded"]]


@pytest.mark.parametrize(**suite("eio3.decode_error"))
def test_payload_that_is_none(vector):
    with pytest.raises(PacketDecodeError):
        list(decode_payload3(encoded(vector)))


@pytest.mark.parametrize("raw", ["", "7", "b", "b1AQ==", "bAQI=", "b4AQ", "b4AQ!=", b"", b"\x00", b"\x02probe", b"4x"])
def test_bad_packets(raw):
    with pytest.raises(PacketDecodeError):
        decode_packet3(raw)


@pytest.mark.parametrize("encode", [encode_packet3, encode_packet3_base64])
def test_only_a_message_is_binary(encode):
    with pytest.raises(ConfigurationError, match="only a message packet can be binary, not PING"):
        encode(Packet(PacketType.PING, b"x"))


@pytest.mark.parametrize(
    "body",
    [
        "2:4a:", "2:4a2:4", ":4a", "-2:4a", "+2:4a", " 2:4a", "2 :4a", "\u0662:4a", "\u00b2:4a", "1e0:4", "2:4a\n",
        "0x1:4", "1_0:4aaaaaaaaa", "9" * 16 + ":4a", "9" * 15 + ":4a", "1:9", "2:4\U0001f600", "3:4€",
        b"\x00", b"\x00\x02", b"\x00\xff", b"\x00\xff4a", b"\x00\x02\xff4", b"\x00\x0a\xff4aaaaaaaaa",
        b"\x00" + b"\x09" * 16 + b"\xff4", b"\x00" + b"\x09" * 15 + b"\xff4", b"\x00\x02\xff4\xff", b"\x00\x00\xff",
        b"\x01\x00\xff", b"\x01\x01\xff\x02", b"2:4a", b"\x00\x0231", b"\xff\xff\xff",
    ],
)  # fmt: skip
def test_bad_payloads(body):
    with pytest.raises(PacketDecodeError):
        decode_any(body)


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ("0:2:4a0:", ["a"]),
        ("002:4a", ["a"]),
        ("3:4😀2:4b", ["😀", "b"]),
        ("4:4€😀2:4€", ["€😀", "€"]),
        ("4:4:1:", [":1:"]),
        (b"", []),
        (b"\x05\x02\xff\x04a", [b"a"]),  # as in Node.js, whatever is not 0 means binary
        (b"\x00\x00\x02\xff4a", ["a"]),
    ],
)
def test_good_payloads(body, data):
    assert [packet.data for packet in decode_any(body)] == data


@pytest.mark.parametrize("body", ["2:4a9:4b", "2:4ax:4b", "2:4a1:9", b"\0\2\xff4a\0\3\xff4b", b"\0\2\xff4a\1\2\xff\2x"])
def test_what_is_good_comes_before_the_error(body):
    packets = decode_payload3(body) if isinstance(body, str) else decode_binary_payload3(body)
    assert next(packets).data == "a"
    with pytest.raises(PacketDecodeError):
        next(packets)


def test_any_packets_survive_both_payloads():
    rng = random.Random(SEED)
    for _ in range(300):
        packets = []
        for _ in range(rng.randrange(6)):
            if rng.random() < 0.3:
                packets.append(Packet(PacketType.MESSAGE, rng.randbytes(rng.randrange(300))))
            else:
                text = "".join(rng.choice("az:0é€😀\x1e\0") for _ in range(rng.randrange(300)))
                packets.append(Packet(rng.choice(list(PacketType)), text))
        assert list(decode_payload3(encode_payload3(packets))) == packets
        assert list(decode_binary_payload3(encode_binary_payload3(packets))) == packets


def test_anything_is_packets_or_a_decode_error():
    rng = random.Random(SEED)
    for _ in range(3000):
        text = "".join(rng.choice("0123456789:4b=😀é") for _ in range(rng.randrange(10)))
        data = bytes(rng.choice((0, 1, 2, 4, 52, 255)) for _ in range(rng.randrange(10)))
        for body in (text, data):
            try:
                decode_any(body)
            except PacketDecodeError:
                continue


@pytest.mark.parametrize(
    "unit",
    ["1:2", "0:", "2:4x", "7:4aaaaaa", "3:4😀", "6:b4AQ==", "2:4€", b"\0\1\xff2", b"\1\2\xff\4x", b"\0\3\xff4\xc3\xa9"],
)  # fmt: skip
def test_time_is_linear(unit):
    def decode(size: int) -> None:
        decode_any(unit * (size // len(unit)))

    assert growth(decode, 50_000) < 3


@pytest.mark.parametrize("unit", ["9:4😀", "9" * 15 + ":4😀"])
def test_lengths_that_lie_cost_no_more(unit):
    def decode(size: int) -> None:
        with pytest.raises(PacketDecodeError):
            decode_any("2:4x" * (size // 4) + unit)

    assert growth(decode, 50_000) < 3


def test_memory_is_linear():
    for body in ("1000001:4" + "é" * 1_000_000, b"\0\2\0\0\0\0\0\1\xff4" + b"\xc3\xa9" * 1_000_000):
        tracemalloc.start()
        (received,) = decode_any(body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert received.data == "é" * 1_000_000
        assert peak < 8_000_000
