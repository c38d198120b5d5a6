"""What a client must not send: each is answered with its close code, and nothing behind it is read."""

import pytest

from geventio.protocol.websocket import CloseCode, State, WebSocketProtocol
from geventio.protocol.websocket.message import MAX_FRAGMENTS

from .client_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    client_frame,
    close_frame,
    header,
    masked,
    opened,
    sent_close_code,
)

VIOLATIONS = {
    "reserved bit 1": (1002, header(TEXT, 0, reserved=4)),
    "reserved bit 2": (1002, header(TEXT, 0, reserved=2)),
    "reserved bit 3": (1002, header(TEXT, 0, reserved=1)),
    "reserved bits on a control frame": (1002, header(PING, 0, reserved=7)),
    **{f"opcode {opcode}": (1002, header(opcode, 0)) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "text not masked": (1002, header(TEXT, 5, mask=None) + b"hello"),
    "long text not masked": (1002, header(TEXT, 500, mask=None)),
    "ping not masked": (1002, header(PING, 0, mask=None)),
    "fragmented ping": (1002, client_frame(PING, b"x", fin=False)),
    "fragmented pong": (1002, client_frame(PONG, b"x", fin=False)),
    "fragmented close": (1002, client_frame(CLOSE, b"", fin=False)),
    "ping of 126 bytes": (1002, header(PING, 126)),
    "close of 65,536 bytes": (1002, header(CLOSE, 65_536)),
    "short length in 16 bits": (1002, header(BINARY, 125, length_size=2)),
    "short text length in 16 bits": (1002, header(TEXT, 5, length_size=2) + masked(b"hello")),
    "zero length in 64 bits": (1002, header(BINARY, 0, length_size=8)),
    "16-bit length in 64 bits": (1002, header(BINARY, 65_535, length_size=8)),
    "64-bit length": (1002, header(BINARY, 1 << 63)),
    "64-bit length without its mask": (1002, header(BINARY, (1 << 64) - 1)[:10]),
    "too big, by a 16-bit length": (1009, header(BINARY, 10_001)[:4]),
    "too big, by a 64-bit length": (1009, header(TEXT, (1 << 63) - 1)[:10]),
    "too big, whole": (1009, client_frame(TEXT, b"x" * 10_001)),
    "too big, by its second fragment": (
        1009,
        client_frame(BINARY, b"x" * 5_000, fin=False) + header(CONTINUATION, 5_001),
    ),
    "continuation of nothing": (1002, client_frame(CONTINUATION, b"x")),
    "continuation of nothing, not the last": (1002, client_frame(CONTINUATION, b"x", fin=False)),
    "continuation after a whole message": (1002, client_frame(TEXT, b"x") + client_frame(CONTINUATION, b"x")),
    "text inside a message": (1002, client_frame(BINARY, b"x", fin=False) + client_frame(TEXT, b"x")),
    "binary inside a message": (1002, client_frame(TEXT, b"x", fin=False) + client_frame(BINARY, b"x")),
    "close of 1 byte": (1002, client_frame(CLOSE, b"\x03")),
    **{
        f"close code {code}": (1002, close_frame(code))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    "close reason not UTF-8": (1007, close_frame(1000, b"\xff")),
    "close reason cut": (1007, close_frame(1000, "é".encode()[:1])),
    "short text not UTF-8": (1007, client_frame(TEXT, b"\xff")),
    "short text cut": (1007, client_frame(TEXT, "x€".encode()[:-1])),
    "surrogate": (1007, client_frame(TEXT, b"\xed\xa0\x80")),
    "overlong": (1007, client_frame(TEXT, b"\xc0\xaf")),
    "beyond Unicode": (1007, client_frame(TEXT, b"\xf4\x90\x80\x80")),
    "long text not UTF-8": (1007, client_frame(TEXT, b"x" * 200 + b"\xff" + b"y" * 200)),
    "binary, then a text not UTF-8": (1007, client_frame(BINARY, b"\xff") + client_frame(TEXT, b"\xff")),
    "text cut by the last fragment": (
        1007,
        client_frame(TEXT, "x€".encode()[:2], fin=False) + client_frame(CONTINUATION, "€".encode()[1:2]),
    ),
    "text cut, then an empty last fragment": (
        1007,
        client_frame(TEXT, "x€".encode()[:2], fin=False) + client_frame(CONTINUATION),
    ),
    "fragment not UTF-8": (1007, client_frame(TEXT, b"\xff", fin=False)),
    "later fragment not UTF-8": (
        1007,
        client_frame(TEXT, "é".encode()[:1], fin=False) + client_frame(CONTINUATION, b"x", fin=False),
    ),
}

BEFORE = client_frame(TEXT, b"before") + client_frame(BINARY, b"too") + client_frame(PING, b"p")
AFTER = client_frame(CONTINUATION, b"x") + client_frame(TEXT, b"after") + close_frame(1000)


def assert_failed(protocol: WebSocketProtocol, code: int) -> None:
    assert protocol.state is State.CLOSING
    assert protocol.error is not None
    assert protocol.error.code == code
    assert sent_close_code(protocol) == code
    assert protocol.receive_data(AFTER) == []
    assert not protocol.outgoing
    assert protocol.state is State.CLOSING
    assert protocol.close_received is None


@pytest.mark.parametrize(("code", "data"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_alone(code: int, data: bytes) -> None:
    protocol = opened(max_message_size=10_000)
    protocol.receive_data(data)
    assert_failed(protocol, code)


@pytest.mark.parametrize(("code", "data"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_between_others_in_one_read(code: int, data: bytes) -> None:
    protocol = opened(max_message_size=10_000)
    messages = protocol.receive_data(BEFORE + data + AFTER)
    assert messages[:2] == ["before", b"too"]
    assert "after" not in messages
    assert protocol.outgoing is not None
    assert protocol.outgoing[0] == b"\x8a\x01p"
    assert_failed(protocol, code)


@pytest.mark.parametrize(("code", "data"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_byte_by_byte(code: int, data: bytes) -> None:
    protocol = opened(max_message_size=10_000)
    for at in range(len(data)):
        protocol.receive_data(data[at : at + 1])
    assert_failed(protocol, code)


@pytest.mark.parametrize(
    "prefix",
    [
        b"\xff",
        b"\xc0",
        b"\xf4\x90",
        b"\xe0\x80",
        b"\xf0\x80",
        b"\xc3(",
        "€".encode()[:2] + b"x",
        b"\xed\xa0\x80",  # the only one that its second byte already gives away
    ],
)
def test_text_fails_in_the_middle_of_a_frame(prefix: bytes) -> None:
    for before in (b"", b"x" * 7, "κόσμε".encode() * 100):
        payload = before + prefix
        protocol = opened()
        protocol.receive_data(header(TEXT, 100_000) + masked(payload)[:-1])
        assert protocol.state is State.OPEN
        protocol.receive_data(masked(payload)[-1:])
        assert_failed(protocol, CloseCode.INVALID_PAYLOAD_DATA)


@pytest.mark.parametrize("limit", [0, 1, 5, 124, 125, 126, 127, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_the_size_limit_is_exact(limit: int, opcode: int) -> None:
    payload = b"x" * limit
    message = payload.decode() if opcode == TEXT else payload
    protocol = opened(limit)
    assert protocol.receive_data(client_frame(opcode, payload)) == [message]
    assert protocol.receive_data(client_frame(opcode, payload) * 2) == [message, message]
    fragments = client_frame(opcode, payload[:1], fin=False) + client_frame(CONTINUATION, payload[1:])
    assert protocol.receive_data(fragments) == [message]
    assert protocol.receive_data(client_frame(PING, bytes(125))) == []
    assert protocol.state is State.OPEN
    for frames in (
        client_frame(opcode, payload + b"x"),
        client_frame(opcode, payload, fin=False) + client_frame(CONTINUATION, b"x"),
        client_frame(opcode, b"x", fin=False) + client_frame(CONTINUATION, payload),
    ):
        protocol = opened(limit)
        assert protocol.receive_data(frames) == []
        assert_failed(protocol, CloseCode.MESSAGE_TOO_BIG)


def test_fragments_without_end_are_bounded_in_bytes() -> None:
    protocol = opened(max_message_size=10_000)
    fragment = client_frame(CONTINUATION, b"x" * 1_000, fin=False)
    protocol.receive_data(client_frame(BINARY, b"", fin=False) + fragment * 10)
    assert protocol.state is State.OPEN
    protocol.receive_data(fragment)
    assert_failed(protocol, CloseCode.MESSAGE_TOO_BIG)


@pytest.mark.parametrize("payload", [b"", b"x"])
def test_fragments_without_end_are_bounded_in_number(payload: bytes) -> None:
    protocol = opened()
    fragment = client_frame(CONTINUATION, payload, fin=False)
    protocol.receive_data(client_frame(BINARY, payload, fin=False) + fragment * (MAX_FRAGMENTS - 1))
    assert protocol.state is State.OPEN
    protocol.receive_data(fragment)
    assert_failed(protocol, CloseCode.POLICY_VIOLATION)


def test_a_message_may_have_as_many_fragments_as_are_allowed() -> None:
    protocol = opened()
    fragment = client_frame(CONTINUATION, b"x", fin=False)
    data = client_frame(TEXT, b"x", fin=False) + fragment * (MAX_FRAGMENTS - 2) + client_frame(CONTINUATION, b"x")
    assert protocol.receive_data(data) == ["x" * MAX_FRAGMENTS]


def test_the_error_keeps_nothing_alive() -> None:
    protocol = opened()
    protocol.receive_data(client_frame(TEXT, b"x" * 100, fin=False) + b"\x00\x00")
    assert protocol.error is not None
    assert protocol.error.__traceback__ is None
    assert str(protocol.error) == "frame not masked (close code 1002)"
