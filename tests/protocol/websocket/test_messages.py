"""Messages that a client sends, as it should."""

import gc
import sys

import pytest

from geventio.protocol.websocket import State

from .client_frames import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    client_frame,
    header,
    opened,
)

LENGTHS = [0, 1, 124, 125, 126, 127, 65_535, 65_536, 100_000]


@pytest.mark.parametrize("length", LENGTHS)
def test_whole_messages_of_every_length_form(length: int) -> None:
    protocol = opened()
    text = "x" * length
    assert protocol.receive_data(client_frame(TEXT, text.encode())) == [text]
    assert protocol.receive_data(client_frame(BINARY, text.encode())) == [text.encode()]
    assert protocol.state is State.OPEN
    assert not protocol.outgoing
    assert protocol.data_to_send() == []


def test_the_example_of_the_rfc() -> None:
    assert opened().receive_data(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == ["Hello"]


def test_several_messages_in_one_read() -> None:
    messages = ["a", b"b", "", b"", "é" * 40, "x" * 200, b"y" * 70_000, "last"]
    data = b"".join(
        client_frame(TEXT, message.encode()) if isinstance(message, str) else client_frame(BINARY, message)
        for message in messages
    )
    assert opened().receive_data(data) == messages


def test_nothing_received_is_nothing() -> None:
    protocol = opened()
    assert protocol.receive_data(b"") == []
    protocol.receive_data(b"\x81")
    assert protocol.receive_data(b"") == []
    assert protocol.state is State.OPEN


def test_fragments_make_one_message() -> None:
    protocol = opened()
    assert protocol.receive_data(client_frame(TEXT, b"Hel", fin=False)) == []
    assert protocol.receive_data(client_frame(CONTINUATION, b"", fin=False)) == []
    assert protocol.receive_data(client_frame(CONTINUATION, b"lo") + client_frame(BINARY, b"next")) == [
        "Hello",
        b"next",
    ]


def test_empty_fragments_make_an_empty_message() -> None:
    for opcode, message in ((TEXT, ""), (BINARY, b"")):
        data = client_frame(opcode, fin=False) + client_frame(CONTINUATION, fin=False) + client_frame(CONTINUATION)
        assert opened().receive_data(data) == [message]


def test_each_fragment_has_its_own_mask() -> None:
    data = client_frame(BINARY, b"abcde", fin=False, mask=b"\x01\x02\x03\x04") + client_frame(
        CONTINUATION, b"fghij", mask=b"\xff\x00\xaa\x55"
    )
    for size in range(1, len(data)):
        protocol = opened()
        messages = [m for at in range(0, len(data), size) for m in protocol.receive_data(data[at : at + size])]
        assert messages == [b"abcdefghij"]


def test_control_frames_between_fragments() -> None:
    protocol = opened()
    data = (
        client_frame(TEXT, b"a", fin=False)
        + client_frame(PING, b"1")
        + client_frame(CONTINUATION, b"b", fin=False)
        + client_frame(PONG, b"unasked")
        + client_frame(PING, b"2")
        + client_frame(CONTINUATION, b"c")
    )
    assert protocol.receive_data(data) == ["abc"]
    assert protocol.data_to_send() == [b"\x8a\x011", b"\x8a\x012"]


def test_a_character_may_be_cut_by_fragments() -> None:
    text = "aé€😀z"
    data = text.encode()
    for cut in range(len(data) + 1):
        protocol = opened()
        frames = client_frame(TEXT, data[:cut], fin=False) + client_frame(CONTINUATION, data[cut:])
        assert protocol.receive_data(frames) == [text], cut


def test_whole_frames_behind_a_partial_one_in_the_same_read() -> None:
    protocol = opened()
    data = client_frame(TEXT, b"first") + client_frame(TEXT, b"second") * 3 + client_frame(BINARY, b"cut")
    assert protocol.receive_data(data[:3]) == []
    assert protocol.receive_data(data[3:-1]) == ["first", "second", "second", "second"]
    assert protocol.receive_data(data[-1:]) == [b"cut"]


@pytest.mark.parametrize("read", [1, 1460, 16_384, 65_536])
def test_a_large_frame_in_many_reads(read: int) -> None:
    size = 100_000 if read == 1 else 1_000_000
    payload = bytes(range(251)) * (size // 251)
    data = client_frame(BINARY, payload, mask=b"\x81\x02\xf3\x54")
    protocol = opened()
    messages = [m for at in range(0, len(data), read) for m in protocol.receive_data(data[at : at + read])]
    assert messages == [payload]


def test_an_announced_length_takes_no_memory() -> None:
    protocols = [opened() for _ in range(100)]
    for protocol in protocols:
        protocol.receive_data(header(BINARY, 1_000_000) + b"x" * 10)
        assert sum(map(sys.getsizeof, _reachable(protocol))) < 1_000


def test_tiny_fragments_take_the_memory_of_their_bytes() -> None:
    protocol = opened()
    protocol.receive_data(client_frame(TEXT, b"x", fin=False))
    for _ in range(100):
        protocol.receive_data(client_frame(CONTINUATION, b"x", fin=False) * 1_000)
    assert protocol.state is State.OPEN
    assert sum(map(sys.getsizeof, _reachable(protocol))) < 100_000 * 1.25


def test_an_idle_connection_is_small() -> None:
    protocol = opened()
    protocol.receive_data(client_frame(TEXT, b"x" * 1_000, fin=False))
    protocol.receive_data(client_frame(CONTINUATION, b"y" * 1_000) + client_frame(PING, b"?"))
    protocol.data_to_send()
    assert not hasattr(protocol, "__dict__")
    assert sum(map(sys.getsizeof, _reachable(protocol))) < 200


def _reachable(protocol: object) -> list[object]:
    """The objects that this connection alone keeps alive: not classes, enum members or interned constants."""
    found = [protocol]
    for item in found:
        found += [
            referent
            for referent in gc.get_referents(item)
            if not isinstance(referent, type | int | State) and referent not in (None, b"")
        ]
    return found
