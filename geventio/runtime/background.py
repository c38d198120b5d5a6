"""Work beside the handlers: greenlets of one's own, pauses, and OS threads for what would hold the hub up.

::

    task = start_background_task(poll_sensors)
    digest = offload(hash_file, path)  # this greenlet waits, all others go on
    task.kill()
"""

import logging
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

from gevent import Greenlet, Timeout, sleep, spawn
from gevent.hub import get_hub

__all__ = ["BackgroundTask", "offload", "sleep", "spawn", "start_background_task"]

T = TypeVar("T")


class BackgroundTask(Greenlet):  # type: ignore[misc]  # gevent has no types
    """A gevent greenlet whose failure is logged: ``join(timeout)`` waits for its end, ``kill()`` brings it about, and
    ``get(timeout=...)`` returns its value or raises what it raised.
    """

    def __init__(self, logger: logging.Logger, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__(copy_context().run, self._guarded, function, args)
        self._logger = logger
        self._error: Exception | None = None

    def _guarded(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        try:
            return function(*args)
        except (Exception, Timeout) as error:  # gevent would print it, where no log is
            name = getattr(function, "__qualname__", None) or repr(function)
            self._logger.error("the background task %s failed", name, exc_info=error)
            self._error = error if isinstance(error, Exception) else RuntimeError(str(error))
            return None

    @property
    def exception(self) -> Any:
        """What it raised; None so far, or when all went well."""
        return self._error or super().exception

    def successful(self) -> bool:
        """Whether it has ended without an error."""
        return self._error is None and bool(super().successful())

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Wait for its value.

        :raises gevent.Timeout: after *timeout* seconds.
        """
        if block and not self.ready():
            with Timeout(timeout):
                self.join()
        if self._error is not None:
            raise self._error
        return super().get(block=False)


def start_background_task(logger: logging.Logger, function: Callable[..., Any], *args: Any) -> BackgroundTask:
    """Run ``function(*args)`` in a greenlet of its own, in a copy of the caller's context; what it raises is logged by
    *logger*.
    """
    task = BackgroundTask(logger, function, args)
    task.start()
    return task


def offload(function: Callable[..., T], *args: Any, timeout: float | None = None) -> T:
    """Run ``function(*args)`` in an OS thread of gevent's pool, in a copy of the caller's context, and block this
    greenlet until it is done.

    :raises TimeoutError: after *timeout* seconds; the thread goes on, and its value is lost.
    :raises BaseException: what the function raises.
    """
    context = copy_context()

    def run() -> tuple[bool, Any]:
        try:
            return True, context.run(function, *args)
        except BaseException as error:  # gevent would print it, beside handing it over
            return False, error

    limit = Timeout(timeout)  # also for a free thread
    try:
        with limit:
            done, outcome = get_hub().threadpool.spawn(run).get()
    except Timeout as error:
        if error is not limit:
            raise
        raise TimeoutError(f"not done within {timeout} s") from None
    if not done:
        raise outcome
    value: T = outcome
    return value
