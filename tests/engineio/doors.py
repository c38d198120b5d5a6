"""One engine behind each of the two doors: pywsgi as a WSGI server, and our own front door."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gevent.pywsgi import WSGIServer

from geventio.engineio.engine import Engine
from geventio.serving import make_server
from geventio.wsgi import EngineIOMiddleware

from .client import Address

DOORS = ("wsgi", "front")


@contextmanager
def opened(door: str, engine: Engine, app: Any = None) -> Iterator[Address]:
    """Serve *engine*; gives the address."""
    application = EngineIOMiddleware(engine, app)
    if door == "front":
        server = make_server(application, ("127.0.0.1", 0))
    else:
        server = WSGIServer(("127.0.0.1", 0), application, log=None)
    server.start()
    try:
        yield ("127.0.0.1", server.server_port)
    finally:
        engine.close()
        server.stop(timeout=0.1)
