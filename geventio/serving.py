"""``serve()``: a WSGI application on gevent's own server, with Engine.IO requests taken at the front door."""

from typing import Any

from gevent.pywsgi import WSGIServer


def serve(app: Any, address: str = "127.0.0.1:5000", *, keyfile: str | None = None, certfile: str | None = None) -> None:
    """Serve *app* until the process ends."""
    tls = {"keyfile": keyfile, "certfile": certfile} if certfile else {}
    WSGIServer(address, app, log=None, **tls).serve_forever()
