"""Real sockets for the streams, and a receiver that notes what it is told."""

import socket
import struct
from _socket import socket as PlainSocket  # what a stream is given: not gevent's class
from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
from gevent import socket as gevent_socket

from geventio.runtime import Stream, current_runtime


def pair(*, send_buffer: int | None = None) -> tuple[PlainSocket, Any]:
    """A connected pair of loopback TCP sockets: one for a stream, one (gevent's) for the test."""
    listener = gevent_socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    peer = gevent_socket.create_connection(listener.getsockname(), timeout=5)
    accepted, _ = listener.accept()
    listener.close()
    sock = PlainSocket(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
    sock.setblocking(False)
    if send_buffer is not None:
        sock.setsockopt(gevent_socket.SOL_SOCKET, gevent_socket.SO_SNDBUF, send_buffer)
    sock.setsockopt(gevent_socket.IPPROTO_TCP, gevent_socket.TCP_NODELAY, 1)
    return sock, peer


def packet_pair() -> tuple[PlainSocket, Any]:
    """A pair that keeps the limits of each ``send``: one ``recv`` of the peer is one of ours."""
    ours, peer = gevent_socket.socketpair(gevent_socket.AF_UNIX, gevent_socket.SOCK_SEQPACKET)
    sock = PlainSocket(ours.family, ours.type, ours.proto, fileno=ours.detach())
    sock.setblocking(False)
    peer.settimeout(5)
    return sock, peer


class Notes:
    """A receiver that notes what it is told, and calls *on_data*."""

    def __init__(self, on_data: Callable[[bytes], None] | None = None) -> None:
        self.data = b""
        self.lost: list[OSError | None] = []
        self.on_data = on_data

    def data_received(self, data: bytes) -> None:
        self.data += data
        if self.on_data is not None:
            self.on_data(data)

    def connection_lost(self, error: OSError | None) -> None:
        self.lost.append(error)


def stream_on(sock: Any, receiver: Any = None, **options: Any) -> Stream:
    return Stream(sock, receiver if receiver is not None else Notes(), current_runtime(), **options)


def wait_for(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Give the hub turns until *condition* holds."""
    with gevent.Timeout(seconds, AssertionError(f"not within {seconds} s")):
        while not condition():
            gevent.sleep(0.002)


def in_hub(function: Callable[..., Any], *args: Any) -> Any:
    """Call *function* in the hub, as a watcher does, and return what it returns."""
    result = gevent.event.AsyncResult()

    def call() -> None:
        try:
            result.set(function(*args))
        except BaseException as error:  # for the test, whatever it is
            result.set_exception(error)

    gevent.get_hub().loop.run_callback(call)
    return result.get(timeout=5)


def reset(peer: Any) -> None:
    """Close with RST."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def receive_all(peer: Any) -> bytes:
    """What the peer gets until the end."""
    received = bytearray()
    while data := peer.recv(65536):
        received += data
    return bytes(received)
