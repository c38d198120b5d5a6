"""Values that JSON does not have, on every way to a client, in both encodings; and ``json_default``."""

import dataclasses
import datetime
import decimal
import enum
import uuid
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from client import WebSocketClient
from site_under_test import Site

from geventio import ConfigurationError, ConnectionRejected, Server
from geventio.parsers import JSONParser, MsgpackParser, Packet, PacketType

UTC = datetime.timezone.utc
MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Order:
    number: uuid.UUID
    price: decimal.Decimal
    colour: Colour
    day: datetime.date
    picture: bytes


class Celsius:
    def __init__(self, degrees: float) -> None:
        self.degrees = degrees


def default(value: Any) -> Any:
    if isinstance(value, Celsius):
        return {"degrees": value.degrees, "raw": b"\x02"}
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"not for clients: {type(value).__name__}")


SENT = [Order(uuid.UUID(int=7), decimal.Decimal("19.90"), Colour.RED, MOMENT.date(), b"\x01"), Celsius(21.5)]
ARRIVED = [
    {
        "number": "00000000-0000-0000-0000-000000000007",
        "price": "19.90",
        "colour": "red",
        "day": "2026-01-02",
        "picture": b"\x01",
    },
    {"degrees": 21.5, "raw": b"\x02"},
]


@pytest.fixture(params=[JSONParser, MsgpackParser])
def parser_class(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def io(parser_class: Any) -> Server:
    return Server(parser=parser_class(), json_default=default)


@pytest.fixture
def client(site: Callable[..., Site], io: Server, parser_class: Any) -> WebSocketClient:
    client = site(io).websocket()
    client.parser = parser_class()
    client.decoder = client.parser.decoder()
    return client


def test_in_events(io: Server, client: WebSocketClient) -> None:
    sid = client.connect()
    for emit in (io.emit, io.to(sid).emit, io.root.sockets[sid].emit, io.fetch_sockets()[0].emit):
        emit("order", *SENT)
        assert client.receive_event() == ["order", *ARRIVED]


def test_in_acknowledgements(io: Server, client: WebSocketClient) -> None:
    io.on("order", lambda socket: tuple(SENT))
    io.on("later", lambda socket, *, ack: ack(frozenset([2, 1])))
    client.connect()
    assert client.call("order") == ARRIVED
    assert client.call("later") == [[1, 2]]


def test_in_questions(io: Server, client: WebSocketClient) -> None:
    sid = client.connect()
    io.root.sockets[sid].emit("order?", *SENT, ack=lambda: None)
    assert client.receive_question().data == ["order?", *ARRIVED]


def test_in_refusals(io: Server, client: WebSocketClient) -> None:
    price, day = decimal.Decimal("0.1"), MOMENT.date()

    @io.use
    def refuse(socket: Any) -> None:
        raise ConnectionRejected("no", {"price": price, "day": day, "few": frozenset([1])})

    assert client.refused() == {"message": "no", "data": {"price": "0.1", "day": "2026-01-02", "few": [1]}}


def test_what_default_refuses(io: Server, client: WebSocketClient, caplog: pytest.LogCaptureFixture) -> None:
    io.on("bad", lambda socket: {1, 2})
    client.connect()
    with pytest.raises(TypeError, match="not for clients: set"):
        io.emit("bad", {1, 2})
    client.emit("bad", id=1)
    client.assert_nothing_came()
    assert "not for clients: set" in caplog.text


def test_a_date_is_one_that_javascript_reads(io: Server, client: WebSocketClient, parser_class: Any) -> None:
    client.connect()
    io.emit("at", MOMENT)
    _, at = client.receive_event()
    if parser_class is JSONParser:
        assert at == "2026-01-02T03:04:05.678000+00:00"
    else:
        assert at == MOMENT


def test_without_a_parser_it_serves_the_default_one(site: Callable[..., Site]) -> None:
    io = Server(json_default=default)
    client = site(io).websocket()
    client.connect()
    io.emit("order", *SENT)
    assert client.receive_event() == ["order", *ARRIVED]


def test_servers_do_not_share_it() -> None:
    parser = MsgpackParser()
    with_default, without = Server(parser=parser, json_default=default), Server(parser=parser)
    assert without.parser is parser
    assert with_default.parser is not parser
    assert parser.default is None


def test_a_parser_that_takes_none() -> None:
    class Plain:
        def encode(self, packet: Any) -> list[Any]:
            raise NotImplementedError

        def decoder(self) -> Any:
            raise NotImplementedError

    Server(parser=Plain())
    with pytest.raises(ConfigurationError, match="has no with_default"):
        Server(parser=Plain(), json_default=default)
    with pytest.raises(ConfigurationError, match="there are two"):
        Server(parser=JSONParser(default=str), json_default=default)


def test_a_hook_that_lets_others_run(site: Callable[..., Site]) -> None:
    """It should not block, but who does it all the same must not reach sockets that left meanwhile."""

    def slow(value: Any) -> Any:
        served.clients[0].cut()
        served.wait_until(lambda: io.count() == 1)
        return "slow"

    io = Server(json_default=slow)
    served = site(io)
    sids = [served.websocket().connect() for _ in range(2)]
    client = served.clients[1]
    gevent.spawn(lambda: client.answer(client.receive_question(), "yes"))
    replies = io.timeout(5).call("x", Celsius(1))
    assert list(replies) == [(sids[1], "yes")]
    assert replies.missing == []
    io.emit("x", Celsius(1))
    assert client.receive().type is PacketType.EVENT


def test_a_hook_that_changes_what_is_being_sent(parser_class: Any) -> None:
    """Others may, while it lets them run."""

    def default(value: Any) -> str:
        del numbers[1:]
        return "changed"

    numbers: list[Any] = [Celsius(1), *([str(number) * 50] for number in range(100_000))]
    [message] = Server(parser=parser_class(), json_default=default).parser.encode(
        Packet(PacketType.EVENT, "/", ["x", numbers])
    )
    assert parser_class().decoder().add(message).data == ["x", ["changed"]]


def test_what_ends_a_hook_ends_who_sends(parser_class: Any) -> None:
    asked = []

    def slow(value: Any) -> None:
        asked.append(value)
        gevent.sleep(60)

    io = Server(parser=parser_class(), json_default=slow)
    packet = Packet(PacketType.EVENT, "/", ["x", [b"beside"], Celsius(1)])
    with gevent.Timeout(0.01) as own, pytest.raises(gevent.Timeout) as caught:
        io.parser.encode(packet)
    assert caught.value is own
    sender = gevent.spawn(io.parser.encode, packet)
    gevent.sleep(0)
    sender.kill(timeout=5)
    assert isinstance(sender.value, gevent.GreenletExit)
    assert len(asked) == 2
