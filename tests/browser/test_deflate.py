"""Per-message deflate with Chromium, which offers it in every handshake and compresses all that it sends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import HERE, ChatServer, run_scenario


class CompressingServer(ChatServer):
    """``compressing_server.py``."""

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "compressing_server.py"), str(self.port)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChatServer]:
    server = CompressingServer(tmp_path)
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


def test_chromium(server: ChatServer) -> None:
    run_scenario("compression", server)
