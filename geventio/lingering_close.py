"""The end of a connection whose peer may still be sending.

Closing a socket that has unread bytes resets the connection, and a reset throws away what the peer has not read yet:
a client that is busy sending a body would never see that it was refused (RFC 9112, section 9.6). So our side is
closed first, what still comes is thrown away, and the rest is closed when the peer has done so too, or soon::

    sock.send(refusal)
    LingeringClose(sock, runtime)  # the socket is its own from here on
"""

from _socket import SHUT_WR
from typing import Any, Final

from geventio.runtime import Runtime, Timer
from geventio.runtime.socket_like import SocketLike
from geventio.runtime.stream import READ

LINGER: Final = 2.0
"""Seconds that the peer has to read the last response and to close its side."""
DISCARD_SIZE: Final = 65536


class LingeringClose:
    """Closes a plain socket, without a greenlet. Made in the hub or in a greenlet."""

    __slots__ = ("_sock", "_timer", "_watcher")

    def __init__(self, sock: SocketLike, runtime: Runtime) -> None:
        self._sock = sock
        try:
            sock.shutdown(SHUT_WR)
        except OSError:  # the peer has been quicker
            sock.close()
            return
        self._timer: Timer = runtime.timers.start(LINGER, self._close)
        self._watcher: Any = runtime.loop.io(sock.fileno(), READ)
        self._watcher.start(self._on_readable)

    def _on_readable(self) -> None:
        """Runs in the hub."""
        try:
            ended = not self._sock.recv(DISCARD_SIZE)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self._close()

    def _close(self) -> None:
        self._timer.stop()
        self._watcher.stop()
        self._watcher.close()
        self._sock.close()
