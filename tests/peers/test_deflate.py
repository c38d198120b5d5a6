"""Per-message deflate with others who implement it: ``ws``, which is under socket.io-client, and ``websockets``."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import ClientConnection, connect

from .conftest import assert_no_trouble
from .node_client import failures, run_scenarios
from .server_process import ServerProcess

SETTINGS: dict[str, dict[str, Any]] = {
    "each message by itself": {"threshold": 0},
    "with context": {"threshold": 0, "server_no_context_takeover": False, "client_no_context_takeover": False},
    "with small windows": {
        "threshold": 0,
        "server_no_context_takeover": False,
        "client_no_context_takeover": False,
        "server_max_window_bits": 9,
        "client_max_window_bits": 9,
    },
}


@pytest.fixture(scope="module", params=SETTINGS.values(), ids=SETTINGS)
def deflating_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """The reference application, which compresses whatever it sends."""
    log_path = tmp_path_factory.mktemp("deflate") / "server.log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEER_DEFLATE", json.dumps(request.param))
        patch.setenv("PEER_DEFLATE_OFFER", json.dumps({"threshold": 0}))
        with ServerProcess("serve", "app:application", log_path) as server:
            yield server


@pytest.mark.parametrize("client", ["4", "3"])
@pytest.mark.parametrize("transports", ["websocket", "upgrade"])
def test_scenarios(deflating_server: ServerProcess, client: str, transports: str) -> None:
    verdict = run_scenarios(deflating_server.url, client, transports, deflating_server.restart)
    if failed := failures(verdict):
        pytest.fail(failed, pytrace=False)
    assert len(verdict["scenarios"]) >= 36
    assert_no_trouble(deflating_server)


OFFERS = [
    {},
    {"client_max_window_bits": True},
    {"client_max_window_bits": 10},
    {"server_max_window_bits": 10, "client_max_window_bits": 9},
    {"server_no_context_takeover": True},
    {"client_no_context_takeover": True},
    {"server_no_context_takeover": True, "client_no_context_takeover": True, "server_max_window_bits": 12},
]


def packet(connection: ClientConnection) -> str | bytes:
    """The next one that is no heartbeat."""
    while (received := connection.recv(timeout=5)) == "2":
        connection.send("3")
    return received


@pytest.mark.parametrize("offer", OFFERS, ids=str)
def test_websockets(deflating_server: ServerProcess, offer: dict[str, Any]) -> None:
    url = f"ws://127.0.0.1:{deflating_server.port}/socket.io/?EIO=4&transport=websocket"
    with connect(url, compression=None, extensions=[ClientPerMessageDeflateFactory(**offer)]) as connection:
        (agreed,) = connection.protocol.extensions
        assert agreed.name == "permessage-deflate"
        assert packet(connection)[:1] == "0"
        connection.send("40")
        assert packet(connection)[:2] == "40"
        assert packet(connection)[:4] == '42["'
        for size in (0, 1, 100, 1_000, 1_100, 30_000, 200_000):
            text = (f"äbcdefgh{size}" * (size // 10 + 1))[:size]
            message = "42" + json.dumps(["echo", text], ensure_ascii=False, separators=(",", ":"))
            for _ in range(3):
                connection.send(message)
                assert packet(connection) == message
            pieces = [message[at : at + 700] for at in range(0, len(message), 700)]
            connection.send(pieces)  # in fragments
            assert packet(connection) == message
            connection.send('451-["echo",{"_placeholder":true,"num":0}]')
            connection.send(text.encode())
            assert packet(connection) == '451-["echo",{"_placeholder":true,"num":0}]'
            assert packet(connection) == text.encode()
    assert_no_trouble(deflating_server)
