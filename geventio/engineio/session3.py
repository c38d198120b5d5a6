"""A session of a client that speaks Engine.IO revision 3 (Socket.IO 1 and 2), where ``allow_eio3`` lets it in.

It differs in who sends the heartbeats and in the form of what leaves; its transports differ in what they receive. What
current clients cost does not change by it.
"""

from typing import ClassVar

from geventio.engineio.heartbeat import OlderHeartbeat
from geventio.engineio.prepared import Prepared, PreparedMessages
from geventio.engineio.prepared3 import for_revision3, frames_differ
from geventio.engineio.session import Session
from geventio.engineio.state import State
from geventio.engineio.transports.websocket import WebSocketTransport


class Session3(OlderHeartbeat, Session):
    """One session of revision 3. The id is a secret all the same, though it is the id of the client's Socket.IO socket
    too.
    """

    __slots__ = ()

    protocol: ClassVar = 3

    def send_messages(self, messages: list[str | bytes], *, compress: bool = True) -> None:
        """See Session."""
        self.send_prepared(PreparedMessages(messages, compress=compress))

    def send_prepared(self, prepared: Prepared) -> None:
        """See Session."""
        transport = self.transport
        if not isinstance(transport, WebSocketTransport):
            super().send_prepared(for_revision3(prepared))
        elif self.state is State.OPEN:
            if self.events is not None:
                self.events.sent_prepared(prepared)
            # A text's frame is shared with the clients of revision 4.
            transport.send_one(for_revision3(prepared) if frames_differ(prepared) else prepared)
