"""Handlers run in worker greenlets that are kept and reused, each call in a fresh context.

A new greenlet costs several microseconds on CPython 3.11 and later (its data stack is mapped anew), a kept one that is
switched to half a microsecond. A worker that is called from the hub runs at once, up to the first thing that blocks;
called from another greenlet, it runs in the hub's next turn.

A :class:`Mailbox` runs calls in order, one at a time; while none is running it holds no worker and no memory::

    mailbox = Mailbox(workers)
    mailbox.post(handler, socket, "hello")
"""

import sys
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final, Protocol

from gevent import GreenletExit, Timeout
from greenlet import getcurrent, greenlet

__all__ = ["Mailbox", "Timeout", "WorkerPool"]

KEPT: Final = 512
"""Idle workers that are kept; a greenlet at rest takes some kilobytes."""

SYSTEM_ERRORS: Final = (KeyboardInterrupt, SystemExit, SystemError)


class Job(Protocol):
    """What a worker runs."""

    def run(self) -> None: ...


class WorkerPool:
    """The workers of one hub. There is no limit to those that are busy: what bounds them is what waits for them."""

    __slots__ = ("_hub", "_idle")

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self._idle: list[Any] = []

    def run(self, job: Job) -> None:
        """Run *job* in a worker: at once when called in the hub, in its next turn otherwise."""
        if getcurrent() is not self._hub:
            self._hub.loop.run_callback(self.run, job)
            return
        if self._idle:
            worker = self._idle.pop()
        else:
            worker = greenlet(self._work, self._hub)
            worker.switch()  # to its first rest: what a greenlet is started with, it holds for its whole life
        worker.switch(job)

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Run ``function(*args)`` in a worker."""
        self.run(_Call(self, function, args))

    def _work(self) -> None:
        idle = self._idle
        me = getcurrent()
        park = self._hub.switch
        while True:
            try:
                job = park()
            except BaseException:
                # What a job left behind, a kill() of its greenlet or a Timeout that it never stopped, finds the worker
                # at rest. Nobody may be given a dead worker; the rest is the hub's to report.
                if me in idle:  # not while the pool itself goes away
                    idle.remove(me)
                raise
            job.run()
            del job  # or the last client of an idle worker would live as long as the worker rests
            if len(idle) >= KEPT:
                return
            idle.append(me)

    def guarded(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Call ``function(*args)`` in a fresh context; whatever it raises, the worker survives.

        Callers handle what their users' code raises themselves; what arrives here is a ``gevent.Timeout`` or a
        ``GreenletExit`` out of place, a defect of ours, or an order to the process to end, which goes to the hub.
        """
        try:
            Context().run(function, *args)
        except GreenletExit:
            return
        except SYSTEM_ERRORS:
            error = sys.exc_info()
            self._hub.loop.run_callback(self._hub.handle_system_error, *error[:2])
        except BaseException:  # a gevent.Timeout is none of Exception
            self._hub.handle_error(function, *sys.exc_info())


class _Call:
    __slots__ = ("_args", "_function", "_workers")

    def __init__(self, workers: WorkerPool, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._workers = workers
        self._function = function
        self._args = args

    def run(self) -> None:
        self._workers.guarded(self._function, self._args)


class Mailbox:
    """Calls in order, one at a time."""

    __slots__ = ("_next", "_running", "_waiting", "_workers")

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._next: tuple[Callable[..., Any], tuple[Any, ...]] | None = None
        self._waiting: deque[tuple[Callable[..., Any], tuple[Any, ...]]] | None = None
        self._running = False

    def __len__(self) -> int:
        """Calls that wait, without the one that runs."""
        return len(self._waiting) if self._waiting is not None else 0

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Run ``function(*args)`` after everything that was posted before."""
        if not self._running:  # the common case: no queue
            self._running = True
            self._next = (function, args)
            self._workers.run(self)
        elif self._waiting is None:
            self._waiting = deque([(function, args)])
        else:
            self._waiting.append((function, args))

    def clear(self) -> int:
        """Drop what waits; returns how many calls that was."""
        dropped = len(self)
        self._waiting = None
        return dropped

    def run(self) -> None:
        """Runs in a worker, until nothing waits."""
        guarded = self._workers.guarded
        call = self._next
        self._next = None
        while call is not None:
            guarded(*call)
            call = self._waiting.popleft() if self._waiting else None
        self._waiting = None
        self._running = False
