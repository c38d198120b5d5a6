"""Every error that geventio raises, in one tree, and the words for why a client left.

``GeventIOError`` is the root, so ``except GeventIOError`` catches what this package means to raise and nothing else.
An error carries facts in its attributes; the sentence is made in ``__str__``.
"""

from typing import Any, Final


class GeventIOError(Exception):
    """Root of the errors that geventio raises."""


class ConfigurationError(GeventIOError, ValueError):
    """The API was used in a way that cannot work; the message says what was wrong and what to do."""


class ProtocolError(GeventIOError):
    """A peer broke one of the protocols."""


class WebSocketProtocolError(ProtocolError):
    """A WebSocket peer broke RFC 6455; *code* is the close code that answers it (RFC 6455, section 7.4.1)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason} (close code {self.code})"


class PacketDecodeError(ProtocolError):
    """An Engine.IO or Socket.IO packet could not be decoded; *problem* says what is wrong with it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


class PayloadTooBig(ProtocolError):
    """A body, frame or message of *size* bytes (or more, where reading stopped there) is over *limit* bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return f"payload of {self.size} bytes is over the limit of {self.limit} bytes"


class ConnectionRejected(GeventIOError):
    """Raise it in a ``use()`` middleware to refuse a connecting socket.

    The client's ``connect_error`` listener gets an error with *message* and, where given, *data* (any JSON value).
    """

    def __init__(self, message: str = "Connection rejected", data: Any = None) -> None:
        super().__init__(message, data)
        self.message = message
        self.data = data

    def __str__(self) -> str:
        return self.message


class EventRejected(GeventIOError):
    """Raise it in a packet middleware or in a handler to refuse an event.

    Where the client asked for an acknowledgement, it gets ``{"error": {"message": ..., "data": ...}}``: *message* and,
    where given, *data* (any value that can be sent).
    """

    def __init__(self, message: str = "Event rejected", data: Any = None) -> None:
        super().__init__(message, data)
        self.message = message
        self.data = data

    def __str__(self) -> str:
        return self.message


class InvalidArguments(EventRejected):
    """A client sent an event with arguments that are not what its handler's annotations ask for.

    *data* is a list of ``{"argument": name, "problem": text}``; a problem may quote what the client sent.
    """

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__("invalid arguments", problems)

    def __str__(self) -> str:
        return "; ".join(f"{problem['argument']}: {problem['problem']}" for problem in self.data)


class Disconnected(GeventIOError):
    """The client left, or was never there, while something of it was awaited; *reason* is a disconnect reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the client disconnected ({self.reason})"


class AckTimeout(GeventIOError, TimeoutError):
    """No acknowledgement came within *timeout* seconds."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout)
        self.timeout = timeout

    def __str__(self) -> str:
        return f"no acknowledgement within {self.timeout:g} s"


class AdapterError(GeventIOError):
    """An adapter could not reach the other servers of its cluster, or could not understand them."""


# Why a client left: the words that Socket.IO servers use everywhere.
TRANSPORT_CLOSE: Final = "transport close"
TRANSPORT_ERROR: Final = "transport error"
PING_TIMEOUT: Final = "ping timeout"
PARSE_ERROR: Final = "parse error"
FORCED_CLOSE: Final = "forced close"
FORCED_SERVER_CLOSE: Final = "forced server close"
SEND_BUFFER_FULL: Final = "send buffer full"
"""The detail of a ``transport error`` of a client that read more slowly than it was sent to."""
SERVER_SHUTTING_DOWN: Final = "server shutting down"
CLIENT_NAMESPACE_DISCONNECT: Final = "client namespace disconnect"
SERVER_NAMESPACE_DISCONNECT: Final = "server namespace disconnect"
