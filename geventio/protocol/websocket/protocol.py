r"""The state of one WebSocket connection, the server's side (RFC 6455, sections 5 to 7).

Bytes from the client go in, messages come out; control frames are answered by what gathers in ``outgoing``::

    protocol = WebSocketProtocol(max_message_size=1_000_000)
    protocol.receive_data(client_frame(TEXT, b"hello") + client_frame(PING, b"?"))  # ["hello"]
    protocol.data_to_send()  # [encode_frame(PONG, b"?")]
    protocol.send_close(1001)  # state CLOSING
    protocol.receive_data(client_frame(CLOSE, b"\x03\xe9"))  # state CLOSED, close_received == (1001, "")

How bytes are read: a frame that lies whole in one read, which is nearly every frame, is unmasked and decoded in place
(``_receive_whole_frames``), and a read that is exactly one short text frame does not even enter that loop. Anything
else goes frame by frame through ``_receive``: data frames through a ``PartialMessage``, control frames once they are
whole (they are 131 bytes at most, so they wait in ``_head`` like an incomplete header). An idle connection holds
neither.
"""

from enum import Enum
from typing import Final, NamedTuple

from geventio.exceptions import WebSocketProtocolError
from geventio.protocol.websocket.deflate import Inflater
from geventio.protocol.websocket.frames import (
    MAX_CONTROL_PAYLOAD,
    CloseCode,
    Header,
    Opcode,
    apply_mask,
    encode_close,
    encode_frame,
    is_valid_close_code,
    parse_header,
)
from geventio.protocol.websocket.message import PartialMessage

# A client may ping as fast as the line carries, while each pong waits in memory until it is written. RFC 6455, section
# 5.5.3 lets a server answer only the latest of several unanswered pings, so from this many on it does.
MAX_QUEUED_PONGS: Final = 64

_PONG_BYTE: Final = 0x80 | Opcode.PONG


class State(Enum):
    """Where a connection stands; CONNECTING is the handshake's, before this object exists."""

    OPEN = "open"
    CLOSING = "closing"
    """We sent a close frame and the client has not."""
    CLOSED = "closed"
    """Close frames went both ways, or the stream ended."""


class Close(NamedTuple):
    """What a close frame said; *code* is 1005 where it had none (RFC 6455, section 7.1.5)."""

    code: int
    reason: str


# Module constants: looking up State.OPEN costs as much as unmasking a short frame on older interpreters.
_OPEN: Final = State.OPEN
_CLOSING: Final = State.CLOSING
_CLOSED: Final = State.CLOSED


class WebSocketProtocol:
    """One connection, from the 101 response to the end.

    *max_message_size* is in bytes; a message beyond it closes the connection with 1009 before it is buffered. With an
    *inflater*, whose limit is the same, the client may compress messages.
    """

    __slots__ = (
        "_head",
        "_inflater",
        "_message",
        "_short_frame",
        "close_received",
        "error",
        "max_message_size",
        "outgoing",
        "state",
    )

    def __init__(self, max_message_size: int, inflater: Inflater | None = None) -> None:
        self.max_message_size = max_message_size
        self._inflater = inflater
        self.state: State = _OPEN
        self.outgoing: list[bytes] | None = None
        """Control frames to send, oldest first; None while there are none. ``data_to_send`` takes them."""
        self.error: WebSocketProtocolError | None = None
        """How the client broke the protocol; everything that it sent afterwards is ignored."""
        self.close_received: Close | None = None
        """The client's close frame."""
        self._short_frame = min(max_message_size, 125) + 6
        self._message: PartialMessage | None = None  # begun and not ended
        self._head = b""  # an incomplete header, or an incomplete control frame

    def receive_data(self, data: bytes) -> list[str | bytes]:
        """Take bytes as they arrived; return the messages that they completed, in order: str for text, else bytes.

        Never raises for what a client sends: after a violation the messages before it are returned, the close frame
        that answers it is in ``outgoing``, ``state`` is CLOSING and ``error`` tells what was wrong.
        """
        between_frames = self._message is None and self.state is _OPEN and not self._head
        size = len(data)
        if between_frames and 6 <= size <= self._short_frame and data[0] == 0x81 and data[1] == size + 122:
            try:
                return [apply_mask(data[6:], data[2:6]).decode()]
            except UnicodeDecodeError:
                self._fail(_invalid_utf_8())
                return []

        messages: list[str | bytes] = []
        position = 0
        try:
            if between_frames:
                position = _receive_whole_frames(data, 0, self.max_message_size, messages)
            if position < size:
                self._receive(data, position, messages)
        except UnicodeDecodeError:
            self._fail(_invalid_utf_8())
        except WebSocketProtocolError as error:
            self._fail(error)
        return messages

    def data_to_send(self) -> list[bytes]:
        """Return the queued control frames, each whole, and forget them."""
        outgoing = self.outgoing
        self.outgoing = None
        return [] if outgoing is None else outgoing

    def send_close(self, code: int | None = None, reason: str = "") -> None:
        """Start the close handshake: queue a close frame, then discard what data still arrives.

        Does nothing unless the connection is open. Raises what ``encode_close`` raises for a wrong code or reason.
        """
        frame = encode_close(code, reason)
        if self.state is _OPEN:
            self._queue(frame)
            self.state = _CLOSING
            if self._message is not None:
                self._message.discard()

    def receive_eof(self) -> None:
        """The stream ended: nothing more will arrive."""
        self._end()

    def _receive(self, data: bytes, position: int, messages: list[str | bytes]) -> None:
        if self.error is not None:
            return
        if self._head:
            data = self._head + data
            self._head = b""
        end = len(data)
        while position < end and self.state is not _CLOSED:
            message = self._message
            if message is not None and message.remaining:
                position = self._receive_payload(message, data, position, messages)
            else:
                header = self._parse_header(data, position)
                if header is None or (header.opcode >= Opcode.CLOSE and header.end + header.length > end):
                    self._head = data[position:]
                    return
                if header.opcode >= Opcode.CLOSE:
                    position = header.end + header.length
                    self._receive_control(header.opcode, apply_mask(data[header.end : position], header.mask))
                else:
                    position = self._receive_payload(self._begin_frame(header), data, header.end, messages)
            if self._message is None and self.state is _OPEN:
                position = _receive_whole_frames(data, position, self.max_message_size, messages)

    def _parse_header(self, data: bytes, position: int) -> Header | None:
        message, inflater, limit = self._message, self._inflater, self.max_message_size
        if message is not None:
            return parse_header(data, position, message.room(limit))
        return parse_header(data, position, limit, None if inflater is None else inflater.max_compressed_size)

    def _receive_payload(self, message: PartialMessage, data: bytes, position: int, messages: list[str | bytes]) -> int:
        position = message.receive(data, position)
        if message.complete:
            self._message = None
            if not message.discarded:
                messages.append(message.content())
        return position

    def _begin_frame(self, header: Header) -> PartialMessage:
        message = self._message
        if header.opcode == Opcode.CONTINUATION:
            if message is None:
                raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "continuation of no message")
        elif message is not None:
            raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "message begun inside another")
        else:
            inflater = self._inflater if header.compressed else None
            message = self._message = PartialMessage(header.opcode, self.state is _CLOSING, inflater)
        message.begin_frame(header)
        return message

    def _receive_control(self, opcode: int, payload: bytes) -> None:
        if opcode == Opcode.PING:
            self._queue_pong(payload)
        elif opcode == Opcode.CLOSE:
            self._receive_close(payload)
        # A pong asks for nothing: heartbeats here are Engine.IO's, in data frames.

    def _receive_close(self, payload: bytes) -> None:
        if not payload:
            self.close_received = Close(CloseCode.NO_STATUS_RECEIVED, "")
            reply = encode_close()
        else:
            code = int.from_bytes(payload[:2], "big")
            if len(payload) < 2 or not is_valid_close_code(code):
                raise WebSocketProtocolError(CloseCode.PROTOCOL_ERROR, "invalid close code")
            self.close_received = Close(code, payload[2:].decode())
            reply = encode_close(code)  # section 5.5.1: the code is echoed; the client's words need not be
        if self.state is _OPEN:
            self._queue(reply)
        self._end()

    def _queue(self, frame: bytes) -> None:
        if self.outgoing is None:
            self.outgoing = [frame]
        else:
            self.outgoing.append(frame)

    def _queue_pong(self, payload: bytes) -> None:
        frame = encode_frame(Opcode.PONG, payload)
        outgoing = self.outgoing
        if outgoing is not None and len(outgoing) >= MAX_QUEUED_PONGS and outgoing[-1][0] == _PONG_BYTE:
            outgoing[-1] = frame
        else:
            self._queue(frame)

    def _fail(self, error: WebSocketProtocolError) -> None:
        self.error = error.with_traceback(None)  # its frames hold this object and what was read
        self._message = None
        self._head = b""
        if self.state is _OPEN:
            self._queue(encode_close(error.code, error.reason))
            self.state = _CLOSING

    def _end(self) -> None:
        self.state = _CLOSED
        self._message = None
        self._head = b""


def _invalid_utf_8() -> WebSocketProtocolError:
    return WebSocketProtocolError(CloseCode.INVALID_PAYLOAD_DATA, "invalid UTF-8")


def _receive_whole_frames(data: bytes, position: int, limit: int, messages: list[str | bytes]) -> int:
    """Append the unfragmented messages that lie whole in *data* from *position* on; return where they end.

    Stops, without judging, at the first frame that is anything else. Raises ``UnicodeDecodeError``.
    """
    end = len(data)
    while end - position >= 6:
        length = data[position + 1] - 0x80  # negative where the frame is not masked
        payload = position + 6
        if length > MAX_CONTROL_PAYLOAD:
            if length == 127:
                break
            length = data[position + 2] << 8 | data[position + 3]
            if length < 126:
                break
            payload = position + 8
        stop = payload + length
        if length < 0 or length > limit or stop > end:
            break
        first = data[position]
        if first == 0x81:
            messages.append(apply_mask(data[payload:stop], data[payload - 4 : payload]).decode())
        elif first == 0x82:
            messages.append(apply_mask(data[payload:stop], data[payload - 4 : payload]))
        else:
            break
        position = stop
    return position
