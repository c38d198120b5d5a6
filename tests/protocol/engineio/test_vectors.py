"""Engine.IO packets as the official parser writes and reads them."""

import pytest

from geventio.exceptions import PacketDecodeError
from geventio.protocol.engineio import (
    FrameDecoder,
    Packet,
    PacketType,
    decode_packet,
    decode_payload,
    encode_frame,
    encode_packet,
    encode_packet_base64,
    encode_payload,
)

from ..vectors import encoded, revive, suite


def packet(value) -> Packet:
    return Packet(PacketType[value["type"].upper()], revive(value.get("data", "")))


@pytest.mark.parametrize(**suite("eio4.packet.text", "eio4.packet.ws"))
def test_packet(vector):
    assert encode_packet(packet(vector["input"])) == encoded(vector)
    assert decode_packet(encoded(vector)) == packet(vector["input"])


@pytest.mark.parametrize(**suite("eio4.packet.text", "eio4.packet.base64"))
def test_packet_in_text_form(vector):
    assert encode_packet_base64(packet(vector["input"])) == encoded(vector)
    assert decode_packet(encoded(vector)) == packet(vector["input"])


@pytest.mark.parametrize(**suite("eio4.payload"))
def test_payload(vector):
    packets = [packet(value) for value in vector["input"]]
    assert encode_payload(packets) == encoded(vector)
    assert list(decode_payload(encoded(vector))) == packets


@pytest.mark.parametrize(**suite("eio4.decode_error"))
def test_packet_that_is_none(vector):
    with pytest.raises(PacketDecodeError):
        decode_packet(encoded(vector))


@pytest.mark.parametrize(**suite("eio4.payload.decode"))
def test_payload_stops_at_the_first_bad_packet(vector):
    packets = decode_payload(encoded(vector))
    for value in vector["decoded"]:
        if value["type"] == "error":
            with pytest.raises(PacketDecodeError):
                next(packets)
        else:
            assert next(packets) == packet(value)
    assert list(packets) == []


@pytest.mark.parametrize(**suite("eio4.webtransport.frame"))
def test_webtransport_frame(vector):
    header_only = vector["name"] == "binary_65536_header_only"
    sent = Packet(PacketType.MESSAGE, bytes(65536)) if header_only else packet(vector["input"])
    frame = encode_frame(sent)
    assert (frame[:9] if header_only else frame) == encoded(vector)
    decoder = FrameDecoder(max_payload=1_000_000)
    decoder.receive_data(frame)
    assert decoder.next_packet() == sent
    assert decoder.next_packet() is None
