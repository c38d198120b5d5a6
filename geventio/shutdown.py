"""The end of a process that serves: every server's clients are sent away before it goes.

:func:`~geventio.serving.serve` does it at SIGTERM, a gunicorn worker at its graceful stop
(:mod:`geventio.gunicorn_worker_end`). Which servers there are is known from the middlewares that they are served
through::

    drain_all()  # blocks this greenlet, at most for the longest ``drain`` of the servers
"""

from typing import Final
from weakref import WeakSet

import gevent

from geventio.engineio.engine import Engine
from geventio.socketio.server import Server

ENGINE_DRAIN: Final = 5.0
"""Seconds for the clients of an engine that serves alone."""

_served: "WeakSet[Server | Engine]" = WeakSet()


def register(server: Server | Engine) -> None:
    """*server* is behind a middleware."""
    _served.add(server)


def _servers() -> list[Server | Engine]:
    """Each once: an engine under a server is the server's."""
    served = list(_served)
    under = [server.engine for server in served if isinstance(server, Server)]
    return [server for server in served if server not in under]


def _drain(server: Server | Engine, limit: float) -> None:
    server.close(min(server.options.drain if isinstance(server, Server) else ENGINE_DRAIN, limit))


def drain_all(limit: float = float("inf")) -> None:
    """Send all clients of this process away, gently. Blocks this greenlet, for *limit* seconds at most."""
    gevent.joinall([gevent.spawn(_drain, server, limit) for server in _servers()])


def close_all() -> None:
    """Send all clients of this process away at once, and let what that wrote leave."""
    for server in _servers():
        server.close()
    for _ in range(2):
        gevent.sleep(0)
