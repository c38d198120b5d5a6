"""Who is in which room, indexed both ways: what a socket costs when it leaves is what it was in.

Every socket is also in a room named by its own id. That one is not stored, unless the socket leaves it or others join
it::

    rooms = RoomTable()
    rooms.add("id1")
    rooms.join("id1", ["news"])
    rooms.select({"news"}, {"id2"})  # {"id1"}
"""

from collections.abc import Collection, Iterable, Set


class RoomTable:
    """Rooms of one namespace on one server."""

    __slots__ = ("_members", "_rooms", "_without_own")

    def __init__(self) -> None:
        self._rooms: dict[str, set[str]] = {}
        self._members: dict[str, set[str] | None] = {}  # None: in no room but its own
        self._without_own: set[str] = set()

    def __len__(self) -> int:
        """How many sockets there are."""
        return len(self._members)

    def __contains__(self, sid: object) -> bool:
        return sid in self._members

    def add(self, sid: str) -> None:
        """A socket connected: it is in its own room."""
        self._members.setdefault(sid, None)

    def remove(self, sid: str) -> frozenset[str]:
        """A socket left: it is in no room any more. Returns those that it was in."""
        if sid not in self._members:
            return frozenset()
        rooms = self.rooms(sid)
        for room in self._members.pop(sid) or ():
            self._leave(sid, room)
        self._without_own.discard(sid)
        return rooms

    def join(self, sid: str, rooms: Iterable[str]) -> None:
        """Put a socket into *rooms*; one that is not connected stays out."""
        if sid not in self._members:
            return
        for room in rooms:
            if room == sid:
                self._without_own.discard(sid)
                continue
            joined = self._members[sid]
            if joined is None:
                joined = self._members[sid] = set()
            joined.add(room)
            self._rooms.setdefault(room, set()).add(sid)

    def leave(self, sid: str, room: str) -> None:
        """Take a socket out of *room*; harmless when it is not in it."""
        if sid not in self._members:
            return
        if room == sid:
            self._without_own.add(sid)
            return
        joined = self._members[sid]
        if joined is not None and room in joined:
            joined.discard(room)
            if not joined:
                self._members[sid] = None
            self._leave(sid, room)

    def _leave(self, sid: str, room: str) -> None:
        members = self._rooms[room]
        members.discard(sid)
        if not members:
            del self._rooms[room]

    def rooms(self, sid: str) -> frozenset[str]:
        """Rooms of a socket, its own among them; empty when it is not connected."""
        if sid not in self._members:
            return frozenset()
        joined = frozenset(self._members[sid] or ())
        return joined if sid in self._without_own else joined | {sid}

    def is_member(self, sid: str, room: str) -> bool:
        """Whether a socket is in *room*."""
        if room == sid:
            return sid in self._members and sid not in self._without_own
        return room in (self._members.get(sid) or ())

    def exists(self, room: str) -> bool:
        """Whether anybody is in *room*."""
        return room in self._rooms or self.is_member(room, room)

    def members(self, room: str) -> Set[str]:
        """Ids of the sockets in *room*."""
        members: Set[str] = self._rooms.get(room, frozenset())
        if room in self._members and room not in self._without_own:
            return members | {room}
        return members

    def select(self, rooms: Collection[str] | None, excluded: Collection[str]) -> Collection[str]:
        """Ids of the sockets that are in one of *rooms* (None: of all sockets) and in none of *excluded*, where an id
        stands for its socket even when that has left the room of this name.

        The answer may be a live view of the table: whoever may switch greenlets while walking it makes a copy.
        """
        selected: Collection[str]
        if rooms is None:
            selected = self._members.keys()
        elif len(rooms) == 1:
            (room,) = rooms
            selected = self.members(room)
        else:
            selected = set().union(*(self.members(room) for room in rooms))
        if not excluded:
            return selected
        return set(selected).difference(excluded, *(self.members(room) for room in excluded))

    def all_rooms(self) -> frozenset[str]:
        """Names of all rooms that have members, the sockets' own among them."""
        return frozenset(self._rooms) | (self._members.keys() - self._without_own)
