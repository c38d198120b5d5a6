"""What a client goes through that says it was here before: from its CONNECT to what it missed.

Its session is looked up, the middlewares look at a socket that has the session's id, rooms and data already, and then
the session is taken: at that moment the client gets its CONNECT reply and all that it missed, and nobody else can have
the session any more. The reply goes first: official clients hold back what comes before it, and those that lose the
connection in the midst of that keep it for the next one, where it would be there twice.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geventio.engineio.prepared import Prepared
from geventio.exceptions import AdapterError
from geventio.option_groups import RecoveryOptions
from geventio.runtime import Waiter
from geventio.socketio.recovery.saved_session import SavedSession

if TYPE_CHECKING:
    from geventio.socketio.socket import Socket

logger = logging.getLogger("geventio.socketio")


def was_here(socket: "Socket") -> bool:
    """Whether the client of a connecting socket says that it had a session."""
    return socket.ticket is not None and isinstance(socket.handshake.auth.get("pid"), str)


def look_up(socket: "Socket") -> bool:
    """Find the session that the client had, and let *socket* stand for it. Runs in a worker; may block.

    :returns: whether the middlewares are passed by.
    """
    auth = socket.handshake.auth
    pid, offset = auth["pid"], auth.get("offset")
    if offset is not None and not isinstance(offset, str):
        return False
    try:
        restoration = socket.namespace.adapter.restore_session(pid, offset)
    except AdapterError as error:
        logger.warning("a client of the namespace %r could not be recovered: %s", socket.namespace.name, error)
        return False
    if restoration is None:
        return False
    saved, ticket = restoration.saved, socket.ticket
    assert ticket is not None
    ticket.pid, ticket.since, ticket.recovered, ticket.restoration = saved.pid, restoration.since, True, restoration
    socket.id, socket._data, socket._session, socket._rooms = saved.sid, saved.data, saved.session, saved.rooms
    options = socket.namespace.server.options.connection_state_recovery
    return isinstance(options, RecoveryOptions) and options.skip_middlewares


def take_back(socket: "Socket") -> Sequence[Prepared] | None:
    """The client comes in; returns what it missed. None when the session has gone meanwhile. Does not block."""
    ticket = socket.ticket
    if ticket is None or ticket.restoration is None:
        return ()
    restoration, ticket.restoration = ticket.restoration, None
    conn = socket.conn
    conn.flush()  # what only waits for the end of the turn is no sign of a slow client
    conn.transport.flush()
    limit = socket.namespace.server.options.max_send_buffer - conn.buffered
    missed = restoration.take(socket.rooms, limit)
    ticket.since = restoration.since
    # The adapter has put it into those that the session still has; one that was taken away meanwhile stays so.
    socket._rooms = socket.rooms - restoration.saved.rooms
    former = restoration.saved.mailbox
    if missed is not None and former is not None:
        # Its handlers go on where those of the socket that left have come to an end, its disconnect handlers the last.
        done: Waiter[None] = Waiter()
        former.post(done.set, None)
        socket.mailbox.post(done.wait)
    return missed


def let_go(socket: "Socket") -> None:
    """The client does not come in."""
    ticket = socket.ticket
    if ticket is not None and ticket.restoration is not None:
        ticket.restoration.release()
        ticket.restoration = None


def save(socket: "Socket") -> SavedSession:
    """What is kept of a socket that has a ticket."""
    assert socket.ticket is not None
    ticket = socket.ticket
    if socket._session is None:
        socket._session = {}  # handlers that still run may write to it
    return SavedSession(socket.id, ticket.pid, socket.rooms, socket.data, ticket.since, socket._session, socket.mailbox)
