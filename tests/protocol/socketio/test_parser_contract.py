"""What every parser promises, run on each of them. A new encoding joins by one line in PARSERS."""

import dataclasses
import random
import sys
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.json import MAX_DEPTH
from geventio.protocol.socketio import RESERVED_EVENTS, JSONParser, Packet, PacketType, Parser
from geventio.protocol.socketio.msgpack_parser import MsgpackParser

from . import samples

PARSERS: list[Callable[..., Parser]] = [JSONParser, MsgpackParser]


@pytest.fixture(params=PARSERS)
def parser_class(request):
    return request.param


@pytest.fixture
def parser(parser_class):
    return parser_class()


def travel(parser: Parser, packet: Packet) -> Packet | None:
    decoder = parser.decoder()
    *first, last = parser.encode(packet)
    for message in first:
        assert decoder.add(message) is None
        assert decoder.waiting > 0
    received = decoder.add(last)
    assert decoder.waiting == 0
    return received


def event(*arguments: Any) -> Packet:
    return Packet(PacketType.EVENT, "/", ["x", *arguments])


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_any_packet_arrives_as_it_was(parser):
    rng = random.Random(5)
    for _ in range(1000):
        packet = samples.packet(rng)
        assert travel(parser, packet) == packet


def test_any_change_on_the_way_is_a_packet_or_a_decode_error(parser):
    rng = random.Random(6)
    for _ in range(3000):
        messages = parser.encode(samples.packet(rng))
        position = rng.randrange(len(messages))
        messages[position] = mutated(rng, messages[position])
        decoder = parser.decoder()
        try:
            for message in messages:
                received = decoder.add(message)
                assert received is None or type(received) is Packet
        except PacketDecodeError:
            assert decoder.waiting == 0


def mutated(rng: random.Random, message: str | bytes) -> str | bytes:
    start = rng.randrange(len(message) + 1)
    end = min(len(message), start + rng.randrange(4))
    if isinstance(message, bytes):
        return message[:start] + rng.randbytes(rng.randrange(4)) + message[end:]
    inserted = "".join(rng.choice('0123456789-,/"[]{}:\\ue_é\ud800 tnull') for _ in range(rng.randrange(4)))
    return message[:start] + inserted + message[end:]


def test_any_bytes_or_text_is_a_packet_or_a_decode_error(parser):
    rng = random.Random(8)
    for _ in range(3000):
        try:
            parser.decoder().add(rng.randbytes(rng.randrange(30)))
        except PacketDecodeError:
            pass
        try:
            parser.decoder().add("".join(rng.choice('0123456-,/"[]{}:') for _ in range(rng.randrange(12))))
        except PacketDecodeError:
            pass


@pytest.mark.parametrize("name", sorted(RESERVED_EVENTS))
def test_reserved_names_are_refused(parser, name):
    with pytest.raises(PacketDecodeError, match="reserved"):
        travel(parser, Packet(PacketType.EVENT, "/", [name]))
    with pytest.raises(PacketDecodeError, match="reserved"):
        travel(parser, Packet(PacketType.EVENT, "/admin", [name, b"x"], 3))


@pytest.mark.parametrize("name", [None, True, [], {"toString": 1}, {}, [["x"]], b"x"])
def test_odd_names_are_refused(parser, name):
    with pytest.raises(PacketDecodeError):
        travel(parser, Packet(PacketType.EVENT, "/", [name]))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (PacketType.CONNECT, []),
        (PacketType.CONNECT, "x"),
        (PacketType.DISCONNECT, {}),
        (PacketType.EVENT, {}),
        (PacketType.EVENT, []),
        (PacketType.EVENT, "x"),
        (PacketType.ACK, {}),
        (PacketType.ACK, "x"),
        (PacketType.CONNECT_ERROR, []),
        (PacketType.CONNECT_ERROR, True),
    ],
)
def test_payloads_of_the_wrong_kind(parser, kind, data):
    with pytest.raises(PacketDecodeError):
        travel(parser, Packet(kind, "/a", data))


def test_binary_types_are_spelling(parser):
    received = travel(parser, Packet(PacketType.BINARY_EVENT, "/", ["x", b"\x01"], 1))
    assert received == Packet(PacketType.EVENT, "/", ["x", b"\x01"], 1)
    received = travel(parser, Packet(PacketType.BINARY_ACK, "/", [b"\x01"], 1))
    assert received == Packet(PacketType.ACK, "/", [b"\x01"], 1)


def test_depth(parser):
    packet = event(nested(MAX_DEPTH - 1))
    assert travel(parser, packet) == packet
    with pytest.raises(PacketDecodeError, match="nested over 64 levels"):
        travel(parser, event(nested(MAX_DEPTH)))


def test_a_namespace_is_bounded_in_bytes(parser_class):
    parser, generous = parser_class(max_namespace_length=8), parser_class()
    assert travel(parser, Packet(PacketType.CONNECT, "/1234567")) == Packet(PacketType.CONNECT, "/1234567")
    for name in ("/12345678", "/" + "é" * 4, "/" + "x" * 100_000):
        with pytest.raises(ConfigurationError, match="at most 8 bytes"):
            parser.encode(Packet(PacketType.CONNECT, name))
    for name in ("/12345678", "/" + "é" * 4, "/" + "x" * 200):
        for data in (None, {"a": 1}):
            (message,) = generous.encode(Packet(PacketType.CONNECT, name, data))
            with pytest.raises(PacketDecodeError, match="over 8 bytes"):
                parser.decoder().add(message)


@pytest.mark.parametrize("name", ["", "admin", "/a,b", ",", " /"])
def test_namespaces_that_cannot_be_sent(parser, name):
    with pytest.raises(ConfigurationError, match="starts with '/' and has no comma"):
        parser.encode(Packet(PacketType.EVENT, name, ["x"]))


@pytest.mark.parametrize("number", [-1, 2**53 + 1, 1.0, "1", True])
def test_ids_that_cannot_be_sent(parser, number):
    with pytest.raises(ConfigurationError, match="the id of a packet"):
        parser.encode(Packet(PacketType.EVENT, "/", ["x"], number))


def test_bytes_like_values_are_copied(parser):
    changing = bytearray(b"abc")
    messages = parser.encode(event(changing, memoryview(changing)[::2], {"deep": [changing]}))
    changing[:] = b"xyz"
    decoder = parser.decoder()
    received = [decoder.add(message) for message in messages][-1]
    assert received == event(b"abc", b"ac", {"deep": [b"abc"]})


class Point(NamedTuple):
    x: int
    y: bytes


@dataclasses.dataclass
class User:
    name: str
    picture: bytes


def test_what_python_has_beside_json(parser):
    identity = uuid.UUID(int=1)
    sent = event((1, 2), Point(1, b"p"), {1: "a", None: "b"}, identity, User("ann", b"png"))
    expected = event([1, 2], [1, b"p"], {"1": "a", "null": "b"}, str(identity), {"name": "ann", "picture": b"png"})
    assert travel(parser, sent) == expected


def test_what_cannot_be_sent_is_named(parser):
    with pytest.raises(TypeError, match="cannot send a set as"):
        parser.encode(event({"a": {1}}))
    with pytest.raises(TypeError, match="cannot send a tuple as the key of an object"):
        parser.encode(event({(1,): 1}))
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(TypeError, match="contains itself"):
        parser.encode(event(itself))


def test_default_stands_in(parser_class):
    parser = parser_class(default=lambda value: {"set": sorted(value), "mark": b"\x00"})
    assert travel(parser, event({2, 1})) == event({"set": [1, 2], "mark": b"\x00"})


def test_unknown_messages(parser):
    for message in ("", "x", "7", "\x80", b"", b"\x01", b"\x80", "/", "-"):
        with pytest.raises(PacketDecodeError):
            parser.decoder().add(message)


def test_a_decoder_lives_on_after_an_error(parser):
    decoder = parser.decoder()
    for message in ("?", b"\xc1"):
        with pytest.raises(PacketDecodeError):
            decoder.add(message)
    (message,) = parser.encode(event("y"))
    assert decoder.add(message) == event("y")


def test_an_idle_decoder_is_small(parser):
    decoder = parser.decoder()
    assert sys.getsizeof(decoder) < 100
    assert not hasattr(decoder, "__dict__")
    assert not hasattr(parser, "__dict__")
