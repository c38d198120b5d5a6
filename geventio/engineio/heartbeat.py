"""How a session knows that its client lives: one side pings, the other answers (Engine.IO protocol, "Heartbeat").

The two revisions of the protocol differ in who begins::

    revision 4   server ──ping──► client       every ping_interval; an answer within ping_timeout
                 server ◄──pong── client
    revision 3   server ◄──ping── client       within ping_interval + ping_timeout of the one before
                 server ──pong──► client

These are base classes of sessions and no objects of their own: an idle client has one timer, and nothing else for this.
"""

from typing import Final, Protocol

from geventio.engineio.prepared import PING, PONG, Prepared
from geventio.engineio.state import State
from geventio.exceptions import PING_TIMEOUT, TRANSPORT_ERROR
from geventio.options import EngineOptions
from geventio.runtime import Runtime, Timer

WRONG_DIRECTION: Final = "invalid heartbeat direction"


class HeartbeatOwner(Protocol):
    """The engine, as far as heartbeats need it."""

    options: EngineOptions


class Heartbeat:
    """The heartbeat of revision 4: the server pings."""

    __slots__ = ("_extended", "_timer")

    runtime: Runtime
    state: State
    _engine: HeartbeatOwner
    _outbox: list[Prepared] | None

    def send_prepared(self, prepared: Prepared) -> None:
        """See Session."""
        raise NotImplementedError

    def _end(self, reason: str, detail: str) -> None:
        raise NotImplementedError

    def _start_heartbeat(self) -> None:
        self._extended = True  # whether this ping's deadline may not be put off (any more)
        self._timer: Timer = self.runtime.timers.start(self._engine.options.ping_interval, self._send_ping)

    def _send_ping(self) -> None:
        """Runs in the hub."""
        self._set_deadline(self._engine.options.ping_timeout)
        self._extended = False
        self.send_prepared(PING)

    def _pong_received(self) -> None:
        """The next interval starts with the answer."""
        if self.state is State.OPEN:  # in CLOSING the timer is the one that forgets the session
            self._timer.stop()
            self._timer = self.runtime.timers.start(self._engine.options.ping_interval, self._send_ping)
        self._extended = True

    def _ping_received(self) -> None:
        """Only the server pings."""
        self._end(TRANSPORT_ERROR, WRONG_DIRECTION)

    def _extend_deadline(self) -> None:
        """Other traffic shows that the client lives: it gets the whole time once more, once per ping."""
        self._extended = True
        self._set_deadline(self._engine.options.ping_timeout)

    def _ping_timed_out(self) -> None:
        self._end(PING_TIMEOUT, "")

    def _set_deadline(self, delay: float) -> None:
        """The client has *delay* seconds, in which time that the hub was held up does not count."""
        if self.state is State.OPEN:
            self._timer.stop()
            self._timer = self.runtime.timers.allow(delay, self._ping_timed_out)


class OlderHeartbeat(Heartbeat):
    """The heartbeat of revision 3: the client pings, and only its pings count."""

    __slots__ = ()

    def _start_heartbeat(self) -> None:
        self._extended = True
        self._timer = self.runtime.timers.allow(self._patience, self._ping_timed_out)

    @property
    def _patience(self) -> float:
        options = self._engine.options
        return options.ping_interval + options.ping_timeout

    def _ping_received(self) -> None:
        """Whatever comes with the ping, the answer is bare (as in Node.js). Pings that come before a polling client has
        fetched it have it in common.
        """
        self._set_deadline(self._patience)
        if not self._outbox or self._outbox[-1] is not PONG:
            self.send_prepared(PONG)

    def _pong_received(self) -> None:
        """Only the client pings."""
        self._end(TRANSPORT_ERROR, WRONG_DIRECTION)
