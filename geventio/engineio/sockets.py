"""The application's side of a session where the engine serves alone: events, one at a time, in worker greenlets."""

from collections.abc import Callable
from typing import Any, Final, overload

from geventio.engineio.request import KeptRequest
from geventio.engineio.session import Session
from geventio.exceptions import ConfigurationError
from geventio.handlers import Decorator, HandlerT
from geventio.runtime import Mailbox

EVENTS: Final = ("message", "close")


class EngineSocket:
    """One client of an :class:`~geventio.engineio.engine.Engine`."""

    __slots__ = ("_handlers", "_mailbox", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self._mailbox = Mailbox(session.runtime.workers)
        self._handlers: dict[str, list[Callable[..., Any]]] = {}

    @property
    def id(self) -> str:
        """The session's id: a secret of this client."""
        return self.session.id

    @property
    def request(self) -> KeptRequest:
        """The handshake's request: headers, query, address, environ."""
        return self.session.request

    @property
    def transport_name(self) -> str:
        """``polling`` or ``websocket``."""
        return self.session.transport.name

    @overload
    def on(self, event: str, handler: None = None) -> Decorator: ...

    @overload
    def on(self, event: str, handler: HandlerT) -> HandlerT: ...

    def on(self, event: str, handler: HandlerT | None = None) -> Any:
        """Register ``handler(data)`` for ``message`` or ``handler(reason)`` for ``close``; also a decorator.

        :raises ConfigurationError: for another event, or a handler that is not callable.
        """
        if event not in EVENTS:
            raise ConfigurationError(f"an engine's socket has the events {' and '.join(EVENTS)}, not {event!r}")
        if handler is None:
            return lambda function: self.on(event, function)
        if not callable(handler):
            raise ConfigurationError(f"a handler must be callable, not {handler!r}")
        self._handlers.setdefault(event, []).append(handler)
        return handler

    def send(self, data: str | bytes | bytearray | memoryview) -> None:
        """Send a message; see :meth:`Session.send`."""
        self.session.send(data)

    def close(self) -> None:
        """End the session."""
        self.session.close()

    def run(self, handler: Callable[..., Any], *args: Any) -> None:
        """Call a handler after those that were called before."""
        self._mailbox.post(handler, *args)

    def on_message(self, data: str | bytes) -> None:
        """See SessionHandler. Handlers are looked up when it is the message's turn: an earlier one may add some."""
        self._mailbox.post(self._emit, "message", data)

    def on_close(self, reason: str, detail: str) -> None:  # noqa: ARG002
        """See SessionHandler."""
        self._mailbox.post(self._emit, "close", reason)

    def _emit(self, event: str, value: Any) -> None:
        for handler in self._handlers.get(event, ()):
            handler(value)
