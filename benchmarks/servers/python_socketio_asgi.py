"""python-socketio on asyncio under uvicorn[standard]: uvloop, httptools and the websockets library by default."""

import asyncio
import gc
import signal
import sys
from typing import Any

import socketio
import uvicorn

io = socketio.AsyncServer(async_mode="asgi", http_compression=False)


@io.event
async def echo(sid: str, payload: Any) -> None:
    await io.emit("echo", payload, to=sid)


@io.event
async def broadcast(_sid: str, payload: Any) -> None:
    await io.emit("broadcast", payload)


async def started() -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, gc.collect)


app = socketio.ASGIApp(io, on_startup=started)
uvicorn.run(
    app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, ws_per_message_deflate=False
)
