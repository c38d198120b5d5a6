"""What a server's frames look like, and which frames it refuses to build."""

import array
import importlib.util
import sys

import pytest

from geventio.protocol.websocket import (
    CloseCode,
    Opcode,
    encode_binary,
    encode_close,
    encode_frame,
    encode_text,
    frames,
)

from .client_frames import MASK, masked


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, b"\x81\x00"),
        (1, b"\x81\x01"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_lengths_take_their_shortest_form(length: int, header: bytes) -> None:
    text = "x" * length
    assert encode_text(text) == header + text.encode()
    assert encode_frame(Opcode.TEXT, text.encode()) == header + text.encode()
    binary_header = b"\x82" + header[1:]
    assert encode_binary(text.encode()) == binary_header + text.encode()
    assert encode_frame(Opcode.BINARY, text.encode()) == binary_header + text.encode()


def test_text_is_utf_8() -> None:
    assert encode_text("κόσμε") == b"\x81\x0a" + "κόσμε".encode()
    assert encode_text("é" * 63) == b"\x81\x7e\x00\x7e" + "é".encode() * 63


def test_a_lone_surrogate_has_no_utf_8() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_text("\ud800")


@pytest.mark.parametrize(
    "data",
    [
        b"\x01\x02\x03\x04",
        bytearray(b"\x01\x02\x03\x04"),
        memoryview(b"\x01\x02\x03\x04"),
        array.array("B", [1, 2, 3, 4]),
    ],
)
def test_binary_takes_anything_bytes_like(data: bytes) -> None:
    assert encode_binary(data) == b"\x82\x04\x01\x02\x03\x04"


def test_binary_counts_bytes_not_items() -> None:
    assert encode_binary(memoryview(array.array("I", [1, 2]))) == b"\x82\x08" + array.array("I", [1, 2]).tobytes()
    assert encode_binary(memoryview(b"abcdef")[::2]) == b"\x82\x03ace"


@pytest.mark.parametrize("data", ["text", 5, None])
def test_binary_refuses_what_is_not_bytes_like(data: bytes) -> None:
    with pytest.raises(TypeError):
        encode_binary(data)


def test_fragments() -> None:
    assert encode_frame(Opcode.TEXT, b"Hel", fin=False) == b"\x01\x03Hel"
    assert encode_frame(Opcode.CONTINUATION, b"lo") == b"\x80\x02lo"


@pytest.mark.parametrize(("opcode", "first"), [(Opcode.CLOSE, 0x88), (Opcode.PING, 0x89), (Opcode.PONG, 0x8A)])
def test_control_frames(opcode: int, first: int) -> None:
    assert encode_frame(opcode, b"x" * 125) == bytes((first, 125)) + b"x" * 125
    with pytest.raises(ValueError, match="at most 125 bytes"):
        encode_frame(opcode, b"x" * 126)
    with pytest.raises(ValueError, match="never fragmented"):
        encode_frame(opcode, b"", fin=False)


@pytest.mark.parametrize("opcode", [3, 7, 11, 15, 16, -1])
def test_unknown_opcodes(opcode: int) -> None:
    with pytest.raises(ValueError, match=f"opcode {opcode} is not one of RFC 6455"):
        encode_frame(opcode, b"")


def test_close() -> None:
    assert encode_close() == b"\x88\x00"
    assert encode_close(1000) == b"\x88\x02\x03\xe8"
    assert encode_close(CloseCode.GOING_AWAY, "bye") == b"\x88\x05\x03\xe9bye"
    assert encode_close(4999, "é" * 61) == b"\x88\x7c\x13\x87" + "é".encode() * 61
    assert encode_close(3000, "x" * 123) == b"\x88\x7d\x0b\xb8" + b"x" * 123


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_codes_that_may_be_sent(code: int) -> None:
    assert encode_close(code) == b"\x88\x02" + code.to_bytes(2, "big")


@pytest.mark.parametrize("code", [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 70_000])
def test_codes_that_may_not_be_sent(code: int) -> None:
    with pytest.raises(ValueError, match=f"close code {code} may not be sent"):
        encode_close(code)


def test_close_refuses_a_reason_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="at most 123 bytes in UTF-8, this one 124"):
        encode_close(1000, "é" * 62)
    with pytest.raises(ValueError, match="needs a close code"):
        encode_close(None, "why")


@pytest.mark.parametrize("code", ["1000", 1000.0, True, b"\x03\xe8"])
def test_close_refuses_a_code_of_another_type(code: int) -> None:
    with pytest.raises(TypeError, match="a close code is an int, not"):
        encode_close(code)


@pytest.mark.parametrize("reason", [b"bye", None, 5, array.array("B", [1])])
def test_close_refuses_a_reason_of_another_type(reason: str) -> None:
    with pytest.raises(TypeError, match="a close reason is a str, not"):
        encode_close(1000, reason)


def test_without_the_compiled_mask_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    spec = importlib.util.spec_from_file_location("frames_without_speedups", frames.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.apply_mask is not frames.apply_mask
    for payload in (b"", b"x", b"hello", bytes(1000)):
        assert module.apply_mask(payload, MASK) == frames.apply_mask(payload, MASK) == masked(payload)
