"""``serve()``: a WSGI application on gevent's own server, with Engine.IO requests taken at the front door.

::

    serve(SocketIOMiddleware(io, flask_app), "127.0.0.1:5000")
"""

from collections.abc import Callable
from typing import Any

from gevent import ssl
from gevent.pywsgi import WSGIServer

from geventio.engineio.engine import Engine
from geventio.exceptions import ConfigurationError
from geventio.front_server import FrontServer, StrictHandler, TLSServer
from geventio.patching import check_patching
from geventio.shutdown import close_all
from geventio.socketio.server import Server
from geventio.termination import Termination
from geventio.wsgi import EngineIOMiddleware, WSGIApplication, is_plain_flask


def serve(
    app: WSGIApplication,
    address: str | tuple[str, int] = "127.0.0.1:5000",
    *,
    keyfile: str | None = None,
    certfile: str | None = None,
    log: Any = None,
    ready: Callable[[WSGIServer], Any] | None = None,
) -> None:
    """Serve *app* on *address* until the process is asked to end. Blocks.

    SIGTERM (in the main thread, unless the program has a handler of its own for it): no new connections, the clients
    are sent away as ``close(drain=...)`` does it, with the ``drain`` option of each server, then this returns. A second
    SIGTERM cuts that short. Ctrl-C: the clients are sent away at once, and this returns.

    :param app: a :class:`SocketIOMiddleware` or :class:`EngineIOMiddleware`, or any WSGI application around one.
    :param address: ``host:port``, or a pair; port 0 takes a free one.
    :param keyfile: the private key for TLS, in PEM.
    :param certfile: the certificate for TLS, in PEM, with *keyfile*.
    :param log: where pywsgi writes its access log: a file, a logger, ``"default"`` for standard error; None for
        nowhere. Engine.IO requests that never reach pywsgi are not in it.
    :param ready: called with the server once it listens (its ``address`` tells which port it got).
    :raises ConfigurationError: for an application that is none, an address that is none, or half of a certificate.
    """
    server = make_server(app, address, keyfile=keyfile, certfile=certfile, log=log)
    check_patching()
    try:
        with Termination(server):
            server.start()
            if ready is not None:
                ready(server)
            # Not serve_forever(): at Ctrl-C it would stop the server before the clients can hear of it.
            server._stop_event.wait()
    except KeyboardInterrupt:  # somebody pressed Ctrl-C: no news for them, but for the clients
        close_all()
    finally:
        server.stop()


def make_server(
    app: Any,
    address: str | tuple[str, int],
    *,
    keyfile: str | None = None,
    certfile: str | None = None,
    log: Any = None,
) -> WSGIServer:
    """The server of :func:`serve`, not started."""
    if isinstance(app, (Server, Engine)):
        kind = "SocketIOMiddleware" if isinstance(app, Server) else "EngineIOMiddleware"
        raise ConfigurationError(f"serve() takes a WSGI application: wrap the server, as in serve({kind}(server))")
    if not callable(app):
        raise ConfigurationError(f"serve() takes a WSGI application, as in serve(SocketIOMiddleware(io)), not {app!r}")
    _check_address(address)
    if (keyfile is None) != (certfile is None):
        raise ConfigurationError("TLS needs keyfile and certfile, both")
    if certfile is not None:
        return TLSServer(address, app, log=log, ssl_context=_tls_context(certfile, keyfile))
    engines = outermost_engines(app)
    if not engines:
        return WSGIServer(address, app, log=log, handler_class=StrictHandler)
    return FrontServer(address, app, engines, log)


def _check_address(address: Any) -> None:
    if isinstance(address, tuple) and len(address) == 2:
        host, port = address
    elif isinstance(address, str):
        host, _, port = address.rpartition(":")
    else:
        host, port = None, None
    if not isinstance(host, str) or "/" in host or not str(port).isdecimal() or int(str(port)) > 65535:
        raise ConfigurationError(
            f'the address is "host:port" or a pair (host, port), not {address!r}; Unix sockets are for gunicorn'
        )


def _tls_context(certfile: str, keyfile: str | None) -> Any:
    """Loaded once: a wrong file is an error at the start, not one of every connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certfile, keyfile)
    except OSError as error:  # of which SSLError is one
        raise ConfigurationError(f"cannot use certfile {certfile!r} with keyfile {keyfile!r}: {error}") from error
    return context


def outermost_engines(app: Any) -> dict[str, Engine]:
    """Engines by path, as far as nothing but our own middlewares stands before them: what another middleware checks or
    changes must not be gone round.
    """
    engines: dict[str, Engine] = {}
    if is_plain_flask(app):  # app.wsgi_app = SocketIOMiddleware(io, app.wsgi_app)
        app = app.wsgi_app
    while isinstance(app, EngineIOMiddleware) and type(app).__call__ is EngineIOMiddleware.__call__:
        engines[app.engine.options.path] = app.engine
        app = app.app
    return engines
