"""Servers that can't do it (``flask run``, gunicorn's sync and gthread workers) say so, and hold nothing up."""

from collections.abc import Iterator

import pytest
import requests

from .server_process import UNFIT_MODES, ServerProcess

PATIENCE = 5.0  # seconds; an answer that takes longer counts as a hang


@pytest.fixture(scope="module", params=UNFIT_MODES)
def unfit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with ServerProcess(request.param, "unfit:flask_app", log_path) as server:
        yield server


def test_the_first_request_gets_an_error_that_names_the_remedy(unfit: ServerProcess) -> None:
    for transport in ("polling", "websocket"):
        response = requests.get(f"{unfit.url}/socket.io/?EIO=4&transport={transport}", timeout=PATIENCE)
        assert 500 <= response.status_code < 600
        assert "gevent" in response.text
        assert "Traceback" not in response.text


def test_a_websocket_handshake_gets_it_too(unfit: ServerProcess) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    url = f"{unfit.url}/socket.io/?EIO=4&transport=websocket"
    response = requests.get(url, headers=headers, timeout=PATIENCE)
    assert 500 <= response.status_code < 600
    assert "gevent" in response.text


def test_the_log_says_it(unfit: ServerProcess) -> None:
    requests.get(f"{unfit.url}/socket.io/?EIO=4&transport=polling", timeout=PATIENCE)
    log = unfit.log()
    assert "gevent" in log
    assert "Traceback" not in log


def test_ordinary_routes_still_work(unfit: ServerProcess) -> None:
    for _ in range(3):
        requests.get(f"{unfit.url}/socket.io/?EIO=4&transport=polling", timeout=PATIENCE)
        assert requests.get(f"{unfit.url}/", timeout=PATIENCE).text == "an ordinary page"
