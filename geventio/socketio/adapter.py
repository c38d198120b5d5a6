"""Who is in which room and how a broadcast reaches them: here on one process, in an adapter for a cluster on all.

A namespace asks its adapter for everything that concerns more than one socket, so that an adapter that speaks to other
servers can take over unchanged.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from geventio.engineio.prepared import PreparedMessages
from geventio.exceptions import AckTimeout, GeventIOError
from geventio.protocol.socketio import Packet
from geventio.socketio.rooms import RoomTable

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace


@dataclass(frozen=True, slots=True)
class BroadcastOptions:
    """Whom a broadcast is for, and how it travels."""

    rooms: frozenset[str] | None = None
    """Rooms; None: everybody. An empty set is nobody: who sends to a list of rooms that turns out empty means that."""
    excluded: frozenset[str] = field(default_factory=frozenset)
    """Rooms whose members are left out."""
    volatile: bool = False
    """Whether clients that cannot be written to right now are passed over."""
    compress: bool = True
    """Whether compression is allowed."""
    local: bool = False
    """Whether only clients of this server are meant."""


class AckCollector(Protocol):
    """Gathers the acknowledgements of a broadcast. Called in the hub: must not block."""

    def expect(self, sids: Collection[str], /) -> None:
        """These sockets have been asked. Called once, before any of them can have answered."""

    def collect(self, sid: str, error: GeventIOError | None, args: list[Any], /) -> None:
        """One of them answered, or left."""


class Adapter(Protocol):
    """What a namespace needs."""

    def add(self, sid: str, /) -> None:
        """A socket connected."""

    def remove(self, sid: str, /) -> frozenset[str]:
        """A socket left; returns the rooms that it was in."""

    def join(self, sid: str, rooms: Collection[str], /) -> None:
        """Put a socket into rooms."""

    def leave(self, sid: str, room: str, /) -> None:
        """Take a socket out of a room."""

    def rooms_of(self, sid: str, /) -> frozenset[str]:
        """Rooms of a socket."""

    def broadcast(self, packet: Packet, options: BroadcastOptions, /) -> None:
        """Send *packet* to everybody that *options* name; nothing is encoded when that is nobody."""

    def broadcast_with_ack(
        self, packet: Packet, options: BroadcastOptions, collector: AckCollector, timeout: float, /
    ) -> None:
        """Send *packet* and gather what the clients acknowledge within *timeout* seconds."""


class LocalAdapter:
    """The adapter of a server that is alone."""

    def __init__(self, namespace: "Namespace") -> None:
        self._namespace = namespace
        self._rooms = RoomTable()

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

    def broadcast(self, packet: Packet, options: BroadcastOptions) -> None:
        """See Adapter."""
        sids = self._rooms.select(options.rooms, options.excluded)
        if not sids:
            return
        sockets = self._namespace.sockets
        prepared = PreparedMessages(self._namespace.server.parser.encode(packet), compress=options.compress)
        # Nothing below switches greenlets, so the table stays as it is meanwhile.
        if options.volatile:
            for sid in sids:
                session = sockets[sid].conn
                if session.writable:
                    session.send_prepared(prepared)
        else:
            for sid in sids:
                sockets[sid].conn.send_prepared(prepared)

    def broadcast_with_ack(
        self, packet: Packet, options: BroadcastOptions, collector: AckCollector, timeout: float
    ) -> None:
        """See Adapter."""
        sids = list(self._rooms.select(options.rooms, options.excluded))
        collector.expect(sids)
        if not sids:
            return
        namespace = self._namespace
        packet.id = ack_id = namespace.next_ack_id()
        prepared = PreparedMessages(namespace.server.parser.encode(packet), compress=options.compress)
        for sid in sids:
            socket = namespace.sockets[sid]
            if options.volatile and not socket.conn.writable:
                collector.collect(sid, AckTimeout(timeout), [])
                continue
            socket.expect_ack(ack_id, _outcome(collector, sid), timeout)
            socket.conn.send_prepared(prepared)


def _outcome(collector: AckCollector, sid: str) -> Callable[[Exception | None, list[Any]], None]:
    def outcome(error: Exception | None, args: list[Any]) -> None:
        collector.collect(sid, error if isinstance(error, GeventIOError) else None, args)

    return outcome
