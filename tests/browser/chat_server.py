"""A server as a process of its own (the example's, unless told otherwise), and the browser scenarios for it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ARTIFACTS = REPOSITORY / "tests" / "artifacts"
ADMIN_TOKEN = "browser-test-token"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ChatServer:
    """``python -m examples.flask_chat`` on a port and in a folder of its own; stop() and start() again is a reload."""

    def __init__(self, instance: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.instance = instance
        self.log = instance / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What starts the server."""
        module = [sys.executable, "-m", "examples.flask_chat"]
        return [*module, "--port", str(self.port), "--instance", str(self.instance)]

    def start(self) -> None:
        environ = {**os.environ, "CHAT_ADMIN_TOKEN": ADMIN_TOKEN}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=REPOSITORY, env=environ, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the chat did not start:\n{self.log.read_text()}") from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None


def run_scenario(name: str, server: ChatServer, timeout: float = 90) -> None:
    """Run ``scenarios/<name>.mjs`` in headless Chromium; raises AssertionError with what Node.js said.

    The scenario drives the browser and asks for what only this side can do, one word a line: "stop" and "start" the
    server. It is answered with the same word when that is done.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM"
    assert (HERE / "node_modules").is_dir(), f"the browser driver is not installed: (cd {HERE} && npm install)"
    ARTIFACTS.mkdir(exist_ok=True)
    environ = {**os.environ, "CHROMIUM": chromium, "CHAT_URL": server.url, "CHAT_ADMIN_TOKEN": ADMIN_TOKEN}
    environ |= {"ARTIFACTS": str(ARTIFACTS), "DEADLINE": str(timeout)}
    errors = server.instance / f"{name}.log"
    with errors.open("wb") as stderr:
        node = subprocess.Popen(
            ["node", "run.mjs", name],
            cwd=HERE,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert node.stdin
    assert node.stdout
    with node:
        for line in node.stdout:  # ends when Node.js does, at its own deadline at the latest
            {"stop": server.stop, "start": server.start}[line.strip()]()
            node.stdin.write(line)
            node.stdin.flush()
    assert node.returncode == 0, f"{name}:\n{errors.read_text()}\nThe server said:\n{server.log.read_text()}"
