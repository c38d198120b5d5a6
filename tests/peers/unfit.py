"""The application for servers that can't serve geventio: no gevent patches anything there."""

from flask import Flask

from geventio import Server, SocketIOMiddleware

flask_app = Flask(__name__)
flask_app.wsgi_app = SocketIOMiddleware(Server(), flask_app.wsgi_app)  # type: ignore[method-assign]


@flask_app.get("/")
def index() -> str:
    return "an ordinary page"
