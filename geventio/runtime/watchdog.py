"""A watch over the hub: what holds it longer than a limit is logged, with the place, while it still does.

Everything of gevent happens in turns: a handler that computes for three seconds, or blocks in a call that is not
patched, stops every other client for as long. The hub cannot notice that, so an OS thread does: one for the process, as
long as somebody is connected, and it does no more than to poke the hub and to look whether it has answered::

    watch = Watch(runtime, 1.0, wanted=lambda: bool(sessions))
    watch.wake()
    watch.stalls
"""

import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import PurePath
from time import monotonic, process_time
from types import CodeType, FrameType
from typing import Any, Final

from gevent.hub import Hub
from gevent.monkey import get_original

from geventio.runtime.hub import Runtime

logger = logging.getLogger("geventio.watchdog")

# The real ones, wherever this process was patched: this is about OS threads.
_start_thread: Callable[..., Any] = get_original("_thread", "start_new_thread")
_allocate_lock: Callable[[], Any] = get_original("_thread", "allocate_lock")
_sleep: Callable[[float], None] = get_original("time", "sleep")

AT_REST: Final = getattr(Hub.run, "__code__", None)
"""What the hub's thread executes while it waits."""
STDLIB: Final = os.path.dirname(os.__file__) + os.sep
PACKAGE: Final = str(PurePath(__file__).parents[1]) + os.sep
DEPTH: Final = 30
"""Frames of a stack that are logged."""
SAID_AGAIN: Final = 60.0
"""Seconds until the same place is logged again."""
PLACES: Final = 256
"""Places that are remembered."""

Describe = Callable[[FrameType], str]
_descriptions: dict[CodeType, Describe] = {}


def describe_calls_of(function: Callable[..., Any], describe: Describe) -> None:
    """Have the log say ``describe(frame)`` of a stall below *function*, given the frame of that function."""
    _descriptions[function.__code__] = describe


class Watch:
    """One server's watch over its hub. Made in the hub's thread."""

    __slots__ = ("_answered", "_asked", "_dog", "_poke", "_reported", "_runtime", "limit", "stalls", "wanted")

    def __init__(self, runtime: Runtime, limit: float, wanted: Callable[[], bool], stalls: int = 0) -> None:
        self._runtime = runtime
        self.limit = limit
        self.wanted = wanted
        """Whether there is anybody to watch for; asked in another thread."""
        self.stalls = stalls
        """How often the limit was passed."""
        self._dog: _Watchdog | None = None
        self._asked = 0.0
        self._answered = True
        self._reported = False
        self._poke: Any = runtime.loop.async_(ref=False)
        self._poke.start(self._answer)

    @property
    def awake(self) -> bool:
        """Whether the watch is kept. It rests while there is nobody to watch for."""
        return self._dog is _the_dog

    def wake(self) -> None:
        """Somebody came."""
        self._dog = _the_dog
        self._answered = True
        _the_dog.add(self)

    def stay(self, dog: "_Watchdog") -> None:
        """Somebody is there after all."""
        self._dog = dog

    def rest(self) -> None:
        """Nobody is left."""
        self._dog = None

    def _answer(self) -> None:
        """Runs in the hub."""
        self._answered = True

    def look(self, now: float, *, suspended: bool) -> "FrameType | None":
        """Runs in the watchdog's thread: the hub's frame, when the hub has just passed the limit."""
        if self._answered or suspended:
            self._answered = self._reported = False
            self._asked = now
            self._poke.send()
            return None
        if self._reported or now - self._asked < self.limit:
            return None
        frame = sys._current_frames().get(self._runtime.thread)
        if frame is None or frame.f_code is AT_REST or self._answered:
            return None
        self._reported = True
        self.stalls += 1
        return frame

    def held_for(self, now: float) -> float:
        """Seconds since the hub has not answered."""
        return now - self._asked


class _Watchdog:
    """The thread."""

    def __init__(self) -> None:
        self._lock = _allocate_lock()
        self._watches: list[Watch] = []
        self._running = False
        self._places: dict[CodeType, float] = {}

    def add(self, watch: Watch) -> None:
        with self._lock:
            if watch not in self._watches:
                self._watches.append(watch)
            if self._running:
                return
            self._running = True
        _start_thread(self._run, ())

    def _watched(self) -> list[Watch]:
        """Watches that are wanted; without any, the thread ends."""
        with self._lock:
            for watch in self._watches:
                if not watch.wanted():
                    watch.rest()
                    if watch.wanted():  # somebody came just now, and found the watch awake
                        watch.stay(self)
            self._watches = [watch for watch in self._watches if watch.awake]
            self._running = bool(self._watches)
            return list(self._watches)

    def _run(self) -> None:
        seen, worked = monotonic(), process_time()
        while watches := self._watched():
            pause = min(watch.limit for watch in watches) / 2
            _sleep(pause)
            now, work = monotonic(), process_time()
            # Late, and hardly any work done: the process was stopped, not held up.
            suspended = now - seen > 2 * pause and work - worked < (now - seen) / 10
            seen, worked = now, work
            for watch in watches:
                try:
                    frame = watch.look(now, suspended=suspended)
                    if frame is not None:
                        self._report(watch, frame, now)
                except Exception:
                    logger.exception("the watch over the hub failed")

    def _report(self, watch: Watch, frame: FrameType, now: float) -> None:
        what, place = _culprit(frame)
        said = self._places.get(place)
        if said is not None and now - said < SAID_AGAIN:
            return
        if len(self._places) >= PLACES:
            self._places.clear()
        self._places[place] = now
        logger.warning(
            "%s (%s:%d) has held the hub for %.1f s, and nobody else is served: io.offload() takes what computes for "
            "long or blocks unpatched\n%s",
            what,
            PurePath(place.co_filename).name,
            place.co_firstlineno,
            watch.held_for(now),
            "".join(traceback.format_stack(frame, DEPTH)).rstrip(),
        )


def _culprit(frame: FrameType) -> tuple[str, CodeType]:
    """What holds the hub, in words, and where it begins: the handler, where it is one."""
    entry = frame.f_code
    inner: FrameType = frame
    outer: FrameType | None = frame
    while outer is not None:
        describe = _descriptions.get(outer.f_code)
        if describe is not None:
            return describe(outer), inner.f_code
        if not _is_library(outer.f_code.co_filename):
            entry = outer.f_code  # where the application begins: below it, each look would find another place
        inner, outer = outer, outer.f_back
    return f"the function {entry.co_name}", entry


def _is_library(filename: str) -> bool:
    return filename.startswith(("<", STDLIB, PACKAGE)) or "site-packages" in filename or "dist-packages" in filename


_the_dog = _Watchdog()


def _forget() -> None:
    """A child process has none of its parent's threads."""
    global _the_dog  # noqa: PLW0603 (the one place that changes it)
    _the_dog = _Watchdog()


os.register_at_fork(after_in_child=_forget)
