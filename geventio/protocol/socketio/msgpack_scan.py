r"""A look at the structure of a msgpack message before anything is built from it.

The msgpack package allocates what an array's header announces, and one header of five bytes may announce as many items
as the message has bytes, level after level: gigabytes from a message of one megabyte. It has no limit of depth that can
be chosen, and it does not tell an ArrayBuffer of eight bytes from a Date. :func:`scan` bounds
the first two and answers the third; a message without suspicious bytes, as most are, passes after three looks in C::

    >>> list(scan(b"\x92\xc7\x08\x00\0\0\0\0\0\0\0\0\xd7\x00\0\0\0\0\0\0\0\0"))  # an ArrayBuffer, then a Date
    [True, False]
"""

import re
from collections.abc import Iterator
from itertools import repeat

from geventio.exceptions import PacketDecodeError
from geventio.protocol.json import MAX_DEPTH

__all__ = ["scan"]

_MAP, _ARRAY, _SKIP, _EXTENSION = range(4)
_MAX_LEVELS = MAX_DEPTH + 1  # the packet itself is a map


def scan(message: bytes) -> Iterator[bool]:
    """Return, for each extension of code 0 in *message* in order, whether its header gives a length: an ArrayBuffer.

    Raises PacketDecodeError for data nested over :data:`~geventio.protocol.json.MAX_DEPTH` levels, and for a header
    that announces more than the message can hold.
    """
    containers = message.translate(None, _NO_CONTAINER)  # as many as there can be; a string has such bytes too
    if (
        len(containers) <= _MAX_LEVELS
        and len(containers.translate(None, _SHORT_CONTAINER)) <= _FEW
        and _LONG_EXTENSION.search(message) is None
    ):
        return repeat(False)
    return iter(_walk(message))


def _walk(message: bytes) -> list[bool]:
    extensions: list[bool] = []
    levels: list[int] = []  # how many items are still to come in the containers around the current one
    missing = 1  # and in the current one
    due = 1  # and in all of them: no more than the bytes that are left, because the smallest item is one byte
    position, end = 0, len(message)
    while position < end:
        kind, width, size = _FORMATS[message[position]]
        position += 1
        if width:
            size += int.from_bytes(message[position : position + width], "big")
            position += width
        missing -= 1
        due -= 1
        if kind >= _SKIP:
            if kind == _EXTENSION and message[position : position + 1] == b"\0":
                extensions.append(width > 0)
            position += size
        else:
            if kind == _MAP:
                size *= 2
            due += size
            if due > end - position:
                raise PacketDecodeError("invalid msgpack: containers longer than their message")
            if len(levels) == _MAX_LEVELS:
                raise PacketDecodeError(f"msgpack nested over {MAX_DEPTH} levels")
            levels.append(missing)
            missing = size
        while not missing and levels:
            missing = levels.pop()
    return extensions  # what is cut off, or left over, the decoder finds


def _format(byte: int) -> tuple[int, int, int]:
    """Return what follows a first *byte*: (kind, bytes that give a length, bytes or items without them)."""
    if byte < 0x80 or byte >= 0xE0:
        return _SKIP, 0, 0  # small integers
    if byte < 0x90:
        return _MAP, 0, byte & 0x0F
    if byte < 0xA0:
        return _ARRAY, 0, byte & 0x0F
    if byte < 0xC0:
        return _SKIP, 0, byte & 0x1F  # short strings
    return _LONG_FORMATS[byte - 0xC0]


_LONG_FORMATS = (
    *[(_SKIP, 0, 0)] * 4,  # nil, (unused), false, true
    *[(_SKIP, width, 0) for width in (1, 2, 4)],  # binary
    *[(_EXTENSION, width, 1) for width in (1, 2, 4)],  # extensions: a code, then the data
    *[(_SKIP, 0, size) for size in (4, 8, 1, 2, 4, 8, 1, 2, 4, 8)],  # floats, integers
    *[(_EXTENSION, 0, 1 + size) for size in (1, 2, 4, 8, 16)],
    *[(_SKIP, width, 0) for width in (1, 2, 4)],  # strings
    *[(_ARRAY, width, 0) for width in (2, 4)],
    *[(_MAP, width, 0) for width in (2, 4)],
)
_FORMATS = tuple(map(_format, range(256)))
_FEW = 4  # containers that may each announce as many items as the message has bytes
_SHORT_CONTAINER = bytes(range(0x80, 0xA0))
_NO_CONTAINER = bytes(byte for byte in range(256) if _FORMATS[byte][0] >= _SKIP)
_LONG_EXTENSION = re.compile(rb"[\xc7-\xc9]")  # one whose header gives its length
