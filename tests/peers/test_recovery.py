"""socket.io-client 4.8 loses its connection, anywhere in what it is sent, and comes back."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from .conftest import assert_no_trouble
from .node_client import PROGRAM
from .server_process import ServerProcess


@pytest.fixture(scope="module", params=["default", "msgpack"])
def recovering(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEER_PARSER", request.param)
        with ServerProcess("serve", "recovering:application", log_path) as server:
            yield server


@pytest.mark.parametrize("transports", ["polling", "websocket", "upgrade"])
def test_the_official_client(recovering: ServerProcess, transports: str, request: pytest.FixtureRequest) -> None:
    encoding = request.node.callspec.params["recovering"]
    command = ["node", str(PROGRAM.parent / "recovery.js"), str(recovering.port), transports, encoding]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"ok": True}
    assert_no_trouble(recovering)
