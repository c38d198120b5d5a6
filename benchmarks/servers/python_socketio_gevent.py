# ruff: noqa: E402
"""python-socketio on gevent: pywsgi with gevent-websocket's handler, as its documentation sets it up."""

from gevent import monkey

monkey.patch_all()  # before anything else is imported

import gc
import signal
import sys
from typing import Any

import gevent
import socketio
from gevent.pywsgi import WSGIServer
from geventwebsocket.handler import WebSocketHandler

io = socketio.Server(async_mode="gevent", http_compression=False)


@io.event
def echo(sid: str, payload: Any) -> None:
    io.emit("echo", payload, to=sid)


@io.event
def broadcast(_sid: str, payload: Any) -> None:
    io.emit("broadcast", payload)


gevent.signal_handler(signal.SIGUSR2, gc.collect)
app = socketio.WSGIApp(io)
WSGIServer(("127.0.0.1", int(sys.argv[1])), app, handler_class=WebSocketHandler, log=None).serve_forever()
