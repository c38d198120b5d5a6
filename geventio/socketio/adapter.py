"""What a namespace asks of whoever knows all its sockets: its adapter.

A namespace asks its adapter for everything that concerns more than one socket. On one server that is a
:class:`~geventio.socketio.local_adapter.LocalAdapter`; in a cluster it is an adapter that does the same on every
server, and nothing above notices the difference. Give a server one by naming what makes it::

    io = Server(adapter=MyAdapter)  # MyAdapter(namespace), once for each namespace

An adapter for a cluster has a LocalAdapter for the sockets of its own server: it publishes what it is asked, does it on
the local one too, and lets the local one do what other servers publish::

    class MyAdapter:
        def __init__(self, namespace):
            self.local = LocalAdapter(namespace)

        def sockets_join(self, options, rooms):
            if not options.local:
                self.publish(SOCKETS_JOIN, options, rooms)  # there: self.local.sockets_join(options, rooms)
            self.local.sockets_join(options, rooms)
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from geventio.exceptions import GeventIOError
from geventio.protocol.socketio import Packet
from geventio.socketio.descriptions import SocketDescription
from geventio.socketio.recovery.saved_session import Restoration, SavedSession, Ticket

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace
    from geventio.socketio.socket import Socket

RoomWatcher = Callable[[str, str, str | None], None]
"""``watcher(event, room, sid)`` with the event ``create-room``, ``delete-room`` (no *sid*), ``join-room`` or
``leave-room``. Called in the midst of the change: must not block, nor change rooms itself.
"""


@dataclass(frozen=True, slots=True)
class BroadcastOptions:
    """Whom something is for, and how it travels."""

    rooms: frozenset[str] | None = None
    """Rooms; None: everybody. An empty set is nobody: who sends to a list of rooms that turns out empty means that."""
    excluded: frozenset[str] = field(default_factory=frozenset)
    """Rooms whose members are left out."""
    volatile: bool = False
    """Whether clients that cannot be written to right now are passed over."""
    compress: bool = True
    """Whether compression is allowed."""
    local: bool = False
    """Whether only clients of this server are meant."""


class AckCollector(Protocol):
    """Gathers acknowledgements: of clients by their sockets' ids, of servers by whatever names them. It has a clock of
    its own: what it was not told when the time is over is missing. Its methods do not block.
    """

    def more_servers(self, count: int, /) -> None:
        """So many servers more than the one that is awaited anyway will say whom they ask. Called before they do."""

    def expect(self, ids: Collection[str], /) -> None:
        """A server says whom it asks: nobody, perhaps. Once for each server; on behalf of one that went away before it
        could. Where an id is not known (other implementations tell how many they ask, not whom) it is ``""``, as many
        times as there are of them.
        """

    def collect(self, id: str, error: GeventIOError | None, args: list[Any], /) -> None:
        """One of them answered with *args*; or *error*: it has not and will not, in time."""


class Adapter(Protocol):
    """What a namespace needs; one object for each namespace on each server.

    It is made with its namespace, often while the application is imported and before the server forks: making it must
    neither connect to anything nor spawn. Every method is called in one thread. What is said to block may block the
    greenlet that calls it, and raises :class:`~geventio.exceptions.AdapterError` when other servers cannot be reached,
    or do not answer in the adapter's own time limit; everything else must not block, and does not fail.

    Ids of sockets are unique in the cluster. An id is also the name of a room: the one that its socket alone is in,
    unless it left it or others joined. That is how a single socket of another server is addressed.
    """

    # -- the life of a server

    def start(self) -> None:
        """This process serves clients from now on. Called once, in the hub, before the first socket is added: listen to
        the other servers, in a greenlet of your own.
        """

    def close(self) -> None:
        """The server closes, or the namespace goes: tell the other servers and let go of what you hold. Called at most
        once. Sockets that are about to leave and handlers that end may still call anything: it reaches this server.
        """

    # -- sockets of this server, one by one

    def add(self, sid: str, /) -> None:
        """A socket connected: it is in the room of its own id."""

    def remove(self, sid: str, /) -> frozenset[str]:
        """A socket left; returns the rooms that it was in, its own among them. Harmless for one that is unknown."""

    def join(self, sid: str, rooms: Collection[str], /) -> None:
        """Put a socket into rooms; one that is not connected stays out."""

    def leave(self, sid: str, room: str, /) -> None:
        """Take a socket out of a room; harmless when it is not in it."""

    def rooms_of(self, sid: str, /) -> frozenset[str]:
        """Rooms of a socket, its own among them; empty when it is not connected."""

    def watch_rooms(self, watcher: RoomWatcher, /) -> None:
        """Call *watcher* from now on for each change of this server's rooms, those of the sockets' own ids among them.
        There may be several watchers.
        """

    # -- sockets of all servers (of this one: ``options.local``)

    def broadcast(self, packet: Packet, options: BroadcastOptions, /) -> None:
        """Send *packet*, an event, to everybody that *options* name; nothing is encoded when that is nobody. May block.

        :raises TypeError: for an argument that cannot be encoded; nothing was sent to anybody then.
        """

    def broadcast_with_ack(
        self, packet: Packet, options: BroadcastOptions, collector: AckCollector, timeout: float, /
    ) -> None:
        """Send *packet*, to which the adapter gives an id, and tell *collector* whom each server asks and what the
        clients acknowledge within *timeout* seconds. May block, but not for the answers.

        :raises TypeError: for an argument that cannot be encoded.
        """

    def fetch_sockets(self, options: BroadcastOptions, /) -> list[SocketDescription]:
        """The sockets that *options* name. Blocks."""

    def sockets_join(self, options: BroadcastOptions, rooms: Collection[str], /) -> None:
        """Put the sockets that *options* name into *rooms*; it may take a moment on other servers. May block."""

    def sockets_leave(self, options: BroadcastOptions, rooms: Collection[str], /) -> None:
        """Take the sockets that *options* name out of *rooms*, likewise. May block."""

    def disconnect_sockets(self, options: BroadcastOptions, close: bool, /) -> None:
        """Disconnect the sockets that *options* name from the namespace, likewise; with *close*, end their connections.
        Clients that are away and would be among them if they came back do not. May block.
        """

    def rooms(self, options: BroadcastOptions, /) -> frozenset[str]:
        """Rooms that the sockets that *options* name are in: of everybody, all rooms. Blocks."""

    def count(self, options: BroadcastOptions, /) -> int:
        """How many sockets *options* name. Blocks."""

    # -- clients that come back (those of an adapter that keeps no sessions give no tickets and never do)

    def open_session(self, sid: str, /) -> Ticket | None:
        """A ticket for a socket that is about to connect, so that its client can come back; None where it cannot. Of a
        socket with a ticket :meth:`send` and ``persist_session`` are called. Must not block.
        """

    def send(self, socket: "Socket", packet: Packet, volatile: bool, compress: bool, /) -> None:
        """Send *packet*, an event, to one socket that has a ticket: here, or that left and may come back. May block.

        :raises TypeError: for an argument that cannot be encoded.
        """

    def persist_session(self, saved: SavedSession, /) -> None:
        """The client of a socket with a ticket is lost, and may come back. Called right after :meth:`remove`."""

    def end_session(self, pid: str, /) -> None:
        """The application disconnects a socket with a ticket: its client does not come back, and when it has already,
        it leaves again. Harmless for a session that is not there (any more). Must not block.
        """

    def restore_session(self, pid: str, offset: str | None, /) -> Restoration | None:
        """A client came that says it had the session *pid*, and *offset* as the last argument of the last event that it
        got (None: of none). Both are what a client sent: any text. None where it cannot have everything that it missed.
        Blocks.
        """

    # -- the servers themselves

    def server_count(self) -> int:
        """How many servers there are, with this one. Blocks."""

    def server_side_emit(self, args: list[Any], collector: AckCollector | None, timeout: float, /) -> None:
        """Give ``[event, *args]`` to every other server, where the adapter of this namespace calls
        :meth:`Namespace.server_side_received`. With *collector*: tell it what they acknowledge within *timeout*
        seconds, one argument each; all of them are named in one ``expect``. May block, but not for the answers.

        :raises TypeError: for an argument that cannot be encoded.
        """


AdapterFactory = Callable[["Namespace"], Adapter]
"""Makes the adapter of a namespace."""
