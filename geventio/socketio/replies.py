"""What comes back from many, and how it is gathered: acknowledgements of clients, and of servers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, overload

from geventio.exceptions import GeventIOError
from geventio.runtime import Timer, current_runtime
from geventio.socketio.acks import reply_value


class Replies(Sequence[tuple[str, Any]]):
    """What the clients of a broadcast acknowledged: pairs (sid, reply), in the order of their arrival.

    A reply is None for no arguments, the argument itself, or a tuple of several. ``missing`` holds the ids of those
    that did not answer in time or left. In a cluster with Node.js servers, the id of a client of theirs is ``""``,
    because they do not tell it, and its reply the first argument.
    """

    def __init__(self, pairs: list[tuple[str, Any]], missing: list[str]) -> None:
        self._pairs = pairs
        self.missing = missing

    @overload
    def __getitem__(self, index: int) -> tuple[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, Any]]: ...

    def __getitem__(self, index: Any) -> Any:
        return self._pairs[index]

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self._pairs)

    def __repr__(self) -> str:
        return f"<Replies: {len(self._pairs)} answered, {len(self.missing)} missing>"


class ServerReplies(list[Any]):
    """What the other servers acknowledged, in the order of arrival: one value each. ``missing`` is the number of those
    that did not answer in time.
    """

    def __init__(self, values: list[Any], missing: int) -> None:
        super().__init__(values)
        self.missing = missing


class Gathering:
    """Gathers acknowledgements until all are there or the time is over (an AckCollector)::

        gathering = Gathering(lambda gathering: waiter.set(gathering.answered))
        adapter.broadcast_with_ack(packet, options, gathering, timeout)
        gathering.limit(timeout)

    With *only*, what one socket says ends it; others in its room are not listened to.
    """

    __slots__ = ("_done", "_left", "_only", "_servers", "_timer", "answered", "failed", "over", "timed_out")

    def __init__(self, done: Callable[["Gathering"], None], *, only: str | None = None) -> None:
        self._done = done
        self._only = only
        self._left: dict[str, int] = {}  # below 0 for an answer that overtook the word that it was asked for
        self._servers = 1  # that have not said yet whom they ask
        self._timer: Timer | None = None
        self.answered: list[tuple[str, list[Any]]] = []
        """Ids and arguments, in the order of arrival."""
        self.failed: list[tuple[str, GeventIOError]] = []
        """Those known not to answer, and why."""
        self.over = False
        """Whether all is there, or the time over."""
        self.timed_out = False
        """Whether the time ended it."""

    @property
    def missing(self) -> list[str]:
        """Ids of those that did not answer."""
        unheard = [id for id, count in self._left.items() for _ in range(count)]
        return [id for id, _ in self.failed] + unheard

    def limit(self, timeout: float) -> None:
        """Wait *timeout* seconds at most."""
        if not self.over:
            self._timer = current_runtime().timers.allow(timeout, self._time_over)

    def more_servers(self, count: int) -> None:
        """See AckCollector."""
        self._servers += count

    def expect(self, ids: Collection[str]) -> None:
        """See AckCollector."""
        self._servers -= 1
        for id in ids:
            self._count(id, 1)
        self._check()

    def collect(self, id: str, error: GeventIOError | None, args: list[Any]) -> None:
        """See AckCollector."""
        if self.over:
            return
        self._count(id, -1)
        if self._only is None or id in (self._only, ""):
            if error is None:
                self.answered.append((id, args))
            else:
                self.failed.append((id, error))
            if self._only is not None:
                self._end()
                return
        self._check()

    def _count(self, id: str, change: int) -> None:
        count = self._left.get(id, 0) + change
        if count:
            self._left[id] = count
        else:
            del self._left[id]

    def _check(self) -> None:
        if self._servers <= 0 and not self._left and not self.over:
            self._end()

    def _time_over(self) -> None:
        """Runs in the hub."""
        self.timed_out = True
        self._end()

    def _end(self) -> None:
        self.over = True
        if self._timer is not None:
            self._timer.stop()
        self._done(self)


def client_replies(gathering: Gathering) -> Replies:
    """What clients acknowledged."""
    return Replies([(sid, reply_value(args)) for sid, args in gathering.answered], gathering.missing)


def server_replies(gathering: Gathering) -> ServerReplies:
    """What servers acknowledged."""
    return ServerReplies([reply_value(args) for _, args in gathering.answered], len(gathering.missing))
