"""Who is told of the events that leave: ``on_any_outgoing``.

The listeners must not hold up who emits, and one broadcast may be news for thousands of sockets. So they run in workers
of their own, one call after another and in the order in which the events left, beside the handlers. What they do not
keep up with is bounded: beyond that, they miss events, which is counted and logged once. Nor are they told of what they
emit themselves, which would never come to an end.
"""

import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from geventio.runtime import Mailbox, Timeout
from geventio.socketio.handlers.events import Listeners

if TYPE_CHECKING:
    from geventio.socketio.socket import Socket

logger = logging.getLogger("geventio.socketio")

WAITING_LIMIT: Final = 100_000
"""Events, counted once for each socket that they left for, that may wait for the listeners."""

_telling: Final[ContextVar[bool]] = ContextVar("telling", default=False)
"""Whether an outgoing listener is what runs."""


class Outgoing:
    """Tells the outgoing listeners of one server."""

    __slots__ = ("_listened_to", "_mailbox", "_waiting", "missed")

    def __init__(self) -> None:
        self._listened_to: WeakSet[Listeners] = WeakSet()
        self._mailbox: Mailbox | None = None
        self._waiting = 0
        self.missed = 0
        """Events that the listeners were not told of, because too many waited."""

    def changed(self, listeners: Listeners) -> bool:
        """Outgoing listeners came or went there; whether there are any at all."""
        if listeners.any_outgoing:
            self._listened_to.add(listeners)
        else:
            self._listened_to.discard(listeners)
        return bool(self._listened_to)

    def sent(self, sockets: "Sequence[Socket]", data: list[Any]) -> None:
        """The event *data*, its name and its arguments, has left for *sockets*, which are of one namespace. Never
        blocks, never raises.
        """
        if sockets and not (namespace := sockets[0].namespace).listeners.any_outgoing:
            sockets = [socket for socket in sockets if (own := socket.own_listeners) is not None and own.any_outgoing]
            if not self._listened_to:  # the last were those of sockets that are gone
                namespace.server.outgoing = None
        if not sockets or _telling.get():
            return
        if self._waiting and self._waiting + len(sockets) > WAITING_LIMIT:
            if not self.missed:
                logger.warning("on_any_outgoing listeners are too slow, and miss events; later ones are counted only")
            self.missed += len(sockets)
            return
        self._waiting += len(sockets)
        if self._mailbox is None:
            self._mailbox = Mailbox(sockets[0].conn.runtime.workers)
        self._mailbox.post(self._tell, sockets, *data)

    def _tell(self, sockets: "Sequence[Socket]", event: str, *args: Any) -> None:
        """Runs in a worker, in a context of its own."""
        _telling.set(True)
        try:
            for socket in sockets:
                for listener in socket.namespace.listeners.any_outgoing:
                    _call(socket, event, listener, socket, event, *args)
                own = socket.own_listeners
                for listener in own.any_outgoing if own is not None else ():
                    _call(socket, event, listener, event, *args)
        finally:  # also when a listener killed its own greenlet
            self._waiting -= len(sockets)


def event_sent(socket: "Socket", event: str, args: tuple[Any, ...]) -> None:
    """Tell of an event that was sent to *socket* alone; nothing leaves for one that has left."""
    outgoing = socket.namespace.server.outgoing
    if outgoing is not None and socket.left_reason is None:
        outgoing.sent((socket,), [event, *args])


def _call(socket: "Socket", event: str, listener: Callable[..., Any], *given: Any) -> None:
    try:
        listener(*given)
    except (Exception, Timeout):  # not for the on_error hook: one that emits would never come to an end
        namespace = socket.namespace.name
        logger.exception("an on_any_outgoing listener failed on the event %.64r in the namespace %r", event, namespace)
