"""What a server does beside serving events: its hub, work in the background, the watch over stalls, its end.

::

    @io.on("report")
    def report(socket, month):
        return io.offload(render_pdf, month)       # an OS thread works, everybody else is served

    io.start_background_task(poll_sensors)         # a greenlet; what it raises is logged
"""

import logging
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from geventio.engineio.engine import Engine
from geventio.options import ServerOptions
from geventio.runtime import (
    BackgroundTask,
    Runtime,
    Watch,
    asked,
    describe_calls_of,
    get_ident,
    offload,
    sleep,
    start_background_task,
)
from geventio.socketio.handlers.dispatch import run_listeners
from geventio.socketio.handlers.event_errors import SHOWN
from geventio.socketio.handlers.events import CONNECTED
from geventio.socketio.server_adapters import ServerAdapters

logger = logging.getLogger("geventio.socketio")

T = TypeVar("T")


def _describe_handler(frame: FrameType) -> str:
    event = frame.f_locals["event"]
    return f"a handler of {'connection' if event == CONNECTED else str(event)[:SHOWN]!r}"


describe_calls_of(run_listeners, _describe_handler)


class ServerLife:
    """Base class of the server."""

    engine: Engine
    options: ServerOptions
    adapters: ServerAdapters
    runtime: Runtime | None = None
    """Of the hub that owns this server's clients; None until there was one. For geventio's own use."""
    _watch: Watch | None = None

    def _hub_runtime(self) -> Runtime | None:
        return self.runtime

    def session_opened(self, runtime: Runtime) -> None:
        """A client came; for geventio's own use."""
        if runtime is not self.runtime:
            self.runtime = runtime
            if self.options.stall_limit:
                stalls = 0
                if self._watch is not None:  # over a hub that is no more
                    self._watch.rest()
                    stalls = self._watch.stalls
                self._watch = Watch(runtime, self.options.stall_limit, lambda: bool(self.engine.sessions), stalls)
        if self._watch is not None and not self._watch.awake:
            self._watch.wake()

    @property
    def stalls(self) -> int:
        """How often something held the hub for longer than ``stall_limit``: nobody was served meanwhile. The log
        (``geventio.watchdog``) says where.
        """
        return 0 if self._watch is None else self._watch.stalls

    def start_background_task(self, function: Callable[..., Any], *args: Any) -> BackgroundTask:
        """Run ``function(*args)`` in a greenlet of its own. What it raises is logged.

        :returns: a gevent ``Greenlet``: ``join(timeout)`` waits for its end, ``kill()`` ends it, ``get()`` returns its
            value or raises its error.
        """
        return self._start_task(function, args)

    @asked
    def _start_task(self, function: Callable[..., Any], args: tuple[Any, ...]) -> BackgroundTask:
        return start_background_task(logger, function, *args)

    def sleep(self, seconds: float = 0) -> None:
        """Pause this greenlet; 0 lets the others have their turn. In a process that is not monkey-patched,
        ``time.sleep`` would stop everything.
        """
        sleep(seconds)

    def offload(self, function: Callable[..., T], *args: Any, timeout: float | None = None) -> T:
        """Run ``function(*args)`` in an OS thread and return its value: what computes for long, or blocks in a library
        that gevent cannot patch. This greenlet waits; all others go on. The threads are those of gevent's pool, ten
        unless the application sets ``gevent.get_hub().threadpool.maxsize``; :mod:`contextvars` are copied. The function
        may emit.

        :raises TimeoutError: after *timeout* seconds; the thread goes on, and its value is lost.
        :raises Exception: what the function raises.
        """
        if self.runtime is not None and get_ident() != self.runtime.thread:
            return function(*args)  # it holds nobody up here
        return offload(function, *args, timeout=timeout)

    @asked
    def close(self, drain: float | None = None) -> None:
        """Disconnect every client (``server shutting down``) and refuse new ones (503). The WSGI server goes on:
        whoever started it stops it, and the application beside this server may have work to finish.

        With *drain*, a number of seconds, this blocks the calling greenlet until the clients have got what waits for
        them, and many of them are sent away in batches over that time, so that they do not all return at once. Fewer
        than a hundred are sent away without pauses.

        :raises ConfigurationError: unless *drain* is None or a number from 0.
        """
        self.engine.close(drain)
        self.adapters.close()
