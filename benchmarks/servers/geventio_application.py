"""The application that both geventio servers run."""

import gc
import signal
from typing import Any

import gevent

from geventio import Server, Socket, SocketIOMiddleware

io = Server(per_message_deflate=True)  # for the row whose clients offer it; the others offer nothing


@io.on("echo")
def echo(socket: Socket, payload: Any) -> None:
    socket.emit("echo", payload)


@io.on("broadcast")
def broadcast(_socket: Socket, payload: Any) -> None:
    io.emit("broadcast", payload)


gevent.signal_handler(signal.SIGUSR2, gc.collect)
app = SocketIOMiddleware(io)
