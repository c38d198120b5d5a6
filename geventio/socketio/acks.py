"""Acknowledgements: those that are awaited of one client, and the one that a handler gives.

An awaited one has an id, a callback and perhaps a deadline. It ends in exactly one way: with the client's answer, with
:class:`~geventio.exceptions.AckTimeout` or with :class:`~geventio.exceptions.Disconnected`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from geventio.exceptions import AckTimeout, ConfigurationError, Disconnected
from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import Runtime, Timer, Waiter, get_ident
from geventio.socketio.other_threads import frozen

if TYPE_CHECKING:
    from geventio.socketio.socket import Socket

CALL_TIMEOUT: Final = 60.0
"""Seconds that ``call()`` waits unless told otherwise."""

Outcome = Callable[[Exception | None, list[Any]], None]
"""Told how it ended: an error or None, and the client's arguments. Called in the hub: must not block."""


class Ack:
    """Acknowledges one event of a client: ``ack(*values)``, once; later calls change nothing."""

    __slots__ = ("_id", "_socket")

    def __init__(self, socket: "Socket", ack_id: int | None) -> None:
        self._socket = socket
        self._id = ack_id  # None: the client did not ask, or has been answered

    def __call__(self, *values: Any) -> None:
        """Send *values* as the acknowledgement's arguments.

        :raises TypeError: for a value that cannot be encoded; nothing has been acknowledged then.
        """
        ack_id = self._id
        if ack_id is not None:
            socket = self._socket
            packet = Packet(PacketType.ACK, socket.namespace.name, list(values), ack_id)
            if get_ident() == socket.conn.runtime.thread:
                socket.send_packet(packet)
            else:
                socket.namespace.server.parser.encode(packet)  # raises here what it would raise there
                packet.data = frozen(packet.data)
                socket.conn.runtime.threads.post(socket.send_packet, packet)
            self._id = None


class PendingAcks:
    """Awaited acknowledgements of one socket, by id."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending: dict[int, tuple[Outcome, Timer | None]] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def expect(self, ack_id: int, outcome: Outcome, runtime: Runtime, timeout: float | None) -> None:
        """Await the acknowledgement *ack_id*, at most *timeout* seconds."""
        timer = None
        if timeout is not None:
            timer = runtime.timers.allow(timeout, lambda: self._end(ack_id, AckTimeout(timeout), []))
        self._pending[ack_id] = (outcome, timer)

    def resolve(self, ack_id: int | None, args: list[Any]) -> None:
        """The client answered. An id that is not awaited (any more) is ignored: it may be late, twice, or made up."""
        if ack_id is not None:
            self._end(ack_id, None, args)

    def forget(self, ack_id: int) -> None:
        """Nobody waits for it any more."""
        _, timer = self._pending.pop(ack_id, (None, None))
        if timer is not None:
            timer.stop()

    def fail_all(self, reason: str) -> None:
        """The client left."""
        for ack_id in list(self._pending):
            self._end(ack_id, Disconnected(reason), [])

    def _end(self, ack_id: int, error: Exception | None, args: list[Any]) -> None:
        entry = self._pending.pop(ack_id, None)
        if entry is not None:
            outcome, timer = entry
            if timer is not None:
                timer.stop()
            outcome(error, args)


def check_timeout(seconds: Any) -> None:
    """See to it that *seconds* can be waited for.

    :raises ConfigurationError: unless it is a number above 0.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < float("inf"):
        raise ConfigurationError(f"a timeout is a number of seconds above 0, not {seconds!r}")


def reply_value(args: list[Any]) -> Any:
    """What an acknowledgement means as one value: None for no arguments, the argument itself, a tuple of several."""
    if len(args) == 1:
        return args[0]
    return tuple(args) if args else None


def reply_args(value: Any) -> list[Any]:
    """The arguments that acknowledge with *value*: none for None, several for a tuple."""
    if value is None:
        return []
    return list(value) if isinstance(value, tuple) else [value]


def wake(waiter: Waiter[Any]) -> Outcome:
    """What wakes *waiter* with the value of an acknowledgement, or with the error in its place."""

    def outcome(error: Exception | None, values: list[Any]) -> None:
        if error is None:
            waiter.set(reply_value(values))
        else:
            waiter.fail(error)

    return outcome
