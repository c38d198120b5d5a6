"""Connection state recovery on one server: a client that comes back soon gets its id, rooms, data and missed events.

The official clients do their part by themselves. They keep the session's id, a secret from the CONNECT reply, and the
last argument of the last event, its offset; both are in the CONNECT that they send when they come back. What is kept
here for that is bounded in time and in bytes, and a recovery is whole or it is none: who missed an event that is no
longer there gets a new socket, and hears ``recovered`` false::

    io = Server(connection_state_recovery={"max_disconnection_duration": 120, "max_bytes": 16_000_000})

    @io.on("connection")
    def connected(socket):
        if not socket.recovered:
            socket.join("news")
            socket.emit("everything", ...)

A client that comes back while its old connection is still believed alive takes over from it.
"""

import logging
from collections import Counter
from collections.abc import Collection
from math import ceil
from secrets import compare_digest, token_urlsafe
from typing import TYPE_CHECKING, Any, Final

from geventio.engineio.prepared import Prepared, PreparedMessages
from geventio.exceptions import TRANSPORT_CLOSE
from geventio.option_groups import RecoveryOptions
from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import Timer, current_runtime
from geventio.socketio.adapter import BroadcastOptions
from geventio.socketio.local_adapter import LocalAdapter
from geventio.socketio.recovery.event_log import EventLog, Reach
from geventio.socketio.recovery.kept_sessions import KeptSessions, socket_of
from geventio.socketio.recovery.local_restoration import LocalRestoration
from geventio.socketio.recovery.offsets import Offsets
from geventio.socketio.recovery.returning import save
from geventio.socketio.recovery.saved_session import SavedSession, Ticket

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace
    from geventio.socketio.socket import Socket

logger = logging.getLogger("geventio.socketio")

_EVENT: Final = PacketType.EVENT
TICK: Final = 1.0
"""Seconds between two looks at what is too old."""
SECRET_BYTES: Final = 15
"""Random bytes of a session's id: kept_sessions.SECRET_LENGTH characters."""


class RecoveringAdapter(LocalAdapter):
    """The adapter of a server that is alone and keeps sessions."""

    def __init__(self, namespace: "Namespace") -> None:
        super().__init__(namespace)
        options = namespace.server.options
        recovery = options.connection_state_recovery
        assert isinstance(recovery, RecoveryOptions)
        duration, max_bytes = recovery.max_disconnection_duration, recovery.max_bytes
        # A client that answered a ping has got what was sent before it. The next ping comes after the interval; its
        # answer may take the timeout, or twice that when the client is heard of meanwhile; and so may the first's.
        silence = options.ping_interval + 4 * options.ping_timeout
        self._log = EventLog(
            namespace.name, max_bytes=max_bytes, kept=ceil(duration / TICK), unheard=ceil(silence / TICK)
        )
        self._offsets: Offsets  # from start() on: each process has its own
        self._sessions = KeptSessions(namespace.name, self._session_gone, duration=duration, max_bytes=max_bytes)
        self._timer: Timer | None = None
        self._closed = False
        self.recovered = 0
        """How many clients were recovered."""
        self.not_recovered: Counter[str] = Counter()
        """How many were not although they came with a session's id, by the reason."""

    @property
    def events_dropped(self) -> int:
        """Events that went before their time, because there was no room."""
        return self._log.dropped

    @property
    def sessions_dropped(self) -> int:
        """Sessions that went before their time, because there was no room."""
        return self._sessions.dropped

    # -- the life of a server

    def start(self) -> None:
        """See Adapter."""
        super().start()
        self._offsets = Offsets(remade=self._namespace.temporary)

    def close(self) -> None:
        """See Adapter."""
        super().close()
        self._closed = True
        if self._timer is not None:
            self._timer.stop()
        self._sessions.clear()

    def _watch(self) -> None:
        """See to it that what gets too old goes."""
        if self._timer is None and not self._closed:
            self._timer = current_runtime().timers.start(TICK, self._tick)

    def _tick(self) -> None:
        """Runs in the hub."""
        self._timer = None
        self._log.tick()
        self._sessions.expire()
        if self._log or self._sessions:
            self._watch()

    # -- sockets

    def add(self, sid: str) -> None:
        """See Adapter."""
        if sid not in self._rooms:  # one that was recovered is there already
            super().add(sid)
            ticket = self._namespace.sockets[sid].ticket
            if ticket is not None:
                ticket.since = self._log.here()

    def join(self, sid: str, rooms: Collection[str]) -> None:
        """See Adapter."""
        joined = [room for room in rooms if not self._rooms.is_member(sid, room)]
        self._note_move(sid, joined, joined=True)
        super().join(sid, joined)

    def leave(self, sid: str, room: str) -> None:
        """See Adapter."""
        if self._rooms.is_member(sid, room):
            self._note_move(sid, [room], joined=False)
        super().leave(sid, room)

    def _note_move(self, sid: str, rooms: list[str], *, joined: bool) -> None:
        socket = self._namespace.sockets.get(sid)
        if socket is not None and socket.ticket is not None:
            self._log.move(sid, rooms, joined=joined, since=socket.ticket.since.number)

    # -- events

    def send(self, socket: "Socket", packet: Packet, volatile: bool, compress: bool) -> None:
        """See Adapter."""
        sockets = self._namespace.sockets
        sid = socket.id
        if volatile or not (socket.connected or socket.left_reason):
            socket.send_packet(self._marked(socket, packet, volatile), compress=compress)
        elif sid in sockets or sid in self._sessions:
            messages = self._numbered(packet, packet.data)
            self._log.append(messages, (sid,), (), compress=compress)
            if self._timer is None:
                self._watch()
            present = sockets.get(sid)  # perhaps not *socket*: it left, and its client came back
            if present is not None:
                present.conn.send_messages(messages, compress=compress)

    def broadcast(self, packet: Packet, options: BroadcastOptions) -> None:
        """See Adapter."""
        rooms, excluded = options.rooms, options.excluded
        if self._sessions and not options.volatile and not self._rooms.select(rooms, excluded):
            if self._sessions.anybody(rooms, excluded):
                self._prepare(packet, options)
        else:
            super().broadcast(packet, options)

    def _prepare(self, packet: Packet, options: BroadcastOptions) -> PreparedMessages:
        if packet.id is not None:
            return super()._prepare(packet, options)
        if options.volatile:
            return super()._prepare(self._marked(None, packet, True), options)
        messages = self._numbered(Packet(_EVENT, packet.namespace), packet.data)
        self._log.append(messages, options.rooms, options.excluded, compress=options.compress)
        self._watch()
        return PreparedMessages(messages, compress=options.compress)

    def _numbered(self, packet: Packet, data: list[Any]) -> list[str | bytes]:
        """Encode *packet* with *data* and the offset of the next entry of the log."""
        log = self._log
        while True:
            number = log.position + 1
            packet.data = [*data, self._offsets.text(number)]
            messages = self._namespace.server.parser.encode(packet)
            if number == log.position + 1:  # else encoding called an application's hook, and others emitted meanwhile
                return messages

    def _marked(self, socket: "Socket | None", packet: Packet, volatile: bool) -> Packet:
        """*packet*, an event that will not be replayed, with the offset that the client has anyway: it would take a
        text at the end of an event for an offset, and could not come back with that.
        """
        if volatile and not isinstance(packet.data[-1], str):
            return packet
        position = self._log.position
        if socket is not None and not socket.connected and socket.ticket is not None:
            position = socket.ticket.since.number  # what it missed is still to come
        return Packet(packet.type, packet.namespace, [*packet.data, self._offsets.text(position)])

    # -- sessions

    def open_session(self, sid: str) -> Ticket:
        """See Adapter. The socket's id in front of the secret says where to look."""
        return Ticket(sid + token_urlsafe(SECRET_BYTES), self._log.here())

    def persist_session(self, saved: SavedSession) -> None:
        """See Adapter."""
        if not self._closed:
            self._namespace.unsettled()  # it stays for those who may come back
            saved.since = self._log.until_now(saved.since)
            self._sessions.add(saved)
            self._watch()

    def end_session(self, pid: str) -> None:
        """See Adapter."""
        present = self._namespace.sockets.get(socket_of(pid))
        if present is not None and present.ticket is not None and present.ticket.pid == pid:
            present.disconnect()
        elif self._sessions.find(pid) is not None:
            self._sessions.remove(socket_of(pid))

    def disconnect_sockets(self, options: BroadcastOptions, close: bool) -> None:
        """See Adapter. Who is away is not to come back."""
        super().disconnect_sockets(options, close)
        for sid in self._sessions.those_in(options.rooms, options.excluded):
            self._sessions.remove(sid)

    def _session_gone(self) -> None:
        if not self._closed:
            self._namespace.settled()

    def restore_session(self, pid: str, offset: str | None) -> LocalRestoration | None:
        """See Adapter."""
        found = self.find(pid)
        if found is None:
            self._failed("unknown or expired")
            return None
        reach: Reach = found.since
        number = reach.number if offset is None else self._offsets.number(offset, self._log.position)
        if number is None:
            self._failed("no offset of this namespace", pid)
            return None
        # An offset may be older than the session: the last that the client got in the one before.
        restoration = LocalRestoration(self, found, reach._replace(number=max(number, reach.number)))
        if not self._log.covers(restoration.since):
            self._failed("events were dropped", pid)
            return None
        return restoration

    def _failed(self, reason: str, pid: str = "") -> None:
        """A client starts anew, and with *pid* gives up that session."""
        logger.debug("a client was not recovered: %s", reason)
        self.not_recovered[reason] += 1
        if self._sessions.find(pid) is not None:
            self._sessions.remove(socket_of(pid))

    def find(self, pid: str) -> SavedSession | None:
        """The session *pid*, of a client that is away or believed to be here."""
        socket = self._namespace.sockets.get(socket_of(pid))
        if socket is not None and socket.ticket is not None:
            saved = save(socket)
            saved.since = self._log.until_now(saved.since)
            return saved if compare_digest(saved.pid, pid) else None
        return self._sessions.find(pid)

    def take(self, pid: str, reach: Reach, ignored: frozenset[str], limit: int) -> tuple[list[Prepared], Reach] | None:
        """Bring the session *pid* back: its rooms, but for the *ignored* ones. See Restoration.

        :returns: what a client missed that got as far as *reach*, and how far it has got now.
        """
        sid = socket_of(pid)
        old = self._namespace.sockets.get(sid)
        if old is not None and self.find(pid) is not None:
            # The client knows better than we do that this connection has ended.
            old.conn.shut_down(TRANSPORT_CLOSE)
        saved = self._sessions.find(pid)
        if saved is None:
            self._failed("unknown or expired")
            return None
        if not self._log.covers(reach):
            self._failed("events were dropped", pid)
            return None
        rooms = saved.rooms
        missed = self._log.missed(reach.number, sid, rooms, ignored)
        if sum(entry.length for entry in missed.values()) > limit:
            # It would be cut off for reading too slowly, and come back for the same again.
            self._failed("missed more than max_send_buffer", pid)
            return None
        self._sessions.remove(sid)
        super().add(sid)
        super().join(sid, rooms - ignored)
        if sid not in rooms - ignored:
            super().leave(sid, sid)
        self.recovered += 1
        messages = [message for entry in missed.values() for message in entry.messages]
        compress = all(entry.compress for entry in missed.values())
        return [PreparedMessages(messages, compress=compress)] if missed else [], self._log.resumed(missed)
