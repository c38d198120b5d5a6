"""The adapter of a parent namespace, which has no sockets of its own: everything goes to its children, one by one.

Each child's packet carries that child's name, so nothing encoded is shared between them; a child in which nobody is
meant costs no encoding.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from geventio.protocol.socketio import Packet
from geventio.socketio.adapter import AckCollector, Adapter, BroadcastOptions, RoomWatcher
from geventio.socketio.descriptions import SocketDescription
from geventio.socketio.recovery.saved_session import NoSessions

if TYPE_CHECKING:
    from geventio.socketio.parent_namespace import ParentNamespace


class ChildrenAdapter(NoSessions):
    """Does with every child what it is asked for (an Adapter)."""

    def __init__(self, parent: "ParentNamespace") -> None:
        self._parent = parent
        self._watchers: list[RoomWatcher] = []

    def _adapters(self) -> Iterator[Adapter]:
        # A list: what the loop's body calls may block, and children come and go meanwhile.
        for child in list(self._parent.children.values()):
            yield child.adapter

    def child_made(self, adapter: Adapter) -> None:
        """There is one child more."""
        for watcher in self._watchers:
            adapter.watch_rooms(watcher)

    def start(self) -> None:
        """See Adapter: the children have been told themselves."""

    def close(self) -> None:
        """See Adapter: the children have been told themselves."""

    # -- one by one: no socket is in the parent itself

    def add(self, sid: str) -> None:
        """See Adapter."""
        raise NotImplementedError

    def remove(self, sid: str) -> frozenset[str]:  # noqa: ARG002
        """See Adapter."""
        return frozenset()

    def join(self, sid: str, rooms: Collection[str]) -> None:
        """See Adapter: an unknown socket stays out."""

    def leave(self, sid: str, room: str) -> None:
        """See Adapter."""

    def rooms_of(self, sid: str) -> frozenset[str]:  # noqa: ARG002
        """See Adapter."""
        return frozenset()

    def watch_rooms(self, watcher: RoomWatcher) -> None:
        """See Adapter: the rooms of all children, those to come as well."""
        self._watchers.append(watcher)
        for adapter in self._adapters():
            adapter.watch_rooms(watcher)

    # -- many

    def broadcast(self, packet: Packet, options: BroadcastOptions) -> None:
        """See Adapter."""
        for child in list(self._parent.children.values()):
            child.adapter.broadcast(Packet(packet.type, child.name, packet.data), options)

    def broadcast_with_ack(
        self, packet: Packet, options: BroadcastOptions, collector: AckCollector, timeout: float
    ) -> None:
        """See Adapter."""
        children = list(self._parent.children.values())
        if not children:
            collector.expect([])
        collector.more_servers(len(children) - 1)
        for child in children:
            copy = Packet(packet.type, child.name, packet.data)  # an adapter gives it an id of its own
            child.adapter.broadcast_with_ack(copy, options, collector, timeout)

    def fetch_sockets(self, options: BroadcastOptions) -> list[SocketDescription]:
        """See Adapter."""
        return [found for adapter in self._adapters() for found in adapter.fetch_sockets(options)]

    def sockets_join(self, options: BroadcastOptions, rooms: Collection[str]) -> None:
        """See Adapter."""
        for adapter in self._adapters():
            adapter.sockets_join(options, rooms)

    def sockets_leave(self, options: BroadcastOptions, rooms: Collection[str]) -> None:
        """See Adapter."""
        for adapter in self._adapters():
            adapter.sockets_leave(options, rooms)

    def disconnect_sockets(self, options: BroadcastOptions, close: bool) -> None:
        """See Adapter."""
        for adapter in self._adapters():
            adapter.disconnect_sockets(options, close)

    def rooms(self, options: BroadcastOptions) -> frozenset[str]:
        """See Adapter."""
        return frozenset().union(*(adapter.rooms(options) for adapter in self._adapters()))

    def count(self, options: BroadcastOptions) -> int:
        """See Adapter."""
        return sum(adapter.count(options) for adapter in self._adapters())

    # -- the servers themselves

    def server_count(self) -> int:
        """See Adapter."""
        return self._parent.server.root.adapter.server_count()

    def server_side_emit(self, args: list[Any], collector: AckCollector | None, timeout: float) -> None:
        """See Adapter: each child speaks to the child of its name on other servers."""
        children = list(self._adapters())
        if collector is not None:
            if not children:
                collector.expect([])
            collector.more_servers(len(children) - 1)
        for adapter in children:
            adapter.server_side_emit(args, collector, timeout)
