"""Packet middlewares: functions that see each event of a client before anything else does.

One may change the event, refuse it with an error for the client's acknowledgement, or drop it::

    @io.use_packet                                   # every namespace; also on a namespace, and on a socket
    def limit(socket, event):
        if event.name != "chat message":
            return
        if not socket.data["budget"].take():
            raise EventRejected("slow down", {"retry_after": 2})
        event.args[0] = event.args[0].strip()

The server's run first, then the namespace's, then the socket's own, each kind in the order of its registration and all
of them in the socket's turn, in a worker: they may block. An event that one of them fails on reaches nobody.
"""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from geventio.exceptions import SERVER_NAMESPACE_DISCONNECT, ConfigurationError
from geventio.protocol.socketio import check_event_name
from geventio.runtime import Timeout
from geventio.socketio.acks import Ack

if TYPE_CHECKING:
    from geventio.socketio.socket import Socket

logger = logging.getLogger("geventio.socketio")

PacketMiddleware = Callable[..., Any]
PacketMiddlewareT = TypeVar("PacketMiddlewareT", bound=PacketMiddleware)


class IncomingEvent:
    """An event of a client on its way to the handlers; what packet middlewares are given."""

    __slots__ = ("_args", "_name", "_wants_ack", "dropped")

    def __init__(self, name: str | int | float, args: list[Any], *, wants_ack: bool) -> None:
        self._name = name
        self._args = args
        self._wants_ack = wants_ack
        self.dropped = False
        """Whether a middleware has dropped it."""

    def __repr__(self) -> str:
        return f"<IncomingEvent {self._name!r:.70} with {len(self._args)} arguments>"

    @property
    def name(self) -> str | int | float:
        """The event's name: a str, or a number where the client sent one. Another name chooses other handlers.

        :raises ConfigurationError: when it is set to a reserved name, or to what is none.
        """
        return self._name

    @name.setter
    def name(self, name: str | int | float) -> None:
        check_event_name(name)
        self._name = name

    @property
    def args(self) -> list[Any]:
        """The arguments, a list that may be changed in place. What comes out of the middlewares is what the
        annotations of the handlers are held against.

        :raises ConfigurationError: when it is set to anything but a list or a tuple.
        """
        return self._args

    @args.setter
    def args(self, args: Iterable[Any]) -> None:
        if not isinstance(args, (list, tuple)):
            raise ConfigurationError(f"the arguments of an event are a list, not {type(args).__name__}")
        self._args = list(args)

    @property
    def wants_ack(self) -> bool:
        """Whether the client asked for an acknowledgement."""
        return self._wants_ack

    def drop(self) -> None:
        """Forget the event: no middleware after this one and no handler sees it, and nothing acknowledges it. Counted
        in :attr:`Namespace.dropped_events`.
        """
        self.dropped = True


def run_packet_middlewares(socket: "Socket", event: IncomingEvent, ack: Ack | None) -> bool:
    """Runs in a worker: whether *event* may go on to the handlers. For geventio's own use."""
    namespace = socket.namespace
    own = socket.own_listeners
    try:
        for middleware in (*namespace.server.packet_middlewares, *namespace.listeners.packet_middlewares):
            middleware(socket, event)
            if event.dropped:
                break
        else:
            for middleware in own.packet_middlewares if own is not None else ():
                middleware(event)
                if event.dropped:
                    break
    except (Exception, Timeout) as error:
        namespace.server.handler_failed(socket, event.name, error, ack, "packet middleware")
        return False
    if event.dropped:
        namespace.event_dropped(event.name)
        return False
    # A middleware that disconnected the socket meant this event too, as it did those that wait for their turn.
    return socket.left_reason != SERVER_NAMESPACE_DISCONNECT
