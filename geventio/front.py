"""The front door: Engine.IO requests are read in the hub, every other connection goes to pywsgi untouched.

A request through WSGI costs a greenlet and some seventy microseconds before anything of ours runs. So where the
server is ours (:func:`geventio.serve`), a new connection is only *peeked* at: when its request line names an engine's
path, the request is read here, without a greenlet, and exactly to its last byte; when not, the socket goes to pywsgi
with all its bytes still in the kernel. At every boundary between two requests of a kept-alive connection the door
looks again, whoever answered the last one. Engine.IO requests that we cannot be sure to end exactly (chunked bodies)
go through WSGI too.

Ambiguous framing is refused, never guessed, and slow or silent clients cost a few hundred bytes and no greenlet.
"""

import re
from _socket import socket as PlainSocket
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from geventio.engineio.engine import Engine
from geventio.runtime import Runtime

if TYPE_CHECKING:
    from geventio.front_connection import FrontConnection

MAX_METHOD: Final = 16


class Phase(IntEnum):
    """What a connection waits for."""

    LOOK = 1  # a request, of which nothing has been consumed
    HEAD = 2  # the rest of a head that is ours
    BODY = 3  # the rest of a body
    ANSWER = 4  # the engine
    WRITE = 5  # room for the rest of a response
    GONE = 6  # closed or given away


class Door:
    """What all connections of one front server share."""

    __slots__ = ("base_environ", "body_timeout", "connections", "engines", "hand_over", "paths", "pattern", "runtime")

    def __init__(
        self,
        engines: Mapping[str, Engine],
        runtime: Runtime,
        base_environ: Mapping[str, Any],
        hand_over: Callable[[PlainSocket, Any], None],
    ) -> None:
        self.engines = engines
        self.runtime = runtime
        self.base_environ = base_environ
        self.hand_over = hand_over
        """Gives a connection to pywsgi."""
        self.paths = [path.encode("ascii") for path in engines]
        self.pattern = re.compile(rb"[A-Z]{1,16} (%s)" % b"|".join(re.escape(path) for path in self.paths))
        self.body_timeout = min(engine.options.body_timeout for engine in engines.values())
        self.connections: set[FrontConnection] = set()

    def may_become_ours(self, start: bytes) -> bool:
        """Whether *start*, too short to tell, may be the start of a request for an engine."""
        method, space, target = start.partition(b" ")
        if not method.isalpha() or not method.isupper() or len(method) > MAX_METHOD:
            return False
        return not space or any(path.startswith(target) for path in self.paths)

    def engine_for(self, target: str) -> Engine:
        """The engine of a request whose line has matched :attr:`pattern`."""
        return next(engine for path, engine in self.engines.items() if target.startswith(path))

    def close(self) -> None:
        """Close the connections that wait for a request or in one; responses that are on their way still arrive."""
        for connection in list(self.connections):
            connection.finish()
