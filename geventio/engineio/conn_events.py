"""Events of one session, for those who want to see more than messages: ``socket.conn.on(...)``.

::

    @socket.conn.on("upgrade")
    def upgraded(transport_name):
        print("now over", transport_name)

    @socket.conn.once("drain")
    def drained():
        print("all that was sent has left")

======================  ================================================================================================
``upgrade``             ``handler(transport_name)``: the client changed to another transport
``drain``               ``handler()``: the last byte of what was sent has left for the client
``packet``              ``handler(packet_type, data)``: the client sent an Engine.IO packet (``"message"``, ``"pong"``)
``packet_create``       ``handler(packet_type, data)``: an Engine.IO packet was sent
``close``               ``handler(reason, detail)``: the session ended
======================  ================================================================================================

The names are those of Node.js. Handlers run in a worker greenlet, one at a time and in order; a session that nobody
listens to has no object for this.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, overload

from geventio.engineio.prepared import Prepared, PreparedMessages
from geventio.engineio.prepared3 import PreparedMessages3
from geventio.engineio.state import State
from geventio.engineio.transports.websocket import WebSocketTransport
from geventio.exceptions import ConfigurationError
from geventio.handlers import Decorator, HandlerT
from geventio.protocol.engineio import PacketType
from geventio.protocol.engineio.packet3 import BINARY_MESSAGE
from geventio.runtime import Mailbox, Timeout

if TYPE_CHECKING:
    from geventio.engineio.session import Session

logger = logging.getLogger("geventio.engineio")

EVENTS: Final = ("upgrade", "drain", "packet", "packet_create", "close")
MAX_WAITING: Final = 1000
"""Events of one session that wait for its handlers; more are dropped, and counted."""
TYPE_NAMES: Final = {kind: kind.name.lower() for kind in PacketType}


class ConnEvents:
    """The handlers of one session, and what waits for them."""

    __slots__ = ("_drain_due", "_handlers", "_mailbox", "_session", "dropped")

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._handlers: dict[str, list[tuple[Callable[..., Any], bool]]] = {}  # and whether once only
        self._mailbox = Mailbox(session.runtime.workers)
        self._drain_due = False
        self.dropped = 0
        """Events that no handler saw, because too many waited."""

    def add(self, event: str, handler: Callable[..., Any], *, once: bool) -> None:
        """Call *handler* for each *event*, or for the next one."""
        if not callable(handler):
            raise ConfigurationError(f"a handler must be callable, not {handler!r}")
        self._handlers.setdefault(event, []).append((handler, once))

    def remove(self, event: str | None, handler: Callable[..., Any] | None) -> None:
        """Forget a handler, all handlers of an event, or all."""
        if event is None:
            self._handlers.clear()
        elif handler is None:
            self._handlers.pop(event, None)
        else:
            self._handlers[event] = [each for each in self._handlers.get(event, ()) if each[0] != handler]

    def emit(self, event: str, *args: Any) -> None:
        """Something happened. Called in the hub or in a greenlet; never blocks."""
        if not self._handlers.get(event):
            return
        if len(self._mailbox) >= MAX_WAITING and event != "close":
            self.dropped += 1
            if self.dropped == 1:
                logger.warning(
                    "the handlers of %r on a conn are slower than its events: some are dropped. Said once for each "
                    "conn, counted in conn.events.dropped",
                    event,
                )
            return
        self._mailbox.post(self._run, event, args)

    def _run(self, event: str, args: tuple[Any, ...]) -> None:
        """Runs in a worker."""
        for entry in tuple(self._handlers.get(event, ())):
            handler, once = entry
            if once:
                handlers = self._handlers.get(event, [])
                if entry not in handlers:  # it has been removed by an earlier one
                    continue
                handlers.remove(entry)
            try:
                handler(*args)
            except (Exception, Timeout):
                logger.exception("a handler of %r on a conn failed", event)

    # -- what the session tells

    def received(self, kind: PacketType, data: str | bytes) -> None:
        """A packet of the client."""
        self.emit("packet", TYPE_NAMES[kind], data)

    def sent(self, messages: Sequence[str | bytes]) -> None:
        """Messages to this client alone."""
        for message in messages:
            self.emit("packet_create", "message", message)
        self._expect_drain()

    def sent_prepared(self, prepared: Prepared) -> None:
        """What others may have been sent too."""
        if isinstance(prepared, PreparedMessages3):  # there a type stands in front of bytes
            skip = len(BINARY_MESSAGE)
            self.sent([message[skip:] if isinstance(message, bytes) else message for message in prepared.messages])
        elif isinstance(prepared, PreparedMessages):
            self.sent(prepared.messages)
        else:
            payload = prepared.payload()
            self.emit("packet_create", TYPE_NAMES[PacketType(int(payload[0]))], payload[1:])
            self._expect_drain()

    # -- drain

    def _expect_drain(self) -> None:
        if not self._drain_due and self._handlers.get("drain"):
            self._drain_due = True
            self._look_later()

    def _look_later(self) -> None:
        """Look when what was written in this turn has been handed to the kernel."""
        runtime = self._session.runtime
        runtime.at_end_of_turn(lambda: runtime.soon(self.look))

    def look(self) -> None:
        """Runs in the hub or in a greenlet: has everything left?"""
        session = self._session
        if not self._drain_due:
            return
        if session.state is not State.OPEN:
            self._drain_due = False
        elif not session.buffered:
            self._drain_due = False
            self.emit("drain")
        elif isinstance(session.transport, WebSocketTransport) and not session.transport.when_drained(self.look):
            self._look_later()
        # What waits for a polling client leaves with its next request, and the session looks again.


class Watchable:
    """``on``, ``once`` and ``off`` of a session (its base class)."""

    __slots__ = ()

    events: ConnEvents | None
    state: State

    @property
    def ready_state(self) -> str:
        """``open``, ``closing`` or ``closed``."""
        return self.state.name.lower()

    @overload
    def on(self, event: str, handler: None = None) -> Decorator: ...

    @overload
    def on(self, event: str, handler: HandlerT) -> HandlerT: ...

    def on(self, event: str, handler: HandlerT | None = None) -> Any:
        """Register a handler: ``conn.on("drain", handler)``, or as a decorator. See
        :mod:`geventio.engineio.conn_events`.

        :raises ConfigurationError: for an event that there is not, or a handler that is not callable.
        """
        return self._register(event, handler, once=False)

    @overload
    def once(self, event: str, handler: None = None) -> Decorator: ...

    @overload
    def once(self, event: str, handler: HandlerT) -> HandlerT: ...

    def once(self, event: str, handler: HandlerT | None = None) -> Any:
        """As :meth:`on`, for the next such event only."""
        return self._register(event, handler, once=True)

    def off(self, event: str | None = None, handler: Callable[..., Any] | None = None) -> None:
        """Remove a handler, all handlers of an event, or all.

        :raises ConfigurationError: for an event that there is not.
        """
        if event is not None:
            _check_event(event)
        if self.events is not None:
            self.events.remove(event, handler)

    def _register(self, event: str, handler: HandlerT | None, *, once: bool) -> Any:
        _check_event(event)
        if handler is None:

            def decorate(function: HandlerT) -> HandlerT:
                self._register(event, function, once=once)
                return function

            return decorate
        if self.events is None:
            self.events = ConnEvents(self)  # type: ignore[misc, arg-type]  # a Session: this is its base class
        self.events.add(event, handler, once=once)
        return handler


def _check_event(event: str) -> None:
    if event not in EVENTS:
        raise ConfigurationError(f"a conn has the events {', '.join(EVENTS)}, not {event!r}")
