"""A namespace: its sockets, handlers and middlewares, and the way to all of them at once."""

import logging
from collections.abc import Callable, Mapping
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from geventio.exceptions import ConfigurationError, ConnectionRejected
from geventio.runtime import Timeout
from geventio.socketio.adapter import Adapter
from geventio.socketio.broadcast import BroadcastOperator
from geventio.socketio.broadcaster import Broadcaster
from geventio.socketio.connection import INTERNAL_ERROR
from geventio.socketio.handlers.class_handlers import HOOK, bound, event_methods
from geventio.socketio.handlers.dispatch import run_listeners
from geventio.socketio.handlers.event_source import EventSource
from geventio.socketio.handlers.events import CONNECTED, Listeners, check_form
from geventio.socketio.handlers.inherited_listeners import InheritedListeners
from geventio.socketio.recovery.returning import look_up, take_back, was_here
from geventio.socketio.room_events import RoomEvents
from geventio.socketio.server_side import ClusterEvents, ServerSideEvents
from geventio.socketio.socket import Socket

if TYPE_CHECKING:
    from geventio.socketio.parent_namespace import ParentNamespace
    from geventio.socketio.server import Server

logger = logging.getLogger("geventio.socketio")

ROOT: Final = "/"
"""The namespace that is always there."""

Middleware = Callable[[Socket], Any]
MiddlewareT = TypeVar("MiddlewareT", bound=Middleware)
ErrorHook = Callable[[Socket, str, Exception], Any]


class Namespace(EventSource, Broadcaster, ClusterEvents):
    """Made by :meth:`Server.of`; the server itself stands for the namespace ``/``.

    A class of one's own has its handlers as methods, and state beside them::

        class Chat(Namespace):
            def __init__(self, server, name):
                super().__init__(server, name)
                self.said = 0
                self.on("chat message", self.say)  # an event whose name cannot be a method's

            def on_connection(self, socket):
                socket.join("lobby")

            def on_typing(self, socket):
                socket.to("lobby").volatile.emit("typing", socket.id)

            def say(self, socket, text):
                self.said += 1
                self.to("lobby").emit("chat message", text)

            def on_error(self, socket, event, error):
                return {"error": "not now"}

        chat = io.of("/chat", Chat)
    """

    # Of a child of a ParentNamespace; set before its class's __init__ runs.
    parent: "ParentNamespace | None" = None
    """The parent that it was made from."""
    params: Mapping[str, str] = MappingProxyType({})
    """What its parent's pattern captured in its name."""
    temporary = False
    """Whether it goes when its last socket has left."""

    def __init__(self, server: "Server", name: str) -> None:
        self.server = server
        self.name = name
        self.sockets: dict[str, Socket] = {}
        """Connected sockets of this server by id."""
        parent = self.parent
        self.listeners: Listeners = Listeners(1) if parent is None else parent.listeners
        self.adapter: Adapter = self._make_adapter()
        """Who knows all sockets of the namespace, on this server and, in a cluster, on others."""
        self.room_events: RoomEvents | None = None
        from_parent: ServerSideEvents | None = None if parent is None else parent.server_side_events
        self.server_side_events: ServerSideEvents = ServerSideEvents(name, from_parent)
        self.dropped_events = 0
        """Events of clients that packet middlewares dropped."""
        self._middlewares: list[Middleware] = []
        self._ack_ids = count()
        self._error_hook: ErrorHook | None = None
        self._unsettled = 0  # sockets whose middlewares or disconnect handlers run
        if type(self) is not Namespace:
            self._register_methods()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _make_adapter(self) -> Adapter:
        return self.server.adapters.make(self)

    # -- registering

    def _event_listeners(self) -> Listeners:
        if self.parent is None:
            return self.listeners
        if not isinstance(self.listeners, InheritedListeners):
            self.listeners = InheritedListeners(self.parent.listeners)
        return self.listeners.own

    def _register(self, event: str, handler: Any, *, once: bool, concurrent: bool) -> Any:
        self._check_event(event)
        return super()._register(event, handler, once=once, concurrent=concurrent)

    def _register_methods(self) -> None:
        """Make handlers of the ``on_<event>`` methods of a class of one's own."""
        for event, method in event_methods(type(self), Namespace, self):
            self.on(event, method)
        self._error_hook = self._hook_of(type(self), self)

    def _check_methods(self, kind: "type[Namespace]") -> None:
        """See to it that the methods of *kind*, as far as they can be known from it, are good for handlers here."""
        listeners = Listeners(1)
        for event, method in event_methods(kind, Namespace):
            self._check_event(event)
            listeners.add(event, method, once=False, concurrent=False)
        self._hook_of(kind, None)

    def _check_event(self, event: str) -> None:
        if event == "new_namespace" and self.name != ROOT:
            raise ConfigurationError('new_namespace is an event of the server: io.on("new_namespace", handler)')

    @staticmethod
    def _hook_of(kind: "type[Namespace]", instance: "Namespace | None") -> ErrorHook | None:
        if getattr(kind, HOOK) is Namespace.on_error:
            return None
        hook: ErrorHook = bound(kind, HOOK, instance)
        check_form(hook, "on_error(self, socket, event, error)", 3)
        return hook

    def _everybody(self) -> BroadcastOperator:
        return BroadcastOperator(self)

    def _own_server(self) -> "Server":
        return self.server

    def _own_namespace(self) -> "Namespace":
        return self

    def use(self, middleware: MiddlewareT) -> MiddlewareT:
        """Call ``middleware(socket)`` before a socket connects, in the order of registration; it may block. Raise
        :class:`~geventio.exceptions.ConnectionRejected` in it to refuse the socket. Also a decorator.

        :raises ConfigurationError: for a middleware that cannot take the socket.
        """
        check_form(middleware, "middleware(socket)", 1)
        self._middlewares.append(middleware)
        return middleware

    def on_error(self, *hook: Any) -> Any:
        """Call ``hook(socket, event, error)`` when a handler of this namespace raised, in place of the server's
        (:meth:`Server.on_error`); also a decorator. What it returns is the event's acknowledgement; None: none. A class
        of one's own has the hook as its method ``on_error(self, socket, event, error)``.

        :raises ConfigurationError: unless it is one function that can be called like that.
        """
        if len(hook) != 1:
            raise ConfigurationError(f"on_error() takes one function, hook(socket, event, error), not {len(hook)}")
        check_form(hook[0], "hook(socket, event, error)", 3)
        self._error_hook = hook[0]
        return hook[0]

    @property
    def error_hook(self) -> ErrorHook | None:
        """What :meth:`on_error` set here, or on the parent."""
        if self._error_hook is None and self.parent is not None:
            return self.parent.error_hook
        return self._error_hook

    def server_side_received(self, args: list[Any], ack: Callable[[Any], None] | None = None) -> None:
        """Another server emitted ``[event, *args]``: for adapters. Where it wants an acknowledgement, ``ack(value)`` is
        called in a worker greenlet, at most once, and may block. Never blocks itself.
        """
        self.server_side_events.receive(args, ack)

    # -- sockets come and go

    def event_dropped(self, event: str | int | float) -> None:
        """A packet middleware dropped an event; for geventio's own use."""
        if not self.dropped_events:
            logger.info(
                "a packet middleware dropped the event %.64r in the namespace %r; later ones are counted only",
                event,
                self.name,
            )
        self.dropped_events += 1

    def next_ack_id(self) -> int:
        """One counter for all sockets, so that a broadcast has one id."""
        return next(self._ack_ids)

    def connect(self, socket: Socket, *, anew: bool = False) -> None:
        """A client asks to join; *anew*: whatever it says of having been here. Called in the hub, or in a worker."""
        self._unsettled += 1
        if socket.conn.protocol == 4:
            socket.ticket = self.adapter.open_session(socket.id)
        returning = not anew and was_here(socket)
        if returning or self._middlewares or (self.parent is not None and self.parent._middlewares):
            socket.post(self._admit, socket, returning)
        else:
            self._accept(socket)
            self.settled()

    def _admit(self, socket: Socket, returning: bool) -> None:
        """Runs in a worker."""
        try:
            if returning and look_up(socket):
                self._accept(socket)
            else:
                self._run_middlewares(socket)
        finally:
            self.settled()

    def unsettled(self) -> None:
        """There is something to wait for with going; :meth:`settled` will be called. For geventio's own use."""
        self._unsettled += 1

    def settled(self) -> None:
        """A socket is in the namespace or out of it, and all that there is to do for that is done; for geventio's own
        use.
        """
        self._unsettled -= 1
        self.end_if_empty()

    def end_if_empty(self) -> None:
        """Go, if nobody is here any more and it is only for a while; for geventio's own use."""
        if self.temporary and not self.sockets and not self._unsettled:
            self.server.table.leave_empty(self)

    def _run_middlewares(self, socket: Socket) -> None:
        """Runs in a worker."""
        for middleware in [*(self.parent._middlewares if self.parent is not None else ()), *self._middlewares]:
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
        socket.refused()
        if not socket.connection.closed:
            socket.connection.refuse(self.name, message, data)

    def _accept(self, socket: Socket) -> None:
        connection = socket.connection
        if connection.closed:
            socket.refused()
            return
        missed = take_back(socket)
        if missed is None:
            connection.start_anew(socket)
            return
        connection.joined(socket)
        self.sockets[socket.id] = socket
        self.adapter.add(socket.id)
        socket.joined()
        # The reply is on its way before anything that a handler of the socket emits.
        socket.send_packet(connection.accepted(socket))
        for prepared in missed:
            socket.conn.send_prepared(prepared)
        socket.post(run_listeners, socket, CONNECTED, [])

    def socket_left(self, socket: Socket) -> frozenset[str]:
        """A socket left, and will have :meth:`settled`; returns the rooms that it was in."""
        self._unsettled += 1
        self.sockets.pop(socket.id, None)
        return self.adapter.remove(socket.id)
