"""A client that comes back, as the official one does: with its session's id and the last offset that it got.

::

    client = ReturningClient(site)
    client.come()
    client.read()          # what has come until now
    client.cut()
    client.come()
    assert client.recovered
    assert client.events == [["news", 1], ["news", 2]]
"""

from typing import Any

from site_under_test import Site

from geventio.protocol.socketio import Packet, PacketType


class ReturningClient:
    """One client through all its connections."""

    def __init__(self, site: Site, transport: str = "websocket", namespace: str = "/", parser: Any = None) -> None:
        self.site = site
        self.transport = transport
        self.namespace = namespace
        self.parser = parser
        self.client: Any = None
        self.connected = False
        self.recovered = False
        self.sid = ""
        self.pid: str | None = None
        self.offset: str | None = None
        self.events: list[list[Any]] = []
        """Events that the application got, without their offsets."""
        self.others: dict[str, ReturningClient] = {}
        """Clients of other namespaces on the same connection."""
        self.held: list[list[Any]] = []
        """Events that came before a CONNECT reply; like the official client, kept until there is one."""

    def ask(self, auth: dict[str, Any] | None = None, client: Any = None) -> None:
        """Open a connection, unless there is one already, and ask to be let in."""
        self.connected = False
        self.client = client or self.site.open(self.transport)
        if self.parser is not None and client is None:
            self.client.parser = self.parser
            self.client.decoder = self.parser.decoder()
        payload = {} if self.pid is None else {"pid": self.pid}
        if self.offset is not None:
            payload["offset"] = self.offset
        payload.update(auth or {})
        self.client.send(Packet(PacketType.CONNECT, self.namespace, payload or None))

    def come(self, auth: dict[str, Any] | None = None, client: Any = None) -> None:
        """Open a connection, unless there is one already, and be let in."""
        self.ask(auth, client)
        while not self.connected:
            self.receive()

    def receive(self) -> Packet:
        """The next packet."""
        packet: Packet = self.client.receive()
        if packet.namespace != self.namespace:
            self.others[packet.namespace].take(packet)
        else:
            self.take(packet)
        return packet

    def take(self, packet: Packet) -> None:
        """What a packet means to the client."""
        if packet.type is PacketType.CONNECT:
            pid = packet.data.get("pid")
            self.recovered = pid is not None and pid == self.pid
            self.sid, self.pid, self.connected = packet.data["sid"], pid, True
            held, self.held = self.held, []
            for data in held:
                self._take(data)
        elif packet.type is PacketType.EVENT and packet.id is None:
            if self.connected:
                self._take(packet.data)
            else:
                self.held.append(packet.data)

    def _take(self, data: list[Any]) -> None:
        if self.pid is not None and isinstance(data[-1], str):
            self.offset = data[-1]
            data = data[:-1]
        self.events.append(data)

    def read(self) -> list[list[Any]]:
        """Take everything that the server has sent until it answers (see `Site.add_round_trip`); all events so far."""
        self.client.emit("round trip", namespace=self.namespace, id=9999)
        while True:
            packet = self.receive()
            if packet.type is PacketType.ACK and packet.id == 9999:
                return self.events

    def read_nothing(self) -> bool:
        """Lose the connection without having been let in."""
        self.client.cut()
        return not self.held

    def cut(self) -> None:
        """Lose the connection; the server knows."""
        sockets = self.site.io.of(self.namespace).sockets
        self.connected = False
        if self.transport == "polling":
            self.client.close()  # what waits for a GET is lost
        self.client.cut()
        self.site.wait_until(lambda: self.sid not in sockets)

    def vanish(self) -> None:
        """Lose the connection; the server does not notice."""
        self.connected = False

    @property
    def socket(self) -> Any:
        """The socket at the server."""
        return self.site.io.of(self.namespace).sockets[self.sid]
