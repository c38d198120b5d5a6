"""What the log says of a process that is not monkey-patched, or was patched too late: once, and precisely."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(name)s %(levelname)s %(message)s")
{first}
import gevent
from geventio import Server, SocketIOMiddleware, serve
from gevent.pywsgi import WSGIServer
app = SocketIOMiddleware(Server())

def ask(port):
    from gevent import socket
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\\r\\nHost: x\\r\\n")
        sock.sendall(b"Connection: close\\r\\n\\r\\n")
        while sock.recv(65536):
            pass

{serve}
"""
SERVE = """
def ready(server):
    ask(server.address[1])
    server.stop()
for _ in range(2):
    serve(app, "127.0.0.1:0", ready=ready)
"""
WSGI_SERVER = """
server = WSGIServer(("127.0.0.1", 0), app, log=None)
server.start()
print("started", flush=True)
for _ in range(2):
    ask(server.address[1])
"""
LATE = """
import waiting_module
from gevent import monkey
monkey.patch_all()
"""


def log_of(first: str, serve: str, tmp_path: Path) -> str:
    (tmp_path / "waiting_module.py").write_text("from time import sleep\nfrom socket import create_connection as c\n")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.replace("{first}", first).replace("{serve}", serve)],
        capture_output=True, text=True, timeout=30, check=True, env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("serve", [SERVE, WSGI_SERVER], ids=["serve", "pywsgi"])
def test_not_patched_at_all(serve: str, tmp_path: Path) -> None:
    log = log_of("", serve, tmp_path)
    assert log.count("geventio.patching WARNING") == 1
    assert "not monkey-patched: socket, ssl, select, time, threading, queue, subprocess, os. " in log
    assert "    from gevent import monkey\n    monkey.patch_all()\n" in log
    if serve is WSGI_SERVER:
        assert log.startswith("started")  # with the first request


def test_patched_in_part(tmp_path: Path) -> None:
    log = log_of("from gevent import monkey; monkey.patch_all(thread=False, time=False)", SERVE, tmp_path)
    assert log.count("WARNING") == 1
    assert "not monkey-patched: time, threading. " in log


@pytest.mark.parametrize("serve", [SERVE, WSGI_SERVER], ids=["serve", "pywsgi"])
def test_patched(serve: str, tmp_path: Path) -> None:
    assert "WARNING" not in log_of("from gevent import monkey; monkey.patch_all()", serve, tmp_path)


def test_patched_after_a_module_took_what_it_waits_in(tmp_path: Path) -> None:
    log = log_of(LATE, SERVE, tmp_path)
    assert log.count("WARNING") == 1
    assert "imported before monkey.patch_all(), and so still waiting unpatched" in log
    assert "waiting_module (c, sleep)" in log


def test_the_log_is_silenced_by_its_name(tmp_path: Path) -> None:
    silent = 'logging.getLogger("geventio.patching").disabled = True'
    assert "WARNING" not in log_of(silent, SERVE, tmp_path)
