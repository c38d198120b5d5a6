"""The rest of a response, for a client that reads more slowly than we write."""

from _socket import socket as PlainSocket
from collections.abc import Callable
from typing import Any, Final

from geventio.runtime import Runtime, Timer
from geventio.runtime.stream import WRITE

STALLED: Final = 30.0
"""Seconds in which the kernel must take some of the response. It takes it in lumps of up to its own buffer, so this is
long even for a slow reader's sake.
"""


class ResponseWriter:
    """Writes in the hub whenever the kernel has room; ends with a call of *finished* or of *failed*."""

    __slots__ = ("_data", "_failed", "_finished", "_moved", "_runtime", "_sock", "_timer", "_watcher")

    def __init__(
        self,
        sock: PlainSocket,
        runtime: Runtime,
        data: memoryview,
        finished: Callable[[], None],
        failed: Callable[[], None],
    ) -> None:
        self._sock = sock
        self._runtime = runtime
        self._data = data
        self._finished = finished
        self._failed = failed
        self._moved = False
        self._timer: Timer = runtime.timers.start(STALLED, self._check)
        self._watcher: Any = runtime.loop.io(sock.fileno(), WRITE)
        self._watcher.start(self._on_writable)

    def _on_writable(self) -> None:
        try:
            sent = self._sock.send(self._data)
        except BlockingIOError:
            return
        except OSError:
            self._failed()
            return
        self._moved = True
        self._data = self._data[sent:]
        if not self._data:
            self._finished()

    def _check(self) -> None:
        if self._moved:
            self._moved = False
            self._timer = self._runtime.timers.start(STALLED, self._check)
        else:
            self._failed()

    def stop(self) -> None:
        """Let go of the socket."""
        self._timer.stop()
        self._watcher.stop()
        self._watcher.close()
