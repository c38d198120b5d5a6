"""One greenlet at a time for each key: what is made by name must not be made twice while its making blocks.

>>> lock = KeyedLock()
>>> with lock.hold("/chat"):
...     lock.held("/chat"), lock.held("/admin")
(True, False)
>>> lock.held("/chat")
False
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from gevent.event import Event
from greenlet import getcurrent

__all__ = ["KeyedLock"]


class KeyedLock:
    """Locks by key; one that nobody holds takes no memory. Free ones are taken without asking for a hub, so also while
    an application is imported.
    """

    __slots__ = ("_holders",)

    def __init__(self) -> None:
        self._holders: dict[Hashable, _Holder] = {}

    def held(self, key: Hashable) -> bool:
        """Whether somebody holds the lock of *key*."""
        return key in self._holders

    @contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of *key*; blocks while another greenlet does. Who holds it may take it again."""
        me = getcurrent()
        holder = self._holders.get(key)
        if holder is not None and holder.greenlet is me:
            yield
            return
        while holder is not None:
            holder.wait()
            holder = self._holders.get(key)
        holder = self._holders[key] = _Holder(me)
        try:
            yield
        finally:
            del self._holders[key]
            holder.release()


class _Holder:
    """Who holds a lock, and who waits for its end."""

    __slots__ = ("_released", "greenlet")

    def __init__(self, greenlet: Any) -> None:
        self.greenlet = greenlet
        self._released: Event | None = None

    def wait(self) -> None:
        if self._released is None:
            self._released = Event()
        self._released.wait()

    def release(self) -> None:
        if self._released is not None:
            self._released.set()
