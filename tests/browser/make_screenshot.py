"""Make docs/images/flask_chat.png, the picture that the README shows: ``python tests/browser/make_screenshot.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chat_server import ARTIFACTS, REPOSITORY, ChatServer, run_scenario


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = ChatServer(Path(folder))
        server.start()
        try:
            run_scenario("screenshot", server)
        finally:
            server.stop()
    picture = REPOSITORY / "docs" / "images" / "flask_chat.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes((ARTIFACTS / "chat-wide-light.png").read_bytes())
    print(f"{picture}: {picture.stat().st_size} bytes")


if __name__ == "__main__":
    main()
