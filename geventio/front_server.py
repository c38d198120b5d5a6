"""gevent's WSGI server as :func:`geventio.serve` runs it: strict about heads, and behind the front door."""

import logging
import re
from _socket import AF_UNIX, IPPROTO_TCP, TCP_NODELAY
from _socket import socket as PlainSocket
from contextlib import closing
from io import BytesIO
from ssl import SSLError
from typing import Any, Final

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer
from gevent.socket import socket as gevent_socket

from geventio.engineio.engine import Engine
from geventio.front import Door
from geventio.front_connection import FrontConnection
from geventio.front_request import BadRequest, RequestHead
from geventio.runtime import current_runtime
from geventio.wsgi import WSGIApplication

logger = logging.getLogger("geventio.serving")

MAX_FIELDS: Final = 65536
"""Bytes of an application request's header section."""
TLS_HANDSHAKE_TIMEOUT: Final = 10.0
REQUEST_LINE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-ÿ]+ HTTP/1\.[01]\r\n")


class MalformedRequest(ValueError):
    """What pywsgi answers with 400 and logs in one line."""


class StrictHandler(WSGIHandler):  # type: ignore[misc]  # gevent has no types
    """pywsgi's handler, which refuses heads that two readers could take for different requests (request smuggling;
    RFC 9112, section 11.2): it accepts what the front door's parser accepts, so that both doors agree with each other
    and with a strict proxy before them.
    """

    def handle(self) -> None:
        """See WSGIHandler. A client that goes away is no error of ours."""
        try:
            super().handle()
        except (ConnectionError, SSLError) as error:
            logger.debug("the client went away: %s", error)

    def read_request(self, raw_requestline: str) -> Any:
        """See WSGIHandler."""
        if not REQUEST_LINE.fullmatch(raw_requestline):
            raise MalformedRequest("the request line is malformed")
        return super().read_request(raw_requestline)

    def MessageClass(self, rfile: Any, _: Any) -> Any:  # noqa: N802 (pywsgi's name)
        """Read the header section (see WSGIHandler)."""
        fields = bytearray()
        while True:
            try:
                line = rfile.readline(MAX_FIELDS - len(fields))
            except OSError as error:
                raise MalformedRequest("the client went away") from error
            fields += line
            if line == b"\r\n":
                break
            if not line or not line.endswith(b"\r\n"):
                raise MalformedRequest("the header section is malformed or too long")
        try:
            # Any request line: what methods there are is the application's business.
            head = RequestHead(b"POST / HTTP/1.1\r\n" + fields)
        except BadRequest as error:
            raise MalformedRequest(str(error)) from None
        coding = head.headers.get("transfer-encoding")
        if coding is not None and (coding.lower() != "chunked" or self.request_version != "HTTP/1.1"):
            raise MalformedRequest("a body that is not plainly chunked")
        return super().MessageClass(BytesIO(fields), 0)

    def handle_one_response(self) -> None:
        """See WSGIHandler."""
        super().handle_one_response()
        source = self.wsgi_input
        if source.chunked_input and source.chunk_length != 0:
            # A broken chunk, of which the application made a response of its own: nobody knows where the next request
            # begins.
            self.close_connection = True


class FrontHandler(StrictHandler):
    """Gives a kept-alive connection back to the door after each request."""

    def handle_one_request(self) -> Any:
        """See WSGIHandler."""
        result = super().handle_one_request()
        if result is not True:
            return result
        self.socket.settimeout(0.0)
        try:
            early = self.rfile.peek()
        except OSError:  # reset by the client
            return None
        if early:  # the next request has been read already, at least in part
            self.socket.settimeout(None)
            return True
        sock = self.socket
        plain = PlainSocket(sock.family, sock.type, sock.proto, fileno=sock.detach())
        plain.setblocking(False)
        self.server.take_back(plain, self.client_address)
        return None


class FrontServer(WSGIServer):  # type: ignore[misc]
    """gevent's WSGI server behind the front door. Plain connections only: TLS goes through WSGI alone."""

    handler_class = FrontHandler

    def __init__(self, address: Any, app: WSGIApplication, engines: dict[str, Engine], log: Any = None) -> None:
        super().__init__(address, app, log=log)
        self._engines = engines
        self._door: Door | None = None

    def start(self) -> None:
        """See BaseServer."""
        self.init_socket()  # only then is the environ known
        environ = self.get_environ()
        self._door = Door(self._engines, current_runtime(), environ, self._hand_over)
        super().start()

    def do_read(self) -> tuple[PlainSocket, Any] | None:
        """Accept a connection without a gevent socket around it."""
        try:
            descriptor, address = self.socket._accept()
        except BlockingIOError:
            return None
        sock = PlainSocket(self.socket.family, self.socket.type, self.socket.proto, fileno=descriptor)
        sock.setblocking(False)
        if sock.family != AF_UNIX:
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return sock, address

    def do_handle(self, sock: PlainSocket, address: Any) -> None:
        """Look at a new connection."""
        self.take_back(sock, address)

    def take_back(self, sock: PlainSocket, address: Any) -> None:
        """Look at a connection for its next request."""
        if self._door is None or self.closed:
            sock.close()
            return
        FrontConnection(self._door, sock, address)

    def _hand_over(self, sock: PlainSocket, address: Any) -> None:
        """Give a connection to pywsgi."""
        wrapped = gevent_socket(sock.family, sock.type, sock.proto, fileno=sock.detach())
        super().do_handle(wrapped, address)

    def close(self) -> None:
        """Stop accepting, and close the connections at the door."""
        super().close()
        if self._door is not None:
            self._door.close()


class TLSServer(WSGIServer):  # type: ignore[misc]
    """gevent's WSGI server over TLS. A client that fails to shake hands is no error of ours."""

    handler_class = StrictHandler

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> Any:
        """See StreamServer."""
        try:
            with gevent.Timeout(TLS_HANDSHAKE_TIMEOUT, TimeoutError("the TLS handshake takes too long")):
                wrapped = self.wrap_socket(client_socket, **self.ssl_args)
        except OSError as error:  # of which SSLError is one
            logger.debug("TLS handshake failed: %s", error)
            return None
        with closing(wrapped):
            return self.handle(wrapped, address)
