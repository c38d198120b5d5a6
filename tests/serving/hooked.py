"""What hooks are tested with in every serving mode: a Socket.IO server with a middleware that asks for a user, header
hooks, errors that are counted, and the client's files.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geventio import Server, SocketIOMiddleware

CLIENT = Path(__file__).parents[1] / "peers" / "node" / "node_modules" / "socket.io-client" / "dist"
App = Callable[..., Any]

io = Server(serve_client=CLIENT, max_http_buffer_size=400_000)
errors: Counter[str] = Counter()
conns: Counter[str] = Counter()


@io.engine.use
def authenticate(app: App) -> App:
    def application(environ: dict[str, Any], start_response: App) -> Any:
        user = environ.get("HTTP_X_USER")
        if user is None:
            start_response("401 Unauthorized", [("Content-Type", "text/plain")])
            return [b"who are you?"]
        if user == "trouble":
            raise ValueError("a middleware that fails")
        environ["user"] = user

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Set-Cookie", f"seen={user}")], exc_info)

        return app(environ, start)

    return application


@io.engine.on("headers")
def headers(headers: Any, environ: dict[str, Any]) -> None:
    headers["X-Served-For"] = environ["user"]


@io.engine.on("connection_error")
def refused(error: Any) -> None:
    errors[error.context["name"]] += 1


@io.on("connection")
def connected(socket: Any) -> None:
    for event in ("upgrade", "close"):
        socket.conn.on(event, lambda *args, event=event: conns.update([f"{event} {args[0]}"]))
    socket.emit("welcome", socket.handshake.environ["user"])


def routes(environ: dict[str, Any], start_response: App) -> list[bytes]:
    body = json.dumps({"errors": errors, "conns": conns, "sessions": io.engine.clients_count}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


application = SocketIOMiddleware(io, routes)
