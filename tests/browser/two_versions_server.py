"""A page with socket.io-client 2 and 4 side by side, and the server that takes both; its argument is the port."""

# ruff: noqa: E402 (gevent patches first)

from gevent import monkey

monkey.patch_all()

import sys
from pathlib import Path

from flask import Flask, send_from_directory

from geventio import Server, SocketIOMiddleware, serve

PACKAGES = Path(__file__).parent / "node_modules"
PAGE = """<!doctype html>
<title>Two versions</title>
<link rel="icon" href="data:,">
<script src="/socket.io/socket.io.js"></script>
<script>const io4 = io;</script>
<script src="/version-2/socket.io.js"></script>
<script>const io2 = io;</script>
"""

app = Flask(__name__)
io = Server(allow_eio3=True, per_message_deflate={"threshold": 200}, serve_client=PACKAGES / "socket.io-client/dist")


@app.get("/")
def index():
    return PAGE


@app.get("/version-2/<path:name>")
def version_2(name):
    return send_from_directory(PACKAGES / "socket.io-client-2" / "dist", name)


@io.on("connection")
def connected(socket):
    socket.join("everybody")


@io.on("say")
def say(socket, text, data):
    io.to("everybody").emit("said", text, data)
    return {"heard": text, "bytes": len(data)}


@io.on("ask me")
def ask_me(socket, question):
    return socket.call("question", question, timeout=10)


@io.on("disconnect me")
def disconnect_me(socket):
    socket.disconnect(close=True)


@io.of("/admin").on("whoami")
def whoami(socket):
    return socket.handshake.auth.get("name")


if __name__ == "__main__":
    serve(SocketIOMiddleware(io, app), f"127.0.0.1:{sys.argv[1]}")
