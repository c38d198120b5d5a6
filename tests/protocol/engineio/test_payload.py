"""What the vectors leave open about polling bodies: order, laziness, cost."""

import tracemalloc

import pytest

from geventio.exceptions import PacketDecodeError
from geventio.protocol.engineio import Packet, PacketType, decode_payload, encode_payload

from ..cost import growth


def test_no_packets():
    assert encode_payload([]) == ""
    with pytest.raises(PacketDecodeError, match="empty"):
        list(decode_payload(""))


def test_any_iterable_of_packets():
    assert encode_payload(Packet(PacketType.MESSAGE, str(n)) for n in range(3)) == "40\x1e41\x1e42"


def test_a_burst_of_a_thousand_packets_arrives_whole():
    packets = [Packet(PacketType.MESSAGE, f'2["n",{n}]') for n in range(1000)]
    assert list(decode_payload(encode_payload(packets))) == packets


@pytest.mark.parametrize("body", ["4a\x1e", "\x1e4a", "4a\x1e\x1e4b", "4a\x1e9", "4a\x1ebA"])
def test_what_is_good_comes_before_the_error(body):
    received = []
    with pytest.raises(PacketDecodeError):
        received.extend(packet.data for packet in decode_payload(body))
    assert received == (["a"] if body.startswith("4") else [])


@pytest.mark.parametrize("unit", ["2\x1e", "4\x1e", "4abc\x1e", "bAQI=\x1e"])
def test_time_is_linear(unit):
    def decode(size: int) -> None:
        for _ in decode_payload(unit * (size // len(unit)) + "2"):
            pass

    assert growth(decode, 50_000) < 3


def test_memory_is_linear():
    body = "4" + "x" * 1_000_000
    tracemalloc.start()
    packet = next(decode_payload(body))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(packet.data) == 1_000_000
    assert peak < 3 * len(body)
