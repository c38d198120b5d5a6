"""msgpack: what JavaScript writes in it, what it must not be made to build, and where it is missing."""

import datetime
import importlib
import sys
import tracemalloc

import msgpack
import pytest

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.socketio import Packet, PacketType
from geventio.protocol.socketio.msgpack_parser import MsgpackParser
from geventio.protocol.socketio.msgpack_scan import scan

from ..cost import growth
from ..vectors import EPOCH

HEAD = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data"


def add(message: bytes | str) -> Packet:
    return MsgpackParser().decoder().add(message)


def fields(**changes):
    packed = {"type": 2, "nsp": "/", "data": ["x"], **changes}
    return msgpack.packb({key: value for key, value in packed.items() if value is not ...})


def arguments(*encoded: bytes):
    """Return what comes out of an event whose arguments are *encoded*."""
    data = bytes((0x91 + len(encoded),)) + b"\xa1x" + b"".join(encoded)
    return add(HEAD + data).data[1:]


DATE = b"\xd7\x00" + (1500).to_bytes(8, "big")
AT = EPOCH + datetime.timedelta(milliseconds=1500)
UNDEFINED = b"\xd4\x00\x00"


def test_the_ways_of_an_array_buffer():
    assert arguments(b"\xc7\x03\x00abc", b"\xc8\x00\x03\x00abc", b"\xc9\x00\x00\x00\x03\x00abc") == [b"abc"] * 3
    assert arguments(b"\xc7\x00\x00") == [b""]


def test_an_array_buffer_is_no_date_and_not_undefined():
    eight = b"\xc7\x08\x00" + (1500).to_bytes(8, "big")
    assert arguments(UNDEFINED, DATE) == [None, AT]
    assert arguments(b"\xc7\x01\x00\x00", eight) == [b"\x00", (1500).to_bytes(8, "big")]
    assert arguments(DATE, eight, UNDEFINED, b"\xc7\x01\x00\x00", b"\xc4\x02\xc7\xd4") == [
        AT,
        (1500).to_bytes(8, "big"),
        None,
        b"\x00",
        b"\xc7\xd4",
    ]


def test_the_timestamp_of_msgpack_itself():
    stamp = msgpack.packb(msgpack.Timestamp(7))
    seven = EPOCH + datetime.timedelta(seconds=7)
    assert arguments(stamp, b"\xc7\x01\x00\x00", DATE) == [seven, b"\x00", AT]


@pytest.mark.parametrize(
    "extension",
    [b"\xd4\x01\x00", b"\xd4\x00\x01", b"\xd5\x00\x00\x00", b"\xd6\x00abcd", b"\xd8\x00" + bytes(16), b"\xc7\x01\x05x",
     b"\xd7\x00\x7f" + bytes(7), b"\xd7\x00\x80" + bytes(7), b"\xd7\xff\xff" + bytes(7),
     b"\xd4\xff\x00", b"\xc7\x0c\xff" + b"\xff" * 12],
)  # fmt: skip
def test_other_extensions(extension):
    with pytest.raises(PacketDecodeError):
        arguments(extension)


def test_dates_are_sent_to_the_millisecond():
    parser = MsgpackParser()
    before = datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=datetime.timezone.utc)
    naive = datetime.datetime(1970, 1, 1, 0, 0, 1, 500999)
    (message,) = parser.encode(Packet(PacketType.EVENT, "/", ["x", before, naive, AT.date()]))
    assert parser.decoder().add(message).data == ["x", before, AT, "1970-01-01"]


def test_integers_beyond_64_bits():
    with pytest.raises(TypeError, match="beyond 64 bits"):
        MsgpackParser().encode(Packet(PacketType.EVENT, "/", ["x", 2**64]))


@pytest.mark.parametrize(
    "message",
    [
        "0",
        fields()[:-1],
        fields() + b"\x00",
        b"\x90",
        b"\xc0",
        fields(type=5),
        fields(type=-1),
        fields(type=True),
        fields(type=2.0),
        fields(type=...),
        fields(type=2**63),
        fields(nsp=None),
        fields(nsp=b"/"),
        fields(nsp=...),
        fields(id="1"),
        fields(id=-1),
        fields(id=2**53 + 1),
        fields(id=True),
        fields(id=1.0),
        fields(data=None),
        fields(data=...),
        fields(type=3, data=...),
        fields(type=4, data=...),
        fields(type=1, data={}),
        b"\x81\x90\x01",
        b"\x81\x01\x01",
        b"\x81\xa1\xff\x01",
    ],
)
def test_malformed(message):
    with pytest.raises(PacketDecodeError):
        add(message)


def test_absent_is_nil_or_undefined_too():
    for data in (b"\xc0", UNDEFINED):
        message = b"\x84\xa4type\x00\xa3nsp\xa1/\xa4data" + data + b"\xa2id" + data
        assert add(message) == Packet(PacketType.CONNECT)


def test_unknown_keys_are_ignored():
    assert add(fields(options={"compress": True}, extra=[1])) == Packet(PacketType.EVENT, "/", ["x"])


def test_containers_that_announce_more_than_there_is():
    message = HEAD + b"\xdd\x00\x03\xff\xff" * 200_000  # would build a gigabyte level by level
    tracemalloc.start()
    with pytest.raises(PacketDecodeError, match="longer than their message"):
        add(message)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(message)


@pytest.mark.parametrize(
    "container", [b"\xdc\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xde\xff\xff", b"\xdf\xff\xff\xff\xff"]
)
@pytest.mark.parametrize("times", [1, 10])
def test_each_long_container(container, times):
    with pytest.raises(PacketDecodeError):
        add(HEAD + b"\x92\xa1x" + container * times)


@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a", b"\xdc\x00\x01", b"\xde\x00\x01\xa1a"])
def test_depth_without_end(opening):
    with pytest.raises(PacketDecodeError, match="nested over 64 levels"):
        add(HEAD + opening * 10_000 + b"\x01")


def test_the_scan_knows_every_format():
    sample = [None, True, 1, -1, 200, 2**15, 2**31, 2**63, -200, -(2**15), -(2**31), -(2**63), 1.5, "é" * 10, "x" * 100]
    sample += ["x" * 300, "x" * 70_000, b"x" * 10, b"x" * 300, b"x" * 70_000, [], {}, [1] * 20, [1] * 70_000]
    sample += [{str(n): [n] for n in range(20)}, {str(n): n for n in range(70_000)}, 7]
    sample += [msgpack.ExtType(5, b"x" * size) for size in (1, 2, 3, 4, 8, 16, 300, 70_000)]
    inside = [[*sample, marker] for marker in (msgpack.ExtType(0, b"x" * 3), msgpack.ExtType(0, b"x" * 8))]
    assert list(scan(msgpack.packb(inside))) == [True, False]
    packed_float = msgpack.packb([1.5], use_single_float=True)
    assert list(scan(b"\xdc\x00\x06" + packed_float * 5 + b"\xc7\x01\x00x")) == [True]


@pytest.mark.parametrize(
    "unit", [b"\x90", b"\x01", b"\xa1x", b"\x91\x01", b"\xdc\x00\x01\x01", b"\xc7\x01\x00x", b"\xd4\x00\x00"]
)
def test_time_is_linear(unit):
    def receive(size: int) -> None:
        count = size // len(unit)
        add(HEAD + b"\xdd" + (count + 1).to_bytes(4, "big") + b"\xa1x" + unit * count)

    assert growth(receive, 20_000) < 3


def test_the_missing_package_is_named(monkeypatch):
    name = "geventio.protocol.socketio.msgpack_parser"
    monkeypatch.setitem(sys.modules, "msgpack", None)
    monkeypatch.delitem(sys.modules, name)
    module = importlib.import_module(name)
    with pytest.raises(ConfigurationError, match=r"pip install 'geventio\[msgpack\]'"):
        module.MsgpackParser()
