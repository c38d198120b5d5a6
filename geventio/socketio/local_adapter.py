"""The adapter of a server that is alone: everybody is here.

An adapter for a cluster has one of these for the sockets of its own server, and asks the other servers beside it.
"""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from geventio.engineio.prepared import PreparedMessages
from geventio.exceptions import AckTimeout, GeventIOError
from geventio.protocol.socketio import Packet
from geventio.socketio.adapter import AckCollector, BroadcastOptions, RoomWatcher
from geventio.socketio.descriptions import SocketDescription
from geventio.socketio.recovery.saved_session import NoSessions
from geventio.socketio.room_events import WatchedRoomTable
from geventio.socketio.rooms import RoomTable

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace


class LocalAdapter(NoSessions):
    """The adapter of a server that is alone."""

    def __init__(self, namespace: "Namespace") -> None:
        self._namespace = namespace
        self._rooms: RoomTable = RoomTable()

    def start(self) -> None:
        """See Adapter."""

    def close(self) -> None:
        """See Adapter."""

    def add(self, sid: str) -> None:
        """See Adapter."""
        self._rooms.add(sid)

    def remove(self, sid: str) -> frozenset[str]:
        """See Adapter."""
        return self._rooms.remove(sid)

    def join(self, sid: str, rooms: Collection[str]) -> None:
        """See Adapter."""
        self._rooms.join(sid, rooms)

    def leave(self, sid: str, room: str) -> None:
        """See Adapter."""
        self._rooms.leave(sid, room)

    def rooms_of(self, sid: str) -> frozenset[str]:
        """See Adapter."""
        return self._rooms.rooms(sid)

    def watch_rooms(self, watcher: RoomWatcher) -> None:
        """See Adapter."""
        if not isinstance(self._rooms, WatchedRoomTable):
            self._rooms = WatchedRoomTable(self._rooms)
        self._rooms.watchers.append(watcher)

    def broadcast(self, packet: Packet, options: BroadcastOptions) -> None:
        """See Adapter."""
        if not self._rooms.select(options.rooms, options.excluded):
            return
        prepared = self._prepare(packet, options)
        # Not before: encoding may call a hook of the application. Nothing below switches greenlets, so the table stays
        # as it is meanwhile.
        sids = self._rooms.select(options.rooms, options.excluded)
        sockets = self._namespace.sockets
        if options.volatile:
            sids = {sid for sid in sids if sockets[sid].conn.writable}
        for sid in sids:
            sockets[sid].conn.send_prepared(prepared)
        self._tell_outgoing(sids, packet)

    def _prepare(self, packet: Packet, options: BroadcastOptions) -> PreparedMessages:
        return PreparedMessages(self._namespace.server.parser.encode(packet), compress=options.compress)

    def _tell_outgoing(self, sids: Collection[str], packet: Packet) -> None:
        outgoing = self._namespace.server.outgoing
        if outgoing is not None:
            sockets = self._namespace.sockets
            outgoing.sent([sockets[sid] for sid in sids if sid in sockets], packet.data)

    def broadcast_with_ack(
        self, packet: Packet, options: BroadcastOptions, collector: AckCollector, timeout: float
    ) -> None:
        """See Adapter."""
        if not self._rooms.select(options.rooms, options.excluded):
            collector.expect([])
            return
        namespace = self._namespace
        packet.id = ack_id = namespace.next_ack_id()
        prepared = self._prepare(packet, options)
        sids = list(self._rooms.select(options.rooms, options.excluded))  # now, as in broadcast()
        collector.expect(sids)
        asked = []
        for sid in sids:
            socket = namespace.sockets[sid]
            if options.volatile and not socket.conn.writable:
                collector.collect(sid, AckTimeout(timeout), [])
                continue
            socket.expect_ack(ack_id, _outcome(collector, sid), timeout)
            socket.conn.send_prepared(prepared)
            asked.append(sid)
        self._tell_outgoing(asked, packet)

    def fetch_sockets(self, options: BroadcastOptions) -> list[SocketDescription]:
        """See Adapter."""
        sockets = [self._namespace.sockets[sid] for sid in self._rooms.select(options.rooms, options.excluded)]
        return [SocketDescription(x.id, x.handshake, self._rooms.rooms(x.id), x.data) for x in sockets]

    def sockets_join(self, options: BroadcastOptions, rooms: Collection[str]) -> None:
        """See Adapter."""
        for sid in list(self._rooms.select(options.rooms, options.excluded)):
            self.join(sid, rooms)

    def sockets_leave(self, options: BroadcastOptions, rooms: Collection[str]) -> None:
        """See Adapter."""
        for sid in list(self._rooms.select(options.rooms, options.excluded)):
            for room in rooms:
                self.leave(sid, room)

    def disconnect_sockets(self, options: BroadcastOptions, close: bool) -> None:
        """See Adapter."""
        sockets = self._namespace.sockets
        for socket in [sockets[sid] for sid in self._rooms.select(options.rooms, options.excluded)]:
            socket.disconnect(close)

    def rooms(self, options: BroadcastOptions) -> frozenset[str]:
        """See Adapter."""
        if options.rooms is None and not options.excluded:
            return self._rooms.all_rooms()
        return frozenset[str]().union(*map(self._rooms.rooms, self._rooms.select(options.rooms, options.excluded)))

    def count(self, options: BroadcastOptions) -> int:
        """See Adapter."""
        return len(self._rooms.select(options.rooms, options.excluded))

    def server_count(self) -> int:
        """See Adapter."""
        return 1

    def server_side_emit(self, args: list[Any], collector: AckCollector | None, timeout: float) -> None:  # noqa: ARG002
        """See Adapter: there is no other server."""
        if collector is not None:
            collector.expect([])


def _outcome(collector: AckCollector, sid: str) -> Callable[[Exception | None, list[Any]], None]:
    def outcome(error: Exception | None, args: list[Any]) -> None:
        collector.collect(sid, error if isinstance(error, GeventIOError) else None, args)

    return outcome
