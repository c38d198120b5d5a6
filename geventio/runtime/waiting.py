"""Blocking for one value, with a time limit: what ``call()`` and a request through WSGI do."""

from typing import Any, Generic, TypeVar

from gevent.event import AsyncResult

T = TypeVar("T")


class Waiter(Generic[T]):
    """A value that one greenlet waits for and anybody may set, in the hub or outside it.

    >>> waiter = Waiter()
    >>> waiter.set(42)
    >>> waiter.wait(timeout=1)
    42
    """

    __slots__ = ("_result",)

    def __init__(self) -> None:
        self._result: Any = AsyncResult()

    def set(self, value: T) -> None:
        """Wake the waiter with *value*."""
        self._result.set(value)

    def fail(self, error: Exception) -> None:
        """Wake the waiter with *error*, which :meth:`wait` raises."""
        self._result.set_exception(error)

    def wait(self, timeout: float | None = None) -> T:
        """Block this greenlet until the value is there.

        :raises TimeoutError: after *timeout* seconds without one.
        """
        # Not get(): a Timeout that the caller's own code started must pass through as it is.
        if not self._result.ready():
            self._result.wait(timeout)
        if not self._result.ready():
            raise TimeoutError(f"nothing came within {timeout} s")
        value: T = self._result.get(block=False)
        return value
