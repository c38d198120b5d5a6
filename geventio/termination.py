"""SIGTERM while :func:`~geventio.serving.serve` blocks: no new clients, those that there are sent away, the end.

::

    with Termination(server):
        wait_for_the_end()  # which comes after SIGTERM: the process ends with exit code 0

A second SIGTERM, or Ctrl-C, ends the waiting. Several servers of a process, each in its own greenlet, end together.
A handler that the program has set itself is left alone, and outside the main thread Python has no signals.
"""

import signal
from types import FrameType, TracebackType
from typing import Any, Final

import gevent
from gevent.hub import get_hub

from geventio.shutdown import close_all, drain_all

_at_work: "Final[list[Termination]]" = []


class Termination:
    """Ends one server at SIGTERM."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._loop = get_hub().loop
        self._drain: Any = None

    def __enter__(self) -> "Termination":
        if signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, _on_signal):
            try:
                signal.signal(signal.SIGTERM, _on_signal)
                _at_work.append(self)
            except ValueError:  # not in the main thread
                pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self in _at_work:
            _at_work.remove(self)
            if not _at_work:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self._drain is not None:
            self._drain.kill()

    def wake(self) -> None:
        """Runs in the middle of whatever was going on: only wakes the hub."""
        self._loop.run_callback_threadsafe(self._on_termination)

    def _on_termination(self) -> None:
        """Runs in the hub."""
        if self._drain is None:
            self._drain = gevent.spawn(self._end)
        else:
            gevent.spawn(self._end_now)

    def _end(self) -> None:
        self._server.stop_accepting()
        self._server.socket.close()  # a client that returns finds the next process, or hears that there is none
        drain_all()
        self._server.close()

    def _end_now(self) -> None:
        close_all()
        self._server.close()


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    for termination in list(_at_work):
        termination.wake()
