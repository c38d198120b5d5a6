"""Socket.IO server for gevent and WSGI.

::

    from flask import Flask
    from geventio import Server, SocketIOMiddleware, serve

    io = Server()

    @io.on("chat message")
    def chat(socket, text):
        io.emit("chat message", text)

    serve(SocketIOMiddleware(io, Flask(__name__)), "127.0.0.1:5000")
"""

from geventio.engineio.engine import Engine
from geventio.exceptions import (
    AckTimeout,
    AdapterError,
    ConfigurationError,
    ConnectionRejected,
    Disconnected,
    EventRejected,
    GeventIOError,
    InvalidArguments,
    PacketDecodeError,
    PayloadTooBig,
    ProtocolError,
    WebSocketProtocolError,
)
from geventio.serving import serve
from geventio.socketio.broadcast import BroadcastOperator
from geventio.socketio.handlers.packet_middleware import IncomingEvent
from geventio.socketio.handshake import Handshake
from geventio.socketio.namespace import Namespace
from geventio.socketio.parent_namespace import ParentNamespace
from geventio.socketio.remote_socket import RemoteSocket
from geventio.socketio.replies import Replies, ServerReplies
from geventio.socketio.server import Server
from geventio.socketio.socket import Socket
from geventio.wsgi import EngineIOMiddleware, SocketIOMiddleware

__version__ = "0.2.0"

__all__ = [
    "AckTimeout",
    "AdapterError",
    "BroadcastOperator",
    "ConfigurationError",
    "ConnectionRejected",
    "Disconnected",
    "Engine",
    "EngineIOMiddleware",
    "EventRejected",
    "GeventIOError",
    "Handshake",
    "IncomingEvent",
    "InvalidArguments",
    "Namespace",
    "PacketDecodeError",
    "ParentNamespace",
    "PayloadTooBig",
    "ProtocolError",
    "RemoteSocket",
    "Replies",
    "Server",
    "ServerReplies",
    "Socket",
    "SocketIOMiddleware",
    "WebSocketProtocolError",
    "serve",
]
