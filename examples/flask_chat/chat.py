"""What the chat knows: its rooms, what was said in them, and who is here. No Flask and no Socket.IO in this file."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geventio import Socket

    from .checks import Draft


@dataclass(frozen=True, slots=True)
class Room:
    name: str
    topic: str


ROOMS = {
    room.name: room
    for room in (
        Room("lobby", "Say hello, everybody starts here"),
        Room("travel", "Where to next?"),
        Room("kitchen", "Recipes, and what became of them"),
        Room("music", "What are you listening to?"),
    )
}

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY, room TEXT NOT NULL, serial INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    time REAL NOT NULL, image_type TEXT, image BLOB,
    UNIQUE (room, serial)
);
"""
COLUMNS = "id, room, serial, name, text, time, image_type"


class History:
    """The newest messages of each room, in an SQLite file, so that they are still there after a restart.

    A message is a dict that goes to the browsers as it is. ``serial`` counts the messages of a room: the pages order by
    it and tell from it how many are unread. SQLite answers in microseconds and without a network, so its calls may
    block the event loop; a driver that talks to a database server would wait cooperatively under gevent's patches.
    """

    KEPT = 100  # messages in each room

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(SCHEMA)

    def add(self, draft: Draft, name: str) -> tuple[dict[str, Any], bool]:
        """Keep *draft*, once: returns the message and whether it is new.

        A browser that lost its connection before the acknowledgement came sends the message again with the same id.
        """
        values = (draft.id, draft.room, name, draft.text, time.time(), draft.image_type, draft.image, draft.room)
        cursor = self._database.execute(
            "INSERT INTO message (id, room, name, text, time, image_type, image, serial)"
            " SELECT ?, ?, ?, ?, ?, ?, ?, 1 + coalesce(max(serial), 0) FROM message WHERE room = ?"
            " ON CONFLICT (id) DO NOTHING",
            values,
        )
        message = dict(self._database.execute(f"SELECT {COLUMNS} FROM message WHERE id = ?", [draft.id]).fetchone())
        oldest = message["serial"] - self.KEPT
        self._database.execute("DELETE FROM message WHERE room = ? AND serial <= ?", [draft.room, oldest])
        return message, cursor.rowcount == 1

    def latest(self, room: str) -> list[dict[str, Any]]:
        """The messages of *room*, oldest first, without the bytes of their images: pages ask for those one by one."""
        rows = self._database.execute(f"SELECT {COLUMNS} FROM message WHERE room = ? ORDER BY serial", [room])
        return [dict(row) for row in rows]

    def image(self, message_id: str) -> bytes | None:
        row = self._database.execute("SELECT image FROM message WHERE id = ?", [message_id]).fetchone()
        return row["image"] if row else None

    def last_serial(self, room: str) -> int:
        """How many messages *room* has ever had."""
        query = "SELECT coalesce(max(serial), 0) AS last FROM message WHERE room = ?"
        return int(self._database.execute(query, [room]).fetchone()["last"])


class Presence:
    """Who is online, by name. One person may have several tabs open: each is a socket, each may show another room."""

    def __init__(self) -> None:
        self._sockets: dict[str, dict[str, Socket]] = {}

    def add(self, name: str, socket: Socket) -> None:
        self._sockets.setdefault(name, {})[socket.id] = socket

    def remove(self, name: str, socket: Socket) -> None:
        tabs = self._sockets.get(name, {})
        tabs.pop(socket.id, None)
        if not tabs:
            self._sockets.pop(name, None)

    def sockets(self, name: str) -> list[Socket]:
        return list(self._sockets.get(name, {}).values())

    def rooms(self, name: str) -> list[str] | None:
        """The rooms that *name* has open; None for somebody who is not online."""
        tabs = self._sockets.get(name)
        if tabs is None:
            return None
        return sorted({tab.data["room"] for tab in tabs.values() if "room" in tab.data})

    def everyone(self) -> dict[str, list[str]]:
        return {name: self.rooms(name) or [] for name in self._sockets}
