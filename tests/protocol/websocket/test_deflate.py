"""Compressed messages both ways: the examples of RFC 7692, every form of a message, and what context means."""

import random
import zlib

import pytest

from geventio.exceptions import WebSocketProtocolError
from geventio.option_groups import DeflateOptions
from geventio.protocol.websocket import (
    CloseCode,
    Deflater,
    Inflater,
    State,
    WebSocketProtocol,
    accept_deflate,
    encode_binary,
    encode_close,
    encode_text,
)
from geventio.protocol.websocket.deflate import MAX_STREAMS, ContextDeflater

from .client_frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, client_frame, close_frame, header, masked, opened
from .compressed_frames import (
    FLUSHED,
    compress,
    compressed_frame,
    compressing,
    flushed,
    fragments,
    inflate,
    server_frames,
)
from .test_violations import assert_failed

TEXTS = ["", "x", "Hello", "κόσμε 😀" * 40, "x" * 125, "x" * 126, "ab" * 40_000]
HELLO = bytes.fromhex("f2 48 cd c9 c9 07 00")


# -- RFC 7692, section 7.2.3


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("f2 48 cd c9 c9 07 00", id="7.2.3.1 one block"),
        pytest.param("00 05 00 fa ff 48 65 6c 6c 6f 00", id="7.2.3.3 without compression"),
        pytest.param("f3 48 cd c9 c9 07 00 00", id="7.2.3.4 BFINAL"),
        pytest.param("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", id="7.2.3.5 two blocks"),
    ],
)
def test_examples(payload: str) -> None:
    data = bytes.fromhex(payload)
    for context in (False, True):
        protocol = compressing(context=context)
        assert protocol.receive_data(compressed_frame(data) * 3) == ["Hello"] * 3
        assert protocol.receive_data(b"".join(fragments(data, 1, BINARY))) == [b"Hello"]


def test_example_of_fragments() -> None:
    assert compressing().receive_data(b"".join(fragments(HELLO, 3))) == ["Hello"]
    assert fragments(HELLO, 3)[0][0] == 0x41


def test_example_of_a_shared_window() -> None:
    second = bytes.fromhex("f2 00 11 00 00")
    protocol = compressing(context=True)
    assert protocol.receive_data(compressed_frame(HELLO) + compressed_frame(second)) == ["Hello", "Hello"]
    protocol = compressing()  # where no context was agreed on, nothing may be referred to
    assert protocol.receive_data(compressed_frame(HELLO) + compressed_frame(second)) == ["Hello"]
    assert_failed(protocol, CloseCode.INVALID_PAYLOAD_DATA)


@pytest.mark.parametrize("context", [False, True])
def test_nothing(context: bool) -> None:
    protocol = compressing(context=context)
    assert protocol.receive_data(compressed_frame(b"\0")) == [""]  # section 7.2.3.6
    assert protocol.receive_data(compressed_frame(b"", BINARY)) == [b""]
    assert protocol.receive_data(compressed_frame(HELLO)) == ["Hello"]
    assert protocol.receive_data(b"".join(fragments(HELLO, 3)[:1])) == []
    empty_fragment = header(CONTINUATION, 0, fin=False)
    assert protocol.receive_data(empty_fragment + fragments(HELLO, 3)[1] + fragments(HELLO, 3)[2]) == ["Hello"]


def test_server_example() -> None:
    """Section 7.2.3.1 again, as a server sends it, and 7.2.3.2."""
    accepted = accept_deflate("permessage-deflate", DeflateOptions(threshold=0, server_no_context_takeover=False), 100)
    assert accepted is not None
    assert accepted.deflater.deflate_frames(encode_text("Hello")) == bytes.fromhex("c1 07 f2 48 cd c9 c9 07 00")
    assert accepted.deflater.deflate_frames(encode_text("Hello")) == bytes.fromhex("c1 05 f2 00 11 00 00")


# -- in


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("context", [False, True])
def test_compressed_and_plain_messages_in_turn(text: str, context: bool) -> None:
    content = text.encode()
    talk = (
        compressed_frame(compress(content))
        + client_frame(TEXT, content)
        + client_frame(PING, b"p")
        + compressed_frame(compress(content), BINARY)
        + b"".join(fragments(compress(content), max(len(compress(content)) // 3, 1)))
        + client_frame(BINARY, content)
        + compressed_frame(compress(b"last"))
    )
    expected = [text, text, content, text, content, "last"]
    assert compressing(context=context).receive_data(talk) == expected
    for size in (1, 7, 1000):
        protocol = compressing(context=context)
        reads = [talk[at : at + size] for at in range(0, len(talk), size)]
        assert [message for data in reads for message in protocol.receive_data(data)] == expected
        assert protocol.data_to_send() == [b"\x8a\x01p"]


@pytest.mark.parametrize("bits", [9, 12, 15])
@pytest.mark.parametrize("client_keeps_context", [False, True])
def test_a_client_with_context(bits: int, client_keeps_context: bool) -> None:
    options = DeflateOptions(client_no_context_takeover=False)
    accepted = accept_deflate(f"permessage-deflate; client_max_window_bits={bits}", options, 1_000_000)
    assert accepted is not None
    protocol = WebSocketProtocol(1_000_000, accepted.inflater)
    chance = random.Random(7692)
    compressor = zlib.compressobj(6, zlib.DEFLATED, -bits)
    words = [chance.randbytes(chance.randrange(3, 30)).hex() for _ in range(200)]
    for _ in range(200):
        text = " ".join(chance.choices(words, k=chance.choice((0, 1, 20, 1000))))
        if not client_keeps_context:  # it may start anew at any message
            compressor = zlib.compressobj(6, zlib.DEFLATED, -bits)
        data = flushed(compressor, text.encode()) if text else b"\0"
        assert protocol.receive_data(b"".join(fragments(data, 700))) == [text]


def test_a_client_with_context_is_kept_as_its_window_alone() -> None:
    accepted = accept_deflate("permessage-deflate", DeflateOptions(client_no_context_takeover=False), 1_000_000)
    assert accepted is not None
    assert accepted.inflater.inflate(compress(b"x" * 100)) == b"x" * 100
    assert len(accepted.inflater._window) == 100  # type: ignore[attr-defined]
    accepted.inflater.inflate(compress(b"y" * 100_000))
    assert accepted.inflater._window == b"y" * 32_768  # type: ignore[attr-defined]


def test_streams_that_end_inside_a_message() -> None:
    ended = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = ended.compress(b"Hello") + ended.flush()
    for context in (False, True):
        protocol = compressing(context=context)
        assert protocol.receive_data(compressed_frame(stream)) == ["Hello"]  # without the byte of section 7.2.3.4
        assert protocol.receive_data(compressed_frame(stream + HELLO)) == ["HelloHello"]
        most = stream * (MAX_STREAMS - 1) + HELLO
        assert protocol.receive_data(compressed_frame(most)) == ["Hello" * MAX_STREAMS]
        protocol.receive_data(compressed_frame(stream + most))
        assert_failed(protocol, CloseCode.POLICY_VIOLATION)


def test_a_stream_that_ends_where_a_chunk_does() -> None:
    """Large messages are inflated 64 KiB at a time."""
    size = 32_768 - 5
    length = size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
    content = bytes(range(251)) * 131
    stream = b"\x00" + length + content[:size] + b"\x01" + length + content[:size]
    assert len(stream) == 65_536
    for context in (False, True):
        protocol = compressing(context=context)
        assert protocol.receive_data(compressed_frame(stream, BINARY)) == [content[:size] * 2]
        assert protocol.receive_data(compressed_frame(stream + HELLO, BINARY)) == [content[:size] * 2 + b"Hello"]
        protocol.receive_data(compressed_frame(stream[:-1], BINARY))
        assert_failed(protocol, CloseCode.INVALID_PAYLOAD_DATA)


COMPRESSED = compress(b"Hello, and hello, and hello again, " + bytes(range(256)))
VIOLATIONS = {
    "no deflate data": (1007, compressed_frame(b"\xff\xff\xff")),
    "cut": (1007, compressed_frame(COMPRESSED[:-10])),
    "cut in a block of a hundred bytes": (1007, compressed_frame(b"\x00\x64\x00\x9b\xff" + b"x" * 10)),
    "cut by a byte": (1007, compressed_frame(COMPRESSED[:-1])),
    "with the end that has to be left out": (1007, compressed_frame(COMPRESSED + FLUSHED[:1])),
    "a reference to before the beginning": (1007, compressed_frame(bytes.fromhex("f2 00 11 00 00"))),
    "noise behind a last block": (1007, compressed_frame(bytes.fromhex("f3 48 cd c9 c9 07 00 ff"))),
    "fragments of no deflate data": (1007, b"".join(fragments(b"\xff" * 9, 2))),
    "no UTF-8": (1007, compressed_frame(compress(b"\xff" * 50))),
    "UTF-8 cut": (1007, compressed_frame(compress("€".encode()[:-1]))),
    "RSV1 on a continuation": (
        1002,
        fragments(COMPRESSED, 20)[0] + header(CONTINUATION, 3, reserved=4) + masked(COMPRESSED[20:23]),
    ),
    "RSV1 on a continuation of a plain message": (
        1002,
        client_frame(TEXT, b"x", fin=False) + header(CONTINUATION, 1, reserved=4) + masked(b"x"),
    ),
    "RSV1 on a ping": (1002, header(PING, 0, reserved=4)),
    "RSV1 on a close": (1002, header(CLOSE, 0, reserved=4)),
    "RSV1 on a ping in a message": (1002, fragments(COMPRESSED, 20)[0] + header(PING, 0, reserved=4)),
    "RSV1 on an unknown opcode": (1002, header(3, 0, reserved=4)),
    "RSV2": (1002, header(TEXT, 0, reserved=2)),
    "RSV1 and RSV3": (1002, header(TEXT, 0, reserved=5)),
    "too big in its header": (1009, header(TEXT, 20_000, reserved=4)),
    "too big in fragments": (
        1009,
        header(BINARY, 9_000, fin=False, reserved=4) + bytes(9_000) + header(CONTINUATION, 9_000),
    ),
    "too big when inflated": (1009, compressed_frame(compress(b"x" * 10_001))),
    "too big when inflated, in fragments": (1009, b"".join(fragments(compress(b"x" * 10_001), 3))),
}


@pytest.mark.parametrize(("code", "data"), VIOLATIONS.values(), ids=VIOLATIONS)
@pytest.mark.parametrize("context", [False, True])
def test_violations(code: int, data: bytes, context: bool) -> None:
    protocol = compressing(10_000, context=context)
    assert protocol.receive_data(client_frame(TEXT, b"before") + data + compressed_frame(HELLO)) == ["before"]
    assert_failed(protocol, code)
    protocol = compressing(10_000, context=context)
    for at in range(len(data)):
        assert protocol.receive_data(data[at : at + 1]) == []
    assert_failed(protocol, code)


def test_an_error_holds_nothing_of_the_message() -> None:
    protocol = compressing()
    protocol.receive_data(compressed_frame(b"\xff" * 1000))
    assert protocol.error is not None
    assert protocol.error.__traceback__ is None
    assert protocol.error.__context__ is None


def test_a_compressed_message_is_refused_where_nothing_was_agreed_on() -> None:
    protocol = opened()
    protocol.receive_data(compressed_frame(HELLO))
    assert_failed(protocol, CloseCode.PROTOCOL_ERROR)


def test_a_message_that_arrives_while_closing_is_not_looked_into() -> None:
    protocol = compressing()
    first, second = fragments(HELLO, 4)
    assert protocol.receive_data(first) == []
    protocol.send_close(1001)
    rest = second + compressed_frame(b"\xff" * 20) + close_frame(1001)
    assert protocol.receive_data(rest) == []
    assert protocol.state is State.CLOSED
    assert protocol.error is None
    assert protocol.data_to_send() == [encode_close(1001)]


def test_what_cannot_be_compressed_may_be_as_large_as_what_can() -> None:
    noise = random.Random(1).randbytes(10_000)
    for mem_level in (1, 8):
        compressor = zlib.compressobj(9, zlib.DEFLATED, -9, mem_level)
        data = flushed(compressor, noise)
        assert len(data) > len(noise)
        assert compressing(10_000).receive_data(compressed_frame(data, BINARY)) == [noise]


# -- out


def test_frames_from_the_threshold_on() -> None:
    deflater = Deflater(DeflateOptions(threshold=100), 15)
    for size, compressed in ((0, False), (99, False), (100, True), (126, True), (70_000, True)):
        (frame,) = server_frames(deflater.deflate_frames(encode_text("x" * size)))
        assert (frame.fin, frame.opcode, frame.compressed) == (True, TEXT, compressed)
        assert (inflate(frame.payload) if compressed else frame.payload) == b"x" * size


def test_several_frames() -> None:
    deflater = Deflater(DeflateOptions(threshold=200), 15)
    text = "events " * 30
    frames = [encode_text(text), encode_binary(b"\0" * 300), encode_text("short"), encode_binary(b"x" * 199)]
    sent = server_frames(deflater.deflate_frames(b"".join(frames)))
    assert [(frame.opcode, frame.compressed) for frame in sent] == [
        (TEXT, True),
        (BINARY, True),
        (TEXT, False),
        (BINARY, False),
    ]
    assert inflate(sent[0].payload) == text.encode()
    assert inflate(sent[1].payload) == b"\0" * 300
    assert sent[2].payload == b"short"


def test_control_frames_are_never_compressed() -> None:
    deflater = Deflater(DeflateOptions(threshold=0), 15)
    for frame in (encode_close(1000, "x" * 100), encode_close(), encode_text(""), b"\x8a\x7d" + b"x" * 125):
        assert deflater.deflate_frames(frame) == frame


def test_what_would_become_longer_stays_as_it_is() -> None:
    noise = random.Random(2).randbytes(5_000)
    frame = encode_binary(noise)
    assert Deflater(DeflateOptions(), 15).deflate_frames(frame) is frame
    # With context the client has to see it, for what refers to it later.
    deflater = ContextDeflater(DeflateOptions(), 15)
    client = zlib.decompressobj(-15)
    for _ in range(2):
        (sent,) = server_frames(deflater.deflate_frames(frame))
        assert sent.compressed
        assert client.decompress(sent.payload + FLUSHED) == noise
    assert len(sent.payload) < 100


@pytest.mark.parametrize("level", [1, 6, 9])
@pytest.mark.parametrize("mem_level", [1, 9])
@pytest.mark.parametrize("bits", [9, 11, 15])
def test_every_setting_can_be_inflated_with_the_agreed_window(level: int, mem_level: int, bits: int) -> None:
    options = DeflateOptions(threshold=0, level=level, mem_level=mem_level)
    plain, context = Deflater(options, bits), ContextDeflater(options, bits)
    client = zlib.decompressobj(-bits)
    chance = random.Random(bits)
    for size in (1, 2, 200, 250, 251, 512, 2_000, 40_000, 100_000):
        text = "".join(chance.choices("abcdefgh", k=size))
        (sent,) = server_frames(plain.deflate_frames(encode_text(text)))
        assert (inflate(sent.payload, bits) if sent.compressed else sent.payload) == text.encode()
        (sent,) = server_frames(context.deflate_frames(encode_text(text)))
        assert client.decompress(sent.payload + FLUSHED) == text.encode()


def test_a_short_message_compresses_as_well_as_with_the_whole_window() -> None:
    chance = random.Random(3)
    for size in (300, 1_500, 8_000):
        text = " ".join(chance.choices(["alpha", "beta", "gamma", "delta"], k=size // 5))[:size]
        (sent,) = server_frames(Deflater(DeflateOptions(threshold=0), 15).deflate_frames(encode_text(text)))
        assert len(sent.payload) <= len(compress(text.encode())) * 1.02


def test_inflating_alone() -> None:
    inflater = Inflater(max_size=5)
    assert inflater.inflate(bytearray(HELLO)) == b"Hello"
    with pytest.raises(WebSocketProtocolError) as caught:
        inflater.inflate(compress(b"Hello!"))
    assert caught.value.code == CloseCode.MESSAGE_TOO_BIG
