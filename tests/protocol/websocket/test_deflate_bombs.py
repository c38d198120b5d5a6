"""Messages that are small on the wire and large when inflated: what they cost is bounded by the limit."""

import time
import tracemalloc
import zlib

import pytest

from geventio.protocol.websocket import CloseCode

from ..cost import growth
from .client_frames import BINARY, TEXT
from .compressed_frames import compressed_frame, compressing, fragments
from .test_violations import assert_failed

LIMIT = 1_000_000
MEGABYTE = bytes(1 << 20)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """1 GB of zeros: a megabyte on the wire."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(compressor.compress(MEGABYTE) for _ in range(1024)) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert 1_000_000 < len(data) < LIMIT * 1.1
    return data[:-4]


@pytest.mark.parametrize("context", [False, True])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("fragment", [0, 60_000])
def test_a_gigabyte(bomb: bytes, context: bool, opcode: int, fragment: int) -> None:
    protocol = compressing(LIMIT, context=context)
    frames = fragments(bomb, fragment, opcode) if fragment else [compressed_frame(bomb, opcode)]
    reads = [frame[at : at + 65_536] for frame in frames for at in range(0, len(frame), 65_536)]
    started = time.thread_time()
    tracemalloc.start()
    try:
        for data in reads:
            assert protocol.receive_data(data) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_failed(protocol, CloseCode.MESSAGE_TOO_BIG)
    assert peak < 3.5 * LIMIT  # the compressed bytes, the inflated ones, and a copy of these while zlib gathers them
    assert time.thread_time() - started < 1


def test_the_limit_is_exact() -> None:
    for size, fits in ((LIMIT, True), (LIMIT + 1, False)):
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = compressor.compress(b"x" * size) + compressor.flush(zlib.Z_SYNC_FLUSH)
        protocol = compressing(LIMIT)
        assert protocol.receive_data(compressed_frame(data[:-4])) == (["x" * size] if fits else [])
        assert (protocol.error is None) is fits


def test_a_bomb_of_several_streams() -> None:
    ended = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = ended.compress(MEGABYTE[: LIMIT // 2]) + ended.flush()
    for streams, fits in ((2, True), (3, False)):
        protocol = compressing(LIMIT)
        messages = protocol.receive_data(compressed_frame(stream * streams, BINARY))
        assert messages == ([bytes(LIMIT)] if fits else [])
        if not fits:
            assert_failed(protocol, CloseCode.MESSAGE_TOO_BIG)


def test_very_many_empty_streams() -> None:
    """Each is two bytes, and would cost a copy of all that follow."""

    def refuse(streams: int) -> None:
        protocol = compressing(LIMIT)
        protocol.receive_data(compressed_frame(b"\x03\x00" * streams))
        assert_failed(protocol, CloseCode.POLICY_VIOLATION)

    assert growth(refuse, LIMIT // 8) < 3.2


def test_very_many_empty_blocks() -> None:
    """Five bytes each that inflate to nothing: as many as the wire's limit lets through, in linear time."""

    def receive(blocks: int) -> None:
        protocol = compressing(LIMIT)
        assert protocol.receive_data(compressed_frame(b"\x00\x00\x00\xff\xff" * blocks + b"\x00")) == [""]

    receive(LIMIT // 5)
    assert growth(receive, LIMIT // 20) < 3.2
