"""A polling session on its way to WebSocket (Engine.IO protocol, "Upgrade").

The client opens a WebSocket beside its polling and probes it; we answer, and release a GET that waits so that the
client can stop polling; when the client says ``upgrade``, the session changes transports in one step, and what waits
leaves over the new one. Until then nothing is sent over the WebSocket but the answer to the probe, so nothing can be
lost, doubled or overtaken. Whatever goes wrong with the WebSocket meanwhile ends the attempt and leaves the session
as it was.
"""

from typing import Final

from geventio.engineio.prepared import PROBE_PONG
from geventio.engineio.session import Session
from geventio.engineio.transports.base import Transport
from geventio.engineio.transports.polling import PollingTransport
from geventio.engineio.transports.websocket import WebSocketTransport
from geventio.protocol.engineio import Packet, PacketType
from geventio.runtime import Timer

NUDGE_INTERVAL: Final = 0.1
"""Seconds between two looks for a GET to release while the client prepares to change."""


class Upgrade:
    """One attempt; owns the new transport until the change."""

    __slots__ = ("_deadline", "_nudge", "_session", "transport")

    transport: WebSocketTransport

    def __init__(self, session: Session, upgrade_timeout: float) -> None:
        self._session = session
        timers = session.runtime.timers
        self._deadline: Timer = timers.allow(upgrade_timeout, self._timed_out)
        self._nudge: Timer | None = None

    def packet_received(self, packet: Packet) -> None:
        """``2probe``, then ``5``; anything else ends the attempt."""
        if packet.type is PacketType.PING and packet.data == "probe":
            self.transport.send_one(PROBE_PONG)
            if self._nudge is None:
                self._nudge_polling()
        elif packet.type is PacketType.UPGRADE:
            self._complete()
        else:
            self._fail()

    def message_received(self, data: str | bytes) -> None:  # noqa: ARG002
        """A message before the change makes no sense."""
        self._fail()

    def transport_closed(self, transport: Transport, reason: str, detail: str) -> None:  # noqa: ARG002
        """The WebSocket ended: the session goes on polling."""
        self._stop()

    def _nudge_polling(self) -> None:
        """Runs in the hub, again and again until the change."""
        polling = self._session.transport
        if isinstance(polling, PollingTransport):
            polling.nudge()
        self._nudge = self._session.runtime.timers.start(NUDGE_INTERVAL, self._nudge_polling)

    def _complete(self) -> None:
        self._stop()
        self._session.upgrade_finished(self.transport)

    def _timed_out(self) -> None:
        self._fail()

    def _fail(self) -> None:
        self._stop()
        self.transport.refuse()

    def cancel(self) -> None:
        """The session is over."""
        self._stop()
        self.transport.close([])

    def _stop(self) -> None:
        self._deadline.stop()
        if self._nudge is not None:
            self._nudge.stop()
        if self._session.upgrade is self:
            self._session.upgrade = None
