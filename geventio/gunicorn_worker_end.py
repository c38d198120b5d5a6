"""The graceful stop of a gunicorn worker (SIGTERM, SIGHUP, ``max_requests``): our clients hear of it, and it is quick.

gunicorn's gevent workers wait for the greenlets of their requests, for at most ``graceful_timeout`` seconds: a long
poll makes them wait in vain, and a WebSocket, which has no greenlet any more, is cut without a word. Nothing has to be
configured: the first request finds out that it runs in such a worker, and the servers' clients are drained when the
worker's ``alive`` turns false. It stops listening within a second; by then clients that return find another worker.
"""

import atexit
import os
import signal
from typing import Any, Final

import gevent

from geventio.runtime import current_runtime
from geventio.shutdown import close_all, drain_all

GLANCE: Final = 0.25
"""Seconds between two looks at the worker."""
STILL_LISTENING: Final = 1.1
"""Seconds in which the worker notices that it is to end, and stops listening."""
SPARE: Final = 2.0
"""Seconds of the graceful timeout that are left to the worker itself."""
QUICK: Final = frozenset((signal.SIGINT, signal.SIGQUIT))

_watched: Any = None


def watch_worker() -> None:
    """Where this process is a gunicorn worker: see to its end."""
    global _watched  # noqa: PLW0603 (the one place that changes it)
    worker = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if worker is _watched or not _is_gunicorn_worker(worker):
        return
    _watched = worker
    WorkerEnd(worker)


def _is_gunicorn_worker(thing: Any) -> bool:
    return any((kind.__module__, kind.__name__) == ("gunicorn.workers.base", "Worker") for kind in type(thing).__mro__)


class WorkerEnd:
    """Sees to the end of one worker, this process. Made in its hub's thread."""

    __slots__ = ("_drained", "_pid", "_worker")

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._pid = os.getpid()
        self._drained: Any = None
        current_runtime().timers.start(GLANCE, self._look)
        atexit.register(self._finish)

    @property
    def _patience(self) -> float:
        """Seconds until gunicorn loses its own."""
        return float(self._worker.cfg.graceful_timeout)

    def _look(self) -> None:
        """Runs in the hub."""
        timers = current_runtime().timers
        if self._worker.alive:
            timers.start(GLANCE, self._look)
        else:
            timers.start(STILL_LISTENING if self._patience > STILL_LISTENING + SPARE else 0.0, self._begin)

    def _begin(self) -> None:
        if self._drained is None:
            self._drained = gevent.spawn(drain_all, max(self._patience - SPARE - STILL_LISTENING, 0.5))

    def _finish(self) -> None:
        """The worker has left its loop, perhaps before the drain has ended: WebSockets do not hold it."""
        if os.getpid() != self._pid:  # a child of the worker's own
            return
        if self._told_to_hurry():
            close_all()
        else:
            self._begin()
            self._drained.join()

    def _told_to_hurry(self) -> bool:
        """Whether a signal said that this is no graceful stop: the worker's wake-up pipe, which its loop never reads,
        has the number of each signal.
        """
        try:
            return not QUICK.isdisjoint(os.read(self._worker.PIPE[0], 65536))
        except BlockingIOError:
            return False
