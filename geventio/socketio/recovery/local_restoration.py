"""A session that was found on this server, between the CONNECT of a client that comes back and its reply.

::

    restoration = adapter.restore_session(pid, offset)  # only looked at
    missed = restoration.take(socket.rooms, 1_000_000)  # and now it is the new socket's
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from geventio.engineio.prepared import Prepared
from geventio.socketio.recovery.event_log import Reach
from geventio.socketio.recovery.saved_session import SavedSession

if TYPE_CHECKING:
    from geventio.socketio.recovery.adapter import RecoveringAdapter


class LocalRestoration:
    """A Restoration."""

    __slots__ = ("_adapter", "saved", "since")

    def __init__(self, adapter: "RecoveringAdapter", saved: SavedSession, since: Reach) -> None:
        self._adapter = adapter
        self.saved = saved
        self.since = since

    def take(self, rooms: frozenset[str], limit: int) -> Sequence[Prepared] | None:
        """See Restoration."""
        taken = self._adapter.take(self.saved.pid, self.since, self.saved.rooms - rooms, limit)
        if taken is None:
            return None
        missed, self.since = taken
        return missed

    def release(self) -> None:
        """See Restoration: it was only looked at."""
