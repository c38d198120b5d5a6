"""One timer wheel for all heartbeats, timeouts and deadlines of a hub.

A gevent timer per client costs memory and loop time for each; here a timer is an entry in a bucket of those that are
due in the same four milliseconds, and one gevent timer wakes the hub for the next bucket. Starting and stopping are
cheap, and a hub with nothing due soon sleeps::

    timer = wheel.start(25.0, session.send_ping)
    timer.stop()

A deadline for somebody else, :meth:`TimerWheel.allow`, does not judge by time in which this hub was held up: what they
sent meanwhile may lie in the kernel, unread. It is put off, and the hub reads first::

    timer = wheel.allow(20.0, session.ping_timed_out)

Delays count on the monotonic clock: setting the wall clock disturbs nobody.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final

RESOLUTION: Final = 1 / 256
"""Seconds that a bucket is wide: a timer is late by no more, while the hub is not held up, and never early."""
LONG: Final = 4.0
"""Seconds from which a delay is a long one."""
COARSE: Final = 5
"""Buckets by whose width a long one may be late: thousands of heartbeats wake the hub a fifth as often."""
STALL: Final = 2 * RESOLUTION
"""Seconds by which the hub has to be late before deadlines are put off."""
SHORTEST_GRACE: Final = 0.05
LONGEST_GRACE: Final = 5.0
PATIENCE: Final = 8
"""How often one deadline is put off: a hub that is late all the time still gets rid of dead clients."""


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
            self._bucket.pop(self, None)
            self._bucket = None
            self.callback()


class Deadline(Timer):
    """A timer by which somebody else should have done something."""

    __slots__ = ("_patience",)

    def __init__(self, bucket: "dict[Timer, None]", callback: Callable[[], None]) -> None:
        super().__init__(bucket, callback)
        self._patience = PATIENCE

    def put_off(self, bucket: "dict[Timer, None]") -> None:
        """Move to *bucket*, which is due later, unless that has happened too often."""
        if self._patience and self._bucket is not None:
            self._patience -= 1
            del self._bucket[self]
            self._bucket = bucket
            bucket[self] = None


class TimerWheel:
    """Timers of one hub."""

    __slots__ = ("_armed", "_buckets", "_clock", "_done", "_loop", "_numbers", "_report", "_watcher")

    def __init__(self, loop: Any, clock: Callable[[], float], report: Callable[[object], None]) -> None:
        self._loop = loop
        self._clock = clock
        self._report = report
        self._buckets: dict[int, dict[Timer, None]] = {}
        self._numbers: list[int] = []  # of the buckets, as a heap
        self._done = 0  # the last bucket that was walked
        self._armed: int | None = None  # the bucket that the hub will be woken for
        self._watcher: Any = None

    def start(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call *callback* in the hub after *delay* seconds; it must not block."""
        return Timer(self._bucket(delay), callback)

    def allow(self, delay: float, callback: Callable[[], None]) -> Timer:
        """The same for somebody else's failure to act in time; what the hub had no time to read does not count as
        that.
        """
        return Deadline(self._bucket(delay), callback)

    def _bucket(self, delay: float) -> dict[Timer, None]:
        # One further: a bucket is walked as soon as its time has begun, and no timer is early.
        number = int((self._clock() + delay) / RESOLUTION) + 1
        if delay >= LONG:
            number += -number % COARSE
        if number <= self._done:
            number = self._done + 1
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = self._buckets[number] = {}
            heappush(self._numbers, number)
            if self._armed is None or number < self._armed:
                self._arm(number)
        return bucket

    def _arm(self, number: int) -> None:
        """Have the hub woken when the time of this bucket begins."""
        self._disarm()
        self._armed = number
        self._watcher = self._loop.timer(max(0.0, number * RESOLUTION - self._clock()))
        self._watcher.start(self._walk, update=True)

    def _disarm(self) -> None:
        self._armed = None
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None

    def _walk(self) -> None:
        """Runs in the hub: fire what is due."""
        now = self._clock()
        current = int(now / RESOLUTION)
        first = self._armed
        assert first is not None
        late = now - first * RESOLUTION
        self._done = max(self._done, current)
        # Until the end of the walk nothing is armed: not by a callback that starts a timer either.
        self._armed = 0
        if late >= STALL:
            self._put_off(first, now, min(max(late, SHORTEST_GRACE), LONGEST_GRACE))
        buckets = self._buckets
        numbers = self._numbers
        try:
            while numbers and numbers[0] <= current:
                # A callback may stop timers that are due now, or start others (never in a bucket that is being walked).
                for timer in list(buckets[numbers[0]]):
                    try:
                        timer.expire()
                    except Exception:
                        self._report(timer.callback)
                del buckets[heappop(numbers)]
        finally:  # also when somebody pressed Ctrl-C just now: the others still fire
            while numbers and not buckets[numbers[0]]:  # all stopped
                del buckets[heappop(numbers)]
            if numbers:
                self._arm(numbers[0])
            else:
                self._disarm()

    def _put_off(self, first: int, now: float, grace: float) -> None:
        """The hub was held up: give those whose time is over, or soon will be, some more."""
        buckets = self._buckets
        horizon = int((now + grace) / RESOLUTION)
        if horizon - first < len(buckets):
            overdue = [buckets[number] for number in range(first, horizon + 1) if number in buckets]
        else:
            overdue = [bucket for number, bucket in buckets.items() if number <= horizon]
        later: dict[Timer, None] | None = None
        for bucket in overdue:
            for timer in list(bucket):
                if type(timer) is Deadline:
                    later = self._bucket(grace) if later is None else later
                    timer.put_off(later)
