"""The reference application: an ordinary Flask application with a Socket.IO server beside it.

Every serving mode serves this one module, and every client program speaks to it. The routes under ``/observed`` tell
a client program what the server saw of it (the reason of a disconnect, how many sockets are left), so that a scenario
can assert both ends.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import gevent
from app_namespaces import dynamic_namespaces
from app_selections import selections
from flask import Flask, Response, request
from gevent.event import AsyncResult

from geventio import ConnectionRejected, EventRejected, IncomingEvent, Server, SocketIOMiddleware
from geventio.parsers import MsgpackParser, Parser


def chosen_parser() -> Parser | None:
    """The packet encoding that `PEER_PARSER` names."""
    match os.environ.get("PEER_PARSER"):
        case "msgpack":
            return MsgpackParser()
        case "deflated":
            sys.path.append(str(Path(__file__).parents[2] / "examples"))
            from custom_parser import DeflatedParser

            return DeflatedParser()
    return None


flask_app = Flask(__name__)
deflate = json.loads(os.environ.get("PEER_DEFLATE", "false"))
io = Server(ping_interval=0.75, ping_timeout=20, allow_eio3=True, parser=chosen_parser(), per_message_deflate=deflate)
admin = io.of("/admin")
chat = io.of("/chat")
guarded = io.of("/guarded")

connected: set[str] = set()
farewells: defaultdict[str, AsyncResult] = defaultdict(AsyncResult)
connections = count(1)


# -- connecting and leaving, the same in each namespace ---------------------------------------------------------------


@io.use
def number(socket: Any) -> None:
    socket.data["number"] = next(connections)


@admin.use
def authenticate(socket: Any) -> None:
    if socket.handshake.auth.get("token") != "secret":
        raise ConnectionRejected("not authorised", {"code": 401, "hint": ["token", {"nested": None}]})


@io.of("/closed").use
def closed(socket: Any) -> None:
    raise ConnectionRejected("closed for today")


def welcome(socket: Any) -> None:
    connected.add(socket.id)
    socket.emit("welcome", {"id": socket.id, "auth": socket.handshake.auth})


def remember_rooms(socket: Any, reason: str) -> None:
    socket.data["farewell"] = {"reason": reason, "rooms": sorted(socket.rooms - {socket.id})}


def farewell(socket: Any, reason: str) -> None:
    connected.discard(socket.id)
    remembered = socket.data["farewell"]
    farewells[socket.id].set({**remembered, "same": remembered["reason"] == reason, "left": sorted(socket.rooms)})


for namespace in (io, admin, chat, *dynamic_namespaces(io)):
    namespace.on("connection")(welcome)
    namespace.on("disconnecting")(remember_rooms)
    namespace.on("disconnect")(farewell)


# -- events and acknowledgements --------------------------------------------------------------------------------------


@io.on("echo")
def echo(socket: Any, *args: Any) -> None:
    socket.emit("echo", *args)


@io.on("événement 😀")
def unicode_name(socket: Any, *args: Any) -> None:
    socket.emit("réponse 😀", *args)


@io.on("number")
def connection_number(socket: Any) -> int:
    return int(socket.data["number"])


@io.on("transport")
def transport(socket: Any) -> str:
    return str(socket.conn.transport.name)


@io.on("ack one")
def ack_one(socket: Any, value: Any) -> Any:
    return value


@io.on("ack many")
def ack_many(socket: Any, *args: Any) -> tuple[Any, ...]:
    return args


@io.on("ack none")
def ack_none(socket: Any) -> None:
    return None


@io.on("ack later")
def ack_later(socket: Any, *args: Any, ack: Callable[..., None]) -> str:
    gevent.spawn_later(0.02, ack, *args)
    return "what a handler with the ack parameter returns is not sent"


@io.on("ack never")
def ack_never(socket: Any, *, ack: Callable[..., None]) -> None:
    return None


@io.on("call me")
def call_me(socket: Any, *args: Any) -> Any:
    return socket.call("question", *args, timeout=5)


@io.on("ask me")
def ask_me(socket: Any, *args: Any) -> None:
    socket.emit("question", *args, ack=lambda *reply: socket.emit("reported", *reply))


# -- rooms ------------------------------------------------------------------------------------------------------------


@io.on("join")
def join(socket: Any, room: str) -> list[str]:
    socket.join(room)
    return sorted(socket.rooms - {socket.id})


@io.on("leave")
def leave(socket: Any, room: str) -> list[str]:
    socket.leave(room)
    return sorted(socket.rooms - {socket.id})


@io.on("to others")
def to_others(socket: Any, room: str, *args: Any) -> None:
    socket.to(room).emit("room", *args)


@io.on("to all")
def to_all(socket: Any, room: str, *args: Any) -> None:
    io.to(room).emit("room", *args)


@io.on("to two rooms")
def to_two_rooms(socket: Any, first: str, second: str, *args: Any) -> None:
    io.to(first).to(second).emit("room", *args)


@io.on("to except")
def to_except(socket: Any, room: str, excepted: str, *args: Any) -> None:
    io.to(room).except_(excepted).emit("room", *args)


@io.on("call room")
def call_room(socket: Any, room: str, *args: Any) -> list[list[Any]]:
    return [[sid, reply] for sid, reply in io.to(room).timeout(2).call("question", *args)]


@chat.on("say")
def say(socket: Any, text: str) -> str:
    chat.emit("said", text)
    return f"/chat heard {text}"


@admin.on("say")
def say_admin(socket: Any, text: str) -> str:
    return f"/admin heard {text}"


selections(io)


# -- order, volatility, disconnects -----------------------------------------------------------------------------------


@io.on("stream")
def stream(socket: Any, length: int) -> None:
    """Number `length` messages, every tenth one with an attachment, while the client does something else."""
    gevent.spawn(_stream, socket, length)


def _stream(socket: Any, length: int) -> None:
    for position in range(length):
        attachment = [bytes([position % 256])] if position % 10 == 0 else []
        socket.emit("numbered", position, *attachment)
        if position % 3 == 0:
            gevent.sleep(0.002)
    socket.emit("streamed", length)


@io.on("counted")
def counted(socket: Any, position: int, *attachment: bytes) -> None:
    socket.data.setdefault("counted", []).append(position)


@io.on("count")
def count_(socket: Any) -> list[int]:
    return list(socket.data.get("counted", []))


@io.on("ticks")
def ticks(socket: Any, length: int) -> None:
    for position in range(length):
        socket.volatile.emit("tick", position)
    socket.emit("ticked", length)


@io.on("leave me")
@chat.on("leave me")
def leave_me(socket: Any, close: bool) -> None:
    socket.disconnect(close)


# -- packet middlewares, typed handlers, listeners to any event --------------------------------------------------------


@guarded.on("connection")
def watch(socket: Any) -> None:
    incoming, outgoing = socket.data["seen"] = ([], [])
    socket.on_any(lambda event, *args: incoming.append(event))
    socket.on_any_outgoing(lambda event, *args: outgoing.append(event))


guarded.on("connection")(welcome)


@guarded.use_packet
def guard(socket: Any, event: IncomingEvent) -> None:
    if event.name == "refused by the middleware":
        raise EventRejected("not that one", {"code": 403, "hint": b"\x01"})
    if event.name == "dropped":
        event.drop()
    elif event.name == "sum":
        event.name = "add"
    elif event.name == "shout":
        event.name = "ack many"
        event.args[0] = event.args[0].upper()


guarded.on("ack many", ack_many)


@guarded.on("refused by the handler")
def refuse(socket: Any) -> None:
    raise EventRejected("not now")


@guarded.on("add")
def add(socket: Any, first: float, second: float = 0) -> float:
    return first + second


@guarded.on("what was seen?")
def what_was_seen(socket: Any) -> None:
    socket.emit("seen", *socket.data["seen"])


@guarded.on("*")
def unknown(socket: Any, event: str, *args: Any) -> tuple[Any, ...]:
    return (event, *args)


# -- ordinary HTTP ----------------------------------------------------------------------------------------------------


@flask_app.get("/")
def index() -> str:
    return "an ordinary page"


@flask_app.post("/echo")
def http_echo() -> Response:
    return Response(request.get_data(), content_type=request.content_type)


@flask_app.get("/stream")
def http_stream() -> Response:
    def lines() -> Iterator[str]:
        for position in range(20):
            gevent.sleep(0.001)
            yield f"line {position}\n"

    return Response(lines(), content_type="text/plain")


@flask_app.get("/observed/connected")
def observed_connected() -> dict[str, int]:
    return {"connected": len(connected)}


@flask_app.get("/observed/farewell/<sid>")
def observed_farewell(sid: str) -> dict[str, Any]:
    """What the disconnect handlers saw; waits until they did."""
    with gevent.Timeout(5, False):
        return {**farewells[sid].get()}
    return {"reason": None, "connected": sid in connected}


application = SocketIOMiddleware(io, flask_app)
