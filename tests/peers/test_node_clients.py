"""socket.io-client 4.8, 3.1, 2.5 and 1.7 under Node.js, over each choice of transports, in every serving mode, and all
of them against one server.
"""

import pytest

from .node_client import failures, run_scenarios
from .server_process import ServerProcess


@pytest.mark.parametrize(("client", "count"), [("4", 36), ("3", 36), ("2", 29), ("1", 29)])
@pytest.mark.parametrize("transports", ["polling", "websocket", "upgrade"])
def test_scenarios(server: ServerProcess, client: str, count: int, transports: str) -> None:
    verdict = run_scenarios(server.url, client, transports, server.restart, server.certfile)
    if failed := failures(verdict):
        pytest.fail(failed, pytrace=False)
    assert len(verdict["scenarios"]) >= count
