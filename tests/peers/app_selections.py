"""What the reference application does with many sockets at once, and with one as another server would see it."""

from typing import Any

from geventio import Server


def selections(io: Server) -> None:
    """Register the handlers of ``node/scenarios/selections.js``."""

    @io.on("fetch")
    def fetch(socket: Any, room: str) -> list[Any]:
        found = io.to(room).fetch_sockets()
        return [[x.id, sorted(x.rooms - {x.id}), x.data["number"], x.handshake.auth] for x in found]

    @io.on("count of")
    def count_of(socket: Any, room: str) -> list[Any]:
        return [io.in_(room).count(), room in io.rooms()]

    @io.on("call remote")
    def call_remote(socket: Any, sid: str, *args: Any) -> Any:
        (remote,) = io.to(sid).fetch_sockets()
        return remote.call("question", *args, timeout=5)

    @io.on("join all")
    def join_all(socket: Any, room: str, other: str) -> None:
        io.in_(room).except_(socket.id).sockets_join(other)

    @io.on("leave all")
    def leave_all(socket: Any, room: str) -> None:
        io.in_(room).sockets_leave(room)

    @io.on("disconnect all")
    def disconnect_all(socket: Any, room: str, close: bool) -> None:
        io.in_(room).except_(socket.id).disconnect_sockets(close)
