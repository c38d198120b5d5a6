"""Sending to many, the same wherever it starts: the server and its namespaces."""

from typing import Any

from geventio.socketio.broadcast import BroadcastOperator, Replies, Rooms


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
