"""Calls from other OS threads: handed to the hub that owns the sockets, in the order in which they come.

gevent's objects belong to the thread of their hub, and so does everything that we keep about a client. A thread of
gevent's pool, or a plain ``threading.Thread`` of a process that is not patched, hands its call over instead::

    if get_ident() != runtime.thread:  # the whole cost of it where nobody does that
        runtime.threads.post(session.send_messages, messages)
    else:
        session.send_messages(messages)

:meth:`OtherThreads.post` does not wait for the call, :meth:`OtherThreads.ask` blocks the other thread until the value
is there. Both are run in worker greenlets. :func:`posted` and :func:`asked` make a method do that by itself.
"""

from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from gevent.monkey import get_original

from geventio.runtime.workers import WorkerPool

# The real ones: a patched get_ident tells greenlets apart, and a patched lock would switch greenlets.
get_ident: Callable[[], int] = get_original("_thread", "get_ident")
_allocate_lock: Callable[[], Any] = get_original("_thread", "allocate_lock")
_sleep: Callable[[float], None] = get_original("time", "sleep")

CROWDED: Final = 10_000
"""Calls that may wait for the hub; a thread that hands over more has to wait a little."""
LONGEST_WAIT: Final = 1.0
"""Seconds that it waits at most for one call: the hub itself may be waiting for this thread."""
A_MOMENT: Final = 0.001


class OtherThreads:
    """What other threads have asked of one hub. Made in its thread; :meth:`post` and :meth:`ask` are for others."""

    __slots__ = ("_calls", "_running", "_watcher", "_workers")

    def __init__(self, loop: Any, workers: WorkerPool) -> None:
        self._workers = workers
        self._calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._running = False
        # The one thing of a loop that is safe to touch from another thread. It does not keep the loop alive.
        self._watcher: Any = loop.async_(ref=False)
        self._watcher.start(self._on_call)

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Have ``function(*args)`` called in a worker, after everything that was handed over before; what it raises is
        logged.
        """
        calls = self._calls
        calls.append((function, args))
        self._watcher.send()
        waited = 0.0
        while len(calls) > CROWDED and waited < LONGEST_WAIT:
            _sleep(A_MOMENT)
            waited += A_MOMENT

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        """Have ``function(*args)`` called in a worker of its own, after everything that was handed over before, and
        block this OS thread until it is done.

        :returns: its value.
        :raises BaseException: what it raises.
        """
        answer = _Answer(function, args)
        self.post(self._workers.call, answer.find)
        return answer.wait()

    def _on_call(self) -> None:
        """Runs in the hub."""
        if not self._running:
            self._running = True
            self._workers.call(self._run)

    def _run(self) -> None:
        """Runs in a worker, until nothing waits."""
        calls = self._calls
        guarded = self._workers.guarded
        try:
            while calls:
                guarded(*calls.popleft())
        finally:  # also when the worker was killed
            self._running = False
            if calls:
                self._watcher.send()


class _Answer:
    """What another thread waits for."""

    __slots__ = ("_args", "_done", "_error", "_function", "_value")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self._value: Any = None
        self._error: BaseException | None = None
        self._done = _allocate_lock()
        self._done.acquire()

    def find(self) -> None:
        """Runs in a worker."""
        try:
            self._value = self._function(*self._args)
        except BaseException as error:  # raised where it was asked for
            self._error = error
        finally:
            self._done.release()

    def wait(self) -> Any:
        """Runs in the other thread."""
        self._done.acquire()
        if self._error is None:
            return self._value
        try:
            raise self._error
        finally:
            self._error = None  # or its traceback would keep this frame, and the frame the error


class _RuntimeLike(Protocol):
    """What is needed of a :class:`~geventio.runtime.hub.Runtime`."""

    thread: int
    threads: OtherThreads


class OnHub(Protocol):
    """Something that belongs to a hub."""

    def _hub_runtime(self) -> Any:
        """The runtime of that hub; None as long as there is none."""


S = TypeVar("S", bound=OnHub)
P = ParamSpec("P")
T = TypeVar("T")


def elsewhere(thing: OnHub) -> OtherThreads | None:
    """Where to hand a call over, when this is not the thread of the hub that *thing* belongs to."""
    runtime: _RuntimeLike | None = thing._hub_runtime()
    return None if runtime is None or get_ident() == runtime.thread else runtime.threads


def posted(method: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """A method that other threads hand over without waiting for it."""

    @wraps(method)
    def _call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        threads = elsewhere(self)
        if threads is None:
            method(self, *args, **kwargs)
        else:
            threads.post(lambda: method(self, *args, **kwargs))

    return _call


def asked(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """A method that other threads hand over and wait for."""

    @wraps(method)
    def _call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        threads = elsewhere(self)
        if threads is None:
            return method(self, *args, **kwargs)
        value: T = threads.ask(lambda: method(self, *args, **kwargs))
        return value

    return _call
