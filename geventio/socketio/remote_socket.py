"""A socket that may be on another server: what :meth:`fetch_sockets` returns.

::

    for remote in io.to("news").fetch_sockets():
        if remote.handshake.auth.get("plan") == "free":
            remote.emit("advertisement")
            remote.leave("premium")
        elif remote.call("still there?", timeout=5) != "yes":
            remote.disconnect()
"""

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

from geventio.exceptions import ConfigurationError
from geventio.runtime import Waiter, asked, current_runtime
from geventio.socketio.acks import CALL_TIMEOUT, check_timeout, wake
from geventio.socketio.descriptions import RemoteHandshake, SocketDescription
from geventio.socketio.handshake import Handshake

if TYPE_CHECKING:
    from geventio.runtime import Runtime
    from geventio.socketio.broadcast import BroadcastOperator, Rooms


class RemoteSocket:
    """One socket, on this server or another. What it says of the socket is as it was when it was fetched; what it does
    is done to the room of the socket's id, wherever in the cluster the socket is by then.
    """

    __slots__ = ("_description", "_operator", "_timeout")

    def __init__(
        self, everybody: "BroadcastOperator", description: SocketDescription, timeout: float | None = None
    ) -> None:
        """*everybody*: all sockets of the namespace."""
        self._description = description
        self._operator = everybody.to(description.id)
        self._timeout = timeout

    def __repr__(self) -> str:
        return "<RemoteSocket>"

    @property
    def id(self) -> str:
        """Id of the socket."""
        return self._description.id

    @property
    def handshake(self) -> Handshake | RemoteHandshake:
        """The socket's handshake; that of a socket of another server has no ``environ``."""
        return self._description.handshake

    @property
    def rooms(self) -> frozenset[str]:
        """Rooms that it was in, its own among them."""
        return self._description.rooms

    @property
    def data(self) -> Any:
        """The application's values (``socket.data``): of a socket of this server the dict itself, of others a copy."""
        return self._description.data

    def timeout(self, seconds: float) -> "RemoteSocket":
        """The same socket; how long to wait for its acknowledgement.

        :raises ConfigurationError: unless *seconds* is a number above 0.
        """
        check_timeout(seconds)
        other = copy(self)
        other._timeout = seconds
        return other

    def emit(self, event: str, *args: Any, ack: Callable[..., Any] | None = None) -> None:
        """Send an event. With *ack*, which needs :meth:`timeout`, ``ack(error, *values)`` is called in a worker
        greenlet in any case: *error* is None, an :class:`AckTimeout` or a :class:`Disconnected`.

        :raises ConfigurationError: for a reserved event name, or *ack* without a timeout.
        :raises TypeError: for an argument that cannot be encoded.
        """
        if ack is None:
            self._operator.emit(event, *args)
            return
        if not callable(ack):
            raise ConfigurationError(f"ack must be a function of an error and the answer, not {ack!r}")
        if self._timeout is None:
            raise ConfigurationError("the acknowledgement of a remote socket needs a timeout: remote.timeout(5).emit()")
        function = ack
        self._emit_with_ack(event, args, function, self._timeout)

    def _hub_runtime(self) -> "Runtime | None":
        return self._operator.namespace.server.runtime

    @asked
    def _emit_with_ack(self, event: str, args: tuple[Any, ...], function: Callable[..., Any], timeout: float) -> None:
        workers, server = current_runtime().workers, self._operator.namespace.server

        def outcome(error: Exception | None, values: list[Any]) -> None:
            workers.call(server.run_callback, event, function, error, *values)

        self._operator.timeout(timeout).ask_one(self.id, event, args, outcome)

    @asked
    def call(self, event: str, *args: Any, timeout: float = CALL_TIMEOUT) -> Any:
        """Send an event and wait for the client's acknowledgement. Blocks this greenlet only.

        :returns: None for no arguments, the argument itself, or a tuple of several. From a client of a Node.js server
            comes the first argument only.
        :raises AckTimeout: after *timeout* seconds without an answer.
        :raises Disconnected: when no server has this socket any more, or as soon as the client leaves this one.
        :raises ConfigurationError: for a reserved event name, or a timeout that is no number above 0.
        """
        waiter: Waiter[Any] = Waiter()
        self._operator.timeout(timeout).ask_one(self.id, event, args, wake(waiter))
        return waiter.wait()

    def join(self, rooms: "Rooms") -> None:
        """Put the socket into a room, or several.

        :raises ConfigurationError: unless it is a name or several.
        """
        self._operator.sockets_join(rooms)

    def leave(self, rooms: "Rooms") -> None:
        """Take the socket out of a room, or of several.

        :raises ConfigurationError: unless it is a name or several.
        """
        self._operator.sockets_leave(rooms)

    def disconnect(self, close: bool = False) -> None:
        """Take the client out of the namespace; with *close*, out of all, and end its connection."""
        self._operator.disconnect_sockets(close)
