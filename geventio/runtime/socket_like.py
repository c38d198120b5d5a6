"""What a stream needs of a socket, so that plain ones and TLS ones serve alike: five of its methods."""

import ssl
from typing import Any, Final, Protocol

NOT_READY: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What a socket says that has nothing to read or no room to write. A TLS socket may need either for both; the hub asks
again when the direction that we watch is ready, and a renegotiation that would need the other one is not part of TLS
1.3.
"""


class SocketLike(Protocol):
    """What a stream needs of a socket: a plain one, or a gevent TLS socket without a timeout."""

    def recv(self, size: int, flags: int = ..., /) -> bytes:
        """Read what is there, at most *size* bytes."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Write what there is room for; returns how many bytes that was."""

    def shutdown(self, how: int, /) -> Any:
        """Close one direction."""

    def fileno(self) -> int:
        """The descriptor."""

    def close(self) -> None:
        """Close both."""
