"""WebSocket transport: the codec of ``protocol/websocket`` on a stream, packets up, frames down."""

from collections.abc import Callable
from typing import ClassVar, Final

from geventio.engineio.prepared import Prepared, PreparedMessages
from geventio.engineio.transports.base import TransportOwner
from geventio.exceptions import PARSE_ERROR, SEND_BUFFER_FULL, TRANSPORT_CLOSE, TRANSPORT_ERROR, PacketDecodeError
from geventio.protocol.engineio import PacketType, decode_packet
from geventio.protocol.websocket import AcceptedDeflate, CloseCode, Deflater, State, WebSocketProtocol, encode_text
from geventio.runtime import Receiver, Runtime, Stream, Timer

_OPEN: Final = State.OPEN  # an enum's attribute is slow, and this one is read for every message
LINGER: Final = 3.0
"""Seconds that the peer has to answer a close frame and to close its side of the connection."""


class WebSocketTransport:
    """One WebSocket connection."""

    __slots__ = ("_base64", "_deflater", "_linger", "_protocol", "_runtime", "_stream", "owner")

    name: Final = "websocket"
    bare_binary: ClassVar = True
    """Whether a binary frame is the content of a message and nothing else."""
    decode: ClassVar = staticmethod(decode_packet)
    """Reads any frame."""

    def __init__(
        self,
        make_stream: Callable[[Receiver], Stream],
        owner: TransportOwner,
        runtime: Runtime,
        *,
        max_message_size: int,
        max_send_buffer: int,
        base64: bool = False,
        deflate: AcceptedDeflate | None = None,
    ) -> None:
        self.owner = owner
        self._runtime = runtime
        self._base64 = base64  # the client's own request said that it can't read binary frames
        self._deflater = None if deflate is None else deflate.deflater  # shared by most, so it costs a client nothing
        self._protocol = WebSocketProtocol(max_message_size, None if deflate is None else deflate.inflater)
        self._linger: Timer | None = None
        self._stream = make_stream(self)
        self._stream.limit = max_send_buffer

    @property
    def writable(self) -> bool:
        """Whether the kernel took everything that was sent so far."""
        return not self._stream.buffered and self._protocol.state is State.OPEN

    @property
    def ended(self) -> bool:
        """Whether the connection is closed."""
        return self._stream.closed

    @property
    def buffered(self) -> int:
        """Bytes that wait for the kernel."""
        return self._stream.buffered

    def flush(self) -> None:
        """See Transport."""
        self._stream.flush()

    def when_drained(self, callback: Callable[[], None]) -> bool:
        """Call *callback* in the hub, once, when the kernel has taken what it refused.

        :returns: False when it has not refused anything.
        """
        return self._stream.when_drained(callback)

    def send(self, packets: list[Prepared]) -> bool:
        """Send *packets*; a client that reads too slowly for them is cut off."""
        for prepared in packets:
            self.send_one(prepared)
        return True

    def send_one(self, prepared: Prepared) -> None:
        """Send what others are sent too: a broadcast comes through here once for every client."""
        stream = self._stream
        frames = prepared.base64_frames() if self._base64 else prepared.frames()
        if self._deflater is not None and prepared.compress:
            frames = _deflated(prepared, frames, self._deflater)
        if not stream.write(frames) and stream.full:
            self._overflow()

    def send_messages(self, messages: list[str | bytes], compress: bool) -> None:
        """Send messages to this client alone: the path that most events take."""
        if len(messages) == 1 and type(text := messages[0]) is str:
            frame = encode_text("4" + text)
            if self._deflater is not None and compress:
                frame = self._deflater.deflate_frames(frame)
            if not self._stream.write(frame) and self._stream.full:
                self._overflow()
        else:
            self.send_one(PreparedMessages(messages, compress=compress))

    def data_received(self, data: bytes) -> None:
        """Runs in the hub: bytes of the peer."""
        protocol = self._protocol
        messages = protocol.receive_data(data)
        if protocol.outgoing and protocol.state is _OPEN:
            self._send_control_frames()  # a pong is due at once; a close frame would be the last word
        for message in messages:
            if self._linger is not None:  # closed by what an earlier message brought about
                break
            if type(message) is str and message[:1] == "4":
                self.owner.message_received(message[1:])
            elif type(message) is bytes and self.bare_binary:
                self.owner.message_received(message)
            else:
                self._receive_packet(message)
        if protocol.outgoing:
            self._send_control_frames()
        if protocol.state is not _OPEN:
            self._on_closing()

    def _send_control_frames(self) -> None:
        for frame in self._protocol.data_to_send():
            self._stream.write(frame)

    def _receive_packet(self, text: str | bytes) -> None:
        try:
            packet = self.decode(text)
        except PacketDecodeError as error:
            owner = self.owner
            self.close([])
            owner.transport_closed(self, PARSE_ERROR, str(error))
            return
        if packet.type is PacketType.MESSAGE:
            self.owner.message_received(packet.data)
        else:
            self.owner.packet_received(packet)

    def _on_closing(self) -> None:
        """The close handshake has begun, by whomever."""
        protocol = self._protocol
        if self._linger is None:  # not by us
            self._start_linger()
            if protocol.error is not None:
                self.owner.transport_closed(self, TRANSPORT_ERROR, protocol.error.reason)
            else:
                self.owner.transport_closed(self, TRANSPORT_CLOSE, "")
        if protocol.state is State.CLOSED or protocol.error is not None:
            self._stream.close_when_sent()

    def connection_lost(self, error: OSError | None) -> None:
        """Runs in the hub: the peer is gone."""
        self._protocol.receive_eof()
        if self._linger is not None:
            self._linger.stop()
            return
        self.owner.transport_closed(self, TRANSPORT_CLOSE, str(error or ""))

    def close(self, packets: list[Prepared], code: int | None = None) -> bool:
        """Send *packets*, then a close frame; the connection ends when the peer has answered, or soon."""
        if self._linger is None:
            self._start_linger()
            self.send(packets)
            self._protocol.send_close(code)
            self._send_control_frames()
        return True

    def refuse(self) -> None:
        """Close because the peer sent what makes no sense here."""
        self.close([], CloseCode.POLICY_VIOLATION)

    def abort(self) -> None:
        """Cut the connection."""
        (self._linger or self._start_linger()).stop()  # only the mark that this is over
        self._stream.close()

    def _overflow(self) -> None:
        self.abort()
        # In the hub: the one who sends may hold locks of the application, and must not hear of it here.
        self._runtime.soon(self.owner.transport_closed, self, TRANSPORT_ERROR, SEND_BUFFER_FULL)

    def _start_linger(self) -> Timer:
        self._linger = self._runtime.timers.start(LINGER, self._stream.close)
        return self._linger


def _deflated(prepared: Prepared, frames: bytes, deflater: Deflater) -> bytes:
    """*frames*, a form of *prepared*, as *deflater* compresses them: once for all clients, where it can be the same."""
    if len(frames) < deflater.threshold:
        return frames
    if deflater.shared and isinstance(prepared, PreparedMessages):
        return prepared.compressed(deflater, frames, deflater.deflate_frames)
    return deflater.deflate_frames(frames)
