"""The log of sent events against a naive record of who was sent what."""

import random
import sys
from typing import Any

import pytest

from geventio.socketio.recovery.event_log import EventLog, Reach
from geventio.socketio.recovery.offsets import MAX_LENGTH, Offsets

PLENTY = 10_000_000


def new_log(max_bytes: int = PLENTY, kept: int = 10, unheard: int = 5) -> EventLog:
    return EventLog("/", max_bytes=max_bytes, kept=kept, unheard=unheard)


def add(log: EventLog, name: str, rooms: Any = None, excluded: Any = ()) -> int:
    log.append([name], rooms, excluded, compress=True)
    return log.position


def names(entries: Any) -> list[str]:
    return [entry.messages[0] for entry in entries.values()]


def test_what_a_socket_missed_is_what_was_sent_to_its_rooms() -> None:
    log = new_log()
    add(log, "before")
    start = log.position
    add(log, "all")
    add(log, "news", {"news"})
    add(log, "other", {"other"})
    add(log, "both", {"other", "news"})
    add(log, "own", ("id1",))
    add(log, "not me", None, {"id1"})
    add(log, "not news", None, {"news"})
    add(log, "nobody", frozenset())
    assert names(log.missed(start, "id1", {"id1", "news"})) == ["all", "news", "both", "own"]
    assert names(log.missed(start, "id2", {"id2"})) == ["all", "not me", "not news"]
    assert names(log.missed(start, "id1", {"id1", "news"}, ignored={"news"})) == ["all", "own"]
    assert log.missed(log.position, "id1", {"id1", "news"}) == {}


def test_at_random() -> None:
    """Sockets join and leave, events go to rooms and past them; each socket is asked for what it was sent, from
    wherever it may have been.
    """
    for seed in range(60):
        dice = random.Random(seed)
        log = new_log()
        rooms = ["a", "b", "c"]
        sids = ["x", "y", "z"]
        for number in range(dice.randrange(5)):
            add(log, f"early {number}", {dice.choice(rooms)})
        inside: dict[str, set[str]] = {sid: {sid} for sid in sids}
        since = dict.fromkeys(sids, log.position)
        sent: dict[str, list[tuple[int, str]]] = {sid: [] for sid in sids}
        for number in range(60):
            sid, room = dice.choice(sids), dice.choice(rooms)
            match dice.randrange(4):
                case 0:
                    if room not in inside[sid]:
                        log.move(sid, [room], joined=True, since=since[sid])
                        inside[sid].add(room)
                case 1:
                    if room in inside[sid]:
                        log.move(sid, [room], joined=False, since=since[sid])
                        inside[sid].discard(room)
                case _:
                    to = None if dice.random() < 0.3 else set(dice.sample(rooms + sids, dice.randint(1, 3)))
                    excluded = set(dice.sample(rooms + sids, dice.choice([0, 0, 1, 2])))
                    at = add(log, str(number), to, excluded)
                    for other in sids:
                        if (to is None or to & inside[other]) and not excluded & inside[other]:
                            sent[other].append((at, str(number)))
        for sid in sids:
            for position in range(since[sid], log.position + 1):
                expected = [name for at, name in sent[sid] if at > position]
                assert names(log.missed(position, sid, inside[sid])) == expected, (seed, sid, position)


class CountedEntries(dict[int, Any]):
    """Entries of a log, and how often one was looked at."""

    looks = 0

    def get(self, number: int, default: Any = None) -> Any:
        self.looks += 1
        return super().get(number, default)


def test_who_went_in_and_out_all_the_time_costs_no_more_than_what_is_there() -> None:
    log = new_log()
    add(log, "first", {"room"})
    for number in range(1000):
        log.move("id1", ["room"], joined=bool(number % 2), since=0)
        add(log, str(number), {"room"}, {"room"} if number % 3 else ())
    entries = log._entries = CountedEntries(log._entries)
    assert names(log.missed(0, "id1", {"id1", "room"}))[1:4] == ["3", "9", "15"]
    assert entries.looks <= 2 * len(log)


def test_names_of_rooms_count(caplog: pytest.LogCaptureFixture) -> None:
    """Where clients may name them, a name is as long as a message may be."""
    log = new_log(max_bytes=100_000)
    add(log, "first", None, ("x" * 30_000,))
    for number in range(10):
        name = f"{number}" + "x" * 30_000
        add(log, "event", {name})
        log.move("id1", [name], joined=True, since=0)
        assert log.size <= 100_000
        assert len(log) <= 3
    assert log.dropped
    assert caplog.records


def test_moves_are_noted_only_where_they_matter() -> None:
    log = new_log()
    log.move("id1", ["quiet"], joined=True, since=0)
    assert len(log) == 0
    add(log, "1", {"loud"})
    since = log.position
    log.move("id1", ["quiet", "loud"], joined=True, since=since)
    assert len(log) == 1
    log.move("id1", ["quiet", "loud"], joined=True, since=0)
    assert len(log) == 2


def test_bytes_are_bounded_and_what_is_dropped_is_told(caplog: pytest.LogCaptureFixture) -> None:
    log = new_log(max_bytes=20 * 400)
    for number in range(1000):
        add(log, f"{number}", {"id1", f"room {number}"}, {f"not {number}"})
        log.move("id2", [f"room {number}"], joined=True, since=0)
        assert log.size <= 20 * 400
    assert 10 < len(log) < 40
    assert log.dropped > 900
    assert len(caplog.records) == 1
    assert "max_bytes" in caplog.text
    assert not log.covers(Reach(5, 0, 0))
    assert log.covers(Reach(log.position - 5, 0, 0))
    for index in (log._latest, log._excluded, log._moved):
        assert len(index) < 60


def test_an_event_that_is_too_big_is_dropped_at_once() -> None:
    log = new_log(max_bytes=1000)
    log.append(["2" + "x" * 500, b"y" * 600], None, (), compress=True)
    assert (len(log), log.size, log.dropped) == (0, 0, 1)
    assert not log.covers(Reach(0, 0, 0))
    assert log.covers(Reach(1, 0, 0))


def test_events_go_with_time() -> None:
    log = new_log(kept=10, unheard=5)
    add(log, "old", {"id1"})
    for _ in range(17):
        log.tick()
    assert len(log) == 1
    log.tick()
    assert len(log) == log.size == log.dropped == 0


def test_a_quiet_client_got_what_was_sent_while_it_answered() -> None:
    """Its offset is old, because little was for it. Its answers to pings prove that it got what there was."""
    log = new_log(max_bytes=1000, kept=10, unheard=5)
    start = log.here()
    for number in range(10):
        add(log, str(number), {"others"})
    for _ in range(5):
        log.tick()
        assert log.until_now(start) == start
        assert not log.covers(log.until_now(start))
    log.tick()
    assert log.covers(log.until_now(start))


def test_a_client_that_comes_back_all_the_time_proves_nothing() -> None:
    """Connections that are too short for a ping may bring nothing, for as long as the events are kept and longer."""
    log = new_log(kept=10, unheard=5)
    reach = log.here()
    add(log, "others", {"others"})
    for _ in range(3):
        log.tick()
    first = add(log, "missed", {"id1"})
    covered = []
    for _ in range(30):
        reach = log.until_now(reach)
        covered.append(log.covers(reach))
        if not covered[-1]:
            break
        missed = log.missed(reach.number, "id1", {"id1"})
        assert names(missed) == ["missed"]
        reach = log.resumed(missed)
        assert reach == (first - 1, 3, log.now)
        log.tick()
    assert covered == [True] * 18 + [False]
    assert log.covers(log.here())


def test_a_client_that_missed_nothing_got_everything() -> None:
    log = new_log(kept=10, unheard=5)
    reach = log.here()
    for _ in range(50):
        add(log, "others", {"others"})
        reach = log.until_now(reach)
        assert log.covers(reach)
        missed = log.missed(reach.number, "id1", {"id1"})
        assert missed == {}
        reach = log.resumed(missed)
        log.tick()


def test_the_size_is_about_what_it_takes() -> None:
    import tracemalloc

    offsets = Offsets()
    log = new_log(max_bytes=sys.maxsize)
    sids = ["x" * 16 + f"{number:04}" for number in range(500)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(20_000):
            log.append([f'2["event",{number},"{offsets.text(number)}"]'], (sids[number % 500],), (), compress=True)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.8 < log.size / taken < 1.6


def test_offsets() -> None:
    offsets, others = Offsets(), Offsets()
    for number in (0, 1, 255, 2**40):
        assert offsets.number(offsets.text(number), 2**40) == number
        assert others.number(offsets.text(number), 2**40) is None
    text = offsets.text(10)
    assert offsets.number(text, 9) is None
    other_process = ("A" if text[0] != "A" else "B") + text[1:]
    assert offsets.number(other_process, 100) == 0
    bad = [
        "",
        "hello",
        text + "g",
        text.upper(),
        text + " ",
        "\n" + text,
        text + "\n",
        text[:-1] + "١",
        text + "0" * 14,
    ]
    bad += ["x" * MAX_LENGTH, text.replace(".", "")]
    assert [offsets.number(wrong, 2**60) for wrong in bad] == [None] * len(bad)
