"""Rooms that come and go, and who joins and leaves them: ``on_room``.

::

    @io.on_room("join-room")
    def joined(room, sid):
        io.to(room).emit("members", io.to(room).count())

A namespace watches the rooms of its server from the first handler on; until then nothing is told, and nothing is spent.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from geventio.exceptions import ConfigurationError
from geventio.runtime import Mailbox, Timeout, current_runtime
from geventio.socketio.adapter import RoomWatcher
from geventio.socketio.handlers.events import check_form
from geventio.socketio.rooms import RoomTable

logger = logging.getLogger("geventio.socketio")

CREATE: Final = "create-room"
DELETE: Final = "delete-room"
JOIN: Final = "join-room"
LEAVE: Final = "leave-room"

FORMS: Final = {
    CREATE: ("handler(room)", 1),
    DELETE: ("handler(room)", 1),
    JOIN: ("handler(room, sid)", 2),
    LEAVE: ("handler(room, sid)", 2),
}


class WatchedRoomTable(RoomTable):
    """A room table that tells of its changes: of a new room before its first member, of its end after the last."""

    __slots__ = ("watchers",)

    def __init__(self, table: RoomTable) -> None:
        """Take over what *table* holds."""
        self._rooms = table._rooms
        self._members = table._members
        self._without_own = table._without_own
        self.watchers: list[RoomWatcher] = []

    def add(self, sid: str) -> None:
        """See RoomTable."""
        if sid not in self:
            created = not self.exists(sid)
            super().add(sid)
            self._tell_joined(sid, sid, created)

    def remove(self, sid: str) -> frozenset[str]:
        """See RoomTable."""
        rooms = super().remove(sid)
        for room in sorted(rooms):
            self._tell_left(room, sid)
        return rooms

    def join(self, sid: str, rooms: Iterable[str]) -> None:
        """See RoomTable."""
        for room in rooms:
            if sid in self and not self.is_member(sid, room):
                created = not self.exists(room)
                super().join(sid, [room])
                self._tell_joined(room, sid, created)

    def leave(self, sid: str, room: str) -> None:
        """See RoomTable."""
        if self.is_member(sid, room):
            super().leave(sid, room)
            self._tell_left(room, sid)

    def _tell_joined(self, room: str, sid: str, created: bool) -> None:
        for watcher in self.watchers:
            if created:
                watcher(CREATE, room, None)
            watcher(JOIN, room, sid)

    def _tell_left(self, room: str, sid: str) -> None:
        deleted = not self.exists(room)
        for watcher in self.watchers:
            watcher(LEAVE, room, sid)
            if deleted:
                watcher(DELETE, room, None)


class RoomEvents:
    """The ``on_room`` handlers of a namespace. They run in a worker greenlet, one at a time and in the order of the
    changes, after the change that they are told of.
    """

    __slots__ = ("_handlers", "_mailbox", "_namespace")

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._handlers: dict[str, list[Callable[..., Any]]] = {event: [] for event in FORMS}
        self._mailbox: Mailbox | None = None

    @staticmethod
    def check_event(event: str) -> None:
        """See to it that there is such an event.

        :raises ConfigurationError: otherwise.
        """
        if event not in FORMS:
            raise ConfigurationError(f"the events of rooms are {', '.join(FORMS)}, not {event!r}")

    def add(self, event: str, handler: Callable[..., Any]) -> None:
        """Call *handler* at each *event*.

        :raises ConfigurationError: for an unknown event, or a handler of another form.
        """
        self.check_event(event)
        check_form(handler, *FORMS[event])
        self._handlers[event].append(handler)

    def tell(self, event: str, room: str, sid: str | None) -> None:
        """A RoomWatcher."""
        if self._handlers[event]:
            runtime = current_runtime()
            if self._mailbox is None:
                self._mailbox = Mailbox(runtime.workers)
            # Not at once: in the hub a worker would start here, in the midst of the change.
            runtime.soon(self._mailbox.post, self._run, event, (room,) if sid is None else (room, sid))

    def _run(self, event: str, args: tuple[str, ...]) -> None:
        """Runs in a worker."""
        for handler in tuple(self._handlers[event]):
            try:
                handler(*args)
            except (Exception, Timeout):
                logger.exception("a handler of %r in the namespace %r failed", event, self._namespace)
