"""Any WSGI server that runs on gevent as a door to the engine, and any WSGI application beside it.

::

    app = SocketIOMiddleware(io, flask_app)

Requests below the server's path go to the engine; every other one goes to the application, untouched.
"""

import functools
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from geventio.engineio.engine import Engine
from geventio.engineio.packed_environ import EnvironHeaders, PackedEnviron
from geventio.engineio.request import NO_BODY, KeptRequest, Request, Response, parse_query
from geventio.exceptions import ConfigurationError, PayloadTooBig
from geventio.gunicorn_worker_end import watch_worker
from geventio.http_response import REASONS, encode_response
from geventio.lingering_close import LingeringClose
from geventio.patching import check_patching
from geventio.request_body import read_body
from geventio.runtime import Receiver, Stream, Waiter, current_runtime
from geventio.runtime.stream import READ
from geventio.runtime.tls_stream import TLSStream
from geventio.shutdown import register
from geventio.socketio.server import Server
from geventio.wsgi_servers import (
    ServerConnection,
    UnsupportedServer,
    check_server,
    find_connection,
    leave_body,
    note_response,
    pywsgi_handler,
)

logger = logging.getLogger("geventio.wsgi")

StartResponse = Callable[..., Any]
WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
PLAIN: Final = ("Content-Type", "text/plain; charset=UTF-8")


class WSGIRequest(Request):
    """A request as a WSGI environ."""

    __slots__ = ("_body_timeout", "_closed", "_connection", "_environ", "_response", "_watcher", "headers", "method",
                 "query", "secure")  # fmt: skip

    def __init__(self, environ: dict[str, Any], body_timeout: float) -> None:
        self._environ = environ
        self._body_timeout = body_timeout
        self.method = environ["REQUEST_METHOD"]
        self.headers = EnvironHeaders(environ)
        self.query = parse_query(environ.get("QUERY_STRING", ""))
        self.secure = environ.get("wsgi.url_scheme") == "https"
        self._connection = find_connection(environ)
        self._response: Waiter[Response | None] = Waiter()
        self._watcher: Any = None
        self._closed: Waiter[None] | None = None

    def respond(self, response: Response) -> None:
        """Wake the greenlet of the request with its response."""
        self.on_abort(None)
        self._response.set(response)

    def receive_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        """Read the body in this greenlet."""
        announced = self._environ.get("CONTENT_LENGTH")
        length: int | None = 0
        if announced:
            length = int(announced) if announced.isascii() and announced.isdigit() else limit + 1
        elif self._environ.get("wsgi.input_terminated"):
            length = None
        if length is not None and length > limit:
            leave_body(self._environ["wsgi.input"])
            raise PayloadTooBig(length, limit)
        try:
            body = read_body(self._environ["wsgi.input"], length, limit, self._body_timeout)
        except (OSError, ValueError) as error:  # the client went away, or took too long, or broke its chunks
            leave_body(self._environ["wsgi.input"])
            done(None)
            self.respond(Response(408 if isinstance(error, TimeoutError) else 400, [], b""))
            return
        if len(body) > limit:
            leave_body(self._environ["wsgi.input"])
            raise PayloadTooBig(len(body), limit)
        done(body)

    def on_abort(self, callback: Callable[[], None] | None) -> None:
        """Watch the connection while the request waits."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        connection = self._connection
        if callback is None or connection is None or connection.tls:
            return
        sock = connection.socket
        watcher = self._watcher = current_runtime().loop.io(sock.fileno(), READ)

        def readable() -> None:
            """Runs in the hub."""
            if connection.peer_gone():
                self.on_abort(None)
                callback()
                self._response.set(None)
            else:
                watcher.stop()  # the client's next request, sent early

        watcher.start(readable)

    @property
    def websocket_possible(self) -> bool:
        """Whether the server has a connection to give."""
        return self._connection is not None and self._environ.get("SERVER_PROTOCOL") == "HTTP/1.1"

    @property
    def extensions_possible(self) -> bool:
        """Not where gevent-websocket has answered already."""
        return self._connection is not None and not self._connection.upgraded

    def accept_websocket(self, head: bytes, attach: Callable[[Callable[[Receiver], Stream]], None]) -> None:
        """Take the connection from the server."""
        connection = self._connection
        assert connection is not None
        runtime = current_runtime()
        sock, early = connection.take()
        streams: list[Stream] = []

        def make_stream(receiver: Receiver) -> Stream:
            stream = (TLSStream if connection.tls else Stream)(sock, receiver, runtime)
            streams.append(stream)
            if not connection.upgraded:
                stream.hold()  # the session's first packet leaves with the response
                stream.write(head)
            return stream

        if connection.tls:  # the server's greenlet has to stay
            self._closed = Waiter()
        attach(make_stream)
        (stream,) = streams
        if self._closed is not None:
            if stream.closed:
                self._closed.set(None)
            else:
                stream.on_closed = functools.partial(self._closed.set, None)
        if early and not stream.closed:
            stream.received(early)
        elif connection.tls and not stream.closed:
            runtime.soon(stream.read_pending)
        self._response.set(None)

    def keep(self) -> KeptRequest:
        """The environ in few bytes."""
        return PackedEnviron(self._environ)

    def environ(self) -> dict[str, Any]:
        """The environ itself."""
        return self._environ

    def finish(self, start_response: StartResponse) -> Iterable[bytes]:
        """Wait for the response, or for the end of a connection that was taken, and give it to the server."""
        response = self._response.wait()
        connection = self._connection
        if response is None:
            handler = pywsgi_handler(start_response)
            if handler is not None:
                note_response(handler, 101, 0)
            if self._closed is not None:
                self._closed.wait()
            if connection is not None:
                connection.release()
                if connection.ends_by_exception:
                    raise StopIteration
            return []
        if connection is not None and connection.upgraded:
            # gevent-websocket has said yes before we could say no.
            connection.refuse_upgraded(response.body)
            return []
        return self._write(response, connection, start_response)

    def _write(
        self, response: Response, connection: ServerConnection | None, start_response: StartResponse
    ) -> Iterable[bytes]:
        handler = pywsgi_handler(start_response)
        if handler is not None and connection is not None and self._environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
            # pywsgi would send head and body apart.
            data = encode_response(response, keep_alive=not handler.close_connection and response.status < 400)
            handler.close_connection = handler.close_connection or response.status >= 400
            if self.method == "HEAD":
                data = data[: len(data) - len(response.body)]
            note_response(handler, response.status, len(data))
            try:
                connection.socket.sendall(data)
            except OSError:  # the client has gone; over TLS pywsgi would take that for an error of ours
                handler.close_connection = True
                return []
            if response.status >= 400 and not connection.tls:  # the client may still be sending its body
                leave_body(handler.wsgi_input)
                sock, _ = connection.take()
                connection.release()
                LingeringClose(sock, current_runtime())
            return []
        if connection is not None:
            connection.set_nodelay()
        headers = [*response.headers]
        if response.status not in NO_BODY:
            headers.append(("Content-Length", str(len(response.body))))
        if response.status >= 400:
            headers = [(name, value) for name, value in headers if name != "Connection"]
        start_response(f"{response.status} {REASONS[response.status]}", headers)
        return [] if self.method == "HEAD" or response.status in NO_BODY else [response.body]


class EngineIOMiddleware:
    """A WSGI application: an engine, and *app* (any WSGI application, or none) for every other path."""

    def __init__(self, engine: Engine, app: WSGIApplication | None = None) -> None:
        if not isinstance(engine, Engine):
            raise ConfigurationError(f"the first argument is an Engine, not {engine!r}; the application comes second")
        if app is not None and not callable(app):
            raise ConfigurationError(f"the application must be a WSGI callable, not {app!r}")
        _check_paths(engine, app)
        register(engine)
        self.engine = engine
        self.app = app
        self._path = engine.options.path
        self._warned = False
        self._begun = False

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        if not environ.get("PATH_INFO", "").startswith(self._path):
            if self.app is not None:
                return self.app(environ, start_response)
            start_response("404 Not Found", [PLAIN, ("Content-Length", "9")])
            return [b"Not Found"]
        try:
            check_server()
            request = WSGIRequest(environ, self.engine.options.body_timeout)
        except UnsupportedServer as error:
            return self._refuse(error, start_response)
        except ValueError:  # a query that is no query
            start_response("400 Bad Request", [PLAIN, ("Content-Length", "11")])
            return [b"Bad request"]
        if not self._begun:
            self._begun = True
            check_patching()
            watch_worker()
        self.engine.handle(request)
        return request.finish(start_response)

    def _refuse(self, error: UnsupportedServer, start_response: StartResponse) -> Iterable[bytes]:
        if not self._warned:
            self._warned = True
            logger.error("%s", error)
        body = str(error).encode()
        start_response("501 Not Implemented", [PLAIN, ("Content-Length", str(len(body)))])
        return [body]


class SocketIOMiddleware(EngineIOMiddleware):
    """A WSGI application: a Socket.IO server, and *app* (any WSGI application, or none) for every other path.

    :raises ConfigurationError: when the arguments are not a server and a WSGI application, or when *app* is itself a
        middleware of another server with the same path.
    """

    def __init__(self, server: Server, app: WSGIApplication | None = None) -> None:
        if not isinstance(server, Server):
            raise ConfigurationError(f"the first argument is a Server, not {server!r}; the application comes second")
        super().__init__(server.engine, app)
        register(server)
        self.server = server


def _check_paths(engine: Engine, app: Any) -> None:
    inner = app.wsgi_app if is_plain_flask(app) else app
    while isinstance(inner, EngineIOMiddleware):
        if inner.engine.options.path.startswith(engine.options.path):
            raise ConfigurationError(
                f"two servers on the path {engine.options.path!r}: give one of them another path, as in path='/other/'"
            )
        inner = inner.app


def is_plain_flask(app: Any) -> bool:
    """Whether calling *app* does no more than to call its ``wsgi_app``: middlewares of others have an attribute of that
    name too, and do.
    """
    flask = sys.modules.get("flask")
    return flask is not None and isinstance(app, flask.Flask) and type(app).__call__ is flask.Flask.__call__
