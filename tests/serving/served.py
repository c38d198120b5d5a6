"""What the serving modes are tested with: an Engine.IO echo server, and routes that tell what is going on inside."""

import gc
import json
import os
from collections.abc import Callable
from typing import Any

from greenlet import greenlet

from geventio import EngineIOMiddleware
from geventio.engineio.engine import Engine

engine = Engine(body_timeout=0.5, max_http_buffer_size=400_000, max_send_buffer=2_000_000, per_message_deflate=True)
closed: list[str] = []


@engine.on("connection")
def connected(socket: Any) -> None:
    socket.on("message", socket.send)
    socket.on("close", closed.append)


def routes(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    gc.collect()
    state = {
        "pid": os.getpid(),
        "greenlets": sum(isinstance(thing, greenlet) and bool(thing) for thing in gc.get_objects()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "sessions": len(engine.sessions),
        "closed": closed,
    }
    body = json.dumps(state).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


application = EngineIOMiddleware(engine, routes)
