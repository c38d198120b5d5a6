"""SIGTERM and a program's own handlers; ``serve()`` outside the main thread; a worker with ``max_requests``."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import gevent
import pytest

from tests.peers.server_process import free_port

from .running import Client, get, handshake

PROGRAM = """
from gevent import monkey
monkey.patch_all()
import os, signal, sys, gevent
from geventio import Server, SocketIOMiddleware, serve
{before}
def ready(server):
    print("ready", server.address[1], flush=True)
{serve}
print("returned", signal.getsignal(signal.SIGTERM) is before, flush=True)
"""
SERVE = 'serve(SocketIOMiddleware(Server()), "127.0.0.1:0", ready=ready)'
IN_THE_MAIN_THREAD = "before = signal.getsignal(signal.SIGTERM)\n" + SERVE
OWN_HANDLER = """
def before(number, frame):
    print("mine", flush=True)
    os._exit(7)
signal.signal(signal.SIGTERM, before)
"""
TWO_SERVERS = f"""
before = signal.getsignal(signal.SIGTERM)
gevent.joinall([gevent.spawn(lambda: {SERVE}) for _ in range(2)])
"""
IN_ANOTHER_THREAD = f"""
before = signal.getsignal(signal.SIGTERM)
gevent.get_hub().threadpool.spawn(lambda: {SERVE})
gevent.sleep(60)
"""


def run(before: str, serve: str) -> tuple[str, int]:
    """What the program prints after SIGTERM, and its exit code."""
    program = PROGRAM.replace("{before}", before).replace("{serve}", serve)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        process.send_signal(signal.SIGTERM)
        try:
            out, _ = process.communicate(timeout=10)
        finally:
            process.kill()
    return out, process.returncode


def test_serve_returns_and_the_handler_is_as_before() -> None:
    assert run("", IN_THE_MAIN_THREAD) == ("returned True\n", 0)


def test_all_servers_of_a_process_end() -> None:
    out, code = run("", TWO_SERVERS)
    assert (out.splitlines()[-1], code) == ("returned True", 0)


def test_a_handler_of_the_program_is_left_alone() -> None:
    assert run(OWN_HANDLER, SERVE) == ("mine\n", 7)


def test_outside_the_main_thread_signals_are_the_programs_business() -> None:
    assert run("", IN_ANOTHER_THREAD) == ("", -signal.SIGTERM)


@pytest.mark.matrix
@pytest.mark.parametrize("kind", ["gevent"])  # the one of gunicorn's workers on gevent that counts requests
def test_a_worker_that_has_had_its_requests(kind: str, tmp_path: Path) -> None:
    port = free_port()
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-k", kind, "-b", f"127.0.0.1:{port}", "--max-requests", "4",
         "--no-control-socket", "served:application"],
        cwd=Path(__file__).parent, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        wait_for_port(port)
        websocket = Client(port)
        websocket.send(handshake())
        assert websocket.response(head_only=True)[0] == 101
        assert websocket.frame()[1][:1] == b"0"
        for _ in range(3):
            client = Client(port)
            client.send(get("/state", "Connection: close\r\n"))
            assert client.response()[0] == 200
            client.close()
        assert websocket.frame()[0] == 8
        websocket.close()
        client = Client(port)
        client.send(get("/state", "Connection: close\r\n"))
        assert client.response()[0] == 200  # of the next worker, which now knows its signals
        client.close()
    finally:
        process.terminate()
        gevent.get_hub().threadpool.spawn(process.wait, 10).get()
        log.close()
    text = (tmp_path / "log").read_text()
    assert text.count("Booting worker") == 2
    assert "ERROR" not in text
    assert "Traceback" not in text


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline
        gevent.sleep(0.05)
