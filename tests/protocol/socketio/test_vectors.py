"""Socket.IO packets as the official parsers write and read them."""

import json

import msgpack
import pytest

from geventio.exceptions import PacketDecodeError
from geventio.protocol.socketio import JSONParser, Packet, PacketType
from geventio.protocol.socketio.msgpack_parser import MsgpackParser

from ..vectors import encoded, revive, suite


def packet(value) -> Packet:
    return Packet(PacketType(value["type"]), value["nsp"], revive(value.get("data")), value.get("id"))


def decode(messages) -> Packet | None:
    decoder = JSONParser().decoder()
    *first, last = messages
    for message in first:
        assert decoder.add(message) is None
    return decoder.add(last)


@pytest.mark.parametrize(**suite("sio5.packet"))
def test_encode(vector):
    messages = JSONParser().encode(packet(vector["input"]))
    if vector["name"] == "event_special_numbers":
        # The same number may be spelt 1e21 or 1e+21, which depends on the version of orjson.
        assert json.loads(messages[0][1:]) == json.loads(encoded(vector)[0][1:])
    else:
        assert messages == encoded(vector)


@pytest.mark.parametrize(**suite("sio5.packet"))
def test_decode_what_was_encoded(vector):
    assert decode(encoded(vector)) == packet(vector["input"])


@pytest.mark.parametrize(**suite("sio5.decode"))
def test_decode(vector):
    if vector["valid"]:
        assert decode(encoded(vector)) == packet(vector["decoded"])
    else:
        with pytest.raises(PacketDecodeError):
            decode(encoded(vector))


def without_javascript(message: bytes):
    """Return the map in *message* without what only JavaScript has: options, undefined, ArrayBuffer beside Buffer."""
    fields = msgpack.unpackb(message, ext_hook=lambda code, data: None if data == b"\0" else data)
    fields.pop("options", None)
    return {
        key: {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value
        for key, value in fields.items()
        if value is not None
    }


@pytest.mark.parametrize(**suite("sio5.msgpack"))
def test_msgpack_encode(vector):
    (message,) = MsgpackParser().encode(packet(vector["input"]))
    if vector["name"] == "event_undefined_date":
        assert message == bytes.fromhex(
            vector["encoded"].replace("d40000", "c0")
        )  # None is null, for want of undefined
    else:
        assert without_javascript(message) == without_javascript(encoded(vector))  # keys may come in any order


@pytest.mark.parametrize(**suite("sio5.msgpack"))
def test_msgpack_decode(vector):
    assert MsgpackParser().decoder().add(encoded(vector)) == packet(vector["input"])


@pytest.mark.parametrize(**suite("sio5.msgpack.decode_error"))
def test_msgpack_refuse(vector):
    with pytest.raises(PacketDecodeError):
        MsgpackParser().decoder().add(encoded(vector))
