"""Being in rooms: what a socket has of it before it is accepted, while the adapter knows of it, and afterwards."""

from typing import TYPE_CHECKING

from geventio.exceptions import ConfigurationError
from geventio.runtime import get_ident
from geventio.socketio.broadcast import Rooms, room_names

if TYPE_CHECKING:
    from geventio.engineio.session import Session
    from geventio.socketio.namespace import Namespace


class RoomMember:
    """Something that can be in rooms of a namespace."""

    __slots__ = ("_rooms",)

    id: str
    namespace: "Namespace"
    conn: "Session"
    left_reason: str | None
    _rooms: frozenset[str] | None  # None while the adapter has them: neither before nor after

    @property
    def rooms(self) -> frozenset[str]:
        """Rooms that the socket is in, its own among them; in a ``disconnecting`` handler those that it was in."""
        if self._rooms is not None:
            return self._rooms
        return self.namespace.adapter.rooms_of(self.id)

    def join(self, rooms: Rooms) -> None:
        """Join a room, or several. In a middleware, the socket will be in them once it is accepted. A socket that has
        left joins nothing.

        :raises ConfigurationError: unless it is a name or several.
        """
        names = room_names(rooms)
        if get_ident() != self.conn.runtime.thread:
            self.conn.runtime.threads.post(self.join, names)
        elif self._rooms is None:
            self.namespace.adapter.join(self.id, names)
        elif self.left_reason is None:
            self._rooms |= names

    def leave(self, room: str) -> None:
        """Leave a room; harmless when the socket is not in it.

        :raises ConfigurationError: unless it is a name.
        """
        if not isinstance(room, str):
            raise ConfigurationError(f"the name of a room is a text, not {room!r}")
        if get_ident() != self.conn.runtime.thread:
            self.conn.runtime.threads.post(self.leave, room)
        elif self._rooms is None:
            self.namespace.adapter.leave(self.id, room)
        elif self.left_reason is None:
            self._rooms -= {room}
