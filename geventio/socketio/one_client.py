"""How to reach one client, or all others, the same wherever it starts: a choice that is a new operator."""

from geventio.socketio.broadcast import BroadcastOperator, Rooms
from geventio.socketio.socket_operator import SocketOperator


class OneClient:
    """Something that stands for one client of a namespace."""

    __slots__ = ()

    def _this_client(self) -> SocketOperator:
        """This client, reached as usual."""
        raise NotImplementedError

    @property
    def broadcast(self) -> BroadcastOperator:
        """Everybody in the namespace but this socket."""
        raise NotImplementedError

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """Everybody in a room, or in several, but this socket."""
        return self.broadcast.to(rooms)

    in_ = to

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """Everybody but the members of a room, or of several, and but this socket."""
        return self.broadcast.except_(rooms)

    @property
    def local(self) -> BroadcastOperator:
        """Everybody on this server but this socket."""
        return self.broadcast.local

    @property
    def volatile(self) -> SocketOperator:
        """This client, unless it cannot be written to right now."""
        return self._this_client().volatile

    def compress(self, compress: bool) -> SocketOperator:
        """This client; whether the event may be compressed."""
        return self._this_client().compress(compress)

    def timeout(self, seconds: float) -> SocketOperator:
        """This client; how long to wait for its acknowledgement: ``ack(error, *values)``.

        :raises ConfigurationError: unless *seconds* is a number above 0.
        """
        return self._this_client().timeout(seconds)
