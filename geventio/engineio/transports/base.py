"""What a session and a transport ask of each other.

A transport moves Engine.IO packets and nothing else. Its owner is the session, or an upgrade that is still on
probation.
"""

from typing import Protocol

from geventio.engineio.prepared import Prepared
from geventio.protocol.engineio import Packet


class TransportOwner(Protocol):
    """Who gets what a transport receives. Called in the hub or in the greenlet of a request; must not block."""

    def message_received(self, data: str | bytes, /) -> None:
        """A message: its content, without the packet type."""

    def packet_received(self, packet: Packet, /) -> None:
        """Any other packet."""

    def transport_closed(self, transport: "Transport", reason: str, detail: str, /) -> None:
        """The transport ended by itself; *reason* is an Engine.IO close reason, *detail* says more."""


class Transport(Protocol):
    """One way to move packets."""

    owner: TransportOwner

    @property
    def name(self) -> str:
        """``polling`` or ``websocket``."""

    @property
    def writable(self) -> bool:
        """Whether a packet would leave at once: what decides about volatile ones."""

    @property
    def buffered(self) -> int:
        """Bytes that wait in the transport."""

    def flush(self) -> None:
        """Hand what waits for the end of the hub's turn to the kernel now; what waits then, waits for the client."""

    def send(self, packets: list[Prepared], /) -> bool:
        """Send *packets* in order.

        :returns: False when the transport cannot take them now; they stay with the owner.
        """

    def close(self, packets: list[Prepared], /) -> bool:
        """Send *packets*, then say goodbye and end.

        :returns: False when that has to wait for the client's next request.
        """

    def abort(self) -> None:
        """End now, without a word."""
