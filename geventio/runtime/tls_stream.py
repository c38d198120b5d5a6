"""A stream over TLS: what OpenSSL holds back, no watcher tells of."""

from geventio.runtime.stream import Stream


class TLSStream(Stream):
    """A stream over a gevent TLS socket whose timeout is 0.

    OpenSSL reads whole records: after one ``recv`` it may hold more plain text while the kernel has nothing left, and
    then no watcher would fire. A TLS socket cannot close one direction alone, so what has been sent is followed by
    the end.
    """

    __slots__ = ()

    def _on_readable(self) -> None:
        super()._on_readable()
        while self._sock is not None and self._sock.pending():  # type: ignore[attr-defined]
            super()._on_readable()

    def read_pending(self) -> None:
        """Runs in the hub: read what the TLS layer had taken from the kernel before this stream was made."""
        if self._sock is not None and self._sock.pending():  # type: ignore[attr-defined]
            self._on_readable()

    def _finish(self) -> None:
        if self._sock is not None:
            self.close()
