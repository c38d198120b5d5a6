# ruff: noqa: E402
"""geventio served by `serve()`: Engine.IO requests are read by its front door."""

from gevent import monkey

monkey.patch_all()  # before anything else is imported

import sys

from geventio_application import app

from geventio import serve

serve(app, f"127.0.0.1:{sys.argv[1]}")
