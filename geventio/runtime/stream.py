"""A connection as a non-blocking socket and hub watchers: no greenlet, and no memory but these few fields.

Reading: the hub calls :meth:`Stream._on_readable` when bytes are there and hands them to the :class:`Receiver`.
Writing: a write goes to the kernel at once; a further one in the same turn of the hub waits for the turn's end, so
that a burst leaves in one ``send``; what the kernel refuses waits for a write watcher, within ``limit`` bytes. While
a receiver works on bytes that it was given, its own stream collects what it writes::

    class Echo:
        def data_received(self, data): stream.write(data)
        def connection_lost(self, error): ...

    stream = Stream(sock, Echo(), current_runtime())
"""

from collections.abc import Callable
from socket import SHUT_WR
from typing import Any, Final, Protocol

from geventio.runtime.hub import Runtime
from geventio.runtime.socket_like import NOT_READY, SocketLike

READ: Final = 1
WRITE: Final = 2
READ_SIZE: Final = 65536


class Receiver(Protocol):
    """Who gets what a stream reads. Both methods run in the hub and must not block."""

    def data_received(self, data: bytes, /) -> None:
        """Bytes arrived."""

    def connection_lost(self, error: OSError | None, /) -> None:
        """The peer is gone: *error* says how, None is an orderly end. Called once, unless we closed first."""


class Stream:
    """One connected socket. All methods may be called from the hub and from greenlets; none blocks."""

    __slots__ = (
        "_closing",
        "_on_drained",
        "_pending",
        "_reader",
        "_runtime",
        "_sock",
        "_turn",
        "_writer",
        "buffered",
        "limit",
        "on_closed",
        "receiver",
    )

    def __init__(
        self, sock: SocketLike, receiver: Receiver, runtime: Runtime, *, limit: int = 1_000_000, reading: bool = True
    ) -> None:
        self._sock: SocketLike | None = sock
        self.receiver = receiver
        self._runtime = runtime
        self.limit = limit
        self.buffered = 0
        """Bytes that wait for the kernel."""
        self.on_closed: Callable[[], None] | None = None
        """Called once when the socket is closed, whoever closed it."""
        self._pending: list[bytes | memoryview] | None = None  # not None: writes are collected, somebody will flush
        self._turn = -1  # the turn of the hub in which a write last went straight to the kernel
        self._writer: Any = None  # the watcher that waits for room in the kernel's buffer
        self._closing = False
        self._on_drained: Callable[[], None] | None = None
        self._reader: Any = runtime.loop.io(sock.fileno(), READ)
        if reading:
            self._reader.start(self._on_readable)

    @property
    def closed(self) -> bool:
        """Whether the socket is closed."""
        return self._sock is None

    @property
    def full(self) -> bool:
        """Whether more than ``limit`` bytes wait: the peer reads too slowly, and :meth:`write` takes no more."""
        return self.buffered > self.limit and self._writer is not None

    def received(self, data: bytes) -> None:
        """Hand over bytes that somebody else had read from this socket before. Runs in the hub."""
        pending = self._pending
        if pending is None:
            self._pending = []
        try:
            self.receiver.data_received(data)
        finally:
            if pending is None:
                self.flush()

    def _on_readable(self) -> None:
        """Runs in the hub: must not block."""
        sock = self._sock
        if sock is None:
            return
        try:
            data = sock.recv(READ_SIZE)
        except NOT_READY:
            return
        except OSError as error:
            self._lost(error)
            return
        if not data:
            self._lost(None)
            return
        if self._pending is not None:  # a write watcher is at work: it flushes
            self.receiver.data_received(data)
            return
        self._pending = []
        try:
            self.receiver.data_received(data)
        finally:
            self.flush()

    def read_pending(self) -> None:
        """Read what a layer between the kernel and us may hold: nothing, here."""

    def hold(self) -> None:
        """Collect what is written until the end of this turn of the hub, so that it leaves in one ``send``."""
        if self._pending is None:
            self._pending = []
            self._runtime.at_end_of_turn(self.flush)

    def write(self, data: bytes) -> bool:
        """Send *data* now or, where the kernel has no room, soon.

        :returns: False when the stream is closed or holds more than ``limit`` bytes already: *data* was not taken.
        """
        sock = self._sock
        if sock is None or self._closing:
            return False
        pending = self._pending
        if pending is None:
            runtime = self._runtime
            turn = runtime.turn
            if self._turn != turn:
                self._turn = turn
                if not runtime.turn_watched:
                    runtime.watch_turn()
                try:
                    sent = sock.send(data)
                except NOT_READY:
                    sent = 0
                except OSError as error:
                    self._break(error)
                    return False
                if sent != len(data):
                    self._wait_writable(memoryview(data)[sent:])
                return True
            self._pending = pending = []
            runtime.at_end_of_turn(self.flush)
        elif self.buffered > self.limit:
            # Collected bytes are no sign of a slow peer until the kernel has refused some.
            if self._writer is None:
                self.flush()
            if self.buffered > self.limit:
                return False
            return self.write(data)
        pending.append(data)
        self.buffered += len(data)
        return True

    def flush(self) -> None:
        """Send what was collected. Runs in the hub or a greenlet; does nothing while a write watcher is at work."""
        pending = self._pending
        if self._writer is not None or pending is None:
            return
        self._pending = None
        if not pending:
            if self._closing:
                self._finish()
            return
        sock = self._sock
        self.buffered = 0
        if sock is None:
            return
        data = pending[0] if len(pending) == 1 else b"".join(pending)
        try:
            sent = sock.send(data)
        except NOT_READY:
            sent = 0
        except OSError as error:
            self._break(error)
            return
        if sent != len(data):
            self._wait_writable(memoryview(data)[sent:])
        elif self._closing:
            self._finish()

    def _wait_writable(self, rest: memoryview) -> None:
        self._pending = [rest]
        self.buffered = len(rest)
        assert self._sock is not None
        self._writer = self._runtime.loop.io(self._sock.fileno(), WRITE)
        self._writer.start(self._on_writable)

    def _on_writable(self) -> None:
        """Runs in the hub: must not block."""
        pending = self._pending
        sock = self._sock
        if sock is None or pending is None:
            return
        data = pending[0] if len(pending) == 1 else b"".join(pending)
        try:
            sent = sock.send(data)
        except NOT_READY:
            sent = 0
        except OSError as error:
            self._lost(error)
            return
        if sent == len(data):
            self._pending = None
            self.buffered = 0
            self._stop_writer()
            if self._closing:
                self._finish()
            drained, self._on_drained = self._on_drained, None
            if drained is not None:
                drained()
        else:
            self._pending = [memoryview(data)[sent:]]
            self.buffered = len(data) - sent

    def when_drained(self, callback: Callable[[], None]) -> bool:
        """Call *callback* in the hub, once, when the kernel has taken what it refused; False: it refused nothing."""
        self._on_drained = callback if self._writer is not None else None
        return self._writer is not None

    def _stop_writer(self) -> None:
        if self._writer is not None:
            self._writer.stop()
            self._writer.close()
            self._writer = None

    def _break(self, error: OSError) -> None:
        """The kernel takes nothing more. The receiver hears of it from the hub, not from inside its own write."""
        self._closing = True
        self._runtime.soon(self._lost, error)

    def _lost(self, error: OSError | None) -> None:
        """Runs in the hub: the peer is gone."""
        if self._sock is None:
            return
        self.close()
        self.receiver.connection_lost(error)

    def close(self) -> None:
        """Close the socket now; what waits is dropped and the receiver hears nothing more."""
        sock = self._sock
        if sock is None:
            return
        self._sock = None
        self._pending = None
        self.buffered = 0
        self._stop_writer()
        self._reader.stop()
        self._reader.close()
        sock.close()
        if self.on_closed is not None:
            self.on_closed()

    def close_when_sent(self) -> None:
        """Send what waits, tell the peer that nothing more comes, and read on until it closes its side.

        The caller bounds the wait (the peer may never close) and then calls :meth:`close`.
        """
        if self._sock is None or self._closing:
            return
        self._closing = True
        if self._pending is None:
            self._finish()

    def _finish(self) -> None:
        if self._sock is not None:
            try:
                self._sock.shutdown(SHUT_WR)
            except OSError as error:
                self._runtime.soon(self._lost, error)

    def detach(self) -> SocketLike:
        """Give the socket away: the stream forgets it and is closed.

        :raises RuntimeError: when the stream is closed.
        """
        sock = self._sock
        if sock is None:
            raise RuntimeError("the stream is closed")
        self._sock = None
        self._pending = None
        self.buffered = 0
        self._stop_writer()
        self._reader.stop()
        self._reader.close()
        return sock
