"""What servers of a cluster say to each other: ``server_side_emit`` and ``on_server_side``.

::

    @io.on_server_side("forget user")
    def forget(name):
        cache.pop(name, None)
        return len(cache)  # the acknowledgement of this server

    io.server_side_emit("forget user", "ann")  # every other server, not this one
    sizes = io.server_side_call("forget user", "ann", timeout=2)

On one server there are no others: nothing is sent, and nobody answers.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, overload

from geventio.exceptions import ConfigurationError
from geventio.handlers import Decorator, HandlerT
from geventio.runtime import Timeout, Waiter, asked, current_runtime
from geventio.socketio.acks import check_timeout
from geventio.socketio.handlers.events import check_function
from geventio.socketio.replies import Gathering, ServerReplies, server_replies
from geventio.socketio.room_events import RoomEvents

if TYPE_CHECKING:
    from geventio.runtime import Runtime
    from geventio.socketio.namespace import Namespace

logger = logging.getLogger("geventio.socketio")

RESERVED: Final = frozenset(("connect", "connection", "new_namespace"))
"""Events of a server itself."""
CALL_TIMEOUT: Final = 5.0
"""Seconds that other servers have to answer unless told otherwise."""


class ServerSideEvents:
    """The ``on_server_side`` handlers of a namespace. Each event has a worker greenlet of its own: they start in the
    order of arrival and do not wait for each other.
    """

    __slots__ = ("_handlers", "_namespace", "_parent")

    def __init__(self, namespace: str, parent: "ServerSideEvents | None" = None) -> None:
        """*parent*: the events of the parent namespace, whose handlers are called too, and first."""
        self._namespace = namespace
        self._parent = parent
        self._handlers: dict[str, list[Callable[..., Any]]] = {}

    def add(self, event: str, handler: Callable[..., Any]) -> None:
        """Call ``handler(*args)`` when another server emits *event*.

        :raises ConfigurationError: for a reserved event name, or what is no function.
        """
        check_server_event(event)
        check_function(handler, "handler(*args)")
        self._handlers[event] = [*self._handlers.get(event, ()), handler]

    def receive(self, args: list[Any], ack: Callable[[Any], None] | None) -> None:
        """See :meth:`Namespace.server_side_received`."""
        if not args or not isinstance(args[0], str):
            logger.warning("another server emitted something that is no event in the namespace %r", self._namespace)
            return
        event, *values = args
        handlers = self._handlers.get(event, [])
        if self._parent is not None:
            handlers = [*self._parent._handlers.get(event, ()), *handlers]
        if handlers:
            current_runtime().workers.call(self._run, event, handlers, values, ack)

    def _run(
        self, event: str, handlers: list[Callable[..., Any]], values: list[Any], ack: Callable[[Any], None] | None
    ) -> None:
        """Runs in a worker. The first handler that returns acknowledges; one that raises does not."""
        for handler in handlers:
            try:
                value = handler(*values)
                if ack is not None:
                    answer, ack = ack, None
                    answer(value)
            except (Exception, Timeout):
                logger.exception("a server-side handler of %r in the namespace %r failed", event, self._namespace)


class ClusterEvents:
    """What a server and a namespace hear of their cluster and of their rooms, and say to other servers."""

    __slots__ = ()

    def _own_namespace(self) -> "Namespace":
        """The namespace that is meant."""
        raise NotImplementedError

    @overload
    def on_server_side(self, event: str, handler: None = None) -> Decorator: ...

    @overload
    def on_server_side(self, event: str, handler: HandlerT) -> HandlerT: ...

    def on_server_side(self, event: str, handler: HandlerT | None = None) -> Any:
        """Call ``handler(*args)`` when another server of the cluster emits *event* with :meth:`server_side_emit`; also
        a decorator. What the handler returns is the acknowledgement of this server, where one is asked for: one value.

        :raises ConfigurationError: for a reserved event name, or what is no function.
        """
        events = self._own_namespace().server_side_events
        if handler is not None:
            events.add(event, handler)
            return handler
        check_server_event(event)

        def decorate(function: HandlerT) -> HandlerT:
            events.add(event, function)
            return function

        return decorate

    def _hub_runtime(self) -> "Runtime | None":
        return self._own_namespace().server.runtime

    @asked
    def server_side_emit(self, event: str, *args: Any, ack: Callable[[ServerReplies], Any] | None = None) -> None:
        """Emit to every other server of the cluster, not to this one and not to clients. ``ack(replies)`` is called in
        a worker greenlet once all have answered, after 5 seconds at the latest: a list of values; ``replies.missing``
        is the number of servers that did not answer.

        :raises ConfigurationError: for a reserved event name.
        :raises TypeError: for an argument that cannot be encoded.
        :raises AdapterError: when the other servers cannot be reached.
        """
        namespace = self._own_namespace()
        check_server_event(event)
        if ack is None:
            namespace.adapter.server_side_emit([event, *args], None, CALL_TIMEOUT)
            return
        check_function(ack, "ack(replies)")
        workers, run, function = current_runtime().workers, namespace.server.run_callback, ack
        gathering = Gathering(lambda gathering: workers.call(run, event, function, server_replies(gathering)))
        namespace.adapter.server_side_emit([event, *args], gathering, CALL_TIMEOUT)
        gathering.limit(CALL_TIMEOUT)

    @asked
    def server_side_call(self, event: str, *args: Any, timeout: float = CALL_TIMEOUT) -> ServerReplies:
        """Emit to every other server of the cluster and wait for their acknowledgements. Blocks this greenlet.

        :returns: a list of values, in the order of arrival; its ``missing`` is the number of servers that did not
            answer within *timeout* seconds. Empty where there is no other server.
        :raises ConfigurationError: for a reserved event name, or a timeout that is no number above 0.
        :raises TypeError: for an argument that cannot be encoded.
        :raises AdapterError: when the other servers cannot be reached.
        """
        check_server_event(event)
        check_timeout(timeout)
        waiter: Waiter[ServerReplies] = Waiter()
        gathering = Gathering(lambda gathering: waiter.set(server_replies(gathering)))
        self._own_namespace().adapter.server_side_emit([event, *args], gathering, timeout)
        gathering.limit(timeout)
        return waiter.wait()

    @overload
    def on_room(self, event: str, handler: None = None) -> Decorator: ...

    @overload
    def on_room(self, event: str, handler: HandlerT) -> HandlerT: ...

    def on_room(self, event: str, handler: HandlerT | None = None) -> Any:
        """Call a handler when a room of this server changes: ``handler(room)`` at ``create-room`` and ``delete-room``,
        ``handler(room, sid)`` at ``join-room`` and ``leave-room``; also a decorator. The rooms of the sockets' own ids
        count, as in Node.js: they are created when a socket connects. Handlers run in a worker greenlet, one at a time
        and in order, after the change.

        :raises ConfigurationError: for an unknown event, or a handler of another form.
        """
        namespace = self._own_namespace()
        if handler is not None:
            watch_rooms(namespace, event, handler)
            return handler
        RoomEvents.check_event(event)

        def decorate(function: HandlerT) -> HandlerT:
            watch_rooms(namespace, event, function)
            return function

        return decorate


def watch_rooms(namespace: "Namespace", event: str, handler: Callable[..., Any]) -> None:
    """Call *handler* at each *event* of the namespace's rooms."""
    events = namespace.room_events
    if events is not None:
        events.add(event, handler)
        return
    events = RoomEvents(namespace.name)
    events.add(event, handler)
    namespace.room_events = events
    namespace.adapter.watch_rooms(events.tell)


def check_server_event(event: Any) -> None:
    """See to it that servers can say *event* to each other.

    :raises ConfigurationError: for a reserved name, or what is none.
    """
    if not isinstance(event, str):
        raise ConfigurationError(f"an event between servers has a name, not {event!r}")
    if event in RESERVED:
        raise ConfigurationError(f"the event name {event!r} is reserved: it means something to the server itself")
