from gevent import monkey

monkey.patch_all()

from flask import Flask

from geventio import Server, SocketIOMiddleware, serve

app, io = Flask(__name__), Server()


@app.route("/")
def index():
    return "an ordinary route of an ordinary application"


@io.on("chat message")
def chat(socket, text):
    io.emit("chat message", text)  # to everybody
    return "got it"  # the sender's acknowledgement


if __name__ == "__main__":
    serve(SocketIOMiddleware(io, app), "127.0.0.1:5000")
