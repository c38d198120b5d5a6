"""``on``, ``once`` and ``off``, the same wherever events can be listened to: server, namespace, socket."""

from collections.abc import Callable
from typing import Any, overload

from geventio.handlers import Decorator, HandlerT
from geventio.socketio.events import Listeners


class EventSource:
    """Something whose events can be listened to."""

    __slots__ = ()

    def _event_listeners(self) -> Listeners:
        """Where handlers are registered."""
        raise NotImplementedError

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

    def _register(self, event: str, handler: HandlerT | None, *, once: bool, concurrent: bool) -> Any:
        listeners = self._event_listeners()
        if handler is not None:
            listeners.add(event, handler, once=once, concurrent=concurrent)
            return handler

        def decorate(function: HandlerT) -> HandlerT:
            listeners.add(event, function, once=once, concurrent=concurrent)
            return function

        return decorate
