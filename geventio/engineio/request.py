"""What the engine needs to know of an HTTP request, whoever read it.

A WSGI environ (``wsgi.py``) and the front door (``front.py``) each bring their own subclass. The engine answers with
:meth:`Request.respond` exactly once, now or later, from the hub or a greenlet; or it takes the connection for WebSocket
with :meth:`Request.accept_websocket`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from geventio.runtime import Receiver, Stream

Headers = list[tuple[str, str]]
MAX_QUERY_FIELDS: Final = 100
NO_BODY: Final = frozenset({204, 304})
"""Status codes of responses that have neither a body nor its length (RFC 9110, sections 8.6 and 15.4.5)."""


class Response(NamedTuple):
    """An HTTP response with a whole body."""

    status: int
    headers: Headers
    body: bytes


class KeptRequest(ABC):
    """What is kept of a handshake for as long as its session lives, in few bytes; the rest is built when asked for."""

    __slots__ = ()

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """Header fields by lower-case name."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The request target: path and query as the client wrote them."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The peer's address without the port; empty for a Unix socket."""

    @property
    @abstractmethod
    def secure(self) -> bool:
        """Whether the connection is TLS."""

    @abstractmethod
    def environ(self) -> dict[str, Any]:
        """A WSGI environ of the handshake (PEP 3333), made anew; its body is empty."""

    @property
    def query(self) -> dict[str, str]:
        """The query's values; of a repeated key the last."""
        return parse_query(self.url.partition("?")[2])


class Request(ABC):
    """One HTTP request to the engine."""

    __slots__ = ()

    method: str
    query: dict[str, str]
    secure: bool
    headers: Mapping[str, str]
    """Header fields by lower-case name."""

    @abstractmethod
    def respond(self, response: Response) -> None:
        """Answer; called once, from the hub or a greenlet."""

    @abstractmethod
    def receive_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        """Read the body and call *done* with it, now or later; with None when the client gave up meanwhile.

        :raises PayloadTooBig: when more than *limit* bytes are announced or, later, arrive: then *done* gets None and
            the request has been answered with 413.
        """

    @abstractmethod
    def on_abort(self, callback: Callable[[], None] | None) -> None:
        """Call *callback* in the hub when the client goes away before it was answered."""

    @property
    @abstractmethod
    def websocket_possible(self) -> bool:
        """Whether this server can give the connection to us."""

    @property
    def extensions_possible(self) -> bool:
        """Whether the 101 response is ours, so that extensions can be agreed on."""
        return True

    def through_hooks(self, head: bytes) -> bytes:
        """*head*, a 101 response, as hooks of the application change it; they may block."""
        return head

    @abstractmethod
    def accept_websocket(self, head: bytes, attach: Callable[[Callable[[Receiver], Stream]], None]) -> None:
        """Answer with *head* (the 101 response) and take the connection over.

        *attach* is called once, in the hub, with a function that makes the stream for a receiver; bytes that the client
        sent behind its handshake reach the receiver after *attach* has returned.
        """

    @abstractmethod
    def keep(self) -> KeptRequest:
        """What the session keeps of its handshake."""

    @abstractmethod
    def environ(self) -> dict[str, Any]:
        """The request as a WSGI environ, for hooks of the application; without its body."""


def wants_websocket(request: Request) -> bool:
    """Whether the client asks to change to WebSocket."""
    return request.headers.get("upgrade", "").lower() == "websocket"


def parse_query(query: str) -> dict[str, str]:
    """The values of a query string; of a repeated key the last one counts, as in Node.js.

    :raises ValueError: for more than 100 fields, so that a query cannot cost more than its bytes.
    """
    fields = query.split("&")
    if len(fields) > MAX_QUERY_FIELDS:
        raise ValueError("too many fields in a query")
    values: dict[str, str] = {}
    for field in fields:
        if field:
            name, _, value = field.partition("=")
            if "%" in field or "+" in field:  # rare: the protocol's own values have neither
                name, value = unquote_plus(name), unquote_plus(value)
            values[name] = value
    return values
