"""Other packet encodings, both ends: socket.io-client with the official ``socket.io-msgpack-parser`` and with one that
is made for ``examples/custom_parser.py`` (``deflated-parser.js``), python-socketio's client with its serializer.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio

from .conftest import assert_no_trouble
from .node_client import failures, run_scenarios
from .server_process import ServerProcess
from .test_python_client import Client


@pytest.fixture(scope="module", params=["msgpack", "deflated"])
def encoded_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The reference application, with another encoding."""
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEER_PARSER", request.param)
        with ServerProcess("serve", "app:application", log_path) as server:
            yield server


@pytest.mark.parametrize("transports", ["polling", "websocket", "upgrade"])
def test_scenarios(encoded_server: ServerProcess, transports: str, request: pytest.FixtureRequest) -> None:
    encoding = request.node.callspec.params["encoded_server"]
    verdict = run_scenarios(encoded_server.url, f"4-{encoding}", transports, encoded_server.restart)
    if failed := failures(verdict):
        pytest.fail(failed, pytrace=False)
    assert len(verdict["scenarios"]) >= 36
    assert_no_trouble(encoded_server)


@pytest.fixture
def msgpack_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    monkeypatch.setenv("PEER_PARSER", "msgpack")
    with ServerProcess("serve", "app:application", tmp_path / "server.log") as server:
        yield server
        assert_no_trouble(server)


VALUES: list[Any] = [None, True, 1, -1.5, "é😀", b"\x00\xff", [1, [b"x"]], {"a": {"b": b""}}]


@pytest.mark.parametrize("transports", ["polling", "websocket", "upgrade"])
def test_python_socketio(msgpack_server: ServerProcess, transports: str) -> None:
    client = Client(msgpack_server, transports, serializer="msgpack", reconnection=False)
    client.listen("echo")
    try:
        client.connect("/", "/admin", auth={"token": "secret"})
        client.client.emit("echo", tuple(VALUES))
        assert client.next("echo") == tuple(VALUES)
        assert client.call("ack many", *VALUES) == tuple(VALUES)
        client.client.on("question", lambda *args: args)
        assert client.call("call me", "one", b"\x02") == ("one", b"\x02")
        assert client.call("say", "hi", namespace="/admin") == "/admin heard hi"
    finally:
        client.client.disconnect()


def test_python_socketio_is_refused(msgpack_server: ServerProcess) -> None:
    client = Client(msgpack_server, "websocket", serializer="msgpack", reconnection=False)
    refusals: list[Any] = []
    client.client.on("connect_error", refusals.append, namespace="/admin")
    try:
        with pytest.raises(socketio.exceptions.ConnectionError):
            client.connect("/admin", auth={"token": "wrong"})
    finally:
        client.client.disconnect()
    assert refusals == [{"message": "not authorised", "data": {"code": 401, "hint": ["token", {"nested": None}]}}]
