"""One timer wheel for all heartbeats, timeouts and deadlines of a hub.

A gevent timer per client costs memory and loop time for each; here a timer is an entry in a bucket of those that are
due in the same fiftieth of a second, and one gevent timer walks the buckets. Starting and stopping are O(1)::

    timer = wheel.start(25.0, session.send_ping)
    timer.stop()

Delays count on the monotonic clock: setting the wall clock disturbs nobody.
"""

from collections.abc import Callable
from typing import Any, Final

RESOLUTION: Final = 0.02
"""Seconds from one look at the clock to the next: a timer may be late by two of them, and is never early."""


class Timer:
    """One entry of a :class:`TimerWheel`; fires once."""

    __slots__ = ("_bucket", "callback")

    def __init__(self, bucket: "dict[Timer, None]", callback: Callable[[], None]) -> None:
        self._bucket: dict[Timer, None] | None = bucket
        self.callback = callback
        bucket[self] = None

    @property
    def active(self) -> bool:
        """Whether the timer is still to fire."""
        return self._bucket is not None

    def stop(self) -> None:
        """Never fire; harmless on a timer that has fired."""
        if self._bucket is not None:
            self._bucket.pop(self, None)
            self._bucket = None

    def expire(self) -> None:
        """Fire now, unless stopped."""
        if self._bucket is not None:
            self._bucket = None
            self.callback()


class TimerWheel:
    """Timers of one hub."""

    __slots__ = ("_buckets", "_clock", "_done", "_report", "_watcher")

    def __init__(self, loop: Any, clock: Callable[[], float], report: Callable[[object], None]) -> None:
        self._clock = clock
        self._report = report
        self._buckets: dict[int, dict[Timer, None]] = {}
        self._done = 0  # the last bucket that was walked
        self._watcher = loop.timer(RESOLUTION, RESOLUTION)

    def start(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call *callback* in the hub after *delay* seconds; it must not block."""
        now = self._clock()
        if not self._buckets:
            self._done = int(now / RESOLUTION)
            self._watcher.start(self._walk)
        # One further: a bucket is walked as soon as its time has begun, and no timer is early.
        number = max(int((now + delay) / RESOLUTION), self._done) + 1
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = self._buckets[number] = {}
        return Timer(bucket, callback)

    def _walk(self) -> None:
        """Runs in the hub: fire what is due."""
        now = int(self._clock() / RESOLUTION)
        buckets = self._buckets
        if now - self._done > len(buckets):  # the hub was held up for long: fewer buckets than ticks
            due = sorted(number for number in buckets if number <= now)
        else:
            due = [number for number in range(self._done + 1, now + 1) if number in buckets]
        self._done = now
        for number in due:
            # A callback may stop timers that are due now, or start others (never in a bucket that is being walked).
            bucket = buckets.pop(number)
            while bucket:
                timer = next(iter(bucket))
                del bucket[timer]
                try:
                    timer.expire()
                except Exception:
                    self._report(timer.callback)
        if not buckets:
            self._watcher.stop()
