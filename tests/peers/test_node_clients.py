"""socket.io-client 4.8 and 3.1 under Node.js: every scenario, over each choice of transports, in every serving mode."""

import pytest

from .node_client import failures, run_scenarios
from .server_process import ServerProcess


@pytest.mark.parametrize("client", ["4", "3"])
@pytest.mark.parametrize("transports", ["polling", "websocket", "upgrade"])
def test_scenarios(server: ServerProcess, client: str, transports: str) -> None:
    verdict = run_scenarios(server.url, client, transports, server.restart, server.certfile)
    if failed := failures(verdict):
        pytest.fail(failed, pytrace=False)
    assert len(verdict["scenarios"]) >= 36
