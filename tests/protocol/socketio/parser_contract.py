"""What every packet encoding promises, as tests that run on any: two files, this one and ``samples.py`` beside it.

::

    from parser_contract import ParserContract

    class TestMine(ParserContract):
        make = MyParser  # called without arguments
"""

import dataclasses
import datetime
import decimal
import enum
import random
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from geventio import ConfigurationError, PacketDecodeError
from geventio.parsers import MAX_DEPTH, RESERVED_EVENTS, Packet, PacketType, Parser

from . import samples

LONGEST_NAMESPACE = 256  # bytes


def travel(parser: Parser, packet: Packet) -> Packet | None:
    """*packet* after a journey from one end to the other."""
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


def mutated(rng: random.Random, message: str | bytes) -> str | bytes:
    """*message* with a few characters or bytes more, less, or others."""
    start = rng.randrange(len(message) + 1)
    end = min(len(message), start + rng.randrange(4))
    if isinstance(message, bytes):
        return message[:start] + rng.randbytes(rng.randrange(4)) + message[end:]
    inserted = "".join(rng.choice('0123456789-,/"[]{}:\\ue_é\ud800 tnull') for _ in range(rng.randrange(4)))
    return message[:start] + inserted + message[end:]


class Point(NamedTuple):
    x: int
    y: bytes


@dataclasses.dataclass
class User:
    name: str
    picture: bytes


class Colour(enum.Enum):
    RED = "red"


class ParserContract:
    """Derive from it with a name that starts with ``Test``."""

    make: Callable[[], Parser]

    @pytest.fixture
    def parser(self) -> Parser:
        return type(self).make()

    # -- there and back

    def test_any_packet_arrives_as_it_was(self, parser: Parser) -> None:
        rng = random.Random(5)
        for _ in range(1000):
            packet = samples.packet(rng)
            assert travel(parser, packet) == packet

    def test_binary_types_are_spelling(self, parser: Parser) -> None:
        received = travel(parser, Packet(PacketType.BINARY_EVENT, "/", ["x", b"\x01"], 1))
        assert received == Packet(PacketType.EVENT, "/", ["x", b"\x01"], 1)
        received = travel(parser, Packet(PacketType.BINARY_ACK, "/", [b"\x01"], 1))
        assert received == Packet(PacketType.ACK, "/", [b"\x01"], 1)

    def test_bytes_like_values_are_copied(self, parser: Parser) -> None:
        changing = bytearray(b"abc")
        messages = parser.encode(event(changing, memoryview(changing)[::2], {"deep": [changing]}))
        changing[:] = b"xyz"
        decoder = parser.decoder()
        received = [decoder.add(message) for message in messages][-1]
        assert received == event(b"abc", b"ac", {"deep": [b"abc"]})

    def test_what_python_has_beside_json(self, parser: Parser) -> None:
        identity, price = uuid.UUID(int=1), decimal.Decimal("19.90")
        sent = event((1, 2), Point(1, b"p"), {1: "a", None: "b"}, identity, User("ann", b"png"), Colour.RED, price)
        expected = event(
            [1, 2],
            [1, b"p"],
            {"1": "a", "null": "b"},
            str(identity),
            {"name": "ann", "picture": b"png"},
            "red",
            "19.90",
        )
        assert travel(parser, sent) == expected
        received = travel(parser, event(datetime.date(2026, 1, 2), datetime.time(3, 4, 5)))
        assert received == event("2026-01-02", "03:04:05")

    def test_a_date_stays_the_same_instant(self, parser: Parser) -> None:
        instant = datetime.datetime(2026, 1, 2, 3, 4, 5, 678_000, datetime.timezone.utc)
        elsewhere = instant.astimezone(datetime.timezone(datetime.timedelta(hours=2)))
        received = travel(parser, event(instant, elsewhere))
        assert received is not None
        for value in received.data[1:]:
            text = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value)
            assert text == instant

    # -- what cannot be sent

    def test_what_cannot_be_sent_is_named(self, parser: Parser) -> None:
        with pytest.raises(TypeError, match="cannot send a set as"):
            parser.encode(event({"a": {1}}))
        with pytest.raises(TypeError, match="cannot send a tuple as the key of an object"):
            parser.encode(event({(1,): 1}))
        itself: list[Any] = []
        itself.append(itself)
        with pytest.raises(TypeError, match="contains itself"):
            parser.encode(event(itself))

    @pytest.mark.parametrize("name", ["", "admin", "/a,b", ",", " /"])
    def test_namespaces_that_cannot_be_sent(self, parser: Parser, name: str) -> None:
        with pytest.raises(ConfigurationError, match="starts with '/' and has no comma"):
            parser.encode(Packet(PacketType.EVENT, name, ["x"]))

    def test_a_namespace_is_bounded_in_bytes(self, parser: Parser) -> None:
        longest = "/" + "x" * (LONGEST_NAMESPACE - 1)
        assert travel(parser, Packet(PacketType.CONNECT, longest)) == Packet(PacketType.CONNECT, longest)
        for name in (longest + "x", "/" + "é" * (LONGEST_NAMESPACE // 2), "/" + "x" * 100_000):
            with pytest.raises(ConfigurationError, match=f"at most {LONGEST_NAMESPACE} bytes"):
                parser.encode(Packet(PacketType.CONNECT, name))

    @pytest.mark.parametrize("number", [-1, 2**53 + 1, 1.0, "1", True])
    def test_ids_that_cannot_be_sent(self, parser: Parser, number: Any) -> None:
        with pytest.raises(ConfigurationError, match="the id of a packet"):
            parser.encode(Packet(PacketType.EVENT, "/", ["x"], number))

    # -- what a client makes up

    def test_any_change_on_the_way_is_a_packet_or_a_decode_error(self, parser: Parser) -> None:
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

    def test_any_bytes_or_text_is_a_packet_or_a_decode_error(self, parser: Parser) -> None:
        rng = random.Random(8)
        for _ in range(3000):
            for message in (
                rng.randbytes(rng.randrange(30)),
                "".join(rng.choice('0123456-,/"[]{}:') for _ in range(rng.randrange(12))),
            ):
                try:
                    received = parser.decoder().add(message)
                except PacketDecodeError:
                    continue
                assert received is None or type(received) is Packet

    def test_unknown_messages(self, parser: Parser) -> None:
        for message in ("", "x", "7", "\x80", b"", b"\x01", b"\x80", "/", "-"):
            with pytest.raises(PacketDecodeError):
                parser.decoder().add(message)

    @pytest.mark.parametrize("name", sorted(RESERVED_EVENTS))
    def test_reserved_names_are_refused(self, parser: Parser, name: str) -> None:
        with pytest.raises(PacketDecodeError, match="reserved"):
            travel(parser, Packet(PacketType.EVENT, "/", [name]))
        with pytest.raises(PacketDecodeError, match="reserved"):
            travel(parser, Packet(PacketType.EVENT, "/admin", [name, b"x"], 3))

    @pytest.mark.parametrize("name", [None, True, [], {"toString": 1}, {}, [["x"]], b"x"])
    def test_odd_names_are_refused(self, parser: Parser, name: Any) -> None:
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
    def test_payloads_of_the_wrong_kind(self, parser: Parser, kind: PacketType, data: Any) -> None:
        with pytest.raises(PacketDecodeError):
            travel(parser, Packet(kind, "/a", data))

    def test_depth(self, parser: Parser) -> None:
        packet = event(nested(MAX_DEPTH - 1))
        assert travel(parser, packet) == packet
        with pytest.raises(PacketDecodeError, match="nested over"):
            travel(parser, event(nested(MAX_DEPTH)))

    def test_a_decoder_lives_on_after_an_error(self, parser: Parser) -> None:
        decoder = parser.decoder()
        for message in ("?", b"\xc1"):
            with pytest.raises(PacketDecodeError):
                decoder.add(message)
        (message,) = parser.encode(event("y"))
        assert decoder.add(message) == event("y")

    def test_an_idle_decoder_is_small(self, parser: Parser) -> None:
        assert not hasattr(parser.decoder(), "__dict__")  # there is one for each client
