"""Messages made ready to send to clients of Engine.IO revision 3, beside the forms of revision 4 (``prepared.py``).

A broadcast makes these forms once for all such clients, and only when there is one: a text is the same frame for both
revisions, a binary message has its type in front, and a polling body has lengths where revision 4 has separators.
"""

from collections.abc import Sequence

from geventio.engineio.prepared import Prepared, PreparedMessages
from geventio.protocol.engineio import Packet, PacketType, encode_packet3_base64
from geventio.protocol.engineio.packet3 import BINARY_MESSAGE
from geventio.protocol.engineio.payload3 import binary_piece, text_piece


def for_revision3(prepared: Prepared) -> Prepared:
    """*prepared* for a client of revision 3; a control packet is the same in both."""
    if type(prepared) is not PreparedMessages:
        return prepared
    made = prepared.revision3
    if made is None:
        made = prepared.revision3 = PreparedMessages3(prepared.messages, compress=prepared.compress)
    return made


def frames_differ(prepared: Prepared) -> bool:
    """Whether the WebSocket frames of *prepared* are others in revision 3."""
    return type(prepared) is PreparedMessages and any(type(message) is bytes for message in prepared.messages)


class PreparedMessages3(PreparedMessages):
    """Messages in the forms of revision 3."""

    __slots__ = ("_binary_payload",)

    def __init__(self, messages: Sequence[str | bytes], *, compress: bool = True) -> None:
        # What goes into a binary frame.
        typed = [message if isinstance(message, str) else BINARY_MESSAGE + message for message in messages]
        super().__init__(typed, compress=compress)
        self._binary_payload: bytes | None = None

    def payload(self) -> str:
        """Polling form for clients that cannot be sent binary, and of texts for all."""
        if self._payload is None:
            self._payload = "".join(map(text_piece, self._texts()))
        return self._payload

    def binary_payload(self) -> bytes:
        """Polling form for clients that can be sent binary, in a response that has some."""
        if self._binary_payload is None:
            self._binary_payload = b"".join(
                binary_piece("4" + message if isinstance(message, str) else message) for message in self.messages
            )
        return self._binary_payload

    def payload_size(self) -> int:
        """See PreparedMessages; about: the form that will be asked for is not known yet."""
        return sum(map(len, self.messages))

    @property
    def binary(self) -> bool:
        """Whether one of them is a binary message."""
        return any(type(message) is bytes for message in self.messages)

    def _texts(self) -> list[str]:
        return [
            "4" + message
            if isinstance(message, str)
            else encode_packet3_base64(Packet(PacketType.MESSAGE, message[len(BINARY_MESSAGE) :]))
            for message in self.messages
        ]
