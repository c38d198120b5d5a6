"""Serves one WSGI application: ``python launch.py MODE MODULE:APPLICATION PORT [CERTFILE KEYFILE]``.

A mode is what users write or type, as close as a program can do it. The process ends at SIGINT, and in any case after
`LIFETIME` seconds, whatever became of the tests that started it.
"""

import importlib
import os
import runpy
import signal
import sys
from typing import Any

LIFETIME = 900  # seconds

GUNICORN_WORKERS = {
    "gunicorn-gevent": "gevent",
    "gunicorn-gevent_pywsgi": "gevent_pywsgi",
    "gunicorn-geventwebsocket": "geventwebsocket.gunicorn.workers.GeventWebSocketWorker",
    "gunicorn-sync": "sync",
    "gunicorn-gthread": "gthread",
}


def run_module(module: str, *arguments: str) -> None:
    """The same as ``python -m module arguments``."""
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def load(target: str) -> Any:
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)


def main(mode: str, target: str, port: str, *certificate: str) -> None:
    signal.alarm(LIFETIME)  # survives whatever the mode does; the default action of SIGALRM ends the process
    address = ("127.0.0.1", int(port))
    if mode in GUNICORN_WORKERS:
        bind = ["--bind", f"127.0.0.1:{port}", "--worker-class", GUNICORN_WORKERS[mode]]
        # At the end of it the master kills the worker and logs an error: not because this machine is busy just now.
        patience = ["--graceful-timeout", "10"]
        run_module("gunicorn", *bind, *patience, "--access-logfile", "-", "--no-control-socket", target)
        return
    if mode == "flask-run":
        run_module("flask", "--app", target, "run", "--port", port)
        return

    from gevent import getcurrent, monkey, signal_handler

    monkey.patch_all()
    # Without this, Python raises KeyboardInterrupt in whatever greenlet runs, which gevent logs as that one's failure.
    signal_handler(signal.SIGINT, getcurrent().throw, KeyboardInterrupt)

    if mode == "serve":
        from geventio import serve

        serve(load(target), f"127.0.0.1:{port}")
    elif mode == "serve-tls":
        from geventio import serve

        certfile, keyfile = certificate
        serve(load(target), f"127.0.0.1:{port}", certfile=certfile, keyfile=keyfile)
    elif mode == "pywsgi":
        from gevent.pywsgi import WSGIServer

        WSGIServer(address, load(target)).serve_forever()
    elif mode == "gevent-websocket":
        from gevent.pywsgi import WSGIServer
        from geventwebsocket.handler import WebSocketHandler

        WSGIServer(address, load(target), handler_class=WebSocketHandler).serve_forever()
    else:
        sys.exit(f"unknown serving mode {mode}")


if __name__ == "__main__":
    if "COVERAGE_PROCESS_START" in os.environ:
        import coverage

        coverage.process_startup()
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass  # how the tests stop a server
