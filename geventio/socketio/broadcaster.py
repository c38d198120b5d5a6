"""Sending to many, the same wherever it starts: the server and its namespaces."""

from typing import Any

from geventio.socketio.broadcast import BroadcastOperator, Rooms
from geventio.socketio.remote_socket import RemoteSocket
from geventio.socketio.replies import Replies


class Broadcaster:
    """Something that stands for all sockets of a namespace."""

    __slots__ = ()

    def _everybody(self) -> BroadcastOperator:
        """All sockets."""
        raise NotImplementedError

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """The sockets in a room, or in several."""
        return self._everybody().to(rooms)

    in_ = to

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """All sockets but the members of a room, or of several."""
        return self._everybody().except_(rooms)

    @property
    def volatile(self) -> BroadcastOperator:
        """All sockets that can be written to right now."""
        return self._everybody().volatile

    @property
    def local(self) -> BroadcastOperator:
        """All sockets of this server."""
        return self._everybody().local

    def compress(self, compress: bool) -> BroadcastOperator:
        """All sockets; whether the event may be compressed."""
        return self._everybody().compress(compress)

    def timeout(self, seconds: float) -> BroadcastOperator:
        """All sockets; how long to wait for their acknowledgements."""
        return self._everybody().timeout(seconds)

    def emit(self, event: str, *args: Any) -> None:
        """Send an event to all sockets. See :meth:`BroadcastOperator.emit`."""
        self._everybody().emit(event, *args)

    def send(self, *args: Any) -> None:
        """Send the event ``message`` to all sockets."""
        self._everybody().send(*args)

    def call(self, event: str, *args: Any, timeout: float) -> Replies:
        """Ask all sockets, and wait at most *timeout* seconds. See :meth:`BroadcastOperator.call`."""
        return self._everybody().timeout(timeout).call(event, *args)

    def fetch_sockets(self) -> list[RemoteSocket]:
        """All sockets, on all servers. See :meth:`BroadcastOperator.fetch_sockets`."""
        return self._everybody().fetch_sockets()

    def sockets_join(self, rooms: Rooms) -> None:
        """Put all sockets into a room, or several. See :meth:`BroadcastOperator.sockets_join`."""
        self._everybody().sockets_join(rooms)

    def sockets_leave(self, rooms: Rooms) -> None:
        """Take all sockets out of a room, or of several. See :meth:`BroadcastOperator.sockets_leave`."""
        self._everybody().sockets_leave(rooms)

    def disconnect_sockets(self, close: bool = False) -> None:
        """Disconnect all sockets from the namespace; with *close*, end their connections."""
        self._everybody().disconnect_sockets(close)

    def rooms(self) -> frozenset[str]:
        """Names of all rooms that have members, the sockets' own among them. See :meth:`BroadcastOperator.rooms`."""
        return self._everybody().rooms()

    def count(self) -> int:
        """How many sockets there are, on all servers. See :meth:`BroadcastOperator.count`."""
        return self._everybody().count()
