"""The events that a namespace has sent, kept for clients that come back: bounded in bytes and in time.

Each has a number. What a client missed is found by the rooms that it was in, at a cost that follows what it missed: an
event knows the one before it in each of its rooms. Who joined or left a room while events of that room were in the log
is in the log too, so a client gets what was sent to its rooms while it was in them, no less and no more::

    log = EventLog("/", max_bytes=16_000_000, kept=120, unheard=105)
    log.append(['2["news",1,"x.1"]'], {"readers"}, (), compress=True)
    log.missed(0, "id1", {"readers"})  # one event

Its time is counted in ticks of about a second that somebody gives it (:meth:`EventLog.tick`). A process that was held
up gives none meanwhile, so what it could not send did not grow old either.
"""

import logging
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from sys import getsizeof
from typing import Any, Final, NamedTuple

logger = logging.getLogger("geventio.socketio")

ENTRY_BYTES: Final = 150
"""What an entry takes beside its messages, about: measured with CPython 3.11."""
ROOM_BYTES: Final = 100
"""What each of its rooms adds, beside the name: that may be a client's own, and as long as one likes."""

Room = str | None
"""A room; None: everybody."""

_EVERYBODY: Final[tuple[Room, ...]] = (None,)

Span = tuple[int, int]
"""From after one number to another one."""


class Entry:
    """An event that was sent."""

    __slots__ = ("_encoded", "compress", "excluded", "links", "tick")

    def __init__(
        self,
        messages: list[str | bytes],
        links: tuple[Room | int, ...],
        excluded: Collection[str],
        compress: bool,
        tick: int,
    ) -> None:
        self._encoded = messages if len(messages) > 1 else messages[0]
        self.links = links
        """Its rooms, each followed by the number of the event before it in this room, 0 for none."""
        self.excluded = excluded
        self.compress = compress
        self.tick = tick

    @property
    def messages(self) -> list[str | bytes]:
        """The event as it was encoded."""
        return self._encoded if isinstance(self._encoded, list) else [self._encoded]

    @property
    def length(self) -> int:
        """Bytes that are sent."""
        return sum(
            len(x if isinstance(x, bytes) or x.isascii() else x.encode("utf-8", "replace")) for x in self.messages
        )

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        size = ENTRY_BYTES + getsizeof(self._encoded) + _size_of(self.links[::2]) + _size_of(self.excluded)
        return size + sum(map(getsizeof, self._encoded)) if isinstance(self._encoded, list) else size


class Move:
    """A socket joined rooms, or left them."""

    __slots__ = ("before", "joined", "rooms", "sid", "tick")

    def __init__(self, sid: str, rooms: tuple[str, ...], joined: bool, before: int, tick: int) -> None:
        self.sid = sid
        self.rooms = rooms
        self.joined = joined
        self.before = before
        """The number of the socket's move before it, 0 for none."""
        self.tick = tick

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return ENTRY_BYTES + _size_of(self.rooms)


class Reach(NamedTuple):
    """How far a client certainly got: what was sent before has arrived, or was not for it."""

    number: int
    """Everything up to this entry."""
    tick: int
    """Everything that was sent before this tick."""
    joined: int
    """The tick at which its connection began."""


class EventLog:
    """What one namespace has sent. *kept* is how many ticks a client may be away, *unheard* how many may pass until one
    that is gone is known to be: what was sent before that over a connection that still answered has arrived.
    """

    def __init__(self, namespace: str, *, max_bytes: int, kept: int, unheard: int) -> None:
        self._namespace = namespace
        self._max_bytes = max_bytes
        self._unheard = unheard
        self._max_age = kept + unheard + 2  # a tick at either end may be as good as over
        self.position = 0
        """Number of the newest entry."""
        self.now = 0
        """How many ticks there have been."""
        self.size = 0
        """Bytes that the log takes, about."""
        self.dropped = 0
        """Events that went before their time, because the log had no room."""
        self._gone = (0, -1)  # number and tick of the newest entry that is not there any more
        self._oldest = 1  # number of the oldest entry
        self._entries: dict[int, Entry | Move] = {}
        self._latest: dict[Room, int] = {}  # the newest event of a room
        self._excluded: dict[str, int] = {}  # the newest event that left out a room
        self._moved: dict[str, int] = {}  # the newest move of a socket

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    # -- in

    def append(
        self, messages: list[str | bytes], rooms: Collection[str] | None, excluded: Collection[str], *, compress: bool
    ) -> None:
        """An event leaves, with the number that follows :attr:`position`."""
        number = self.position = self.position + 1
        latest = self._latest
        links: list[Room | int] = []
        for room in _EVERYBODY if rooms is None else rooms:
            links += (room, latest.get(room, 0))
            latest[room] = number
        if excluded:
            excluded = tuple(excluded)
            for room in excluded:
                self._excluded[room] = number
        self._keep(number, Entry(messages, tuple(links), excluded or (), compress, self.now))

    def move(self, sid: str, rooms: Collection[str], *, joined: bool, since: int) -> None:
        """A socket joins or leaves *rooms*. Noted where it makes a difference to a client that got everything up to
        the number *since*: where something in the log is about the room.
        """
        latest, excluded = self._latest, self._excluded
        about = tuple(room for room in rooms if latest.get(room, 0) > since or excluded.get(room, 0) > since)
        if about:
            number = self.position = self.position + 1
            before = self._moved.get(sid, 0)
            self._moved[sid] = number
            self._keep(number, Move(sid, about, joined, before, self.now))

    def _keep(self, number: int, entry: Entry | Move) -> None:
        self._entries[number] = entry
        self.size += entry.size
        while self.size > self._max_bytes:
            if isinstance(self._drop_oldest(), Entry):
                self.dropped += 1
                if self.dropped == 1:
                    logger.warning(
                        "events of the namespace %r are dropped before every client that is away can have come back: "
                        "they are kept in %d bytes (connection_state_recovery max_bytes), and whoever missed one of "
                        "them starts anew. Said once",
                        self._namespace,
                        self._max_bytes,
                    )

    def tick(self) -> None:
        """About a second has passed."""
        self.now += 1
        limit = self.now - self._max_age
        while self._entries and self._entries[self._oldest].tick < limit:
            self._drop_oldest()

    def _drop_oldest(self) -> Entry | Move:
        number = self._oldest
        self._oldest += 1
        entry = self._entries.pop(number)
        self._gone = (number, entry.tick)
        self.size -= entry.size
        if isinstance(entry, Entry):
            for key in entry.links[::2]:
                if self._latest.get(key) == number:  # type: ignore[arg-type]  # every second one is a room
                    del self._latest[key]  # type: ignore[arg-type]
            for room in entry.excluded:
                if self._excluded.get(room) == number:
                    del self._excluded[room]
        elif self._moved.get(entry.sid) == number:
            del self._moved[entry.sid]
        return entry

    # -- out

    def here(self) -> Reach:
        """Of a client that connects now, and missed nothing."""
        return Reach(self.position, self.now, self.now)

    def until_now(self, reach: Reach) -> Reach:
        """Of a client whose connection, which began with *reach*, ends now. One that was short may not have answered a
        single ping, and have brought nothing.
        """
        heard = self.now - self._unheard
        return reach if heard <= reach.joined else reach._replace(tick=heard)

    def covers(self, reach: Reach) -> bool:
        """Whether everything is there that a client may have missed that got as far as *reach*."""
        number, tick = self._gone
        return reach.number >= number or reach.tick > tick

    def resumed(self, missed: Mapping[int, Entry]) -> Reach:
        """Of a client that connects again now, and is sent what it *missed*."""
        first = next(iter(missed), None)
        return self.here() if first is None else Reach(first - 1, missed[first].tick, self.now)

    def missed(self, number: int, sid: str, rooms: Collection[str], ignored: Collection[str] = ()) -> dict[int, Entry]:
        """Events after *number*, in order, that were for the socket *sid*, which at last was in *rooms*; not those that
        it would only get for being in one of the *ignored* rooms.
        """
        spans = self._spans(number, sid, rooms)
        numbers = set(self._events(None, [(number, self.position)]))
        for room in spans.keys() - frozenset(ignored):
            numbers.update(self._events(room, spans[room]))
        found: dict[int, Entry] = {}
        for position in sorted(numbers):
            entry = self._entries[position]
            assert isinstance(entry, Entry)
            if not any(_within(position, spans.get(room, ())) for room in entry.excluded):
                found[position] = entry
        return found

    def _events(self, room: Room, spans: Sequence[Span]) -> Iterator[int]:
        """Numbers of the events of a room within *spans*, the newest first, as the spans are: they are walked once,
        however often a client went in and out.
        """
        number = self._latest.get(room, 0)
        for after, until in spans:
            while number > after:
                entry = self._entries.get(number)
                if not isinstance(entry, Entry):  # gone, and all before it
                    return
                if number <= until:
                    yield number
                number = entry.links[entry.links.index(room) + 1]  # type: ignore[assignment]  # behind a room: a number

    def _spans(self, after: int, sid: str, rooms: Collection[str]) -> dict[str, list[Span]]:
        """When a socket was in which room, from *after* until now, when it is in *rooms*; the newest time first."""
        spans: dict[str, list[Span]] = {}
        until = dict.fromkeys(rooms, self.position)  # rooms that it is in at the time that is looked at, going back
        number = self._moved.get(sid, 0)
        while number > after:
            move = self._entries.get(number)
            if not isinstance(move, Move):
                break
            for room in move.rooms:
                if room in until:
                    spans.setdefault(room, []).append((number, until.pop(room)))
                if not move.joined:
                    until[room] = number
            number = move.before
        for room, end in until.items():
            spans.setdefault(room, []).append((after, end))
        spans[sid] = [(after, self.position)]  # its own, whether it is in the room or not
        return spans


def _size_of(rooms: Collection[Any]) -> int:
    return ROOM_BYTES * len(rooms) + sum(map(getsizeof, rooms))


def _within(number: int, spans: Sequence[Span]) -> bool:
    """Whether *number* is in one of *spans*, the newest first."""
    candidate = bisect_right(spans, -number, key=lambda span: -span[1]) - 1  # the last that does not end before it
    return candidate >= 0 and spans[candidate][0] < number
