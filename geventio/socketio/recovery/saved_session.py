"""What is kept of a socket whose client may come back, and what passes between a socket and its adapter about it.

An adapter that keeps sessions gives each socket a ticket (:meth:`Adapter.open_session`); when the client is lost, the
socket's state goes to the adapter (``persist_session``); when a client comes that names a session, the adapter is asked
for it (``restore_session``), and answers with a :class:`Restoration`, which the namespace makes final once the
middlewares let the client pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from geventio.engineio.prepared import Prepared
from geventio.exceptions import (
    FORCED_CLOSE,
    FORCED_SERVER_CLOSE,
    PING_TIMEOUT,
    SERVER_SHUTTING_DOWN,
    TRANSPORT_CLOSE,
    TRANSPORT_ERROR,
)
from geventio.protocol.socketio import Packet
from geventio.runtime import Mailbox

if TYPE_CHECKING:
    from geventio.socketio.socket import Socket

RECOVERABLE: Final = frozenset(
    (TRANSPORT_ERROR, TRANSPORT_CLOSE, FORCED_CLOSE, FORCED_SERVER_CLOSE, PING_TIMEOUT, SERVER_SHUTTING_DOWN)
)
"""Reasons after which a client may come back: neither side meant to part."""


@dataclass(slots=True)
class SavedSession:
    """The state of a socket that has left."""

    sid: str
    pid: str
    """The session's own id, a secret that the client has."""
    rooms: frozenset[str]
    """Rooms that it was in, its own among them."""
    data: dict[str, Any]
    since: Any
    """What the ticket says."""
    session: dict[str, Any] | None = None
    """What :meth:`Socket.session` holds; not for other processes."""
    mailbox: Mailbox | None = None
    """Where handlers of the socket that left may still wait for their turn, in this process."""


class Restoration(Protocol):
    """A session that was found for a client that came back."""

    @property
    def saved(self) -> SavedSession:
        """The session."""

    @property
    def since(self) -> Any:
        """For the new ticket; perhaps another one once the session is taken."""

    def take(self, rooms: frozenset[str], limit: int, /) -> Sequence[Prepared] | None:
        """The client comes in, and will be in *rooms*: those of the session, unless a middleware changed them. Returns
        what it missed, in order, *limit* bytes at most, and the socket is in the rooms of the session from now on (but
        for those that are not in *rooms*), so that it gets what follows. None when that cannot be done, or not any
        more: the client starts anew. Must not block.
        """

    def release(self) -> None:
        """The client does not come in: the session may be asked for again. Must not block."""


class Ticket:
    """What lets the client of a socket come back."""

    __slots__ = ("pid", "recovered", "restoration", "since")

    def __init__(self, pid: str, since: Any) -> None:
        self.pid = pid
        """The session's own id, a secret that the client has."""
        self.since = since
        """How far the client certainly got when it connected: an adapter's own value."""
        self.recovered = False
        """Whether the socket continues one that had left."""
        self.restoration: Restoration | None = None
        """While the middlewares look at a client that came back."""


class NoSessions:
    """For adapters that keep no sessions: who is lost, comes anew."""

    def open_session(self, sid: str) -> Ticket | None:  # noqa: ARG002
        """See Adapter."""
        return None

    def send(self, socket: "Socket", packet: Packet, volatile: bool, compress: bool) -> None:  # noqa: ARG002
        """See Adapter: there is no such socket."""
        socket.send_packet(packet, compress=compress)

    def persist_session(self, saved: SavedSession) -> None:
        """See Adapter."""

    def end_session(self, pid: str) -> None:
        """See Adapter."""

    def restore_session(self, pid: str, offset: str | None) -> Restoration | None:  # noqa: ARG002
        """See Adapter."""
        return None
