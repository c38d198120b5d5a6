"""Choosing whom to send to and how: an immutable value, refined step by step.

::

    io.to("news").except_(socket.id).volatile.emit("tick", 3)
    replies = io.to("news").timeout(5).call("ready?")
    for sid, reply in replies: ...
    replies.missing  # the sids that did not answer
    io.to("news").except_("staff").sockets_join("readers")
    io.in_("banned").disconnect_sockets()
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from geventio.exceptions import AckTimeout, ConfigurationError, Disconnected
from geventio.protocol.socketio import Packet, PacketType, check_event_name
from geventio.runtime import Waiter, asked, current_runtime, get_ident, posted
from geventio.socketio.acks import Outcome, check_timeout
from geventio.socketio.adapter import BroadcastOptions
from geventio.socketio.other_threads import hand_over
from geventio.socketio.remote_socket import RemoteSocket
from geventio.socketio.replies import Gathering, Replies, client_replies

if TYPE_CHECKING:
    from geventio.runtime import Runtime
    from geventio.socketio.namespace import Namespace

Rooms = str | Iterable[str]

NOT_CONNECTED: Final = "not connected"
"""In place of a disconnect reason: no server has this socket (any more)."""


class BroadcastOperator:
    """Sockets of a namespace, and how to reach them. Every refinement is a new operator."""

    __slots__ = ("_namespace", "_options", "_timeout")

    def __init__(
        self, namespace: "Namespace", options: BroadcastOptions | None = None, timeout: float | None = None
    ) -> None:
        self._namespace = namespace
        self._options = options or BroadcastOptions()
        self._timeout = timeout

    @property
    def namespace(self) -> "Namespace":
        """The namespace of these sockets."""
        return self._namespace

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
        if ack is None:
            runtime = self._namespace.server.runtime
            if runtime is not None and get_ident() != runtime.thread:
                hand_over(runtime.threads, self._namespace, self.emit, event, args)
                return
            packet = Packet(PacketType.EVENT, self._namespace.name, [event, *args])
            self._namespace.adapter.broadcast(packet, self._options)
            return
        if not callable(ack):
            raise ConfigurationError(f"ack must be a function of the replies, not {ack!r}")
        self._emit_with_ack(event, args, ack)

    def _hub_runtime(self) -> "Runtime | None":
        return self._namespace.server.runtime

    @asked
    def _emit_with_ack(self, event: str, args: tuple[Any, ...], ack: Callable[[Replies], Any]) -> None:
        packet = Packet(PacketType.EVENT, self._namespace.name, [event, *args])
        workers = current_runtime().workers
        run = self._namespace.server.run_callback
        self._ask(packet, Gathering(lambda gathering: workers.call(run, event, ack, client_replies(gathering))))

    def send(self, *args: Any) -> None:
        """Send the event ``message``."""
        self.emit("message", *args)

    @asked
    def call(self, event: str, *args: Any) -> Replies:
        """Send an event and wait for the acknowledgements of all; needs :meth:`timeout`. Blocks this greenlet.

        :raises ConfigurationError: for a reserved event name, or without a timeout.
        """
        check_event_name(event)
        waiter: Waiter[Replies] = Waiter()
        packet = Packet(PacketType.EVENT, self._namespace.name, [event, *args])
        self._ask(packet, Gathering(lambda gathering: waiter.set(client_replies(gathering))))
        return waiter.wait()

    def _ask(self, packet: Packet, gathering: Gathering) -> None:
        if self._timeout is None:
            raise ConfigurationError("acknowledgements of a broadcast need a timeout: io.to(...).timeout(5).call(...)")
        self._namespace.adapter.broadcast_with_ack(packet, self._options, gathering, self._timeout)
        gathering.limit(self._timeout)

    @asked
    def ask_one(self, sid: str, event: str, args: tuple[Any, ...], outcome: Outcome) -> None:
        """Ask the one socket *sid*, which is among these; for geventio's own use."""
        check_event_name(event)

        def done(gathering: Gathering) -> None:
            if gathering.answered:
                outcome(None, gathering.answered[0][1])
            elif gathering.failed:
                outcome(gathering.failed[0][1], [])
            elif gathering.timed_out:
                assert self._timeout is not None
                outcome(AckTimeout(self._timeout), [])
            else:
                outcome(Disconnected(NOT_CONNECTED), [])

        self._ask(Packet(PacketType.EVENT, self._namespace.name, [event, *args]), Gathering(done, only=sid))

    # -- the sockets themselves

    @asked
    def fetch_sockets(self) -> list[RemoteSocket]:
        """These sockets, on all servers, each as a :class:`RemoteSocket`. Blocks this greenlet in a cluster.

        :raises AdapterError: when other servers do not answer.
        """
        everybody = BroadcastOperator(self._namespace)
        return [RemoteSocket(everybody, found) for found in self._namespace.adapter.fetch_sockets(self._options)]

    def sockets_join(self, rooms: Rooms) -> None:
        """Put these sockets into a room, or several.

        :raises ConfigurationError: unless it is a name or several.
        """
        self._sockets_join(room_names(rooms))

    @posted
    def _sockets_join(self, names: frozenset[str]) -> None:
        self._namespace.adapter.sockets_join(self._options, names)

    def sockets_leave(self, rooms: Rooms) -> None:
        """Take these sockets out of a room, or of several. ``io.in_("news").sockets_leave("news")`` empties a room.

        :raises ConfigurationError: unless it is a name or several.
        """
        self._sockets_leave(room_names(rooms))

    @posted
    def _sockets_leave(self, names: frozenset[str]) -> None:
        self._namespace.adapter.sockets_leave(self._options, names)

    @posted
    def disconnect_sockets(self, close: bool = False) -> None:
        """Disconnect these sockets from the namespace; with *close*, end their connections."""
        self._namespace.adapter.disconnect_sockets(self._options, close)

    @asked
    def rooms(self) -> frozenset[str]:
        """Names of the rooms that these sockets are in, on all servers; of everybody: all rooms that have members. The
        sockets' own, named by their ids, are among them. Blocks this greenlet in a cluster.

        :raises AdapterError: when other servers do not answer.
        """
        return self._namespace.adapter.rooms(self._options)

    @asked
    def count(self) -> int:
        """How many sockets these are, on all servers. Blocks this greenlet in a cluster.

        :raises AdapterError: when other servers do not answer.
        """
        return self._namespace.adapter.count(self._options)


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
