"""One application message made ready to send: its wire forms are built when first asked for, and only once.

A broadcast hands the same object to every session, so a thousand clients cost one encoding for each form in use
(WebSocket frames, polling payload) and share its bytes::

    prepared = PreparedMessages(['2["news"]'])
    for session in sessions:
        session.send(prepared)
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from geventio.protocol.engineio import Packet, PacketType, encode_packet, encode_packet_base64
from geventio.protocol.websocket import encode_binary, encode_text

if TYPE_CHECKING:
    from geventio.engineio.prepared3 import PreparedMessages3


class PreparedMessages:
    """Engine.IO messages that belong together: a text and its attachments, or one binary message."""

    __slots__ = ("_base64_frames", "_compressed", "_frames", "_payload", "compress", "messages", "revision3")

    def __init__(self, messages: Sequence[str | bytes], *, compress: bool = True) -> None:
        self.messages = messages
        self.compress = compress
        """Whether the application allows compression of these messages."""
        self._frames: bytes | None = None
        self._base64_frames: bytes | None = None
        self._payload: str | None = None
        self._compressed: dict[tuple[Hashable, bytes], bytes] | None = None
        self.revision3: PreparedMessages3 | None = None
        """Its forms in Engine.IO revision 3, once a client of that revision is among the receivers."""

    def frames(self) -> bytes:
        """WebSocket frames, one after the other."""
        frames = self._frames
        if frames is None:
            messages = self.messages
            if len(messages) == 1 and type(messages[0]) is str:
                frames = encode_text("4" + messages[0])
            else:
                frames = b"".join(
                    encode_text("4" + message) if isinstance(message, str) else encode_binary(message)
                    for message in messages
                )
            self._frames = frames
        return frames

    def base64_frames(self) -> bytes:
        """WebSocket frames for a client that asked for text only (``b64`` in its query)."""
        if self._base64_frames is None:
            self._base64_frames = b"".join(encode_text(text) for text in self._texts())
        return self._base64_frames

    def payload(self) -> str:
        """Polling form: packets joined by the record separator."""
        if self._payload is None:
            self._payload = "\x1e".join(self._texts())
        return self._payload

    def compressed(self, how: Hashable, form: bytes, compress: Callable[[bytes], bytes]) -> bytes:
        """Return *form*, one of the above, compressed: by the first who asks, for all who name the same *how*."""
        forms = self._compressed
        if forms is None:
            forms = self._compressed = {}
        made = forms.get((how, form))
        if made is None:
            made = forms[how, form] = compress(form)
        return made

    def payload_size(self) -> int:
        """What its polling form takes of a buffer, about: characters."""
        return len(self.payload())

    def _texts(self) -> list[str]:
        return [encode_packet_base64(Packet(PacketType.MESSAGE, message)) for message in self.messages]


class PreparedControl:
    """One Engine.IO packet that is not a message, ready to send."""

    __slots__ = ("_frames", "_payload")

    compress = False

    def __init__(self, packet: Packet) -> None:
        text = encode_packet(packet)
        assert isinstance(text, str)
        self._payload = text
        self._frames = encode_text(text)

    def frames(self) -> bytes:
        """A WebSocket text frame."""
        return self._frames

    base64_frames = frames

    def payload(self) -> str:
        """Polling form; in revision 3 its length stands in front."""
        return self._payload

    def payload_size(self) -> int:
        """See PreparedMessages."""
        return len(self._payload)


Prepared = PreparedMessages | PreparedControl

CLOSE = PreparedControl(Packet(PacketType.CLOSE))
PING = PreparedControl(Packet(PacketType.PING))
PONG = PreparedControl(Packet(PacketType.PONG))
NOOP = PreparedControl(Packet(PacketType.NOOP))
PROBE_PONG = PreparedControl(Packet(PacketType.PONG, "probe"))
