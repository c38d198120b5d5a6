"""Listeners to every event, coming and leaving, the same on a server, a namespace and a socket.

::

    @io.on_any
    def log(socket, event, *args):
        logger.info("%s arguments with %r", len(args), event)

    @io.on_any_outgoing
    def count(socket, event, *args):
        sent[event] += 1

On a socket they are not given the socket. They watch: what they return means nothing, they get no acknowledgement, and
what they raise is logged and changes nothing for the handlers.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from geventio.handlers import HandlerT
from geventio.socketio.handlers.events import Listeners

if TYPE_CHECKING:
    from geventio.socketio.server import Server

FORM: Final = "function(socket, event, *args)"


class AnyListening:
    """Something all of whose events can be listened to."""

    __slots__ = ()

    def _event_listeners(self) -> Listeners:
        """Where listeners are registered."""
        raise NotImplementedError

    def _own_server(self) -> "Server":
        """The server that this belongs to."""
        raise NotImplementedError

    # -- what clients send

    def on_any(self, function: HandlerT) -> HandlerT:
        """Call ``function(socket, event, *args)`` with every event of a client that packet middlewares let through,
        before the event's own handlers and whether or not there are any, in the socket's turn; also a decorator. On a
        server, those of the namespace ``/``. A namespace's run before a socket's own. Annotations are not checked.

        :raises ConfigurationError: unless *function* can be called like that, with any number of arguments.
        """
        listeners = self._event_listeners()
        listeners.check_any_form(function, FORM)
        listeners.any = (*listeners.any, function)
        listeners.changed()
        return function

    def prepend_any(self, function: HandlerT) -> HandlerT:
        """As :meth:`on_any`, before those that are registered already."""
        listeners = self._event_listeners()
        listeners.check_any_form(function, FORM)
        listeners.any = (function, *listeners.any)
        listeners.changed()
        return function

    def off_any(self, function: Callable[..., Any] | None = None) -> None:
        """Remove a listener to any event; without one, all of them."""
        listeners = self._event_listeners()
        listeners.any = _without(listeners.any, function)
        listeners.changed()

    def listeners_any(self) -> list[Callable[..., Any]]:
        """The listeners to any event that are registered here, in the order in which they are called."""
        return list(self._event_listeners().any)

    # -- what the server sends

    def on_any_outgoing(self, function: HandlerT) -> HandlerT:
        """Call ``function(socket, event, *args)`` with every event that leaves for a client: once for each client of a
        broadcast, not for a volatile event that passes a client over, not for acknowledgements; also a decorator. It
        runs in a worker, soon after the event has left: who emits does not wait for it, and all such listeners of a
        server run one after another. So one that is slow gets behind, and misses events in the end, which is logged.
        They are not told of what such a listener emits itself.

        :raises ConfigurationError: unless *function* can be called like that, with any number of arguments.
        """
        listeners = self._event_listeners()
        listeners.check_any_form(function, FORM)
        listeners.any_outgoing = (*listeners.any_outgoing, function)
        self._outgoing_changed(listeners)
        return function

    def prepend_any_outgoing(self, function: HandlerT) -> HandlerT:
        """As :meth:`on_any_outgoing`, before those that are registered already."""
        listeners = self._event_listeners()
        listeners.check_any_form(function, FORM)
        listeners.any_outgoing = (function, *listeners.any_outgoing)
        self._outgoing_changed(listeners)
        return function

    def off_any_outgoing(self, function: Callable[..., Any] | None = None) -> None:
        """Remove a listener to what leaves; without one, all of them."""
        listeners = self._event_listeners()
        listeners.any_outgoing = _without(listeners.any_outgoing, function)
        self._outgoing_changed(listeners)

    def listeners_any_outgoing(self) -> list[Callable[..., Any]]:
        """The listeners to what leaves that are registered here, in the order in which they are called."""
        return list(self._event_listeners().any_outgoing)

    def _outgoing_changed(self, listeners: Listeners) -> None:
        listeners.changed()
        self._own_server().outgoing_changed(listeners)


def _without(
    functions: tuple[Callable[..., Any], ...], gone: Callable[..., Any] | None
) -> tuple[Callable[..., Any], ...]:
    return tuple(function for function in functions if gone is not None and function != gone)
