"""Three servers that keep sessions, each on a path of its own: with plenty of room and time, with little room, with
little time. What is emitted, clients ask for.
"""

import os
from collections import Counter
from typing import Any

from geventio import ConnectionRejected, Server, SocketIOMiddleware
from geventio.protocol.socketio import JSONParser
from geventio.protocol.socketio.msgpack_parser import MsgpackParser

parser = MsgpackParser if os.environ.get("PEER_PARSER") == "msgpack" else JSONParser


def serve(path: str, recovery: Any) -> Server:
    io = Server(path=path, connection_state_recovery=recovery, parser=parser(), serve_client=False)
    done: Counter[str] = Counter()

    @io.use
    def authenticate(socket: Any) -> None:
        if socket.handshake.auth.get("token") == "expired":
            raise ConnectionRejected("expired")

    @io.on("connection")
    def connected(socket: Any) -> None:
        if not socket.recovered:
            socket.data["connections"] = 0
        socket.data["connections"] += 1

    @io.on("join")
    def join(socket: Any, room: str) -> None:
        socket.join(room)

    @io.on("state")
    def state(socket: Any) -> dict[str, Any]:
        rooms = sorted(socket.rooms - {socket.id})
        return {"recovered": socket.recovered, "rooms": rooms, "connections": socket.data["connections"]}

    @io.on("number")
    def number(socket: Any, room: str, first: int, last: int, size: int) -> None:
        for position in range(first, last):
            io.to(room).emit("numbered", position, bytes(size) if position % 5 == 0 else "x" * size)

    @io.on("do")
    def do(socket: Any, what: str) -> int:
        done[what] += 1
        return done[what]

    @io.on("do, and lose the answer")
    def do_and_lose(socket: Any, what: str) -> int:
        done[what] += 1
        if done[what] == 1:
            socket.conn.close()
        return done[what]

    @io.on("quiet")
    def quiet(socket: Any, room: str) -> None:
        io.to(room).volatile.emit("volatile", "a text at the end")

    return io


plenty = serve("/plenty/", True)
small = serve("/small/", {"max_bytes": 20_000})
brief = serve("/brief/", {"max_disconnection_duration": 0.2})
application = SocketIOMiddleware(plenty, SocketIOMiddleware(small, SocketIOMiddleware(brief)))
