"""A client that polls, posts and changes to WebSocket as the official ones do."""

import random

import gevent

from tests.runtime.sockets import wait_for

from .client import POLLING, WEBSOCKET, ConnectionLost, HTTPClient, WebSocketClient, open_session
from .conftest import NotingEngine


class UpgradingClient:
    """What the official clients do: poll and post, probe, pause, change. Numbers what it sends."""

    def __init__(self, noting: NotingEngine, seed: int) -> None:
        self.noting = noting
        self.random = random.Random(seed)
        self.sid = open_session(noting.address)
        self.session = noting.last.session
        self.received: list[str] = []
        self.queue: list[str] = []
        self.paused = False
        self.websocket: WebSocketClient | None = None
        self._busy = 0
        self.greenlets = [gevent.spawn(self._poll), gevent.spawn(self._post)]

    @property
    def target(self) -> str:
        return f"{POLLING}&sid={self.sid}"

    def nap(self, most: float = 0.003) -> None:
        gevent.sleep(self.random.random() * most)

    def _take(self, text: str) -> None:
        for packet in text.split("\x1e"):
            if packet[0] == "4":
                self.received.append(packet[1:])
            else:
                assert packet == "6"

    def _poll(self) -> None:
        client = HTTPClient(self.noting.address)
        while not self.paused:
            self._busy += 1
            self._take(client.request("GET", self.target).text)
            self._busy -= 1
            self.nap()
        client.close()

    def _post(self) -> None:
        client = HTTPClient(self.noting.address)
        while not self.paused:
            if self.queue:
                batch, self.queue = self.queue[:20], self.queue[20:]
                self._busy += 1
                body = "\x1e".join(f"4{text}" for text in batch).encode()
                assert client.request("POST", self.target, body=body).text == "ok"
                self._busy -= 1
            self.nap()
        client.close()

    def send(self, text: str) -> None:
        if self.websocket is None:
            self.queue.append(text)
        else:
            self.websocket.send("4" + text)

    def open_websocket(self) -> WebSocketClient:
        return WebSocketClient.connect(self.noting.address, f"{WEBSOCKET}&sid={self.sid}")

    def abort_upgrade(self) -> None:
        """Begin one and break it off somewhere."""
        client = self.open_websocket()
        step = self.random.randrange(4)
        if step > 0:
            client.send("2probe")
        if step > 1:
            assert client.receive() == "3probe"
        self.nap()
        if step == 3:
            client.send("4nonsense")
            assert client.close_code() == 1008
        (client.reset if self.random.random() < 0.5 else client.close)()

    def upgrade(self) -> None:
        client = self.open_websocket()
        client.send("2probe")
        assert client.receive() == "3probe"
        self.nap()
        self.paused = True
        wait_for(lambda: not self._busy)
        gevent.joinall(self.greenlets, raise_error=True)
        client.send("5")
        queue, self.queue = self.queue, []
        for text in queue:
            client.send("4" + text)
        self.websocket = client
        self.greenlets = [gevent.spawn(self._read, client)]

    def _read(self, client: WebSocketClient) -> None:
        while True:
            try:
                text = client.receive()
            except (ConnectionLost, OSError):
                return
            assert isinstance(text, str)
            self._take(text)
