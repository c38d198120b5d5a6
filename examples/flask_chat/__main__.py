"""Run the chat: ``python -m examples.flask_chat --port 5000``."""

from __future__ import annotations

import argparse
import os
import secrets
import sys

from geventio import serve

from . import CLIENT_FILES, create_application

# A real application calls gevent.monkey.patch_all() before its first import, so that database drivers and HTTP clients
# wait without holding up everybody else. This one uses none, and geventio itself does not need the patches.


def main() -> None:
    environ = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m examples.flask_chat", description="A chat on Flask and geventio.")
    parser.add_argument("--host", default=environ("CHAT_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(environ("CHAT_PORT", "5000")))
    parser.add_argument(
        "--instance", default=environ("CHAT_INSTANCE"), help="folder of the session key and the messages"
    )
    options = parser.parse_args()

    if not CLIENT_FILES.is_dir():
        sys.exit(f"The page needs the Socket.IO client. Install it: (cd {CLIENT_FILES.parents[2]} && npm install)")

    # By environment only: a command line can be read by every user of the machine.
    token = environ("CHAT_ADMIN_TOKEN")
    if not token:
        token = secrets.token_urlsafe(16)
        print(f"Admin token (for this run): {token}", flush=True)
    application = create_application(options.instance, token)
    print(
        f"Chat:  http://{options.host}:{options.port}/\nAdmin: http://{options.host}:{options.port}/admin", flush=True
    )
    serve(application, f"{options.host}:{options.port}")


if __name__ == "__main__":
    main()
