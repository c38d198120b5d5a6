"""A server that listens on a free port in this process, and the clients of one test."""

import time
from collections.abc import Callable
from typing import Any

from client import PATIENCE, Client, PollingClient, WebSocketClient
from gevent import sleep
from gevent.queue import Queue

from geventio import Server, SocketIOMiddleware
from geventio.serving import make_server


class Site:
    """A server that listens, and the clients of a test."""

    def __init__(self, io: Server, app: Any = None) -> None:
        self.io = io
        self.wsgi_server = make_server(app or SocketIOMiddleware(io), ("127.0.0.1", 0))
        self.wsgi_server.start()
        self.port: int = self.wsgi_server.address[1]
        self.clients: list[Client] = []
        self.seen: Queue[Any] = Queue()
        """Where handlers put what the test waits for."""
        for namespace in {"/": io.root, **io.namespaces}.values():
            self.add_round_trip(namespace)

    @staticmethod
    def add_round_trip(namespace: Any) -> None:
        """What `Client.assert_nothing_came` needs."""
        namespace.on("round trip", lambda socket: "done", concurrent=True)

    def websocket(self, query: str = "", headers: Any = ()) -> WebSocketClient:
        client = WebSocketClient(self.port, query, headers)
        self.clients.append(client)
        return client

    def polling(self, query: str = "", headers: Any = ()) -> PollingClient:
        client = PollingClient(self.port, query, headers)
        self.clients.append(client)
        return client

    def open(self, transport: str) -> Any:
        return self.websocket() if transport == "websocket" else self.polling()

    def next(self) -> Any:
        """What a handler puts into `seen` next."""
        return self.seen.get(timeout=PATIENCE)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Let the hub turn until *condition* holds."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if condition():
                return
            sleep(0.002)
        raise AssertionError("the condition did not come true")

    def wait_polled(self, client: PollingClient) -> None:
        """Leave a GET at the server."""
        client.poll()
        session = self.io.engine.sessions[client.opened["sid"]]
        self.wait_until(lambda: session.transport.writable)

    def close(self) -> None:
        for client in self.clients:
            client.cut()
        self.io.close()
        self.wsgi_server.stop(timeout=0)
