"""How each WSGI server gives us its connection.

WSGI has no word for it, so every server is asked in its own way: gunicorn's gevent worker names its socket in the
environ; gevent's pywsgi (and whatever subclasses it: gunicorn's gevent_pywsgi worker, gevent-websocket's handler and
worker) can be reached through ``wsgi.input``. A plain socket is taken away for good (:meth:`ServerConnection.take`):
its connection then lives in the hub and the server's greenlet ends. A TLS socket stays with the server, whose
greenlet waits until it is closed.
"""

from _socket import AF_UNIX, IPPROTO_TCP, MSG_PEEK, TCP_NODELAY
from _socket import socket as PlainSocket  # what gevent does not patch
from typing import Any

from gevent.hub import get_hub
from gevent.pywsgi import Input, WSGIHandler
from gevent.socket import socket as gevent_socket
from gevent.ssl import SSLSocket
from greenlet import getcurrent

from geventio.exceptions import GeventIOError
from geventio.http_response import REASONS
from geventio.protocol.websocket import CloseCode, encode_close
from geventio.runtime import SocketLike


class UnsupportedServer(GeventIOError):
    """The WSGI server under us does not run on gevent."""

    def __str__(self) -> str:
        return (
            "geventio needs a WSGI server that runs on gevent, and this one does not: start the application with "
            "geventio.serve(), with `gunicorn -k gevent`, or with gevent.pywsgi.WSGIServer "
            "(not with `flask run`, or gunicorn's sync or gthread worker)"
        )


def check_server() -> None:
    """See to it that this request runs in a greenlet that the hub can switch away from.

    :raises UnsupportedServer: when it does not.
    """
    if getcurrent().parent is not get_hub():
        raise UnsupportedServer


class ServerConnection:
    """The connection under one WSGI request."""

    __slots__ = ("_rfile", "_unreader", "_websocket", "socket")

    def __init__(self, sock: Any, rfile: Any = None, unreader: Any = None, websocket: Any = None) -> None:
        self.socket = sock
        self._rfile = rfile
        self._unreader = unreader
        self._websocket = websocket

    @property
    def tls(self) -> bool:
        """Whether the socket has to stay with its server."""
        return isinstance(self.socket, SSLSocket)

    @property
    def upgraded(self) -> bool:
        """Whether the server has sent a 101 response already, as gevent-websocket does before it calls the
        application.
        """
        return self._websocket is not None

    @property
    def ends_by_exception(self) -> bool:
        """Whether the server must be told by ``StopIteration`` that the connection is no longer its own (gunicorn)."""
        return self._unreader is not None

    def set_nodelay(self) -> None:
        """Let small segments leave at once: servers that write head and body apart would wait 40 ms for an ACK."""
        if self.socket.family != AF_UNIX:
            self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    def peer_gone(self) -> bool:
        """Whether the client has closed a plain connection on which something can be read. Never blocks."""
        try:
            # The C method: gevent's own would wait for the data of a socket that has a timeout.
            return not PlainSocket.recv(self.socket._sock, 1, MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def take(self) -> tuple[SocketLike, bytes]:
        """The socket, without a timeout, and what the server had read beyond the request.

        Not a duplicate of it: libev keeps an event for the number of a descriptor, and two numbers for one connection
        leave a stale one behind.
        """
        self.socket.settimeout(0.0)
        early = self._read_ahead()
        if self._websocket is not None:
            self._websocket.closed = True  # or it would send a close frame of its own at the end
        taken: SocketLike
        if self.tls:
            taken = self.socket
        else:
            sock = self.socket
            family, kind, proto = sock.family, sock.type, sock.proto
            taken = plain = PlainSocket(family, kind, proto, fileno=sock.detach())
            plain.setblocking(False)
            if family != AF_UNIX:
                plain.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return taken, early

    def refuse_upgraded(self, reason: bytes) -> None:
        """Close a WebSocket that the server opened before we could say no (:attr:`upgraded`)."""
        self.socket.sendall(encode_close(CloseCode.POLICY_VIOLATION, reason[:120].decode("utf-8", "ignore")))
        self._websocket.closed = True  # or it would send a close frame of its own
        self.release()  # or the client's close frame would be read as a request

    def release(self) -> None:
        """See to it that the server looks for no further request on this connection."""
        if self._rfile is not None:
            self._rfile.close()

    def _read_ahead(self) -> bytes:
        """What the server read and did not use. With the timeout at 0, peeking at its buffer cannot block."""
        if self._unreader is not None:
            take_buffered = getattr(self._unreader, "take_buffered", None)
            data: bytes = take_buffered() if take_buffered is not None else self._unreader.buf.getvalue()
            return data
        try:
            data = self._rfile.peek()
            if data:
                data = self._rfile.read(len(data))
        except OSError:  # reset meanwhile: the stream will find out
            return b""
        return data or b""


def find_connection(environ: dict[str, Any]) -> ServerConnection | None:
    """The connection of a request; None where the server has none to give."""
    websocket = environ.get("wsgi.websocket")
    if websocket is not None:
        handler = getattr(websocket, "handler", None)
        if handler is None or not isinstance(getattr(handler, "socket", None), gevent_socket):
            return None
        return ServerConnection(handler.socket, rfile=handler.rfile, websocket=websocket)
    sock = environ.get("gunicorn.socket")
    if sock is not None:
        reader = getattr(environ["wsgi.input"], "reader", None)
        unreader = getattr(reader, "unreader", None)
        if unreader is None or not isinstance(sock, (gevent_socket, SSLSocket)):
            return None
        return ServerConnection(sock, unreader=unreader)
    body = environ.get("wsgi.input")
    rfile = body.rfile if isinstance(body, Input) else body
    sock = getattr(getattr(rfile, "raw", None), "_sock", None)
    if not isinstance(sock, (gevent_socket, SSLSocket)):
        return None
    return ServerConnection(sock, rfile=rfile)


def leave_body(source: Any) -> None:
    """Keep pywsgi from reading the rest of a body that nobody wants; the connection ends with the response."""
    if isinstance(source, Input):
        source.content_length = source.position
        source.chunked_input = False


def note_response(handler: WSGIHandler, status: int, length: int) -> None:
    """Tell pywsgi of a response that we have sent ourselves: its access log shows it."""
    handler.code = status
    handler.status = handler._orig_status = f"{status} {REASONS[status]}"
    handler.response_headers = []
    handler.response_length = length
    handler.headers_sent = True


def pywsgi_handler(start_response: Any) -> WSGIHandler | None:
    """The pywsgi handler behind *start_response*, where no other middleware stands between it and us."""
    handler = getattr(start_response, "__self__", None)
    return handler if isinstance(handler, WSGIHandler) else None
