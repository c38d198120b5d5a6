"""How to send to one client: an immutable value, as :class:`~geventio.socketio.broadcast.BroadcastOperator` is for
many.

::

    socket.volatile.emit("cursor", x, y)
    socket.timeout(5).emit("question", ack=lambda error, answer=None: ...)
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from geventio.exceptions import ConfigurationError
from geventio.protocol.socketio import Packet, PacketType, check_event_name
from geventio.runtime import Waiter, asked, get_ident
from geventio.socketio.acks import CALL_TIMEOUT, Outcome, check_timeout, wake
from geventio.socketio.adapter import BroadcastOptions
from geventio.socketio.broadcast import BroadcastOperator, Rooms
from geventio.socketio.handlers.outgoing import event_sent
from geventio.socketio.other_threads import hand_over

if TYPE_CHECKING:
    from geventio.runtime import Runtime
    from geventio.socketio.socket import Socket


class SocketOperator:
    """One client, and how to reach it. Every refinement is a new operator."""

    __slots__ = ("_compress", "_socket", "_timeout", "_volatile")

    def __init__(
        self, socket: "Socket", *, volatile: bool = False, compress: bool = True, timeout: float | None = None
    ) -> None:
        self._socket = socket
        self._volatile = volatile
        self._compress = compress
        self._timeout = timeout

    @property
    def volatile(self) -> "SocketOperator":
        """Unless the client cannot be written to right now."""
        return SocketOperator(self._socket, volatile=True, compress=self._compress, timeout=self._timeout)

    def compress(self, compress: bool) -> "SocketOperator":
        """Whether the event may be compressed."""
        return SocketOperator(self._socket, volatile=self._volatile, compress=compress, timeout=self._timeout)

    def timeout(self, seconds: float) -> "SocketOperator":
        """How long to wait for the acknowledgement.

        :raises ConfigurationError: unless *seconds* is a number above 0.
        """
        check_timeout(seconds)
        return SocketOperator(self._socket, volatile=self._volatile, compress=self._compress, timeout=seconds)

    @property
    def broadcast(self) -> BroadcastOperator:
        """Everybody in the namespace but this client, in the same manner."""
        options = BroadcastOptions(
            excluded=frozenset([self._socket.id]), volatile=self._volatile, compress=self._compress
        )
        operator = BroadcastOperator(self._socket.namespace, options)
        return operator if self._timeout is None else operator.timeout(self._timeout)

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """Everybody in a room, or in several, but this client."""
        return self.broadcast.to(rooms)

    in_ = to

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """Everybody but the members of a room, or of several, and but this client."""
        return self.broadcast.except_(rooms)

    def emit(self, event: str, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send an event. With a timeout, ``ack(error, *values)`` is called in any case: *error* is None, an
        :class:`AckTimeout` or a :class:`Disconnected`. Without one, ``ack(*values)`` is called if the client answers.

        :raises ConfigurationError: for a reserved event name.
        :raises TypeError: for an argument that cannot be encoded.
        """
        if ack is not None:
            if not callable(ack):
                raise ConfigurationError(f"ack must be a function, not {ack!r}")
            self._ask(event, args, self._ack_outcome(event, ack), self._timeout)
            return
        check_event_name(event)
        socket = self._socket
        if get_ident() != socket.conn.runtime.thread:
            hand_over(socket.conn.runtime.threads, socket.namespace, self.emit, event, args)
        elif not self._volatile or socket.conn.writable:
            packet = Packet(PacketType.EVENT, socket.namespace.name, [event, *args])
            if socket.ticket is None:
                socket.send_packet(packet, compress=self._compress)
            else:
                socket.namespace.adapter.send(socket, packet, self._volatile, self._compress)
            event_sent(socket, event, args)

    def send(self, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send the event ``message``."""
        self.emit("message", *args, ack=ack)

    def call(self, event: str, *args: Any) -> Any:
        """Send an event and wait for its acknowledgement, as :meth:`Socket.call` does."""
        return self.wait(CALL_TIMEOUT if self._timeout is None else self._timeout, event, args)

    def _hub_runtime(self) -> "Runtime":
        return self._socket.conn.runtime

    @asked
    def wait(self, timeout: float | None, event: str, args: tuple[Any, ...]) -> Any:
        """See :meth:`Socket.call`; for geventio's own use."""
        if timeout is not None:
            check_timeout(timeout)
        socket = self._socket
        if not socket.connected and socket.left_reason is None:
            raise ConfigurationError(
                "call() in a middleware would wait in vain: a client answers once it has been accepted, "
                "so ask it in a connection handler"
            )
        waiter: Waiter[Any] = Waiter()
        ack_id = self._ask(event, args, wake(waiter), timeout)
        try:
            return waiter.wait()
        finally:
            socket.forget_ack(ack_id)  # the caller's own gevent.Timeout may have ended the wait

    @asked
    def _ask(self, event: str, args: tuple[Any, ...], outcome: Outcome, timeout: float | None) -> int:
        """Send an event and await its acknowledgement, whose id is returned. A volatile event that is passed over is
        one that the client does not answer.
        """
        check_event_name(event)
        socket = self._socket
        ack_id = socket.namespace.next_ack_id()
        packet = Packet(PacketType.EVENT, socket.namespace.name, [event, *args], ack_id)
        messages = socket.namespace.server.parser.encode(packet)  # before anything is awaited: it may raise
        passed_over = self._volatile and not socket.conn.writable
        socket.expect_ack(ack_id, outcome, timeout)
        if socket.left_reason is None and not passed_over:
            socket.conn.send_messages(messages, compress=self._compress)
            event_sent(socket, event, args)
        return ack_id

    def _ack_outcome(self, event: str, ack: Callable[..., Any]) -> Outcome:
        """Calls *ack* in a worker; with a timeout it gets an error or None first, without it hears of answers only."""
        errors = self._timeout is not None
        workers = self._socket.conn.runtime.workers
        server = self._socket.namespace.server

        def outcome(error: Exception | None, values: list[Any]) -> None:
            if errors:
                workers.call(server.run_callback, event, ack, error, *values)
            elif error is None:
                workers.call(server.run_callback, event, ack, *values)

        return outcome
