"""socket.io-client 4.8 under Node.js, over each choice of transports, in every serving mode; 3.1, 2.5 and 1.7, which
differ from it above the doors only, behind serve() and under WSGI. All against one server.
"""

import pytest

from .node_client import failures, run_scenarios
from .server_process import ServerProcess

TRANSPORTS = ["polling", "websocket", "upgrade"]


def run(server: ServerProcess, client: str, count: int, transports: str) -> None:
    verdict = run_scenarios(server.url, client, transports, server.restart, server.certfile)
    if failed := failures(verdict):
        pytest.fail(failed, pytrace=False)
    assert len(verdict["scenarios"]) >= count


@pytest.mark.parametrize("transports", TRANSPORTS)
def test_scenarios(server: ServerProcess, transports: str) -> None:
    run(server, "4", 36, transports)


@pytest.mark.parametrize("running", ["serve", pytest.param("gunicorn-gevent", marks=pytest.mark.matrix)], indirect=True)
@pytest.mark.parametrize(("client", "count"), [("3", 36), ("2", 29), ("1", 29)])
@pytest.mark.parametrize("transports", TRANSPORTS)
def test_scenarios_of_older_clients(server: ServerProcess, client: str, count: int, transports: str) -> None:
    run(server, client, count, transports)
