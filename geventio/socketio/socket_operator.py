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
from geventio.socketio.adapter import BroadcastOptions
from geventio.socketio.broadcast import BroadcastOperator, Rooms

if TYPE_CHECKING:
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
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
            raise ConfigurationError(f"a timeout is a number of seconds above 0, not {seconds!r}")
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
        check_event_name(event)
        socket = self._socket
        if self._volatile and not socket.session.writable:
            return
        packet = Packet(PacketType.EVENT, socket.namespace.name, [event, *args])
        if ack is not None:
            if not callable(ack):
                raise ConfigurationError(f"ack must be a function, not {ack!r}")
            packet.id = socket.namespace.next_ack_id()
            outcome = socket.ack_outcome(event, ack, errors=self._timeout is not None)
            socket.expect_ack(packet.id, outcome, self._timeout)
        socket.send_packet(packet, compress=self._compress)

    def send(self, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send the event ``message``."""
        self.emit("message", *args, ack=ack)

    def call(self, event: str, *args: Any) -> Any:
        """Send an event and wait for its acknowledgement, as :meth:`Socket.call` does."""
        if self._timeout is None:
            return self._socket.call(event, *args)
        return self._socket.call(event, *args, timeout=self._timeout)
