"""Pings, pongs and the close handshake."""

import pytest

from geventio.protocol.websocket import Close, CloseCode, Opcode, State, encode_close, encode_frame
from geventio.protocol.websocket.protocol import MAX_QUEUED_PONGS

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
    opened,
    sent_close_code,
)


@pytest.mark.parametrize("payload", [b"", b"hi", bytes(125)])
def test_a_ping_is_answered_with_its_payload(payload: bytes) -> None:
    protocol = opened()
    assert protocol.receive_data(client_frame(PING, payload)) == []
    assert protocol.outgoing
    assert protocol.data_to_send() == [encode_frame(Opcode.PONG, payload)]
    assert not protocol.outgoing


def test_unasked_pongs_are_ignored() -> None:
    protocol = opened()
    assert protocol.receive_data(client_frame(PONG, b"x") * 1_000) == []
    assert not protocol.outgoing
    assert protocol.state is State.OPEN


def test_of_many_pings_the_last_is_answered() -> None:
    protocol = opened()
    protocol.receive_data(b"".join(client_frame(PING, b"%d" % n) for n in range(1_000)))
    pongs = protocol.data_to_send()
    assert len(pongs) == MAX_QUEUED_PONGS
    assert pongs[0] == encode_frame(Opcode.PONG, b"0")
    assert pongs[-1] == encode_frame(Opcode.PONG, b"999")


def test_pongs_that_nobody_takes_do_not_pile_up_over_reads() -> None:
    protocol = opened()
    for _ in range(1_000):
        protocol.receive_data(client_frame(PING, b"x"))
    assert len(protocol.data_to_send()) == MAX_QUEUED_PONGS


def test_a_pong_never_replaces_a_close_frame() -> None:
    protocol = opened()
    protocol.receive_data(client_frame(PING, b"x") * MAX_QUEUED_PONGS)
    protocol.send_close(1001)
    protocol.receive_data(client_frame(PING, b"y") * 2)
    frames = protocol.data_to_send()
    pong = encode_frame(Opcode.PONG, b"y")
    assert frames[MAX_QUEUED_PONGS:] == [encode_close(1001), pong]


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4999])
def test_the_client_closes(code: int) -> None:
    protocol = opened()
    data = client_frame(TEXT, b"last") + close_frame(code, "später".encode()) + client_frame(TEXT, b"after")
    assert protocol.receive_data(data) == ["last"]
    assert protocol.state is State.CLOSED
    assert protocol.close_received == Close(code, "später")
    assert protocol.error is None
    assert protocol.data_to_send() == [encode_close(code)]


def test_the_client_closes_without_a_code() -> None:
    protocol = opened()
    protocol.receive_data(client_frame(CLOSE))
    assert protocol.close_received == Close(CloseCode.NO_STATUS_RECEIVED, "")
    assert protocol.state is State.CLOSED
    assert protocol.data_to_send() == [b"\x88\x00"]


def test_a_close_frame_between_fragments_ends_the_message() -> None:
    protocol = opened()
    assert protocol.receive_data(client_frame(TEXT, b"x", fin=False) + close_frame(1000)) == []
    assert protocol.state is State.CLOSED
    assert protocol.receive_data(client_frame(CONTINUATION, b"y")) == []
    assert protocol.error is None


def test_everything_after_the_close_frame_is_ignored() -> None:
    protocol = opened()
    protocol.receive_data(close_frame(1000))
    protocol.data_to_send()
    for data in (client_frame(TEXT, b"x"), client_frame(PING), close_frame(1001), b"garbage" * 100, b"\x81"):
        assert protocol.receive_data(data) == []
    assert not protocol.outgoing
    assert protocol.error is None
    assert protocol.close_received == Close(1000, "")


def test_we_close() -> None:
    protocol = opened()
    protocol.send_close(1001, "restart")
    assert protocol.state is State.CLOSING
    assert protocol.data_to_send() == [encode_close(1001, "restart")]
    assert protocol.receive_data(client_frame(TEXT, b"crossed") + client_frame(BINARY, b"x" * 300)) == []
    assert protocol.state is State.CLOSING
    protocol.receive_data(close_frame(1001))
    assert protocol.state is State.CLOSED
    assert protocol.close_received == Close(1001, "")
    assert not protocol.outgoing


def test_we_close_without_a_code() -> None:
    protocol = opened()
    protocol.send_close()
    assert protocol.data_to_send() == [b"\x88\x00"]


def test_closing_twice_is_closing_once() -> None:
    protocol = opened()
    protocol.send_close(1000)
    protocol.send_close(1001)
    assert protocol.data_to_send() == [encode_close(1000)]
    protocol.receive_data(close_frame(1000))
    protocol.send_close(1001)
    assert not protocol.outgoing
    assert protocol.state is State.CLOSED


def test_a_wrong_code_or_reason_closes_nothing() -> None:
    protocol = opened()
    with pytest.raises(ValueError, match="1006"):
        protocol.send_close(1006)
    with pytest.raises(ValueError, match="123 bytes"):
        protocol.send_close(1000, "x" * 124)
    with pytest.raises(TypeError):
        protocol.send_close(1000, b"x")  # type: ignore[arg-type]
    assert protocol.state is State.OPEN
    assert not protocol.outgoing


def test_pings_are_answered_while_closing() -> None:
    protocol = opened()
    protocol.send_close(1000)
    protocol.data_to_send()
    protocol.receive_data(client_frame(PING, b"?"))
    assert protocol.data_to_send() == [encode_frame(Opcode.PONG, b"?")]


def test_we_close_while_a_fragmented_message_arrives() -> None:
    protocol = opened()
    protocol.receive_data(client_frame(TEXT, b"x" * 50_000, fin=False))
    protocol.send_close(1000)
    rest = client_frame(CONTINUATION, b"\xff not looked at", fin=False) + client_frame(CONTINUATION, b"z")
    assert protocol.receive_data(rest) == []
    protocol.receive_data(client_frame(BINARY, b"next") + close_frame(1000))
    assert protocol.state is State.CLOSED
    assert protocol.error is None


def test_we_close_in_the_middle_of_a_frame() -> None:
    frame = client_frame(BINARY, b"x" * 50_000)
    protocol = opened()
    protocol.receive_data(frame[:20_000])
    protocol.send_close(1000)
    assert protocol.receive_data(frame[20_000:40_001]) == []
    assert protocol.receive_data(frame[40_001:] + close_frame(1000)) == []
    assert protocol.state is State.CLOSED


def test_a_violation_while_closing_ends_reading() -> None:
    protocol = opened(max_message_size=1_000)
    protocol.send_close(1000)
    assert protocol.data_to_send() == [encode_close(1000)]
    protocol.receive_data(header(BINARY, 1_001))
    assert protocol.error is not None
    assert protocol.error.code == CloseCode.MESSAGE_TOO_BIG
    assert protocol.state is State.CLOSING
    assert not protocol.outgoing  # one close frame is all that may be sent
    protocol.receive_data(close_frame(1000))
    assert protocol.state is State.CLOSING


def test_the_stream_ends() -> None:
    protocol = opened()
    protocol.receive_data(client_frame(TEXT, b"x", fin=False) + b"\x80")
    protocol.receive_eof()
    assert protocol.state is State.CLOSED
    assert protocol.close_received is None
    assert protocol.receive_data(client_frame(CONTINUATION, b"y")) == []
    protocol.send_close(1000)
    assert not protocol.outgoing


def test_the_stream_ends_after_a_violation() -> None:
    protocol = opened()
    protocol.receive_data(b"\x00\x00")
    assert sent_close_code(protocol) == CloseCode.PROTOCOL_ERROR
    protocol.receive_eof()
    assert protocol.state is State.CLOSED
    assert protocol.error is not None
