"""What the official clients see of an engine's hooks: a Socket.IO server with all of them, and an Engine.IO server with
a first message.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from geventio import Engine, EngineIOMiddleware, Server, SocketIOMiddleware

PACKAGES = Path(__file__).parent / "node" / "node_modules"
App = Callable[..., Any]
numbers = itertools.count(1)

io = Server(
    serve_client=PACKAGES / "socket.io-client" / "dist",
    generate_id=lambda environ: f"{environ['user']}-{next(numbers)}-{'x' * 20}",
    cors_allowed_origins="https://*.example.org",
)


@io.engine.use
def authenticate(app: App) -> App:
    def application(environ: dict[str, Any], start_response: App) -> Any:
        gevent.sleep(0.001)
        user = environ.get("HTTP_X_USER")
        if user is None:
            start_response("401 Unauthorized", [("Content-Type", "text/plain")])
            return [b"who are you?"]
        environ["user"] = user

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-User-Seen", user)], exc_info)

        return app(environ, start)

    return application


@io.engine.on("initial_headers")
def initial_headers(headers: Any, environ: dict[str, Any]) -> None:
    headers.add("Set-Cookie", f"first={environ['user']}; Path=/")


@io.engine.on("headers")
def headers(headers: Any, environ: dict[str, Any]) -> None:
    headers["X-Every"] = environ["REQUEST_METHOD"]


@io.on("connection")
def connected(socket: Any) -> None:
    conn = socket.conn
    socket.emit("welcome", socket.handshake.environ["user"], conn.transport.name, conn.id)
    conn.on("upgrade", lambda name: socket.emit("upgraded", name))

    @conn.on("packet")
    def packet(kind: str, data: Any) -> None:
        if kind == "message" and "echo" in data:
            socket.emit("seen", data)

    @conn.on("close")
    def closed(reason: str, detail: str) -> None:
        io.emit("gone", socket.handshake.environ["user"], reason)


engine = Engine(initial_packet="welcome")
application = SocketIOMiddleware(io, EngineIOMiddleware(engine))
