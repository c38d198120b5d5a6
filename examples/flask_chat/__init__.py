"""A chat: an ordinary Flask application with a Socket.IO server beside it.

``python -m examples.flask_chat`` runs it. The parts, in the order in which they are best read:

- ``app.py``: the Flask application: routes, templates, a login in the Flask session. Nothing in it knows of Socket.IO.
- ``events.py``: what the Socket.IO server does for the chat: a hundred lines, and the reason to read this example.
- ``admin.py``: the ``/admin`` namespace, which asks for a token.
- ``checks.py``: what is accepted from a client. ``chat.py``: rooms, history and presence.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from geventio import Server, SocketIOMiddleware

from .admin import add_admin
from .app import create_app
from .chat import History, Presence
from .events import add_chat

CLIENT_FILES = Path(__file__).parent / "node_modules" / "socket.io-client" / "dist"


def create_application(instance: str | Path | None = None, admin_token: str | None = None) -> SocketIOMiddleware:
    """The whole chat as one WSGI application.

    *instance* is the folder of what must outlive the process: the key that signs the session cookies, and the messages.
    Both settings are read from the environment where they are left out (see the README); without a token, nobody can be
    an administrator.
    """
    instance = instance or os.environ.get("CHAT_INSTANCE")
    admin_token = admin_token or os.environ.get("CHAT_ADMIN_TOKEN") or secrets.token_urlsafe()
    app = create_app(instance)
    io = Server(serve_client=CLIENT_FILES)  # answers pages of its own origin only; other sites are refused
    history = History(Path(app.instance_path, "chat.sqlite3"))
    presence = Presence()
    report = add_admin(io, history, presence, admin_token)
    add_chat(io, app, history, presence, report)
    return SocketIOMiddleware(io, app)
