"""Run by ``run_wheel.py`` in an environment of geventio and its core dependencies alone: serve, connect, leave."""

import json
import sys
import urllib.request
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import gevent
from gevent.pywsgi import WSGIServer

import geventio
from geventio.parsers import MsgpackParser


def get(url: str, body: str | None = None) -> str:
    with urllib.request.urlopen(url, data=body.encode() if body else None, timeout=10) as response:
        return str(response.read().decode())


def converse(port: int) -> None:
    """Connect over polling, get an event acknowledged, leave."""
    url = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"
    session = f"{url}&sid={json.loads(get(url)[1:])['sid']}"
    assert get(session, "40") == "ok"
    assert get(session).startswith('40{"sid":"')
    assert get(session, '421["ping",2]') == "ok"
    assert get(session) == '431["pong",2]'
    assert get(session, "1") == "ok"


def main() -> None:
    package = Path(geventio.__file__)
    assert package.is_relative_to(sys.prefix), f"{package} is not the installed package"
    assert package.with_name("py.typed").exists(), "py.typed is not in the wheel"
    for extra in ("flask", "geventwebsocket", "gunicorn", "msgpack"):
        assert find_spec(extra) is None, f"{extra} is no core dependency"

    reason = ""
    try:
        MsgpackParser()
    except geventio.ConfigurationError as error:
        reason = str(error)
    assert "geventio[msgpack]" in reason, "a parser without its package"

    io = geventio.Server()
    io.on("ping")(lambda socket, number: ("pong", number))
    server = WSGIServer(("127.0.0.1", 0), geventio.SocketIOMiddleware(io), log=None)
    server.start()
    client = gevent.get_hub().threadpool.spawn(converse, server.server_port)
    client.get(timeout=30)
    server.stop(timeout=1)
    print("installed:", *sorted(f"{each.name} {each.version}" for each in distributions()), sep="\n  ")


if __name__ == "__main__":
    main()
