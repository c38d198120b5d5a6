"""A WebSocket message that is still arriving: in fragments, or in one frame that spans several reads.

Most messages never need one of these: a frame that arrives whole is decoded where it lies. Here the rest is gathered,
at a cost that follows the bytes received and neither the bytes announced nor the number of pieces::

    message = PartialMessage(Opcode.TEXT)
    message.begin_frame(header)
    position = message.receive(data, header.end)  # unmasks, checks UTF-8, keeps
    if message.complete:
        text = message.content()
"""

from codecs import utf_8_decode
from typing import Final

from geventio.exceptions import WebSocketProtocolError
from geventio.protocol.websocket.deflate import Inflater
from geventio.protocol.websocket.frames import CloseCode, Header, Opcode, apply_mask

# Empty fragments never meet the size limit, so their number has one of its own. It leaves room for 4 MB in fragments of
# 64 bytes, the finest that the Autobahn test suite sends; the fragments themselves take no memory beyond their bytes.
MAX_FRAGMENTS: Final = 131_072


class PartialMessage:
    """What has arrived of one data message, and where its current frame stands. *inflater*: it is compressed."""

    __slots__ = (
        "_buffer",
        "_discarded",
        "_fin",
        "_fragments",
        "_inflater",
        "_mask",
        "_opcode",
        "_valid",
        "remaining",
        "size",
    )

    def __init__(self, opcode: int, discarded: bool = False, inflater: Inflater | None = None) -> None:
        self.remaining = 0
        """Bytes of the current frame's payload that have not arrived."""
        self.size = 0
        """Bytes that the message's frames announced so far."""
        self._opcode = opcode
        self._inflater = inflater
        self._buffer = bytearray()
        self._discarded = discarded
        self._fin = False
        self._fragments = 0
        self._mask = b""
        self._valid = 0  # how far the buffer is known to be UTF-8

    @property
    def complete(self) -> bool:
        """Whether the last frame has arrived whole."""
        return self._fin and not self.remaining

    @property
    def discarded(self) -> bool:
        """Whether nobody wants the content, so that the bytes are counted and dropped."""
        return self._discarded

    def room(self, limit: int) -> int:
        """How many bytes further frames may announce, where *limit* is that of a message's content."""
        return (limit if self._inflater is None else self._inflater.max_compressed_size) - self.size

    def discard(self) -> None:
        """Drop what was kept, and whatever follows."""
        self._discarded = True
        self._buffer.clear()

    def begin_frame(self, header: Header) -> None:
        """Expect the payload of the next frame of this message, whose size the caller has checked."""
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS:
            raise WebSocketProtocolError(CloseCode.POLICY_VIOLATION, "too many fragments")
        self._fin = header.fin
        self._mask = header.mask
        self.remaining = header.length
        self.size += header.length

    def receive(self, data: bytes, position: int) -> int:
        """Take what *data* has of the current frame from *position* on; return the position behind it.

        Raises ``UnicodeDecodeError`` for a text message as soon as its bytes cannot become UTF-8 any more, even in the
        middle of a frame (RFC 6455, section 8.1). One case is seen a byte late: the second byte of a surrogate. What is
        compressed is looked into when it is complete.
        """
        chunk = data[position : position + self.remaining]
        self.remaining -= len(chunk)
        if not self._discarded:
            self._buffer += apply_mask(chunk, self._mask)
            if self.remaining:
                turn = len(chunk) & 3  # the next chunk starts at another byte of the mask
                self._mask = self._mask[turn:] + self._mask[:turn]
            if self._opcode == Opcode.TEXT and self._inflater is None and not self.complete:
                self._check_utf_8()
        return position + len(chunk)

    def content(self) -> str | bytes:
        """Return the complete message.

        Raises ``UnicodeDecodeError`` for a text that is not UTF-8, and what ``Inflater.inflate`` raises.
        """
        content = self._buffer if self._inflater is None else self._inflater.inflate(self._buffer)
        return content.decode() if self._opcode == Opcode.TEXT else bytes(content)

    def _check_utf_8(self) -> None:
        # A character cut in two stays behind _valid and is looked at again with what follows. The views are released
        # explicitly: an exported bytearray cannot grow, and a traceback would keep them alive.
        with memoryview(self._buffer) as view, view[self._valid :] as unchecked:
            self._valid += utf_8_decode(unchecked, "strict", False)[1]
