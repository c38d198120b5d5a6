# ruff: noqa: E402
"""A page with the official client, and a server that compresses whatever it sends: run with a port."""

from gevent import monkey

monkey.patch_all()

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geventio import Server, SocketIOMiddleware, serve

DIST = Path(__file__).parents[1] / "peers" / "node" / "node_modules" / "socket.io-client" / "dist"
PAGE = b"<!doctype html><title>compression</title><link rel=icon href=data:,><script src=/client.js></script>"

io = Server(per_message_deflate={"threshold": 0})
io.on("echo", lambda socket, *args: list(args))  # one array for emitWithAck


@io.on("to all")
def to_all(socket: Any, *args: Any) -> None:
    io.emit("news", *args)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    script = environ["PATH_INFO"] == "/client.js"
    body = (DIST / "socket.io.min.js").read_bytes() if script else PAGE
    kind = "text/javascript" if script else "text/html"
    start_response("200 OK", [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    serve(SocketIOMiddleware(io, application), f"127.0.0.1:{sys.argv[1]}")
