"""The chat's Socket.IO events: who may connect, what a browser may send, and who hears of it.

A handler takes ``(socket, *args)``. The arguments come from a browser and can be of any number and type, so each
handler takes what there is and reads it through ``checks.py``. What a handler returns is the acknowledgement: the
browser's ``await socket.emitWithAck("message", ...)`` gets it. Handlers of one socket run one after the other, and
nothing else runs between two lines that do not wait: no locks are needed here.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from flask import Flask

from geventio import ConnectionRejected, Server, Socket

from .chat import ROOMS, History, Presence
from .checks import Refused, read_draft, read_message_id, read_room, refusals_to_ack

MESSAGES_PER_10_SECONDS = 30


def add_chat(io: Server, app: Flask, history: History, presence: Presence, report: Callable[[], None]) -> None:
    """Register the chat's events on *io*; *report* tells the administrators that something changed."""

    @io.use
    def authenticate(socket: Socket) -> None:
        """Runs before a socket connects: only who is logged in to the Flask application gets in."""
        request = app.request_class(socket.handshake.environ)
        session = app.session_interface.open_session(app, request)
        if not session or "name" not in session:
            raise ConnectionRejected("log in first", {"login": "/login"})
        socket.data["name"] = session["name"]
        socket.data["sent"] = deque(maxlen=MESSAGES_PER_10_SECONDS)

    @io.on("connection")
    def connected(socket: Socket) -> None:
        name = socket.data["name"]
        presence.add(name, socket)
        rooms = [{"name": room, "serial": history.last_serial(room)} for room in ROOMS]
        socket.emit("welcome", {"rooms": rooms, "online": presence.everyone()})
        announce_presence(name)

    @io.on("join")
    @refusals_to_ack
    def join(socket: Socket, room: object = None, *_: object) -> dict[str, Any]:
        """Show another room: its messages come as the acknowledgement, and from now on also as they are written."""
        name = read_room(room)
        if "room" in socket.data:
            socket.leave(socket.data["room"])
        socket.join(name)
        socket.data["room"] = name
        announce_presence(socket.data["name"])
        return {"messages": history.latest(name)}

    @io.on("message")
    @refusals_to_ack
    def received(socket: Socket, message: object = None, *_: object) -> dict[str, Any]:
        draft = read_draft(message)
        check_rate(socket.data["sent"])
        saved, is_new = history.add(draft, socket.data["name"])
        if saved["name"] != socket.data["name"]:
            raise Refused("This id belongs to another message.")
        if is_new:
            # bytes may be anywhere in the arguments: they travel as binary, beside the JSON
            socket.to(draft.room).emit("message", {**saved, "image": draft.image})
            # those who look at other rooms only learn that there is something to read
            io.except_(draft.room).emit("activity", draft.room, saved["serial"])
            report()
        return {"message": saved}

    @io.on("image")
    @refusals_to_ack
    def image(_socket: Socket, message_id: object = None, *_: object) -> dict[str, Any]:
        """The image of an older message, which the history came without."""
        data = history.image(read_message_id(message_id))
        if data is None:
            raise Refused("This image is not kept any more.")
        return {"image": data}

    @io.on("typing")
    def typing(socket: Socket, is_typing: object = None, *_: object) -> None:
        if "room" in socket.data:
            # volatile: worthless when late, so it is dropped for a browser that is not keeping up
            socket.to(socket.data["room"]).volatile.emit("typing", socket.data["name"], is_typing is True)

    @io.on("disconnect")
    def disconnected(socket: Socket, _reason: str) -> None:
        presence.remove(socket.data["name"], socket)
        announce_presence(socket.data["name"])

    def announce_presence(name: str) -> None:
        io.emit("presence", name, presence.rooms(name))
        report()


def check_rate(sent: deque[float]) -> None:
    """Refuse a message when the last thirty took less than ten seconds; *sent* has the times of the last thirty."""
    now = time.monotonic()
    if len(sent) == sent.maxlen and now - sent[0] < 10:
        raise Refused("Not so fast, please.")
    sent.append(now)
