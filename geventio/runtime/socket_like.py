"""What a stream needs of a socket, so that plain ones and TLS ones serve alike: five of its methods."""

from typing import Any, Protocol


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
