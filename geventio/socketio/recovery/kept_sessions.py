"""Sessions of the clients of one namespace that are away: for so long, in so many bytes, the oldest go first.

Who is away is still in rooms, as far as what is sent there is concerned::

    sessions = KeptSessions("/", gone, duration=120.0, max_bytes=16_000_000)
    sessions.add(saved)
    sessions.anybody({"news"}, ())  # True, if it was in that room
    sessions.find(pid)
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection
from secrets import compare_digest
from sys import getsizeof
from time import monotonic
from typing import Any, Final

from geventio.socketio.recovery.saved_session import SavedSession
from geventio.socketio.rooms import RoomTable

logger = logging.getLogger("geventio.socketio")

SECRET_LENGTH: Final = 20
"""Characters of a session's id that nobody can guess, behind the id of its socket."""
SESSION_BYTES: Final = 1_000
"""What a session takes beside what the application put into it, about: measured with CPython 3.11."""
ROOM_BYTES: Final = 400
"""What each of its rooms adds, beside the name."""
COUNTED_VALUES: Final = 1_000
"""Values of a session whose size is looked at; what is beyond them is not counted."""


class KeptSession:
    """A session while its client is away."""

    __slots__ = ("left", "saved", "size")

    def __init__(self, saved: SavedSession) -> None:
        self.saved = saved
        self.left = monotonic()
        held = memory_of([saved.data, saved.session, list(saved.rooms)])
        self.size = SESSION_BYTES + ROOM_BYTES * (len(saved.rooms) - 1) + held


class KeptSessions:
    """The sessions of one namespace."""

    __slots__ = ("_away", "_duration", "_gone", "_max_bytes", "_namespace", "_sessions", "_size", "dropped")

    def __init__(self, namespace: str, gone: Callable[[], None], *, duration: float, max_bytes: int) -> None:
        self._namespace = namespace
        self._gone = gone  # told of each session that goes
        self._duration = duration
        self._max_bytes = max_bytes
        self._sessions: OrderedDict[str, KeptSession] = OrderedDict()  # by the socket's id
        self._size = 0
        self._away = RoomTable()
        self.dropped = 0
        """Sessions that went before their time, because there was no room."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sessions)

    def __contains__(self, sid: object) -> bool:
        return sid in self._sessions

    def add(self, saved: SavedSession) -> None:
        """A client left."""
        sid = saved.sid
        kept = self._sessions[sid] = KeptSession(saved)
        self._size += kept.size
        self._away.add(sid)
        self._away.join(sid, saved.rooms)
        if sid not in saved.rooms:
            self._away.leave(sid, sid)
        while self._size > self._max_bytes:
            self.remove(next(iter(self._sessions)))
            self.dropped += 1
            if self.dropped == 1:
                logger.warning(
                    "sessions of the namespace %r are dropped before their clients can have come back: they are kept "
                    "in %d bytes (connection_state_recovery max_bytes). Said once",
                    self._namespace,
                    self._max_bytes,
                )

    def remove(self, sid: str) -> None:
        """The session goes: its client is back, or did not come."""
        self._size -= self._sessions.pop(sid).size
        self._away.remove(sid)
        self._gone()

    def expire(self) -> None:
        """Let go of what is too old."""
        latest = monotonic() - self._duration
        while self._sessions:
            sid, kept = next(iter(self._sessions.items()))
            if kept.left >= latest:
                break
            self.remove(sid)

    def clear(self) -> None:
        """Let go of all."""
        for sid in list(self._sessions):
            self.remove(sid)

    def find(self, pid: str) -> SavedSession | None:
        """The session with this id, unless it is too old."""
        kept = self._sessions.get(socket_of(pid))
        if kept is None or not compare_digest(kept.saved.pid, pid) or kept.left + self._duration < monotonic():
            return None
        return kept.saved

    def those_in(self, rooms: Collection[str] | None, excluded: Collection[str]) -> list[str]:
        """Ids of the sockets of those who are away and in *rooms* (None: of all), but for those in *excluded*."""
        return list(self._away.select(rooms, excluded)) if self._sessions else []

    def anybody(self, rooms: Collection[str] | None, excluded: Collection[str]) -> bool:
        """Whether what is sent to *rooms*, but for those in *excluded*, is for somebody who is away."""
        return bool(self._sessions) and bool(self._away.select(rooms, excluded))


def socket_of(pid: str) -> str:
    """The id of the socket of a session."""
    return pid[:-SECRET_LENGTH] if pid.isascii() else ""


def memory_of(value: Any) -> int:
    """Bytes that *value* and what is in it take, about: shared values count twice, and what is in objects of other
    kinds than the built-in ones not at all.
    """
    size = 0
    waiting = [value]
    for _ in range(COUNTED_VALUES):
        if not waiting:
            break
        item = waiting.pop()
        size += getsizeof(item)
        if isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            waiting.extend(item)
    return size
