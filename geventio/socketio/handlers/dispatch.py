"""How a client's event reaches the functions that take it.

In the hub it is given to the socket's turn, or to a worker of its own where all its handlers are concurrent. In the
worker come, in this order: packet middlewares, listeners to any event, the namespace's handlers, the socket's own; and
where nobody takes the event, the handlers of ``*``. Of all that, an event pays for what there is.
"""

from typing import TYPE_CHECKING, Any

from geventio.protocol.socketio import Packet
from geventio.runtime import Timeout
from geventio.socketio.acks import Ack, reply_args
from geventio.socketio.handlers.events import FALLBACK, EventName, Listeners
from geventio.socketio.handlers.packet_middleware import IncomingEvent, run_packet_middlewares

if TYPE_CHECKING:
    from geventio.socketio.socket import Socket


def receive_event(socket: "Socket", packet: Packet) -> None:
    """Runs in the hub: the client sent an event."""
    own = socket.own_listeners
    if (socket.namespace.listeners.concurrent or (own is not None and own.concurrent)) and _is_concurrent(
        socket, packet.data[0]
    ):
        socket.conn.runtime.workers.call(_run_event, socket, packet)
    else:
        socket.mailbox.post(_run_event, socket, packet)


def _is_concurrent(socket: "Socket", event: EventName) -> bool:
    """Whether every handler of the event, under the name that the client gave it, said ``concurrent=True``."""
    own = socket.own_listeners
    levels = [socket.namespace.listeners] if own is None else [socket.namespace.listeners, own]
    if not any(event in level.of for level in levels):
        event = FALLBACK
    concurrent = [event in level.concurrent for level in levels if event in level.of]
    return bool(concurrent) and all(concurrent)


def _run_event(socket: "Socket", packet: Packet) -> None:
    """Runs in a worker."""
    event, *args = packet.data
    ack = None if packet.id is None else Ack(socket, packet.id)
    namespace = socket.namespace
    own = socket.own_listeners
    if namespace.listeners.around or namespace.server.packet_middlewares or (own is not None and own.around):
        incoming = IncomingEvent(event, args, wants_ack=ack is not None)
        if not run_packet_middlewares(socket, incoming, ack):
            return
        event, args = incoming.name, incoming.args
        _tell_any(socket, event, args)
    if not run_listeners(socket, event, args, ack):
        run_listeners(socket, event, [event, *args], ack, FALLBACK)


def _tell_any(socket: "Socket", event: EventName, args: list[Any]) -> None:
    namespace = socket.namespace
    given: tuple[Any, ...] = (socket, event, *args)
    listeners: Listeners | None = namespace.listeners
    while listeners is not None:
        for function in listeners.any:
            try:
                function(*given)
            except (Exception, Timeout) as error:
                namespace.server.handler_failed(socket, event, error, None, "listener to any event")
        # Then the socket's own, which are not given the socket.
        listeners = socket.own_listeners if listeners is not socket.own_listeners else None
        given = (event, *args)


def run_listeners(
    socket: "Socket", event: EventName, args: list[Any], ack: Ack | None = None, key: EventName | None = None
) -> bool:
    """Runs in a worker: call the namespace's handlers of *event*, then the socket's own; those that are registered
    under *key*, where that is not the event's name. Returns whether there were any.
    """
    if key is None:
        key = event
    namespace = socket.namespace
    listeners: Listeners | None = namespace.listeners
    found = False
    while listeners is not None:
        own = listeners is socket.own_listeners
        for listener in listeners.of.get(key, ()):
            found = True
            try:
                if len(args) != listener.most:  # mostly it takes just that many; asked without a call
                    listener.check_arguments(len(args))
                values = args if listener.typed is None else listener.typed.convert(args)
                if listener.once and not listeners.discard(key, listener):
                    continue
                given = values if own else (socket, *values)
                if listener.takes_ack:
                    listener.function(*given, ack=ack or Ack(socket, None))
                    continue
                value = listener.function(*given)
                if ack is not None:
                    ack(*reply_args(value))
            except (Exception, Timeout) as error:
                namespace.server.handler_failed(socket, event, error, ack)
        # Then the socket's own, which are not given the socket.
        listeners = None if own else socket.own_listeners
    return found
