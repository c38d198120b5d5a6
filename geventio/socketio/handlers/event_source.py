"""``on``, ``once``, ``off`` and ``use_packet``, the same wherever events are listened to: server, namespace, socket."""

from collections.abc import Callable
from typing import Any, overload

from geventio.handlers import Decorator, HandlerT
from geventio.socketio.handlers.any_listeners import AnyListening
from geventio.socketio.handlers.events import check_form, check_listened_to
from geventio.socketio.handlers.packet_middleware import PacketMiddlewareT


class EventSource(AnyListening):
    """Something whose events can be listened to."""

    __slots__ = ()

    @overload
    def on(self, event: str, handler: None = None, *, concurrent: bool = False) -> Decorator: ...

    @overload
    def on(self, event: str, handler: HandlerT, *, concurrent: bool = False) -> HandlerT: ...

    def on(self, event: str, handler: HandlerT | None = None, *, concurrent: bool = False) -> Any:
        """Register a handler: ``on("chat", handler)``, or as a decorator ``@on("chat")``.

        On a server or a namespace, ``connection`` calls ``handler(socket)``; ``disconnecting`` and ``disconnect`` call
        ``handler(socket, reason)``; any other event ``handler(socket, *args)``. On a socket, handlers get what comes
        after the socket.

        What a handler returns is the acknowledgement, where the client asked for one: nothing for None, several
        arguments for a tuple. A handler with a keyword-only parameter ``ack`` gets the function ``ack(*values)``
        instead, and acknowledges only by calling it.

        Parameters that are annotated get what they are annotated with, or the handler is not called (see
        ``typed_handlers.py``); the handlers of ``connection``, ``disconnecting`` and ``disconnect`` get no such things.

        The handlers of ``*``, ``handler(socket, event, *args)``, get the events that no other handler takes, here and
        on the socket, and may acknowledge them.

        The events of one socket run one at a time and in order; those of a handler with *concurrent* don't wait.

        :raises ConfigurationError: for a reserved event name, or a handler that cannot be called like that.
        """
        return self._register(event, handler, once=False, concurrent=concurrent)

    @overload
    def once(self, event: str, handler: None = None, *, concurrent: bool = False) -> Decorator: ...

    @overload
    def once(self, event: str, handler: HandlerT, *, concurrent: bool = False) -> HandlerT: ...

    def once(self, event: str, handler: HandlerT | None = None, *, concurrent: bool = False) -> Any:
        """As :meth:`on`, for the next such event only; on a server or a namespace whichever socket it comes from."""
        return self._register(event, handler, once=True, concurrent=concurrent)

    def off(self, event: str | None = None, handler: Callable[..., Any] | None = None) -> None:
        """Remove a handler, all handlers of an event, or all.

        :raises ConfigurationError: for a handler without its event.
        """
        self._event_listeners().remove(event, handler)

    def use_packet(self, middleware: PacketMiddlewareT) -> PacketMiddlewareT:
        """Call ``middleware(socket, event)``, on a socket ``middleware(event)``, with each
        :class:`~geventio.IncomingEvent` of a client, in the socket's turn and before anything else; also a decorator.
        The server's run first, then the namespace's, then the socket's, in the order of registration; they may block.

        It may change the event's name and arguments, raise :class:`~geventio.EventRejected` to refuse it with an error
        for the acknowledgement, or drop it. An event that one fails on, as a handler may, goes no further.

        :raises ConfigurationError: unless *middleware* can be called like that.
        """
        listeners = self._event_listeners()
        if listeners.given:
            check_form(middleware, "middleware(socket, event)", 2)
        else:
            check_form(middleware, "middleware(event)", 1)
        listeners.packet_middlewares = (*listeners.packet_middlewares, middleware)
        listeners.changed()
        return middleware

    def _register(self, event: str, handler: HandlerT | None, *, once: bool, concurrent: bool) -> Any:
        listeners = self._event_listeners()
        if handler is not None:
            listeners.add(event, handler, once=once, concurrent=concurrent)
            return handler
        check_listened_to(event)  # now: nothing would ever call what @io.on without an event returns

        def decorate(function: HandlerT) -> HandlerT:
            listeners.add(event, function, once=once, concurrent=concurrent)
            return function

        return decorate
