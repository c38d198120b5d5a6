"""How the bytes were cut into reads changes nothing: a conversation gives the same however it arrives."""

import random

import pytest

from geventio.protocol.websocket import WebSocketProtocol
from geventio.protocol.websocket.protocol import MAX_QUEUED_PONGS

from .client_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, client_frame, close_frame, opened
from .test_violations import VIOLATIONS

LIMIT = 10_000

TALK = b"".join(
    (
        client_frame(TEXT, b"2probe"),
        client_frame(PING, b""),
        client_frame(TEXT, "κόσμε".encode(), mask=b"\x00\x00\x00\x00"),
        client_frame(TEXT, "aé".encode()[:2], fin=False),
        client_frame(PING, bytes(range(125))),
        client_frame(CONTINUATION, "é😀".encode()[1:3], fin=False, mask=b"\xff\xfe\x01\x80"),
        client_frame(CONTINUATION, b"", fin=False),
        client_frame(PONG, b"pong"),
        client_frame(CONTINUATION, "😀".encode()[1:]),
        client_frame(BINARY, b""),
        client_frame(TEXT, b""),
        client_frame(BINARY, bytes(range(256))),
        client_frame(TEXT, "€".encode() * 100),
        client_frame(BINARY, b"\xff" * 200, fin=False) + client_frame(CONTINUATION, b""),
        client_frame(PING, b"last"),
    )
)

ENDINGS = {
    "no end": b"",
    "close": close_frame(1000, b"bye") + client_frame(TEXT, b"ignored"),
    "close without code": client_frame(CLOSE) + b"\xff\xff",
    **{name: data + client_frame(TEXT, b"ignored") for name, (_, data) in VIOLATIONS.items()},
}


def outcome(protocol: WebSocketProtocol, reads: list[bytes]) -> tuple[object, ...]:
    messages = [message for data in reads for message in protocol.receive_data(data)]
    error = protocol.error and (protocol.error.code, protocol.error.reason)
    return messages, protocol.data_to_send(), protocol.state, protocol.close_received, error


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_any_split_gives_the_same(ending: bytes) -> None:
    data = TALK + ending
    whole = outcome(opened(LIMIT), [data])
    assert len(whole[0]) >= 8
    for size in (1, 2, 7, 126, 1_000):
        assert outcome(opened(LIMIT), cut(data, size)) == whole, size
    chance = random.Random(6455)
    for _ in range(8):
        reads = []
        rest = data
        while rest:
            size = min(chance.choice((1, 2, 6, 14, 50, 400, 3_000)), len(rest))
            reads.append(rest[:size])
            rest = rest[size:]
        assert outcome(opened(LIMIT), reads) == whole, reads


def test_each_place_of_one_cut_gives_the_same() -> None:
    data = TALK + close_frame(4000, "später".encode())
    whole = outcome(opened(LIMIT), [data])
    for at in range(len(data) + 1):
        assert outcome(opened(LIMIT), [data[:at], data[at:]]) == whole, at


def test_too_many_pings_give_the_same() -> None:
    data = b"".join(client_frame(PING, b"%d" % n) for n in range(MAX_QUEUED_PONGS * 2)) + close_frame(1000)
    whole = outcome(opened(), [data])
    assert outcome(opened(), cut(data, 1)) == whole
    assert outcome(opened(), cut(data, 100)) == whole


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_any_split_gives_the_same_while_closing(ending: bytes) -> None:
    data = TALK + ending

    def closing() -> WebSocketProtocol:
        protocol = opened(LIMIT)
        protocol.receive_data(client_frame(TEXT, b"begun", fin=False) + client_frame(CONTINUATION, b"x" * 300)[:100])
        protocol.send_close(1001)
        protocol.receive_data(client_frame(CONTINUATION, b"x" * 300)[100:])
        return protocol

    whole = outcome(closing(), [data])
    assert whole[0] == []
    assert outcome(closing(), cut(data, 3)) == whole
    assert outcome(closing(), cut(data, 97)) == whole
