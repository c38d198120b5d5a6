"""The ``/admin`` namespace: a second conversation over the same connection, with its own guard and its own events.

The token comes in the handshake's ``auth`` (``io("/admin", {auth: {token}})`` in the browser), never in the URL, where
it would end in logs and histories.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from typing import Any

import gevent

from geventio import ConnectionRejected, Server, Socket

from .chat import ROOMS, History, Presence
from .checks import Refused, read_name, read_text, refusals_to_ack

REPORT_INTERVAL = 0.5  # seconds: however busy the chat is, the administrators hear from it twice a second


def add_admin(io: Server, history: History, presence: Presence, token: str) -> Callable[[], None]:
    """Register the namespace on *io*; returns the function that tells its sockets that something changed."""
    admin = io.of("/admin")
    started = time.time()
    due: list[gevent.Greenlet] = []  # the report that is about to leave, if any

    def state() -> dict[str, Any]:
        online = presence.everyone()
        return {
            "started": started,
            "connections": sum(len(presence.sockets(name)) for name in online),
            "online": online,
            "rooms": [
                {
                    "name": room,
                    "messages": history.last_serial(room),
                    "people": sorted(name for name, rooms in online.items() if room in rooms),
                }
                for room in ROOMS
            ],
        }

    def report() -> None:
        if not due:
            due.append(gevent.spawn_later(REPORT_INTERVAL, send_report))

    def send_report() -> None:
        due.clear()
        admin.emit("state", state())

    @admin.use
    def authenticate(socket: Socket) -> None:
        given = socket.handshake.auth.get("token") if isinstance(socket.handshake.auth, dict) else None
        # compare_digest takes the same time wherever the first difference is
        if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
            raise ConnectionRejected("wrong token")

    @admin.on("connection")
    def connected(socket: Socket) -> None:
        socket.emit("state", state())

    @admin.on("announce")
    @refusals_to_ack
    def announce(_socket: Socket, text: object = None, *_: object) -> dict[str, Any]:
        announcement = read_text(text)
        if not announcement:
            raise Refused("An empty announcement.")
        io.emit("announcement", {"text": announcement, "time": time.time()})
        return {"reached": len(presence.everyone())}

    @admin.on("kick")
    @refusals_to_ack
    def kick(_socket: Socket, name: object = None, *_: object) -> dict[str, Any]:
        tabs = presence.sockets(read_name(name))
        if not tabs:
            raise Refused("Not online.")
        for tab in tabs:
            tab.disconnect()  # the browser does not reconnect by itself after a disconnect by the server
        return {"kicked": len(tabs)}

    return report
