"""The applications under the conformance cases: an Engine.IO echo server and a Socket.IO server."""

from typing import Any

from geventio import Engine, EngineIOMiddleware, Server, SocketIOMiddleware

PING_INTERVAL = 0.3
PING_TIMEOUT = 0.2
CONNECT_TIMEOUT = 1.0
MAX_PAYLOAD = 1_000_000

engine = Engine(path="/engine.io/", ping_interval=PING_INTERVAL, ping_timeout=PING_TIMEOUT)


@engine.on("connection")
def echo(session: Any) -> None:
    session.on("message", session.send)


io = Server(ping_interval=PING_INTERVAL, ping_timeout=PING_TIMEOUT, connect_timeout=CONNECT_TIMEOUT)


def connected(socket: Any) -> None:
    socket.emit("auth", socket.handshake.auth)


def message(socket: Any, *args: Any) -> None:
    socket.emit("message-back", *args)


def message_with_ack(socket: Any, *args: Any) -> tuple[Any, ...]:
    return args


for namespace in (io.of("/"), io.of("/custom")):
    namespace.on("connection")(connected)
    namespace.on("message")(message)
    namespace.on("message-with-ack")(message_with_ack)

engine_application = EngineIOMiddleware(engine)
sockets_application = SocketIOMiddleware(io)
