"""The Flask application: pages, a login by name, static files. It would run the same without Socket.IO.

A demonstration, so there are no passwords: the name in the signed session cookie is all that a visitor has. The
Socket.IO server reads that same cookie (``events.py``), and that is the whole connection between the two.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from flask import Flask, Response, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from .chat import ROOMS
from .checks import MAX_IMAGE_SIZE, MAX_NAME, MAX_TEXT, Refused, read_name

# Everything the page loads comes from this server; 'self' covers the WebSocket, blob: the images that messages bring.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(instance: str | Path | None = None) -> Flask:
    folder = Path(instance).resolve() if instance else Path(__file__).resolve().parent / "instance"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    app = Flask(__name__, instance_path=str(folder))
    app.config.update(
        SECRET_KEY=secret_key(folder / "secret_key"),
        SESSION_COOKIE_NAME="flask_chat",  # browsers share cookies between the ports of one host: avoid "session"
        SESSION_COOKIE_SAMESITE="Lax",
    )

    @app.get("/")
    def index() -> str | BaseResponse:
        if "name" not in session:
            return redirect(url_for("login"))
        limits = {"text": MAX_TEXT, "image": MAX_IMAGE_SIZE}
        return render_template("chat.html", name=session["name"], rooms=ROOMS.values(), limits=limits)

    @app.route("/login", methods=["GET", "POST"])
    def login() -> str | BaseResponse:
        if request.method == "POST":
            try:
                session["name"] = read_name(request.form.get("name"))
                return redirect(url_for("index"))
            except Refused as refusal:
                flash(str(refusal))
        return render_template("login.html", max_name=MAX_NAME)

    @app.post("/logout")
    def logout() -> BaseResponse:
        session.clear()
        return redirect(url_for("login"))

    @app.get("/admin")
    def admin() -> str:
        return render_template("admin.html")  # the page holds no data: that comes through the /admin namespace

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


def secret_key(path: Path) -> str:
    """The key that signs session cookies: made once and kept, so that a restart of the server logs nobody out."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with open(descriptor, "w") as file:
        key = secrets.token_hex(32)
        file.write(key)
    return key
