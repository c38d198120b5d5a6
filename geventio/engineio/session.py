"""One client: its transport, its heartbeat, what waits to be sent, and one state that says how far it has come.

A session is told what happened by its transport (:class:`~geventio.engineio.transports.base.TransportOwner`) and
tells its handler (:class:`SessionHandler`); neither knows the other.
"""

import logging
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from geventio.engineio.conn_events import ConnEvents, Watchable
from geventio.engineio.heartbeat import Heartbeat
from geventio.engineio.prepared import Prepared, PreparedMessages
from geventio.engineio.request import KeptRequest
from geventio.engineio.state import MOVES, InvalidState, State
from geventio.engineio.transports.base import Transport
from geventio.engineio.transports.polling import PollingTransport
from geventio.engineio.transports.websocket import WebSocketTransport
from geventio.exceptions import (
    FORCED_CLOSE,
    FORCED_SERVER_CLOSE,
    SEND_BUFFER_FULL,
    SERVER_SHUTTING_DOWN,
    TRANSPORT_CLOSE,
    TRANSPORT_ERROR,
)
from geventio.options import EngineOptions
from geventio.protocol.engineio import Packet, PacketType
from geventio.runtime import Runtime, get_ident

if TYPE_CHECKING:
    from geventio.engineio.upgrade import Upgrade

logger = logging.getLogger("geventio.engineio")

CLOSE_GRACE: Final = 30.0
"""Seconds that a polling client has to fetch the news that its session was closed (as in Node.js)."""

# Looked up for every message: the attribute of an enum costs ten times a global's.
_OPEN: Final = State.OPEN


class SessionHandler(Protocol):
    """Who a session works for. Called in the hub or in a request's greenlet; must not block."""

    def on_message(self, data: str | bytes, /) -> None:
        """A message of the client."""

    def on_close(self, reason: str, detail: str, /) -> None:
        """The client is gone, once; *reason* is a close reason, *detail* says more or is empty."""


class SessionOwner(Protocol):
    """The engine, as its sessions see it."""

    options: EngineOptions

    def session_closed(self, session: "Session", /) -> None:
        """The session's id is void."""

    def note_slow_client(self) -> None:
        """What waited for a client was dropped with it."""


class Session(Heartbeat, Watchable):
    """One Engine.IO session. ``id`` is a secret that stands for the client: never log it."""

    __slots__ = (
        "_engine",
        "_outbox",
        "events",
        "handler",
        "id",
        "outbox_size",
        "request",
        "runtime",
        "state",
        "transport",
        "upgrade",
    )

    protocol: ClassVar = 4
    """The revision of Engine.IO that the client speaks."""
    handler: SessionHandler
    transport: Transport
    _engine: SessionOwner

    def __init__(self, engine: SessionOwner, session_id: str, request: KeptRequest, runtime: Runtime) -> None:
        self.id = session_id
        self.request = request
        """The handshake's request."""
        self.runtime = runtime
        self.state = State.OPEN
        self.upgrade: Upgrade | None = None
        self._engine = engine
        self._outbox: list[Prepared] | None = None  # what waits for a GET; always None on WebSocket
        self.outbox_size = 0
        self.events: ConnEvents | None = None  # once somebody listens
        self._start_heartbeat()

    def _move(self, state: State) -> None:
        if state not in MOVES[self.state]:
            raise InvalidState(f"a session does not go from {self.state.name} to {state.name}")
        self.state = state

    # -- out

    @property
    def buffered(self) -> int:
        """Bytes that wait to be sent, in the session and in its transport."""
        return self.outbox_size + self.transport.buffered

    @property
    def writable(self) -> bool:
        """Whether a packet sent now would leave at once."""
        return self.transport.writable and not self._outbox

    def send(self, data: str | bytes | bytearray | memoryview) -> None:
        """Send one message: text, or bytes as a binary message. Never blocks; nothing is sent once the session is
        closed.

        :raises TypeError: for anything else.
        """
        if isinstance(data, (bytearray, memoryview)):
            data = bytes(data)
        elif not isinstance(data, (str, bytes)):
            raise TypeError(f"a message is text or bytes, not {type(data).__name__}")
        if get_ident() != self.runtime.thread:
            self.runtime.threads.post(self.send_messages, [data])
        else:
            self.send_messages([data])

    def send_messages(self, messages: list[str | bytes], *, compress: bool = True) -> None:
        """Send messages that belong together to this client alone. Never blocks."""
        transport = self.transport
        if type(transport) is WebSocketTransport and self.state is _OPEN:
            transport.send_messages(messages, compress)
            if self.events is not None:
                self.events.sent(messages)
        else:
            self.send_prepared(PreparedMessages(messages, compress=compress))

    def send_prepared(self, prepared: Prepared) -> None:
        """Send what others may be sent too. Never blocks."""
        if self.state is not _OPEN:
            return
        if self.events is not None:
            self.events.sent_prepared(prepared)
        transport = self.transport
        if type(transport) is WebSocketTransport:
            transport.send_one(prepared)
            return
        size = prepared.payload_size()
        if self.outbox_size > self._engine.options.max_send_buffer:
            # Packets that wait for the end of the turn alone are no sign of a slow client.
            self.flush()
            if self._outbox is not None:
                self._forget()
                self.runtime.soon(self._lost, TRANSPORT_ERROR, SEND_BUFFER_FULL)
                return
        self.outbox_size += size
        if self._outbox is None:
            self._outbox = [prepared]
            if transport.writable:
                self.runtime.at_end_of_turn(self.flush)
        else:
            self._outbox.append(prepared)

    def flush(self) -> None:
        """Hand over to the transport what waits, if it can take it now."""
        outbox = self._outbox
        if outbox is not None and self.state is State.OPEN and self.transport.send(outbox):
            self._outbox = None
            self.outbox_size = 0
            if self.events is not None:
                self.events.look()

    # -- in

    def message_received(self, data: str | bytes) -> None:
        """A message of the client (see TransportOwner)."""
        if not self._extended:
            self._extend_deadline()
        if self.state is _OPEN:
            if self.events is not None:
                self.events.received(PacketType.MESSAGE, data)
            self.handler.on_message(data)

    def packet_received(self, packet: Packet) -> None:
        """Any other packet of the client (see TransportOwner)."""
        kind = packet.type
        if self.events is not None:
            self.events.received(kind, packet.data)
        if kind is PacketType.PONG:
            self._pong_received()
            return
        if not self._extended:
            self._extend_deadline()
        if kind is PacketType.PING:
            self._ping_received()
        elif kind is PacketType.CLOSE:
            if isinstance(self.transport, PollingTransport):
                self.transport.nudge()
            self._end(TRANSPORT_CLOSE, "")
        # OPEN, UPGRADE and NOOP of a client mean nothing here, and Node.js ignores them too.

    # -- the end

    def close(self, reason: str = "") -> None:
        """End the session: send what waits, then say goodbye. Never blocks. The handler hears *reason*, or Engine.IO's
        own.
        """
        if get_ident() != self.runtime.thread:
            self.runtime.threads.post(self.close, reason)
            return
        if self.state is not State.OPEN:
            return
        self._prepare_goodbye(reason)
        if self.transport.close(self._outbox or []):
            self._finish(reason or FORCED_CLOSE, "", abort=False)
            return
        # A polling client without a GET: it hears of it when it asks next.
        self._move(State.CLOSING)
        self._outbox = None
        self._timer.stop()
        self._timer = self.runtime.timers.start(CLOSE_GRACE, self._forget)
        self._tell(reason or FORCED_SERVER_CLOSE, "")

    def _prepare_goodbye(self, reason: str) -> None:
        if reason == SERVER_SHUTTING_DOWN and isinstance(self.transport, PollingTransport):
            self.transport.away = True

    def shut_down(self, reason: str) -> None:
        """End the session now, for good: the server closes. Its handler hears *reason*."""
        if self.state is State.OPEN:
            self._prepare_goodbye(reason)
            self.transport.close([])
            self._finish(reason, "", abort=not isinstance(self.transport, WebSocketTransport))
        elif self.state is State.CLOSING:
            self._forget()

    def transport_closed(self, transport: Transport, reason: str, detail: str) -> None:
        """The transport ended by itself (see TransportOwner)."""
        if transport is not self.transport:
            return
        if self.state is State.CLOSING:
            self._forget()
        elif self.state is State.OPEN:
            # A WebSocket still says goodbye; a GET that waits has to be answered.
            self._finish(reason, detail, abort=isinstance(transport, PollingTransport))

    def _end(self, reason: str, detail: str) -> None:
        """The session ends for *reason*."""
        if self.state is State.OPEN:
            if isinstance(self.transport, WebSocketTransport):
                self.transport.close([])
            self._finish(reason, detail, abort=not isinstance(self.transport, WebSocketTransport))
        elif self.state is State.CLOSING:
            self._forget()

    def upgrade_finished(self, transport: WebSocketTransport) -> None:
        """The client changed to *transport*: what waits leaves over it (called by the upgrade)."""
        polling = self.transport
        if self.state is State.CLOSING and isinstance(polling, PollingTransport):
            # The client would have heard of the end with its next GET, and will send none.
            transport.close(polling.take_parked())
            self._forget()
        elif self.state is State.OPEN:
            self.transport = transport
            transport.owner = self
            if isinstance(polling, PollingTransport):
                polling.release()
            self.flush()
            if self.events is not None:
                self.events.emit("upgrade", transport.name)

    def _finish(self, reason: str, detail: str, *, abort: bool) -> None:
        self._forget(abort=abort)
        self._lost(reason, detail)

    def _lost(self, reason: str, detail: str) -> None:
        if detail == SEND_BUFFER_FULL:
            self._engine.note_slow_client()
        if detail:
            logger.debug("session closed: %s (%s)", reason, detail)
        self._tell(reason, detail)

    def _tell(self, reason: str, detail: str) -> None:
        if self.events is not None:
            self.events.emit("close", reason, detail)
        self.handler.on_close(reason, detail)

    def _forget(self, *, abort: bool = True) -> None:
        self._move(State.CLOSED)
        self._timer.stop()
        self._outbox = None
        if self.upgrade is not None:
            self.upgrade.cancel()
            self.upgrade = None
        if abort:
            self.transport.abort()
        self._engine.session_closed(self)
