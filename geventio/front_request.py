"""An Engine.IO request that the front door read: parsed once for the engine, kept as the bytes of its head."""

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from geventio.engineio.request import KeptRequest, Request, Response, parse_query
from geventio.exceptions import ProtocolError
from geventio.runtime import Receiver, Stream

Attach = Callable[[Callable[[Receiver], Stream]], None]


PLAIN_LINE: Final = re.compile(rb"(GET|POST) (/[A-Za-z0-9/._~?&=%+-]*) HTTP/1\.1(?=\r\n)")
"""A request line that means the same to everybody."""


class BadRequest(ProtocolError):
    """The head of a request is not HTTP/1.1, or says its length in a way that can be read in two."""


class RequestHead:
    """Request line and header fields (RFC 9112), by llhttp in its strict mode."""

    __slots__ = ("_complete", "_fields", "headers", "keep_alive", "method", "target", "version")

    headers: dict[str, str]
    """Fields by lower-case name; shared by the requests of a connection that repeats them, so never changed."""
    method: str
    keep_alive: bool

    def __init__(self, head: bytes) -> None:
        """Parse *head*, which ends with its empty line.

        :raises BadRequest: for anything that a strict parser refuses.
        """
        self.target = ""
        self.headers = {}
        end = head.find(b"\r\n")
        self.version = head[max(end - 8, 0) : end].decode("latin-1")
        """``HTTP/1.1`` or ``HTTP/1.0``."""
        self._fields = head[end:]
        self._complete = False
        parser = HttpRequestParser(self)
        try:
            parser.feed_data(head)
        except HttpParserUpgrade:
            pass
        except HttpParserError as error:
            raise BadRequest(str(error)) from None
        if not self._complete or self.version not in ("HTTP/1.1", "HTTP/1.0"):
            raise BadRequest("the head is not complete")
        self.method = parser.get_method().decode("latin-1")
        self.keep_alive = parser.should_keep_alive() and "close" not in self.headers.get("connection", "").lower()

    def again(self, head: bytes) -> "RequestHead | None":
        """Parse *head*, the next on the same connection, without the parser: a polling client sends the same fields
        again and again, and only its target differs.

        :returns: None unless the request line is plain and everything behind it is, to the byte, what was parsed here.
        """
        line = PLAIN_LINE.match(head)
        if line is None or line[1] != self.method.encode() or self.version != "HTTP/1.1":
            return None
        if head[line.end() :] != self._fields:
            return None
        copy = RequestHead.__new__(RequestHead)
        copy.target = line[2].decode("ascii")
        copy.headers = self.headers
        copy.version = self.version
        copy.method = self.method
        copy.keep_alive = self.keep_alive
        copy._fields = self._fields
        return copy

    # What the parser calls:

    def on_url(self, url: bytes) -> None:
        """The target, perhaps in pieces."""
        self.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; a repeated one is joined (RFC 9110, section 5.3)."""
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1").rstrip(" \t")  # llhttp leaves what stands behind a value
        if key in self.headers:
            text = f"{self.headers[key]}{'; ' if key == 'cookie' else ','}{text}"
        self.headers[key] = text

    def on_headers_complete(self) -> None:
        """The empty line."""
        self._complete = True

    @property
    def expects_continue(self) -> bool:
        """Whether the client holds its body back until we ask for it (RFC 9110, section 10.1.1)."""
        return self.version == "HTTP/1.1" and self.headers.get("expect", "").lower() == "100-continue"


class KeptHead(KeptRequest):
    """The head of a handshake's request."""

    __slots__ = ("_base", "_head", "_peer")

    def __init__(self, head: bytes, peer: Any, base: Mapping[str, Any]) -> None:
        self._head = head
        self._peer = peer
        self._base = base  # shared by all connections of a server

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields by lower-case name."""
        return RequestHead(self._head).headers

    @property
    def url(self) -> str:
        """The request target."""
        return RequestHead(self._head).target

    @property
    def address(self) -> str:
        """The peer's address."""
        return str(self._peer[0]) if isinstance(self._peer, tuple) else ""

    @property
    def secure(self) -> bool:
        """The front door reads plain connections only."""
        return False

    def environ(self) -> dict[str, Any]:
        """A WSGI environ of the handshake, made anew."""
        return make_environ(RequestHead(self._head), self._peer, self._base)


def make_environ(head: RequestHead, peer: Any, base: Mapping[str, Any]) -> dict[str, Any]:
    """The WSGI environ that pywsgi would have made (PEP 3333), without a body."""
    path, _, query = head.target.partition("?")
    environ: dict[str, Any] = {
        **base,
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": head.version,
        "wsgi.input": BytesIO(),
        "wsgi.input_terminated": True,
    }
    if isinstance(peer, tuple):
        environ["REMOTE_ADDR"] = str(peer[0])
        environ["REMOTE_PORT"] = str(peer[1])
    for name, value in head.headers.items():
        if "_" in name:  # as pywsgi does: it could pass for a field with a dash that a proxy vouches for
            continue
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key] = value
    return environ


class Exchange(Protocol):
    """The connection that a request came over, as the request sees it."""

    peer: Any
    """What ``accept`` says of the client: (address, port, ...), or a text for a Unix socket."""
    base_environ: Mapping[str, Any]
    """What every environ of the server starts with."""

    def send_response(self, request: "FrontRequest", response: Response, /) -> None:
        """See Request.respond."""

    def read_body(self, limit: int, done: Callable[[bytes | None], None], /) -> None:
        """See Request.receive_body."""

    def watch(self, callback: Callable[[], None] | None, /) -> None:
        """See Request.on_abort."""

    def upgrade(self, response_head: bytes, attach: Attach, /) -> None:
        """See Request.accept_websocket."""


class FrontRequest(Request):
    """One request at the front door."""

    __slots__ = ("_connection", "_raw", "head", "headers", "method", "query", "secure")

    def __init__(self, connection: Exchange, head: RequestHead, raw: bytes) -> None:
        """*raw*: the bytes of *head*.

        :raises ValueError: when the query has too many fields.
        """
        self._connection = connection
        self._raw = raw
        self.head = head
        self.method = head.method
        self.headers = head.headers
        self.query = parse_query(head.target.partition("?")[2])
        self.secure = False

    def respond(self, response: Response) -> None:
        """Write the response."""
        self._connection.send_response(self, response)

    def receive_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        """Read the body, in the hub."""
        self._connection.read_body(limit, done)

    def on_abort(self, callback: Callable[[], None] | None) -> None:
        """Watch the connection while the request waits."""
        self._connection.watch(callback)

    @property
    def websocket_possible(self) -> bool:
        """The connection is ours; HTTP/1.0 knows no upgrade (RFC 6455, section 4.1)."""
        return self.head.version == "HTTP/1.1"

    def accept_websocket(self, head: bytes, attach: Attach) -> None:
        """Turn the connection into a stream."""
        self._connection.upgrade(head, attach)

    def keep(self) -> KeptRequest:
        """The bytes of the head."""
        return KeptHead(self._raw, self._connection.peer, self._connection.base_environ)

    def environ(self) -> dict[str, Any]:
        """The request as pywsgi would give it to an application."""
        return make_environ(self.head, self._connection.peer, self._connection.base_environ)
