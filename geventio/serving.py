"""``serve()``: a WSGI application on gevent's own server, with Engine.IO requests taken at the front door.

::

    serve(SocketIOMiddleware(io, flask_app), "127.0.0.1:5000")
"""

import logging
from _socket import AF_UNIX
from _socket import socket as PlainSocket
from collections.abc import Callable
from typing import Any

from gevent.pywsgi import WSGIHandler, WSGIServer
from gevent.socket import socket as gevent_socket

from geventio.engineio.engine import Engine
from geventio.exceptions import ConfigurationError
from geventio.front import Door, FrontConnection, set_nodelay
from geventio.runtime import current_runtime
from geventio.wsgi import EngineIOMiddleware, WSGIApplication

logger = logging.getLogger("geventio.serving")


class FrontHandler(WSGIHandler):  # type: ignore[misc]  # gevent has no types
    """pywsgi's handler, which gives a kept-alive connection back to the door after each request."""

    def handle_one_request(self) -> Any:
        """See WSGIHandler."""
        result = super().handle_one_request()
        if result is not True:
            return result
        self.socket.settimeout(0.0)
        if self.rfile.peek():  # the next request has been read already, at least in part
            self.socket.settimeout(None)
            return True
        sock = self.socket
        self.server.take_back(
            PlainSocket(sock.family, sock.type, sock.proto, fileno=sock.detach()), self.client_address
        )
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
            set_nodelay(sock)
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


def serve(
    app: WSGIApplication,
    address: str | tuple[str, int] = "127.0.0.1:5000",
    *,
    keyfile: str | None = None,
    certfile: str | None = None,
    log: Any = None,
    ready: Callable[[WSGIServer], Any] | None = None,
) -> None:
    """Serve *app* on *address* until the process ends. Blocks.

    :param app: a :class:`SocketIOMiddleware` or :class:`EngineIOMiddleware`, or any WSGI application around one.
    :param address: ``host:port``, or a pair; port 0 takes a free one.
    :param keyfile: the private key for TLS, in PEM.
    :param certfile: the certificate for TLS, in PEM, with *keyfile*.
    :param log: where pywsgi writes its access log: a file, a logger, ``"default"`` for standard error; None for
    nowhere.
    :param ready: called with the server once it listens (its ``address`` tells which port it got).
    :raises ConfigurationError: for an application that is none, or half of a certificate.
    """
    server = make_server(app, address, keyfile=keyfile, certfile=certfile, log=log)
    server.start()
    if ready is not None:
        ready(server)
    server.serve_forever()


def make_server(
    app: WSGIApplication,
    address: str | tuple[str, int],
    *,
    keyfile: str | None = None,
    certfile: str | None = None,
    log: Any = None,
) -> WSGIServer:
    """The server of :func:`serve`, not started."""
    if not callable(app):
        raise ConfigurationError(f"serve() takes a WSGI application, not {app!r}")
    if (keyfile is None) != (certfile is None):
        raise ConfigurationError("TLS needs keyfile and certfile, both")
    if certfile is not None:
        return WSGIServer(address, app, log=log, keyfile=keyfile, certfile=certfile)
    engines = outermost_engines(app)
    if not engines:
        return WSGIServer(address, app, log=log)
    return FrontServer(address, app, engines, log)


def outermost_engines(app: Any) -> dict[str, Engine]:
    """Engines by path, as far as nothing but our own middlewares stands before them: what another middleware checks or
    changes must not be gone round.
    """
    engines: dict[str, Engine] = {}
    if not isinstance(app, EngineIOMiddleware):
        app = getattr(app, "wsgi_app", None)  # Flask: app.wsgi_app = SocketIOMiddleware(io, app.wsgi_app)
    while isinstance(app, EngineIOMiddleware):
        engines[app.engine.options.path] = app.engine
        app = app.app
    return engines
