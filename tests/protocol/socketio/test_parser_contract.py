"""The parsers that come with geventio, and the one of the examples, keep what parsers promise. A new one joins by its
class here.
"""

import decimal
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.socketio import JSONParser, Packet, PacketType, Parser
from geventio.protocol.socketio.msgpack_parser import MsgpackParser
from geventio.protocol.socketio.parser import with_default

from .parser_contract import ParserContract, event, travel

EXAMPLE = Path(__file__).parents[3] / "examples" / "custom_parser.py"


def example() -> Any:
    spec = importlib.util.spec_from_file_location("custom_parser", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


custom = example()
PARSERS: list[Callable[..., Parser]] = [JSONParser, MsgpackParser, custom.DeflatedParser]


class TestJSONParser(ParserContract):
    make = JSONParser


class TestMsgpackParser(ParserContract):
    make = MsgpackParser


class TestDeflatedParser(ParserContract):
    make = custom.DeflatedParser

    def test_what_inflates_without_end_is_refused(self) -> None:
        bomb = custom.deflated("2" + " " * 100_000_000)
        assert len(bomb) < custom.LIMIT
        with pytest.raises(PacketDecodeError):
            custom.DeflatedParser().decoder().add(bomb)


@pytest.mark.parametrize("parser_class", [JSONParser, MsgpackParser])
def test_how_long_a_namespace_may_be_can_be_chosen(parser_class: Any) -> None:
    parser, generous = parser_class(max_namespace_length=8), parser_class()
    assert travel(parser, Packet(PacketType.CONNECT, "/1234567")) == Packet(PacketType.CONNECT, "/1234567")
    for name in ("/12345678", "/" + "é" * 4, "/" + "x" * 200):
        with pytest.raises(ConfigurationError, match="at most 8 bytes"):
            parser.encode(Packet(PacketType.CONNECT, name))
        for data in (None, {"a": 1}):
            (message,) = generous.encode(Packet(PacketType.CONNECT, name, data))
            with pytest.raises(PacketDecodeError, match="over 8 bytes"):
                parser.decoder().add(message)


@pytest.mark.parametrize("parser_class", [JSONParser, MsgpackParser])
def test_a_parser_and_its_decoders_are_small(parser_class: Any) -> None:
    parser = parser_class()
    assert sys.getsizeof(parser.decoder()) < 100
    assert not hasattr(parser, "__dict__")


# -- values of one's own


class Celsius:
    def __init__(self, degrees: float) -> None:
        self.degrees = degrees


def in_kelvin(value: Any) -> Any:
    if isinstance(value, Celsius):
        return {"kelvin": value.degrees + 273.15, "raw": b"\x01"}
    raise TypeError("neither hot nor cold")


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest) -> Parser:
    return with_default(request.param(), in_kelvin)


def test_default_stands_in_and_may_hold_bytes(parser: Parser) -> None:
    assert travel(parser, event({"now": [Celsius(0)]})) == event({"now": [{"kelvin": 273.15, "raw": b"\x01"}]})


def test_a_type_error_of_default_refuses(parser: Parser) -> None:
    with pytest.raises(TypeError, match="neither hot nor cold"):
        parser.encode(event({1}))


def test_a_type_error_of_default_leaves_a_decimal_to_be_text(parser: Parser) -> None:
    assert travel(parser, event(decimal.Decimal("0.1"))) == event("0.1")


def test_default_decides_about_decimals(parser: Parser) -> None:
    parser = with_default(type(parser)(), float)
    assert travel(parser, event(decimal.Decimal("0.5"), b"x")) == event(0.5, b"x")


def test_what_default_returns_may_need_it_too(parser: Parser) -> None:
    parser = with_default(type(parser)(), lambda value: sorted(value) if isinstance(value, set) else str(value))
    assert travel(parser, event({decimal.Decimal(1)}, b"x")) == event(["1"], b"x")


def test_default_that_never_ends(parser: Parser) -> None:
    parser = with_default(type(parser)(), lambda value: [value])
    with pytest.raises(TypeError, match="nests over 254 levels"):
        parser.encode(event({1}))


def test_no_default_changes_nothing() -> None:
    parser = JSONParser()
    assert with_default(parser, None) is parser


@pytest.mark.parametrize("parser_class", [JSONParser, MsgpackParser])
def test_with_default_keeps_the_limits(parser_class: Any) -> None:
    parser = with_default(parser_class(max_namespace_length=8), in_kelvin)
    with pytest.raises(ConfigurationError, match="at most 8 bytes"):
        parser.encode(Packet(PacketType.CONNECT, "/12345678"))
    with pytest.raises(ConfigurationError, match="there are two"):
        with_default(parser, in_kelvin)


def test_a_parser_that_takes_no_default() -> None:
    class Plain:
        encode = decoder = None

    with pytest.raises(ConfigurationError, match="has no with_default"):
        with_default(Plain(), in_kelvin)  # type: ignore[arg-type]
