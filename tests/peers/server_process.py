"""A server under test: one subprocess in one serving mode, its port, its log."""

import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

LAUNCH = Path(__file__).parent / "launch.py"

FULL_MODES = (
    "serve",
    "serve-tls",
    "pywsgi",
    "gunicorn-gevent",
    "gunicorn-gevent_pywsgi",
    "gevent-websocket",
    "gunicorn-geventwebsocket",
)
"""The serving modes in which everything works."""

UNFIT_MODES = ("flask-run", "gunicorn-sync", "gunicorn-gthread")
"""Servers that can't keep a connection beside other requests: they get an error that names the remedy."""

START_LIMIT = 30.0  # seconds until the port is open
STOP_LIMIT = 15.0  # seconds from SIGINT to the end of the process

TROUBLE = re.compile(r"Traceback \(most recent call last\)|^.*\b(?:ERROR|CRITICAL)\b.*$|^\S*Error: .*$", re.MULTILINE)


class ServerFailed(AssertionError):
    """The server did not start, did not stop, or logged what it should not have."""


def free_port() -> int:
    """A port below the ephemeral range, so that no outgoing connection takes it while the server restarts."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class ServerProcess:
    """Serves ``target`` (``module:application``, found in this folder) in ``mode``; started and stopped by `with`.

    ``certificate`` is (certfile, keyfile), for the mode ``serve-tls``.
    """

    def __init__(self, mode: str, target: str, log_path: Path, certificate: tuple[Path, Path] | None = None) -> None:
        self.mode = mode
        self.target = target
        self.port = free_port()
        self.certificate = certificate if mode == "serve-tls" else None
        self.log_path = log_path
        self._log: IO[bytes] = log_path.open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    @property
    def url(self) -> str:
        """Where the application answers, without a trailing slash."""
        return f"{'http' if self.certificate is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def certfile(self) -> Path | None:
        """What a client has to trust; None without TLS."""
        return None if self.certificate is None else self.certificate[0]

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            self.stop()
        finally:
            self._log.close()

    def start(self) -> None:
        """Start, and wait until the port is open."""
        arguments = [self.mode, self.target, str(self.port), *map(str, self.certificate or ())]
        self._process = subprocess.Popen(
            [sys.executable, str(LAUNCH), *arguments],
            cwd=LAUNCH.parent,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        deadline = time.monotonic() + START_LIMIT
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._kill()
                raise ServerFailed(f"{self.mode} did not open port {self.port}:\n{self.log()}")
            try:
                self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue  # still starting

    def stop(self) -> None:
        """End it the way Ctrl-C does; what does not end in time is killed and reported."""
        if self._process is None or self._process.poll() is not None:
            raise ServerFailed(f"{self.mode} ended by itself:\n{self.log()}")
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"{self.mode} did not stop within {STOP_LIMIT} s:\n{self.log()}") from None
        finally:
            self._kill()

    def end(self, number: signal.Signals, patience: float = STOP_LIMIT) -> int:
        """Send a signal, twice where *patience* is 0, and wait for the end: the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        if not patience:
            time.sleep(0.3)
            self._process.send_signal(number)
        try:
            return self._process.wait(patience or STOP_LIMIT)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"{self.mode} did not end within {patience} s:\n{self.log()}") from None
        finally:
            self._kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, and go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def discard(self) -> None:
        """End whatever still runs, and close the log."""
        self._kill()
        self._log.close()

    def log(self) -> str:
        """All that it has written so far."""
        return self.log_path.read_text(errors="replace")

    def new_log(self) -> str:
        """What it has written since the last call."""
        with self.log_path.open("rb") as log:
            log.seek(self._read)
            text = log.read()
        self._read += len(text)
        return text.decode(errors="replace")

    def _accepts(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                if self.certfile is not None:  # a connection without a handshake would be an error in the log
                    context = ssl.create_default_context(cafile=str(self.certfile))
                    context.wrap_socket(probe, server_hostname="127.0.0.1").close()
        except OSError:
            return False
        return True

    def _kill(self) -> None:
        """End whatever is left of its process group."""
        assert self._process is not None
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # nothing left
        self._process.wait()
