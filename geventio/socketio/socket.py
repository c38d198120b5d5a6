"""One client in one namespace: what a handler gets first.

Its events run in order, one at a time, in worker greenlets (a mailbox); what it acknowledges never waits there, so a
handler may wait for its own client's answer. A handler with ``concurrent=True`` does not wait for its turn.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from geventio.exceptions import SERVER_NAMESPACE_DISCONNECT, ConfigurationError, Disconnected
from geventio.protocol.socketio import RESERVED_EVENTS, Packet, PacketType, check_event_name
from geventio.runtime import Mailbox, get_ident, posted
from geventio.socketio.acks import CALL_TIMEOUT, Outcome, PendingAcks
from geventio.socketio.adapter import BroadcastOptions
from geventio.socketio.broadcast import BroadcastOperator
from geventio.socketio.handlers.dispatch import run_listeners
from geventio.socketio.handlers.event_source import EventSource
from geventio.socketio.handlers.events import Listeners
from geventio.socketio.handlers.outgoing import event_sent
from geventio.socketio.handlers.packet_middleware import PacketMiddlewareT
from geventio.socketio.handshake import Handshake
from geventio.socketio.one_client import OneClient
from geventio.socketio.other_threads import hand_over
from geventio.socketio.recovery.returning import let_go, save
from geventio.socketio.recovery.saved_session import RECOVERABLE, Ticket
from geventio.socketio.room_member import RoomMember
from geventio.socketio.socket_operator import SocketOperator

if TYPE_CHECKING:
    from geventio.engineio.session import Session
    from geventio.runtime import Runtime
    from geventio.socketio.connection import Connection
    from geventio.socketio.namespace import Namespace
    from geventio.socketio.server import Server

_EVENT: Final = PacketType.EVENT  # an enum's attribute is slow, and this one is read for every event


class Socket(EventSource, OneClient, RoomMember):
    """One client in one namespace."""

    __slots__ = (
        "__weakref__",
        "_acks",
        "_data",
        "_session",
        "conn",
        "connected",
        "connection",
        "handshake",
        "id",
        "left_reason",
        "mailbox",
        "namespace",
        "own_listeners",
        "ticket",
    )

    def __init__(self, namespace: "Namespace", connection: "Connection", socket_id: str, handshake: Handshake) -> None:
        self.id = socket_id
        """Names this socket; also the name of the room that it alone is in. No secret, unlike the session's id; of a
        client that ``allow_eio3`` let in, it holds that secret.
        """
        self.namespace = namespace
        self.connection = connection
        self.conn: Session = connection.session
        """The Engine.IO session under this socket; ``conn.transport.name`` is ``polling`` or ``websocket``."""
        self.handshake = handshake
        self.connected = False
        """Whether the client is in the namespace: from its CONNECT reply until it is known to have left."""
        self.left_reason: str | None = None
        """Why the client left (a disconnect reason); None until then."""
        self.mailbox = Mailbox(connection.session.runtime.workers)
        """This socket's turn: what runs for it in order, one at a time. For geventio's own use."""
        self._data: dict[str, Any] | None = None
        self._session: dict[str, Any] | None = None
        self._acks: PendingAcks | None = None
        self.own_listeners: Listeners | None = None
        """What is registered on this socket alone; None while there has been nothing. For geventio's own use."""
        self._rooms = frozenset()
        self.ticket: Ticket | None = None
        """What lets the client come back; None where it cannot. For geventio's own use."""

    def __repr__(self) -> str:
        return f"<Socket in {self.namespace.name!r}>"

    @property
    def data(self) -> dict[str, Any]:
        """The application's own values for this socket."""
        if self._data is None:
            self._data = {}
        return self._data

    @property
    def params(self) -> dict[str, str]:
        """What the pattern of its namespace captured: ``{"id": "7"}`` in ``/job/7`` of ``io.of("/job/{id}")``."""
        return dict(self.namespace.params)

    @property
    def recovered(self) -> bool:
        """Whether the client came back in time: the socket has the id, rooms and data that it had, and gets what it
        missed (``connection_state_recovery``).
        """
        return self.ticket is not None and self.ticket.recovered

    @contextmanager
    def session(self) -> Iterator[dict[str, Any]]:
        """The session of this socket, a dict: kept when the block ends well, left as it was when it raises::

            with socket.session() as session:
                session["user"] = name

        It lasts as long as the socket (a recovered one has it again) and is seen by this server alone, unlike
        :attr:`data`.
        """
        if self._session is None:
            self._session = {}
        kept = self._session  # the same for a socket that continues this one
        session = dict(kept)
        yield session
        kept.clear()
        kept.update(session)

    # -- out

    def emit(self, event: str, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send an event to this client. ``ack(*values)`` is called in a worker greenlet when the client acknowledges
        it. Never blocks; nothing is sent once the client has left, unless it may come back.

        :raises ConfigurationError: for a reserved event name.
        :raises TypeError: for an argument that cannot be encoded.
        """
        if ack is not None:
            SocketOperator(self).emit(event, *args, ack=ack)
            return
        if type(event) is not str or event in RESERVED_EVENTS:
            check_event_name(event)
        conn = self.conn
        namespace = self.namespace
        if get_ident() != conn.runtime.thread:
            hand_over(conn.runtime.threads, namespace, self.emit, event, args)
            return
        packet = Packet(_EVENT, namespace.name, [event, *args])
        if self.ticket is not None:
            namespace.adapter.send(self, packet, False, True)
        elif self.left_reason is None:  # send_packet() without the call of it: most events leave here
            conn.send_messages(namespace.server.parser.encode(packet))
        if namespace.server.outgoing is not None:
            event_sent(self, event, args)

    def send(self, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send the event ``message``."""
        self.emit("message", *args, ack=ack)

    def call(self, event: str, *args: Any, timeout: float | None = CALL_TIMEOUT) -> Any:
        """Send an event and wait for its acknowledgement. Blocks this greenlet only.

        :returns: None for no arguments, the argument itself, or a tuple of several.
        :raises AckTimeout: after *timeout* seconds without an answer; None waits for ever.
        :raises Disconnected: as soon as the client has left.
        :raises ConfigurationError: for a reserved event name, a timeout that is no number above 0, or in a middleware:
            the client answers nothing before it has been accepted.
        """
        return SocketOperator(self).wait(timeout, event, args)

    def send_packet(self, packet: Packet, *, compress: bool = True) -> None:
        """Send a packet of the protocol, unless the client has left; for geventio's own use."""
        if self.left_reason is None:
            self.conn.send_messages(self.namespace.server.parser.encode(packet), compress=compress)

    def _this_client(self) -> SocketOperator:
        return SocketOperator(self)

    @property
    def broadcast(self) -> BroadcastOperator:
        """Everybody in the namespace but this socket."""
        return BroadcastOperator(self.namespace, BroadcastOptions(excluded=frozenset([self.id])))

    # -- events

    def _event_listeners(self) -> Listeners:
        if self.own_listeners is None:
            self.own_listeners = Listeners(0)
        return self.own_listeners

    def _own_server(self) -> "Server":
        return self.namespace.server

    def use(self, middleware: PacketMiddlewareT) -> PacketMiddlewareT:
        """The Node.js server's name for :meth:`use_packet` on a socket."""
        return self.use_packet(middleware)

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Run ``function(*args)`` in this socket's turn; for geventio's own use."""
        self.mailbox.post(function, *args)

    # -- acknowledgements

    def expect_ack(self, ack_id: int, outcome: Outcome, timeout: float | None) -> None:
        """Await an acknowledgement; for geventio's own use."""
        if self.left_reason is not None:
            outcome(Disconnected(self.left_reason), [])
            return
        if self._acks is None:
            self._acks = PendingAcks()
        self._acks.expect(ack_id, outcome, self.conn.runtime, timeout)

    def forget_ack(self, ack_id: int) -> None:
        """Nobody waits for it any more; for geventio's own use."""
        if self._acks is not None:
            self._acks.forget(ack_id)

    def receive_ack(self, packet: Packet) -> None:
        """Runs in the hub: the client acknowledged."""
        if self._acks is not None:
            self._acks.resolve(packet.id, packet.data or [])

    # -- the beginning and the end

    def joined(self) -> None:
        """The client is in the namespace, and the adapter knows of it; for geventio's own use."""
        early, self._rooms = self._rooms, None
        self.connected = True
        if early:
            self.namespace.adapter.join(self.id, early)

    def refused(self) -> None:
        """The client will not be in the namespace; for geventio's own use."""
        let_go(self)
        self._gone(self.connection.close_reason or SERVER_NAMESPACE_DISCONNECT)

    def _gone(self, reason: str) -> None:
        self.left_reason = reason
        if self._acks is not None:
            self._acks.fail_all(reason)

    def _hub_runtime(self) -> "Runtime":
        return self.conn.runtime

    @posted
    def disconnect(self, close: bool = False) -> None:
        """Take the client out of this namespace; with *close*, out of all, and end its connection. Events that wait for
        their turn are dropped; a client that is away does not recover (``connection_state_recovery``). Never blocks.

        :raises ConfigurationError: in a middleware, without *close*: raise ConnectionRejected there.
        """
        if close:
            self.connection.disconnect()
        elif not self.connected and self.left_reason is None and not self.connection.closed:
            raise ConfigurationError("a middleware refuses a socket by raising ConnectionRejected, not by disconnect()")
        elif self.connected:
            self.send_packet(Packet(PacketType.DISCONNECT, self.namespace.name))
            self.left(SERVER_NAMESPACE_DISCONNECT)
        if self.ticket is not None:
            self.namespace.adapter.end_session(self.ticket.pid)

    def left(self, reason: str) -> None:
        """The client is no longer in the namespace; for geventio's own use. Called in the hub or in a greenlet."""
        if not self.connected:
            return
        self.connected = False
        self._rooms = self.namespace.socket_left(self)
        if self.ticket is not None and reason in RECOVERABLE:
            self.namespace.adapter.persist_session(save(self))
        self.connection.socket_left(self)
        self._gone(reason)
        if reason == SERVER_NAMESPACE_DISCONNECT:
            self.mailbox.clear()
        self.mailbox.post(self._run_left, reason)

    def _run_left(self, reason: str) -> None:
        """Runs in a worker, after every event that had come before."""
        try:
            run_listeners(self, "disconnecting", [reason])
        finally:  # also when a handler killed its own greenlet
            self._rooms = frozenset()
            try:
                run_listeners(self, "disconnect", [reason])
            finally:
                self.namespace.settled()
