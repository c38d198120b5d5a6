"""The floor that knows the hub: streams, workers, timers, waiting. Everything above it is written without gevent's
loop.
"""

from geventio.runtime.hub import Runtime, current_runtime
from geventio.runtime.socket_like import SocketLike
from geventio.runtime.stream import Receiver, Stream
from geventio.runtime.timers import Timer, TimerWheel
from geventio.runtime.waiting import Waiter
from geventio.runtime.workers import Mailbox, Timeout, WorkerPool

__all__ = [
    "Mailbox",
    "Receiver",
    "Runtime",
    "SocketLike",
    "Stream",
    "Timeout",
    "Timer",
    "TimerWheel",
    "Waiter",
    "WorkerPool",
    "current_runtime",
]
