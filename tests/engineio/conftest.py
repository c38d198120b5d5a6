"""An engine that notes what happens, and pywsgi in front of it."""

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer

from geventio.engineio.engine import Engine
from geventio.engineio.session import Session
from geventio.options import EngineOptions
from geventio.wsgi import EngineIOMiddleware
from tests.runtime.sockets import wait_for

from .client import Address


class Client:
    """A session's handler that notes what it is told."""

    def __init__(self, session: Session, noting: "NotingEngine") -> None:
        self.session = session
        self.messages: list[str | bytes] = []
        self.closed: list[tuple[str, str]] = []
        self._noting = noting

    def on_message(self, data: str | bytes) -> None:
        self.messages.append(data)
        if self._noting.echo:
            self.session.send(data)

    def on_close(self, reason: str, detail: str) -> None:
        self.closed.append((reason, detail))


class NotingEngine:
    """An engine, its clients in the order of their arrival, and the address where pywsgi serves it."""

    def __init__(self, **options: Any) -> None:
        self.echo = False
        self.clients: list[Client] = []
        self.engine = Engine.from_options(EngineOptions(**options), self._open)
        self._server: WSGIServer | None = None

    def _open(self, session: Session) -> Client:
        client = Client(session, self)
        self.clients.append(client)
        return client

    def serve(self) -> "NotingEngine":
        self._server = WSGIServer(("127.0.0.1", 0), EngineIOMiddleware(self.engine), log=None)
        self._server.start()
        return self

    @property
    def address(self) -> Address:
        assert self._server is not None
        return ("127.0.0.1", self._server.server_port)

    @property
    def last(self) -> Client:
        return self.clients[-1]

    def closed(self) -> tuple[str, str]:
        """Why the last client left; waits for it."""
        wait_for(lambda: self.last.closed)
        gevent.sleep(0.01)
        assert len(self.last.closed) == 1
        assert self.last.session.id not in self.engine.sessions
        return self.last.closed[0]

    def stop(self) -> None:
        self.engine.close()
        if self._server is not None:
            self._server.stop(timeout=0.1)


Make = Callable[..., NotingEngine]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes engines for in-memory requests."""
    made: list[NotingEngine] = []

    def build(**options: Any) -> NotingEngine:
        made.append(NotingEngine(**options))
        return made[-1]

    yield build
    for engine in made:
        engine.stop()
    gevent.sleep(0)


@pytest.fixture
def serve(make: Make) -> Make:
    """Makes engines behind pywsgi."""
    return lambda **options: make(**options).serve()
