"""Socket.IO packets of protocol revision 4: the vectors of the official parser, queries behind namespaces, bounds."""

import pytest

from geventio.exceptions import PacketDecodeError
from geventio.protocol.socketio import JSONParser, Packet, PacketType
from geventio.protocol.socketio.msgpack_parser import MsgpackParser
from geventio.protocol.socketio.packet4 import connect4, decoder4, error4

from ..cost import growth
from ..vectors import encoded, revive, suite

PLAIN = {PacketType.BINARY_EVENT: PacketType.EVENT}


def packet(value) -> Packet:
    kind = PacketType(value["type"])
    return Packet(PLAIN.get(kind, kind), value["nsp"], revive(value.get("data")), value.get("id"))


@pytest.mark.parametrize(**suite("sio4.packet"))
def test_encode(vector):
    sent = packet(vector["input"])
    assert JSONParser().encode(sent) == encoded(vector)
    if sent.type is PacketType.CONNECT:
        assert JSONParser().encode(connect4(sent.namespace)) == encoded(vector)
    elif sent.type is PacketType.CONNECT_ERROR:
        assert JSONParser().encode(error4(sent.namespace, sent.data)) == encoded(vector)


@pytest.mark.parametrize(**suite("sio4.packet"))
def test_decode(vector):
    decoder = decoder4(JSONParser())
    *first, last = encoded(vector)
    for message in first:
        assert decoder.add(message) is None
        assert decoder.waiting
    expected = packet(vector["input"])
    if expected.type is PacketType.CONNECT:
        expected.namespace = "/admin"
        expected.data = {"token": "1234", "uid": "abcd"} if "query" in vector["name"] else {}
    assert decoder.add(last) == expected
    assert decoder.waiting == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Packet(PacketType.CONNECT, "/", {})),
        ('0{"token":"1"}', Packet(PacketType.CONNECT, "/", {})),
        ("0/?a=1", Packet(PacketType.CONNECT, "/", {"a": "1"})),
        ("0/a?b=%C3%A9+c&b=2&d&=e&f=%zz,", Packet(PacketType.CONNECT, "/a", {"b": "2", "d": "", "": "e", "f": "%zz"})),
        ("0/a?,", Packet(PacketType.CONNECT, "/a", {})),
        ("0/a?b?c=1,", Packet(PacketType.CONNECT, "/a", {"b?c": "1"})),
        ('2/a?b=1,7["x"]', Packet(PacketType.EVENT, "/a", ["x"], 7)),
        ('3/a?b=1,7["x?y"]', Packet(PacketType.ACK, "/a", ["x?y"], 7)),
        ("1/a?b=1,", Packet(PacketType.DISCONNECT, "/a")),
        ('2["x?a=1"]', Packet(PacketType.EVENT, "/", ["x?a=1"])),
    ],
)
def test_queries_are_split_off(text, expected):
    assert decoder4(JSONParser()).add(text) == expected


def test_the_other_encoding_of_packets():
    parser = MsgpackParser()
    for kind, namespace, data in [
        (PacketType.CONNECT, "/a?token=" + "x" * 1000, {"token": "x" * 1000}),
        (PacketType.EVENT, "/a?b", ["x"]),
    ]:
        sent = Packet(kind, namespace, None if kind is PacketType.CONNECT else data)
        (message,) = MsgpackParser(max_namespace_length=2000).encode(sent)
        assert decoder4(parser).add(message) == Packet(kind, "/a", data)
    assert parser.max_namespace_length == 256


def test_a_parser_without_a_limit_of_its_own():
    class Parser:
        def encode(self, packet):
            raise NotImplementedError

        def decoder(self):
            return JSONParser(max_namespace_length=2000).decoder()

    assert decoder4(Parser()).add(f"0/{'a' * 255}?b=1,").data == {"b": "1"}
    with pytest.raises(PacketDecodeError, match="over 256 bytes"):
        decoder4(Parser()).add(f"0/{'a' * 256},")


@pytest.mark.parametrize(
    "text",
    [
        "0/" + "a" * 256,
        "0/" + "é" * 128 + "?a=1,",
        "0/a?b=" + "x" * 8192,
        "0/a?" + "&" * 100 + ",",
        "0/a?" + "b=1&" * 101 + ",",
    ],
    ids=len,
)
def test_bounds(text):
    with pytest.raises(PacketDecodeError):
        decoder4(JSONParser()).add(text)


def test_within_the_bounds():
    token = "x" * (8192 - len("/a?token="))
    assert decoder4(JSONParser()).add(f"0/a?token={token},").data == {"token": token}
    assert decoder4(JSONParser(max_namespace_length=9000)).add(f"0/{'a' * 8999}").namespace == "/" + "a" * 8999


@pytest.mark.parametrize("unit", ["%41", "a=1&", "?", "+"])
def test_time_is_linear(unit):
    def receive(size: int) -> None:
        for _ in range(20):
            try:
                decoder4(JSONParser()).add("0/a?" + unit * (size // len(unit)))
            except PacketDecodeError:
                continue

    assert growth(receive, 4000) < 3
