"""socket.io-client 2.5 and 4.8 on one page in a real browser, served by one server."""

from __future__ import annotations

import sys
from pathlib import Path

from chat_server import HERE, ChatServer, run_scenario


class TwoVersionsServer(ChatServer):
    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "two_versions_server.py"), str(self.port)]


def test_two_versions_on_one_page(tmp_path: Path) -> None:
    server = TwoVersionsServer(tmp_path)
    server.start()
    try:
        run_scenario("two_versions", server)
    finally:
        server.stop()
    log = server.log.read_text()
    assert "Traceback" not in log, log
