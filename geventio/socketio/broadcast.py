"""Choosing whom to send to and how: an immutable value, refined step by step.

::

    io.to("news").except_(socket.id).volatile.emit("tick", 3)
    replies = io.to("news").timeout(5).call("ready?")
    for sid, reply in replies: ...
    replies.missing  # the sids that did not answer
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from geventio.exceptions import ConfigurationError, GeventIOError
from geventio.protocol.socketio import Packet, PacketType, check_event_name
from geventio.runtime import Waiter, current_runtime
from geventio.socketio.acks import check_timeout, reply_value
from geventio.socketio.adapter import BroadcastOptions

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace

Rooms = str | Iterable[str]


class Replies(Sequence[tuple[str, Any]]):
    """What the clients of a broadcast acknowledged: pairs (sid, reply), in the order of their arrival.

    A reply is None for no arguments, the argument itself, or a tuple of several. ``missing`` holds the ids of those
    that did not answer in time or left.
    """

    def __init__(self, pairs: list[tuple[str, Any]], missing: list[str]) -> None:
        self._pairs = pairs
        self.missing = missing

    def __getitem__(self, index: Any) -> Any:
        return self._pairs[index]

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self._pairs)

    def __repr__(self) -> str:
        return f"<Replies: {len(self._pairs)} answered, {len(self.missing)} missing>"


class _Collector:
    """Gathers acknowledgements until all are there; each socket's own deadline sees to it that it ends."""

    def __init__(self, done: Callable[[Replies], None]) -> None:
        self._done = done
        self._left: set[str] = set()
        self._pairs: list[tuple[str, Any]] = []
        self._missing: list[str] = []

    def expect(self, sids: Collection[str]) -> None:
        """See AckCollector."""
        self._left.update(sids)
        self._check()

    def collect(self, sid: str, error: GeventIOError | None, args: list[Any]) -> None:
        """See AckCollector."""
        self._left.discard(sid)
        if error is None:
            self._pairs.append((sid, reply_value(args)))
        else:
            self._missing.append(sid)
        self._check()

    def _check(self) -> None:
        if not self._left:
            self._done(Replies(self._pairs, self._missing))


class BroadcastOperator:
    """Sockets of a namespace, and how to reach them. Every refinement is a new operator."""

    __slots__ = ("_namespace", "_options", "_timeout")

    def __init__(
        self, namespace: "Namespace", options: BroadcastOptions | None = None, timeout: float | None = None
    ) -> None:
        self._namespace = namespace
        self._options = options or BroadcastOptions()
        self._timeout = timeout

    def _with(self, options: BroadcastOptions) -> "BroadcastOperator":
        return BroadcastOperator(self._namespace, options, self._timeout)

    def to(self, rooms: Rooms) -> "BroadcastOperator":
        """Aim at a room, or at several; a socket in more than one gets the event once. Repeated, rooms add up;
        an empty list adds nobody.

        :raises ConfigurationError: unless it is a name or several.
        """
        chosen = self._options.rooms or frozenset()
        return self._with(replace(self._options, rooms=chosen | room_names(rooms)))

    in_ = to

    def except_(self, rooms: Rooms) -> "BroadcastOperator":
        """Leave out the members of a room, or of several; a socket's id is the room of that socket."""
        return self._with(replace(self._options, excluded=self._options.excluded | room_names(rooms)))

    @property
    def volatile(self) -> "BroadcastOperator":
        """Pass over clients that cannot be written to right now."""
        return self._with(replace(self._options, volatile=True))

    @property
    def local(self) -> "BroadcastOperator":
        """Only clients of this server, not of others in its cluster."""
        return self._with(replace(self._options, local=True))

    def compress(self, compress: bool) -> "BroadcastOperator":
        """Whether the event may be compressed."""
        return self._with(replace(self._options, compress=compress))

    def timeout(self, seconds: float) -> "BroadcastOperator":
        """How long to wait for acknowledgements.

        :raises ConfigurationError: unless *seconds* is a number above 0.
        """
        check_timeout(seconds)
        return BroadcastOperator(self._namespace, self._options, seconds)

    def emit(self, event: str, *args: Any, ack: Callable[[Replies], Any] | None = None) -> None:
        """Send an event. With *ack*, which needs :meth:`timeout`, ``ack(replies)`` is called in a worker greenlet
        once all have answered or the time is over. Never blocks.

        :raises ConfigurationError: for a reserved event name, or *ack* without a timeout.
        :raises TypeError: for an argument that cannot be encoded.
        """
        check_event_name(event)
        packet = Packet(PacketType.EVENT, self._namespace.name, [event, *args])
        if ack is None:
            self._namespace.adapter.broadcast(packet, self._options)
            return
        if not callable(ack):
            raise ConfigurationError(f"ack must be a function of the replies, not {ack!r}")
        workers = current_runtime().workers
        self._ask(packet, lambda replies: workers.call(self._namespace.server.run_callback, event, ack, replies))

    def send(self, *args: Any) -> None:
        """Send the event ``message``."""
        self.emit("message", *args)

    def call(self, event: str, *args: Any) -> Replies:
        """Send an event and wait for the acknowledgements of all; needs :meth:`timeout`. Blocks this greenlet.

        :raises ConfigurationError: for a reserved event name, or without a timeout.
        """
        check_event_name(event)
        waiter: Waiter[Replies] = Waiter()
        self._ask(Packet(PacketType.EVENT, self._namespace.name, [event, *args]), waiter.set)
        return waiter.wait()

    def _ask(self, packet: Packet, done: Callable[[Replies], None]) -> None:
        if self._timeout is None:
            raise ConfigurationError("acknowledgements of a broadcast need a timeout: io.to(...).timeout(5).call(...)")
        self._namespace.adapter.broadcast_with_ack(packet, self._options, _Collector(done), self._timeout)


def room_names(rooms: Rooms) -> frozenset[str]:
    """*rooms* as a set.

    :raises ConfigurationError: unless it is a name or several.
    """
    names = [rooms] if isinstance(rooms, str) else rooms
    if not isinstance(names, Iterable):
        raise ConfigurationError(f"the name of a room is a text, not {names!r}")
    names = list(names)
    for name in names:
        if not isinstance(name, str):
            raise ConfigurationError(f"the name of a room is a text, not {name!r}")
    return frozenset(names)
