"""The floor that knows the hub: streams, workers, timers, waiting. Everything above it is written without gevent's
loop.
"""

from geventio.runtime.background import BackgroundTask, offload, sleep, start_background_task
from geventio.runtime.hub import Runtime, current_runtime
from geventio.runtime.keyed_lock import KeyedLock
from geventio.runtime.socket_like import SocketLike
from geventio.runtime.stream import Receiver, Stream
from geventio.runtime.threads import OtherThreads, asked, get_ident, posted
from geventio.runtime.timers import Timer, TimerWheel
from geventio.runtime.waiting import Waiter
from geventio.runtime.watchdog import Watch, describe_calls_of
from geventio.runtime.workers import Mailbox, Timeout, WorkerPool

__all__ = [
    "BackgroundTask",
    "KeyedLock",
    "Mailbox",
    "OtherThreads",
    "Receiver",
    "Runtime",
    "SocketLike",
    "Stream",
    "Timeout",
    "Timer",
    "TimerWheel",
    "Waiter",
    "Watch",
    "WorkerPool",
    "asked",
    "current_runtime",
    "describe_calls_of",
    "get_ident",
    "offload",
    "posted",
    "sleep",
    "start_background_task",
]
