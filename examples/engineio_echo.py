"""An Engine.IO echo server: text and binary, over long-polling and WebSocket, without Socket.IO on top.

Run it with ``python examples/engineio_echo.py``; connect with the ``engine.io-client`` package from npm:
``new Socket("http://127.0.0.1:5000", {path: "/engine.io/"})``.
"""

from geventio import Engine, EngineIOMiddleware, serve

engine = Engine(path="/engine.io/")


@engine.on("connection")
def connected(session):
    session.on("message", session.send)  # str comes back as text, bytes as binary


serve(EngineIOMiddleware(engine), "127.0.0.1:5000")
