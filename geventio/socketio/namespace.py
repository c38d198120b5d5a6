"""A namespace: its sockets, handlers and middlewares, and the way to all of them at once."""

import logging
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar

from geventio.exceptions import ConfigurationError, ConnectionRejected
from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import Timeout
from geventio.socketio.adapter import Adapter, LocalAdapter
from geventio.socketio.broadcast import BroadcastOperator
from geventio.socketio.broadcaster import Broadcaster
from geventio.socketio.event_source import EventSource
from geventio.socketio.events import CONNECTED, Listeners, check_form
from geventio.socketio.socket import Socket

if TYPE_CHECKING:
    from geventio.socketio.server import Server

logger = logging.getLogger("geventio.socketio")

INTERNAL_ERROR: Final = "Internal server error"
"""What a client hears whose socket was refused for a reason that is not its business."""
NAME_LIMIT: Final = 256
"""Bytes of the longest name of a namespace, as the packet encodings have it."""

Middleware = Callable[[Socket], Any]
MiddlewareT = TypeVar("MiddlewareT", bound=Middleware)


class Namespace(EventSource, Broadcaster):
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

    def _event_listeners(self) -> Listeners:
        return self.listeners

    def _everybody(self) -> BroadcastOperator:
        return BroadcastOperator(self)

    def use(self, middleware: MiddlewareT) -> MiddlewareT:
        """Call ``middleware(socket)`` before a socket connects, in the order of registration; it may block. Raise
        :class:`~geventio.exceptions.ConnectionRejected` in it to refuse the socket. Also a decorator.

        :raises ConfigurationError: for a middleware that cannot take the socket.
        """
        check_form(middleware, "middleware(socket)", 1)
        self._middlewares.append(middleware)
        return middleware

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
                self._refuse(socket, INTERNAL_ERROR)
                return
            except BaseException:  # its greenlet was killed, or the process is to end: not for us to stop
                self._refuse(socket, INTERNAL_ERROR)
                raise
        self._accept(socket)

    def _refuse(self, socket: Socket, message: str, data: Any = None) -> None:
        connection = socket.connection
        socket.refused()
        if connection.closed:
            return
        try:
            connection.refuse(self.name, message, data)
        except Exception:
            logger.exception("the ConnectionRejected of a middleware of %r cannot be sent", self.name)
            connection.refuse(self.name, INTERNAL_ERROR)

    def _accept(self, socket: Socket) -> None:
        connection = socket.connection
        if connection.closed:
            socket.refused()
            return
        connection.joined(socket)
        self.sockets[socket.id] = socket
        self.adapter.add(socket.id)
        socket.joined()
        # The reply is on its way before anything that a handler of the socket emits.
        socket.send_packet(Packet(PacketType.CONNECT, self.name, {"sid": socket.id}))
        socket.post(socket.run_listeners, CONNECTED, [])

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
    name = name if name.startswith("/") else "/" + name
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ConfigurationError(f"the name of a namespace must be a text that UTF-8 can carry, not {name!r}") from None
    if size > NAME_LIMIT:
        raise ConfigurationError(f"the name of a namespace has at most {NAME_LIMIT} bytes, not {size}")
    return name
