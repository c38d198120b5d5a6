"""One client in one namespace: what a handler gets first.

Its events run in order, one at a time, in worker greenlets (a mailbox); what it acknowledges never waits there, so a
handler may wait for its own client's answer. A handler with ``concurrent=True`` does not wait for its turn.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from geventio.exceptions import SERVER_NAMESPACE_DISCONNECT, ConfigurationError, Disconnected
from geventio.protocol.socketio import Packet, PacketType, check_event_name
from geventio.runtime import Mailbox, Timeout, Waiter
from geventio.socketio.acks import Outcome, PendingAcks, reply_args, reply_value
from geventio.socketio.adapter import BroadcastOptions
from geventio.socketio.broadcast import BroadcastOperator, Rooms, room_names
from geventio.socketio.event_source import EventSource
from geventio.socketio.events import Listeners
from geventio.socketio.handshake import Handshake
from geventio.socketio.socket_operator import SocketOperator

if TYPE_CHECKING:
    from geventio.engineio.session import Session
    from geventio.socketio.connection import Connection
    from geventio.socketio.namespace import Namespace

_EVENT: Final = PacketType.EVENT  # an enum's attribute is slow, and this one is read for every event
CALL_TIMEOUT: Final = 60.0
"""Seconds that ``call()`` waits unless told otherwise."""


class Ack:
    """Acknowledges one event of a client: ``ack(*values)``, once; later calls change nothing."""

    __slots__ = ("_id", "_socket")

    def __init__(self, socket: "Socket", ack_id: int | None) -> None:
        self._socket = socket
        self._id = ack_id  # None: the client did not ask, or has been answered

    def __call__(self, *values: Any) -> None:
        """Send *values* as the acknowledgement's arguments."""
        ack_id = self._id
        if ack_id is not None:
            self._id = None
            socket = self._socket
            socket.send_packet(Packet(PacketType.ACK, socket.namespace.name, list(values), ack_id))


class Socket(EventSource):
    """One client in one namespace."""

    __slots__ = (
        "_acks",
        "_data",
        "_left_rooms",
        "_listeners",
        "_mailbox",
        "connected",
        "connection",
        "handshake",
        "id",
        "namespace",
        "session",
    )

    def __init__(self, namespace: "Namespace", connection: "Connection", socket_id: str, handshake: Handshake) -> None:
        self.id = socket_id
        """Names this socket; also the name of the room that it alone is in. No secret, unlike the session's id."""
        self.namespace = namespace
        self.connection = connection
        self.session: Session = connection.session
        self.handshake = handshake
        self.connected = False
        """Whether the client is in the namespace: from its CONNECT reply until it is known to have left."""
        self._mailbox = Mailbox(connection.session.runtime.workers)
        self._data: dict[str, Any] | None = None
        self._acks: PendingAcks | None = None
        self._listeners: Listeners | None = None
        self._left_rooms: frozenset[str] | None = None  # while disconnecting handlers run

    def __repr__(self) -> str:
        return f"<Socket in {self.namespace.name!r}>"

    @property
    def conn(self) -> "Session":
        """The Engine.IO session under this socket; ``conn.transport.name`` is ``polling`` or ``websocket``."""
        return self.session

    @property
    def data(self) -> dict[str, Any]:
        """The application's own values for this socket."""
        if self._data is None:
            self._data = {}
        return self._data

    # -- rooms

    @property
    def rooms(self) -> frozenset[str]:
        """Rooms that the socket is in, its own among them; in a ``disconnecting`` handler those that it was in."""
        if self._left_rooms is not None:
            return self._left_rooms
        return self.namespace.adapter.rooms_of(self.id)

    def join(self, rooms: Rooms) -> None:
        """Join a room, or several. A socket that has left joins nothing.

        :raises ConfigurationError: unless it is a name or several.
        """
        self.namespace.adapter.join(self.id, room_names(rooms))

    def leave(self, room: str) -> None:
        """Leave a room; harmless when the socket is not in it."""
        self.namespace.adapter.leave(self.id, room)

    # -- out

    def emit(self, event: str, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send an event to this client. ``ack(*values)`` is called in a worker greenlet when the client acknowledges
        it. Never blocks; nothing is sent once the client has left.

        :raises ConfigurationError: for a reserved event name.
        :raises TypeError: for an argument that cannot be encoded.
        """
        check_event_name(event)
        packet = Packet(_EVENT, self.namespace.name, [event, *args])
        if ack is not None:
            if not callable(ack):
                raise ConfigurationError(f"ack must be a function, not {ack!r}")
            packet.id = self.namespace.next_ack_id()
            self.expect_ack(packet.id, self.ack_outcome(event, ack, errors=False), None)
        self.send_packet(packet)

    def send(self, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send the event ``message``."""
        self.emit("message", *args, ack=ack)

    def call(self, event: str, *args: Any, timeout: float | None = CALL_TIMEOUT) -> Any:
        """Send an event and wait for its acknowledgement. Blocks this greenlet only.

        :returns: None for no arguments, the argument itself, or a tuple of several.
        :raises AckTimeout: after *timeout* seconds without an answer; None waits for ever.
        :raises Disconnected: as soon as the client has left.
        """
        check_event_name(event)
        waiter: Waiter[Any] = Waiter()

        def outcome(error: Exception | None, values: list[Any]) -> None:
            if error is None:
                waiter.set(reply_value(values))
            else:
                waiter.fail(error)

        ack_id = self.namespace.next_ack_id()
        packet = Packet(PacketType.EVENT, self.namespace.name, [event, *args], ack_id)
        messages = self.namespace.server.parser.encode(packet)  # before anything is awaited: it may raise
        self.expect_ack(ack_id, outcome, timeout)
        self.session.send_messages(messages)
        return waiter.wait()

    def send_packet(self, packet: Packet, *, compress: bool = True) -> None:
        """Send a packet of the protocol; for geventio's own use."""
        self.session.send_messages(self.namespace.server.parser.encode(packet), compress=compress)

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """Everybody in a room, or in several, but this socket."""
        return self.broadcast.to(rooms)

    in_ = to

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """Everybody but the members of a room, or of several, and but this socket."""
        return self.broadcast.except_(rooms)

    @property
    def broadcast(self) -> BroadcastOperator:
        """Everybody in the namespace but this socket."""
        return BroadcastOperator(self.namespace, BroadcastOptions(excluded=frozenset([self.id])))

    @property
    def local(self) -> BroadcastOperator:
        """Everybody on this server but this socket."""
        return self.broadcast.local

    @property
    def volatile(self) -> SocketOperator:
        """This client, unless it cannot be written to right now."""
        return SocketOperator(self, volatile=True)

    def compress(self, compress: bool) -> SocketOperator:
        """This client; whether the event may be compressed."""
        return SocketOperator(self, compress=compress)

    def timeout(self, seconds: float) -> SocketOperator:
        """This client; how long to wait for its acknowledgement: ``ack(error, *values)``."""
        return SocketOperator(self).timeout(seconds)

    # -- events

    def _event_listeners(self) -> Listeners:
        if self._listeners is None:
            self._listeners = Listeners(0)
        return self._listeners

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Run ``function(*args)`` in this socket's turn; for geventio's own use."""
        self._mailbox.post(function, *args)

    def receive_event(self, packet: Packet) -> None:
        """Runs in the hub: the client sent an event."""
        event = packet.data[0]
        own = self._listeners
        if event in self.namespace.listeners.concurrent or (own is not None and event in own.concurrent):
            self.session.runtime.workers.call(self._run_event, packet)
        else:
            self._mailbox.post(self._run_event, packet)

    def _run_event(self, packet: Packet) -> None:
        """Runs in a worker."""
        event, *args = packet.data
        self.run_listeners(event, args, None if packet.id is None else Ack(self, packet.id))

    def run_listeners(self, event: str, args: list[Any], ack: Ack | None = None) -> None:
        """Runs in a worker: call the namespace's handlers of *event*, then the socket's own."""
        namespace = self.namespace
        listeners: Listeners | None = namespace.listeners
        given: tuple[Any, ...] = (self, *args)
        while listeners is not None:
            for listener in listeners.of.get(event, ()):
                if listener.once and not listeners.discard(event, listener):
                    continue
                try:
                    listener.check_arguments(len(args))
                    if listener.takes_ack:
                        listener.function(*given, ack=ack or Ack(self, None))
                        continue
                    value = listener.function(*given)
                    if ack is not None:
                        ack(*reply_args(value))
                except (Exception, Timeout) as error:
                    namespace.server.handler_failed(self, event, error, ack)
            # Then the socket's own, which are not given the socket.
            listeners = self._listeners if listeners is not self._listeners else None
            given = tuple(args)

    # -- acknowledgements

    def expect_ack(self, ack_id: int, outcome: Outcome, timeout: float | None) -> None:
        """Await an acknowledgement; for geventio's own use."""
        if not self.connected and self._left_rooms is not None:
            outcome(Disconnected("the client has left before"), [])
            return
        if self._acks is None:
            self._acks = PendingAcks()
        self._acks.expect(ack_id, outcome, self.session.runtime, timeout)

    def receive_ack(self, packet: Packet) -> None:
        """Runs in the hub: the client acknowledged."""
        if self._acks is not None:
            self._acks.resolve(packet.id, packet.data or [])

    def ack_outcome(self, event: str, ack: Callable[..., Any], *, errors: bool) -> Outcome:
        """Calls *ack* in a worker; with *errors* it gets an error or None first, without it hears of answers only."""
        workers = self.session.runtime.workers
        server = self.namespace.server

        def outcome(error: Exception | None, values: list[Any]) -> None:
            if errors:
                workers.call(server.run_callback, event, ack, error, *values)
            elif error is None:
                workers.call(server.run_callback, event, ack, *values)

        return outcome

    # -- the end

    def disconnect(self, close: bool = False) -> None:
        """Take the client out of this namespace; with *close*, out of all, and end its connection. Events that wait for
        their turn are dropped. Never blocks.
        """
        if close:
            self.connection.disconnect()
        elif self.connected:
            self.send_packet(Packet(PacketType.DISCONNECT, self.namespace.name))
            self.left(SERVER_NAMESPACE_DISCONNECT)

    def left(self, reason: str) -> None:
        """The client is no longer in the namespace; for geventio's own use. Called in the hub or in a greenlet."""
        if not self.connected:
            return
        self.connected = False
        self._left_rooms = self.namespace.socket_left(self)
        self.connection.socket_left(self)
        if self._acks is not None:
            self._acks.fail_all(reason)
        if reason == SERVER_NAMESPACE_DISCONNECT:
            self._mailbox.clear()
        self._mailbox.post(self._run_left, reason)

    def _run_left(self, reason: str) -> None:
        """Runs in a worker, after every event that had come before."""
        self.run_listeners("disconnecting", [reason])
        self._left_rooms = frozenset()
        self.run_listeners("disconnect", [reason])
