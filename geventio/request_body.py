"""Reading the body of a request within bounds of size and time.

A body that never ends would hold its session's POST, and through WSGI a greenlet. So the first bytes have
``body_timeout`` seconds, and from then on a body has to bring :data:`MIN_BODY_RATE` bytes per second: that is enough
for the slowest network, and too much for somebody who sends a byte now and then. The front door reads with
:class:`BodyReader`, in the hub; :func:`read_body` reads from a WSGI server, in the greenlet of the request.
"""

from _socket import socket as PlainSocket
from collections.abc import Callable
from typing import Any, Final

import gevent

MIN_BODY_RATE: Final = 1024
"""Bytes per second."""
READ_SIZE: Final = 65536


class BodyReader:
    """A body of known length on a non-blocking socket."""

    __slots__ = ("_data", "_missing", "_seen", "done")

    def __init__(self, length: int, done: Callable[[bytes | None], None]) -> None:
        self._missing = length
        self._data = bytearray()
        self._seen = 0  # bytes at the last look at the clock
        self.done = done
        """Who wants the body, or None when it never came."""

    def read(self, sock: PlainSocket) -> bytes | None:
        """Read what is there, and never a byte of the next request.

        :returns: the whole body once it is there.
        :raises OSError: when nothing is there, or the peer is gone.
        """
        data = sock.recv(min(self._missing, READ_SIZE))
        if not data:
            raise ConnectionResetError("the connection ended within a body")
        self._missing -= len(data)
        if not self._missing and not self._data:
            return data
        self._data += data
        return None if self._missing else bytes(self._data)

    def too_slow(self, seconds: float) -> bool:
        """Whether too little came in the *seconds* since the last call."""
        came = len(self._data) - self._seen
        self._seen = len(self._data)
        return came < MIN_BODY_RATE * seconds


def read_body(source: Any, length: int | None, limit: int, timeout: float) -> bytes:
    """Read from *source*, a ``wsgi.input``. Blocks this greenlet.

    :param length: bytes that were announced; None for a chunked body, of which no more than ``limit + 1`` bytes are
        read.
    :param timeout: seconds for each ``timeout * MIN_BODY_RATE`` bytes.
    :raises TimeoutError: when the body comes too slowly.
    :raises OSError: when the client went away, or broke its chunks.
    """
    wanted = limit + 1 if length is None else length
    piece = max(int(MIN_BODY_RATE * timeout), 1)
    data = bytearray()
    while len(data) < wanted:
        with gevent.Timeout(timeout, TimeoutError("the body comes too slowly")):
            came = source.read(min(piece, wanted - len(data)))
        if not came:
            break
        data += came
    if length is not None and len(data) < length:
        raise ConnectionResetError("the connection ended within a body")
    return bytes(data)
