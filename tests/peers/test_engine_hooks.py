"""socket.io-client 4.8 in front of an engine with middlewares, header hooks, ids of its own, and the client's files."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import assert_no_trouble
from .node_client import PROGRAM
from .server_process import ServerProcess

MODES = ["serve", "serve-tls", "gunicorn-gevent", "gunicorn-gevent_pywsgi"]


@pytest.fixture(params=[pytest.param(mode, marks=[] if mode == "serve" else pytest.mark.matrix) for mode in MODES])
def hooked(request: pytest.FixtureRequest, tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[ServerProcess]:
    with ServerProcess(request.param, "app_hooks:application", tmp_path / "server.log", certificate) as server:
        yield server
        assert_no_trouble(server)


def test_the_official_client(hooked: ServerProcess) -> None:
    environment = dict(os.environ)
    if hooked.certfile is not None:
        environment["NODE_EXTRA_CA_CERTS"] = str(hooked.certfile)
    command = ["node", str(PROGRAM.parent / "hooks.js"), hooked.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"ok": True}
