"""What one hub shares: its loop and thread, the worker pool, the timer wheel and the count of its turns.

There is one :class:`Runtime` per hub (and so per OS thread), made when first asked for, never at import: gunicorn forks
after the application was loaded, and a watcher made before a fork watches nothing after it.
"""

import os
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

from gevent.hub import get_hub
from gevent.monkey import get_original

from geventio.runtime.threads import OtherThreads, get_ident
from geventio.runtime.timers import TimerWheel
from geventio.runtime.workers import WorkerPool


class Runtime:
    """The hub of this thread and what runs on it."""

    __slots__ = ("_at_end", "hub", "loop", "thread", "threads", "timers", "turn", "turn_watched", "workers")

    def __init__(self) -> None:
        self.hub: Any = get_hub()
        self.loop: Any = self.hub.loop
        self.thread = get_ident()
        """The OS thread that all of this belongs to."""
        self.workers = WorkerPool(self.hub)
        self.threads = OtherThreads(self.loop, self.workers)
        """The way in for other OS threads."""
        self.timers = TimerWheel(self.loop, monotonic, self.report)
        self.turn = 0
        """Changes at least once in every turn of the hub in which somebody asked to know (:meth:`watch_turn`)."""
        self.turn_watched = False
        """Whether :attr:`turn` will have another value in the next turn."""
        self._at_end: list[Callable[[], None]] = []

    def watch_turn(self) -> None:
        """See to it that :attr:`turn` has another value in the next turn of the hub."""
        if not self.turn_watched:
            self.turn_watched = True
            self.loop.run_callback(self._end_turn)

    def at_end_of_turn(self, callback: Callable[[], None]) -> None:
        """Call *callback* in the hub before it waits for events again."""
        self._at_end.append(callback)
        self.watch_turn()

    def _end_turn(self) -> None:
        self.turn_watched = False
        self.turn += 1
        callbacks = self._at_end
        if callbacks:
            self._at_end = []
            for callback in callbacks:
                try:
                    callback()
                except Exception:
                    self.report(callback)

    def soon(self, callback: Callable[..., Any], *args: Any) -> None:
        """Call *callback* in the hub, in its next turn."""
        self.loop.run_callback(callback, *args)

    def report(self, context: object) -> None:
        """Log the exception that is being handled, as gevent logs what its own callbacks raise."""
        self.hub.handle_error(context, *sys.exc_info())


# The real one: a patched threading.local is another for every greenlet, and a hub would get a runtime for each of them.
_ThreadLocal: Any = get_original("threading", "local")
_threads = _ThreadLocal()


def current_runtime() -> Runtime:
    """The runtime of this thread's hub."""
    runtime: Runtime | None = getattr(_threads, "runtime", None)
    if runtime is None or runtime.hub is not get_hub() or runtime.loop is not runtime.hub.loop:
        runtime = _threads.runtime = Runtime()
    return runtime


def _forget() -> None:
    """A child process has a loop of its own."""
    global _threads  # noqa: PLW0603 (the one place that changes it)
    _threads = _ThreadLocal()


os.register_at_fork(after_in_child=_forget)
