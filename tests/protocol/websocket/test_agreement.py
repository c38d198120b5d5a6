"""Random conversations, right and wrong, judged by us and by another implementation: the sans-I/O core of websockets.

The seeds are fixed, so a failure comes back. Where RFC 6455 leaves room the other one is different on purpose, and
``agree`` says so: it does not ask for the shortest form of a length, judges a frame's size before the rest of its
header, and reads a close frame's reason before its code. It does not look into texts: ``judge`` does that for it.
"""

import codecs
import random

import pytest
from websockets.frames import Opcode
from websockets.protocol import Protocol, Side, State

from geventio.exceptions import WebSocketProtocolError
from geventio.protocol.websocket import CloseCode

from .client_frames import BINARY, CONTINUATION, PING, PONG, TEXT, client_frame, close_frame, opened

LIMIT = 5_000
ROUNDS = 200
# Behind a spoilt conversation: it completes whatever frame was announced, and is itself a frame that is not masked.
PADDING = bytes(LIMIT + 200)

LENIENT = ("length not in its shortest form", "length over 63 bits")

TEXTS = ("", "x", "hello", "κόσμε", "😀" * 30, "x" * 125, "x" * 126, "é" * 1_000)


def conversation(chance: random.Random) -> bytes:
    """Frames of a client that knows the rules."""
    frames = []
    for _ in range(chance.randrange(1, 12)):
        mask = chance.randbytes(4)
        kind = chance.randrange(10)
        if kind < 4:
            frames.append(client_frame(TEXT, chance.choice(TEXTS).encode(), mask=mask))
        elif kind < 6:
            frames.append(
                client_frame(BINARY, chance.randbytes(chance.choice((0, 1, 100, 125, 126, 3_000))), mask=mask)
            )
        elif kind < 7:
            frames.append(client_frame(chance.choice((PING, PONG)), chance.randbytes(chance.randrange(126)), mask=mask))
        elif kind < 9:
            payload = "aé€😀".encode() * chance.randrange(50)
            cuts = sorted(chance.randrange(len(payload) + 1) for _ in range(chance.randrange(1, 5)))
            pieces = [payload[start:end] for start, end in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
            for number, piece in enumerate(pieces):
                opcode = CONTINUATION if number else TEXT
                frames.append(client_frame(opcode, piece, fin=number == len(pieces) - 1, mask=mask))
                if not chance.randrange(3):
                    frames.append(client_frame(PING, b"between"))
        elif not chance.randrange(4):
            frames.append(
                close_frame(chance.choice((1000, 1001, 1005, 3000, 999)), chance.choice((b"", b"bye", b"\xff")))
            )
    return b"".join(frames)


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """The same with a few bytes changed, lost or added."""
    damaged = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(damaged) + 1)
        kind = chance.randrange(4)
        if kind == 0 and at < len(damaged):
            damaged[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del damaged[at : at + chance.randrange(1, 4)]
        elif kind == 2:
            damaged[at:at] = chance.randbytes(chance.randrange(1, 4))
        else:
            del damaged[at:]
    return bytes(damaged) + PADDING


def judge(data: bytes) -> tuple[list[str | bytes], list[bytes], int | None]:
    """Messages, pings and the code of the violation, as the other implementation sees them."""
    other = Protocol(Side.SERVER, state=State.OPEN, max_size=LIMIT)
    other.receive_data(data)
    messages: list[str | bytes] = []
    pings = []
    content = b""
    text = False
    for frame in other.events_received():
        if frame.opcode is Opcode.PING:
            pings.append(bytes(frame.data))
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            content = b""
            text = frame.opcode is Opcode.TEXT
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            content += frame.data
            try:
                decoded = codecs.getincrementaldecoder("utf-8")().decode(content, frame.fin) if text else ""
            except UnicodeDecodeError:
                return messages, pings, CloseCode.INVALID_PAYLOAD_DATA
            if frame.fin:
                messages.append(decoded if text else content)
    if other.parser_exc is None:
        return messages, pings, None
    assert other.close_sent is not None
    return messages, pings, other.close_sent.code


def agree(ours: WebSocketProtocolError | None, theirs: int | None) -> bool:
    if ours is None:
        return theirs is None
    if ours.reason in LENIENT:
        return True
    if ours.reason == "invalid close code":
        return theirs in (CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_PAYLOAD_DATA)
    if ours.code == CloseCode.PROTOCOL_ERROR:
        return theirs in (CloseCode.PROTOCOL_ERROR, CloseCode.MESSAGE_TOO_BIG)
    return theirs == ours.code


@pytest.mark.parametrize("seed", range(10))
def test_right_conversations(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(ROUNDS // 4):
        data = conversation(chance)
        protocol = opened(LIMIT)
        messages = protocol.receive_data(data)
        expected, pings, code = judge(data)
        assert messages == expected
        assert agree(protocol.error, code)
        pongs = [frame[2:] for frame in protocol.data_to_send() if frame[0] == 0x8A]
        assert pongs == pings


@pytest.mark.parametrize("seed", range(10))
def test_spoilt_conversations(seed: int) -> None:
    chance = random.Random(1_000 + seed)
    refused = 0
    for _ in range(ROUNDS):
        data = spoilt(conversation(chance), chance)
        protocol = opened(LIMIT)
        size = chance.choice((1, 10, 1_000, 100_000))
        messages = [m for at in range(0, len(data), size) for m in protocol.receive_data(data[at : at + size])]
        error = protocol.error
        refused += error is not None
        expected, _, code = judge(data)
        assert agree(error, code), data
        lenient = error is not None and error.reason in LENIENT
        assert messages == (expected[: len(messages)] if lenient else expected), data
    assert refused > ROUNDS // 2


@pytest.mark.parametrize("seed", range(10))
def test_noise(seed: int) -> None:
    chance = random.Random(2_000 + seed)
    for _ in range(ROUNDS):
        protocol = opened(LIMIT)
        for _ in range(3):
            protocol.receive_data(chance.randbytes(chance.randrange(100)))
        assert len(protocol.data_to_send()) <= 100
