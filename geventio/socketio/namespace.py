"""A namespace: its sockets, handlers and middlewares, and the way to all of them at once."""

import logging
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from geventio.exceptions import ConfigurationError, ConnectionRejected
from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import Timeout
from geventio.socketio.adapter import Adapter, LocalAdapter
from geventio.socketio.broadcast import BroadcastOperator, Replies, Rooms
from geventio.socketio.events import HandlerT, Listeners
from geventio.socketio.socket import Socket

if TYPE_CHECKING:
    from geventio.socketio.server import Server

logger = logging.getLogger("geventio.socketio")

Middleware = Callable[[Socket], Any]
MiddlewareT = TypeVar("MiddlewareT", bound=Middleware)


class Namespace:
    """Made by :meth:`Server.of`; the server itself stands for the namespace ``/``."""

    def __init__(self, server: "Server", name: str) -> None:
        self.server = server
        self.name = name
        self.sockets: dict[str, Socket] = {}
        """Connected sockets of this server by id."""
        self.listeners = Listeners(1)
        self.adapter: Adapter = LocalAdapter(self)
        self._middlewares: list[Middleware] = []
        self._ack_ids = count()

    def __repr__(self) -> str:
        return f"<Namespace {self.name!r}>"

    # -- registering

    def on(self, event: str, handler: HandlerT | None = None, *, concurrent: bool = False) -> Any:
        """Register a handler: ``on("chat", handler)``, or as a decorator ``@on("chat")``.

        ``connection`` calls ``handler(socket)``; ``disconnecting`` and ``disconnect`` call ``handler(socket, reason)``;
        any other event ``handler(socket, *args)``, and what that returns is the acknowledgement, where the client
        asked for one: nothing for None, several arguments for a tuple. A handler with a keyword-only parameter
        ``ack`` gets the function ``ack(*values)`` instead, and acknowledges only by calling it.

        The events of one socket run one at a time and in order; those of a handler with *concurrent* don't wait.

        :raises ConfigurationError: for a reserved event name, or a handler that cannot be called like that.
        """
        return self.listeners.add(event, handler, once=False, concurrent=concurrent)

    def once(self, event: str, handler: HandlerT | None = None, *, concurrent: bool = False) -> Any:
        """As :meth:`on`, for the next such event only, whichever socket it comes from."""
        return self.listeners.add(event, handler, once=True, concurrent=concurrent)

    def off(self, event: str | None = None, handler: Callable[..., Any] | None = None) -> None:
        """Remove a handler, all handlers of an event, or all."""
        self.listeners.remove(event, handler)

    def use(self, middleware: MiddlewareT) -> MiddlewareT:
        """Call ``middleware(socket)`` before a socket connects, in the order of registration; it may block. Raise
        :class:`~geventio.exceptions.ConnectionRejected` in it to refuse the socket. Also a decorator.

        :raises ConfigurationError: for a middleware that cannot take the socket.
        """
        from geventio.socketio.events import Listener

        Listener("connection", middleware, given=1, once=False, concurrent=False)  # only for its checks
        self._middlewares.append(middleware)
        return middleware

    # -- sending

    def to(self, rooms: Rooms) -> BroadcastOperator:
        """The sockets in a room, or in several."""
        return BroadcastOperator(self).to(rooms)

    in_ = to

    def except_(self, rooms: Rooms) -> BroadcastOperator:
        """All sockets but the members of a room, or of several."""
        return BroadcastOperator(self).except_(rooms)

    @property
    def volatile(self) -> BroadcastOperator:
        """All sockets that can be written to right now."""
        return BroadcastOperator(self).volatile

    @property
    def local(self) -> BroadcastOperator:
        """All sockets of this server."""
        return BroadcastOperator(self).local

    def compress(self, compress: bool) -> BroadcastOperator:
        """All sockets; whether the event may be compressed."""
        return BroadcastOperator(self).compress(compress)

    def timeout(self, seconds: float) -> BroadcastOperator:
        """All sockets; how long to wait for their acknowledgements."""
        return BroadcastOperator(self).timeout(seconds)

    def emit(self, event: str, *args: Any) -> None:
        """Send an event to all sockets of the namespace. See :meth:`BroadcastOperator.emit`."""
        BroadcastOperator(self).emit(event, *args)

    def send(self, *args: Any) -> None:
        """Send the event ``message`` to all sockets of the namespace."""
        BroadcastOperator(self).emit("message", *args)

    def call(self, event: str, *args: Any, timeout: float) -> Replies:
        """Ask all sockets of the namespace. See :meth:`BroadcastOperator.call`."""
        return BroadcastOperator(self).timeout(timeout).call(event, *args)

    # -- sockets come and go

    def next_ack_id(self) -> int:
        """One counter for all sockets, so that a broadcast has one id."""
        return next(self._ack_ids)

    def connect(self, socket: Socket) -> None:
        """A client asks to join. Called in the hub."""
        if self._middlewares:
            socket.post(self._run_middlewares, socket)
        else:
            self._accept(socket)

    def _run_middlewares(self, socket: Socket) -> None:
        """Runs in a worker."""
        for middleware in self._middlewares:
            try:
                middleware(socket)
            except ConnectionRejected as rejection:
                self._refuse(socket, rejection.message, rejection.data)
                return
            except (Exception, Timeout):
                logger.exception("a middleware of the namespace %r failed, and the socket was refused", self.name)
                self._refuse(socket, "Internal server error")
                return
        self._accept(socket)

    def _refuse(self, socket: Socket, message: str, data: Any = None) -> None:
        if not socket.connection.closed:
            socket.connection.refuse(self.name, message, data)

    def _accept(self, socket: Socket) -> None:
        connection = socket.connection
        if connection.closed:
            return
        connection.joined(socket)
        self.sockets[socket.id] = socket
        self.adapter.add(socket.id)
        socket.connected = True
        # The reply is on its way before anything that a handler of the socket emits.
        socket.send_packet(Packet(PacketType.CONNECT, self.name, {"sid": socket.id}))
        socket.post(socket.run_listeners, "connection", [])

    def socket_left(self, socket: Socket) -> frozenset[str]:
        """A socket left; returns the rooms that it was in."""
        self.sockets.pop(socket.id, None)
        return self.adapter.remove(socket.id)


def namespace_name(name: str) -> str:
    """*name* with its leading slash.

    :raises ConfigurationError: for a name that the protocol cannot carry.
    """
    if not isinstance(name, str):
        raise ConfigurationError(f'a namespace has a name such as "/admin", not {name!r}')
    if "," in name:
        raise ConfigurationError(f"the name of a namespace has no comma: {name!r}")
    return name if name.startswith("/") else "/" + name
