"""The example chat in a real browser: headless Chromium, one context (its own cookies and storage) for each user.

Each scenario also fails on any error in the browser's console and on any request to another host.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import ChatServer, run_scenario


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChatServer]:
    server = ChatServer(tmp_path)
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()  # whatever a browser did, no handler raised


SCENARIOS = {
    "login": "no page without a name, bad names are refused, and so is a socket without the session",
    "conversation": "messages both ways, image, typing, presence, rooms with unread counts, history on join, leaving",
    "transports": "the badge shows the upgrade to WebSocket; the chat works on polling alone and on WebSocket alone",
    "restart": "the server restarts: both browsers reconnect, nothing is lost or doubled, they talk again",
    "layout": "no sideways scrolling from 320 to 1600 pixels, the drawer on narrow screens, light and dark",
    "admin": "a wrong token is refused, the right one shows the state, announces and kicks",
    "bad_input": "what a hostile client sends is refused in the acknowledgement and disturbs nobody",
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_flask_chat(scenario: str, server: ChatServer) -> None:
    run_scenario(scenario, server)
