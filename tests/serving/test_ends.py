"""How a serving process ends: whoever is connected hears of it, and it is quick, in every serving mode."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from tests.peers.conftest import assert_no_trouble
from tests.peers.server_process import ServerProcess

from .running import POLLING, Client, get, masked
from .test_modes import Visitor

GUNICORN = ("gunicorn-gevent", "gunicorn-gevent_pywsgi", "gunicorn-geventwebsocket")
OF_EACH = 10


@pytest.fixture(params=["serve", "serve-tls", *(pytest.param(mode, marks=pytest.mark.matrix) for mode in GUNICORN)])
def process(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ServerProcess]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    server = ServerProcess(request.param, "served:application", tmp_path / "server.log", certificate)
    server.start()
    yield server
    server.discard()


class Crowd:
    """Ten WebSockets, ten polling clients with a GET under way, and what they hear."""

    def __init__(self, server: ServerProcess) -> None:
        self.visitor = Visitor(server)
        self.heard: list[tuple[str, Any]] = []
        websockets = [self.visitor.open_websocket() for _ in range(OF_EACH)]
        pollers = [(client := self.visitor.connect(), self.visitor.open_polling(client)) for _ in range(OF_EACH)]
        self._greenlets = [gevent.spawn(self._websocket, client) for client in websockets]
        self._greenlets += [gevent.spawn(self._poll, client, target) for client, target in pollers]
        gevent.sleep(0.3)  # the GETs have arrived
        assert self.heard == []

    def _websocket(self, client: Client) -> None:
        opcode, _ = client.frame()
        self.heard.append(("websocket", opcode))
        client.send(masked(8, b""))
        assert client.ended()

    def _poll(self, client: Client, target: str) -> None:
        client.send(get(target))
        status, _, body = client.response()
        self.heard.append(("polling", (status, body)))
        client.close()

    def assert_all_heard(self) -> None:
        gevent.joinall(self._greenlets, timeout=5, raise_error=True)
        expected = [("polling", (503, b""))] * OF_EACH + [("websocket", 8)] * OF_EACH
        assert sorted(self.heard, key=str) == expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_everybody_hears_of_the_end(process: ServerProcess, number: signal.Signals) -> None:
    crowd = Crowd(process)
    begun = time.monotonic()
    code = gevent.get_hub().threadpool.spawn(process.end, number).get()
    assert time.monotonic() - begun < 4
    assert code == 0
    crowd.assert_all_heard()
    assert_no_trouble(process)
    assert "SIGKILL" not in process.log()


@pytest.mark.parametrize("process", ["serve"], indirect=True)
def test_a_client_that_never_asks_again_is_waited_for_no_longer_than_a_second(process: ServerProcess) -> None:
    visitor = Visitor(process)
    visitor.open_polling(visitor.connect())
    begun = time.monotonic()
    assert process.end(signal.SIGTERM) == 0
    assert 0.9 < time.monotonic() - begun < 3


@pytest.mark.parametrize("process", ["serve"], indirect=True)
def test_a_second_sigterm_ends_at_once(process: ServerProcess) -> None:
    visitor = Visitor(process)
    visitor.open_polling(visitor.connect())  # would be waited for
    begun = time.monotonic()
    assert process.end(signal.SIGTERM, patience=0) == 0
    assert time.monotonic() - begun < 0.8
    assert_no_trouble(process)


@pytest.mark.parametrize("process", ["serve"], indirect=True)
def test_nobody_new_is_accepted_while_the_others_leave(process: ServerProcess) -> None:
    visitor = Visitor(process)
    client = visitor.connect()
    visitor.open_polling(client)
    process.signal(signal.SIGTERM)
    gevent.sleep(0.2)
    with pytest.raises(ConnectionRefusedError):
        visitor.connect()
    client.send(get(POLLING))  # a new session on an old connection
    assert client.response()[0] == 503
    assert process.end(signal.SIGTERM) == 0


@pytest.mark.matrix
@pytest.mark.parametrize("process", GUNICORN, indirect=True)
def test_a_reload_sends_clients_to_the_next_worker(process: ServerProcess) -> None:
    crowd = Crowd(process)
    before = crowd.visitor.state()["pid"]
    process.signal(signal.SIGHUP)
    crowd.assert_all_heard()
    deadline = time.monotonic() + 5
    while (state := crowd.visitor.state())["pid"] == before:
        assert time.monotonic() < deadline
        gevent.sleep(0.1)
    assert state["sessions"] == 0
    client = crowd.visitor.open_websocket()
    client.send(masked(1, b"4again"))
    assert client.frame() == (1, b"4again")
    assert crowd.visitor.state()["pid"] == state["pid"]
    assert_no_trouble(process)
