"""The servers under test: how each is started, and a running one.

To add one: a script in `servers/` that takes a port, answers `echo` and `broadcast`, and collects its garbage on
SIGUSR2; and an entry in CONTENDERS.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from . import install


class ServerError(Exception):
    """A server did not start or has gone."""


@dataclass(frozen=True)
class Contender:
    """One server: in how many rounds it takes part, and in which rows.

    `only` these, if any are named; `without` those.
    """

    name: str
    title: str
    command: tuple[str | Path, ...]
    prepare: Callable[[], None]
    rounds: int = 1
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def runs(self, row: str) -> bool:
        """Tell whether this server takes part in a row."""
        return (not self.only or row in self.only) and row not in self.without


COMPRESSED = frozenset({"broadcast-deflated"})
"""Rows for servers that compress a broadcast once for all clients."""


def _python(name: str, title: str, script: str) -> Contender:
    """Return one that is far off the others: once is enough, and not the row that takes it longest."""
    command = (install.PYTHON, install.SERVERS / script)
    return Contender(name, title, command, install.python_servers, without=frozenset({"idle-10000"}) | COMPRESSED)


def _geventio(name: str, title: str, script: str, only: frozenset[str] = frozenset()) -> Contender:
    return Contender(name, title, (install.PYTHON, install.SERVERS / script), install.python_servers, 3, only)


# Over WebSocket an application behind WSGI is the same as behind serve(); one such row shows that.
THROUGH_WSGI = frozenset({"echo-100", "polling", "latency", "connect", "polling-connect", "idle-5000"})
OVER_WEBSOCKET = frozenset({"echo-100", "echo-1000", "echo-10000", "pipelined", "broadcast", "connect"})

CONTENDERS = (
    Contender("limit", "C, no logic", (install.LIMIT,), install.limit_server, only=OVER_WEBSOCKET),
    Contender(
        "node",
        "Node.js",
        ("node", "--expose-gc", install.SERVERS / "node" / "server.js"),
        install.node_server,
        rounds=3,
        without=COMPRESSED,
    ),
    _python("python-gevent", "py-s.io gevent", "python_socketio_gevent.py"),
    _python("python-asgi", "py-s.io uvicorn", "python_socketio_asgi.py"),
    _geventio("geventio", "geventio", "geventio_serve.py"),
    _geventio("geventio-wsgi", "geventio WSGI", "geventio_pywsgi.py", THROUGH_WSGI),
)


def processors() -> tuple[int, int]:
    """Return the processors of the server and of the load; the same one where there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[1 % len(available)]


@contextmanager
def on_processor(number: int) -> Iterator[None]:
    """Pin to one processor what is started within."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class RunningServer:
    """A started server, pinned to one processor; a context manager that ends it."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self.port = _free_port()
        logs = install.BUILD / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._log = logs / f"{contender.name}.log"
        with self._log.open("wb") as log, on_processor(processors()[0]):
            self._process = subprocess.Popen(
                [*map(str, contender.command), str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NODE_PATH": str(install.NODE_MODULES)},
            )

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_until_serving(self, seconds: float = 20) -> None:
        """Return when the port takes connections; ServerError when that fails."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise ServerError(f"{self.contender.name} did not start:\n{self.log_tail()}")

    def wait_until_idle(self, seconds: float = 20) -> bool:
        """Return when the server has done with what the last load left behind; False when it still has not."""
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 2 and time.monotonic() < deadline and self._process.poll() is None:
            before = self._processor_time()
            time.sleep(0.1)
            quiet = quiet + 1 if self._processor_time() - before < 0.005 else 0
        return quiet == 2

    def pids(self) -> list[int]:
        """Return the server's processes: the one started, and what it started."""
        pids = [self._process.pid]
        for pid in pids:
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            except FileNotFoundError:
                continue
            pids.extend(int(child) for child in children.split())
        return pids

    def log_tail(self) -> str:
        """Return the end of what the server printed."""
        return self._log.read_text(errors="replace")[-1500:]

    def stop(self) -> None:
        """End the server, and wait for its end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()

    def _processor_time(self) -> float:
        total = 0
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(task.read_text().split()[0])
                except (FileNotFoundError, ProcessLookupError):
                    continue  # that thread has just ended
        return total / 1e9


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
