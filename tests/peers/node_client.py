"""Runs ``node/scenario.js``, one process for all scenarios of one client over one choice of transports."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "node" / "scenario.js"
PACKAGES = PROGRAM.parent / "node_modules"
LIMIT = 150.0  # seconds; the program itself gives up after 120


def run_scenarios(
    url: str, client: str, transports: str, restart: Callable[[], None], certificate: Path | None = None
) -> dict[str, Any]:
    """The program's verdict: ``{"client", "transports", "scenarios": {name: {"ok", "ms", "error"}}}``."""
    assert PACKAGES.is_dir(), f"{PACKAGES} is missing: `make test` installs it (or: npm install in {PACKAGES.parent})"
    environment = dict(os.environ)
    if certificate is not None:
        environment["NODE_EXTRA_CA_CERTS"] = str(certificate)
    process = subprocess.Popen(
        ["node", str(PROGRAM), url, client, transports],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        bufsize=1,
    )
    watchdog = threading.Timer(LIMIT, process.kill)
    watchdog.start()
    verdict: dict[str, Any] | None = None
    try:
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            for line in process.stdout:
                message = json.loads(line)
                if message.get("ask") == "restart":
                    restart()
                    process.stdin.write("done\n")
                    process.stdin.flush()
                else:
                    verdict = message
    finally:
        process.kill()
        watchdog.cancel()
    assert verdict is not None, f"the client program ended without a verdict, status {process.returncode}"
    return verdict


def failures(verdict: dict[str, Any]) -> str:
    """The failed scenarios with their stacks; empty when all went well."""
    return "\n\n".join(
        f"{name} (socket.io-client {verdict['client']}, {verdict['transports']}):\n{result['error']}"
        for name, result in verdict["scenarios"].items()
        if not result["ok"]
    )
