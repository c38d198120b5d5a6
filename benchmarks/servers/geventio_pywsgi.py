# ruff: noqa: E402
"""geventio as a WSGI application of gevent's own server: every request passes through it."""

from gevent import monkey

monkey.patch_all()  # before anything else is imported

import sys

from gevent.pywsgi import WSGIServer
from geventio_application import app

WSGIServer(("127.0.0.1", int(sys.argv[1])), app, log=None).serve_forever()
