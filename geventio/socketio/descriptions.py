"""A socket as other servers see it: its id, handshake, rooms and data, all values.

Within a server they are the socket's own objects; between servers they travel in the form that Node.js servers use::

    plain = SocketDescription(socket.id, socket.handshake, socket.rooms, socket.data).to_plain()
    SocketDescription.from_plain(plain).handshake.query["token"]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from geventio.exceptions import AdapterError
from geventio.socketio.handshake import Handshake


class RemoteHandshake:
    """The handshake of a socket of another server: the fields of :class:`Handshake` but ``environ``."""

    __slots__ = ("_plain",)

    def __init__(self, plain: Mapping[str, Any]) -> None:
        self._plain = plain

    @property
    def auth(self) -> dict[str, Any]:
        """The payload that the client gave with its ``auth`` option."""
        return dict(self._plain.get("auth") or {})

    @property
    def issued(self) -> float:
        """When the socket's connection was asked for, in seconds since the epoch."""
        return float(self._plain.get("issued") or 0) / 1000

    @property
    def time(self) -> datetime:
        """:attr:`issued` as a date, in UTC."""
        return datetime.fromtimestamp(self.issued, timezone.utc)

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields of the handshake's request by lower-case name."""
        return dict(self._plain.get("headers") or {})

    @property
    def query(self) -> dict[str, str]:
        """Values of the query."""
        return dict(self._plain.get("query") or {})

    @property
    def url(self) -> str:
        """The request's path and query as the client wrote them."""
        return str(self._plain.get("url") or "")

    @property
    def address(self) -> str:
        """The peer's address without the port."""
        return str(self._plain.get("address") or "")

    @property
    def secure(self) -> bool:
        """Whether the connection is TLS."""
        return bool(self._plain.get("secure"))

    @property
    def xdomain(self) -> bool:
        """Whether a browser's page asked (the request has an ``Origin``)."""
        return bool(self._plain.get("xdomain"))


@dataclass(frozen=True, slots=True)
class SocketDescription:
    """One socket, on whichever server."""

    id: str
    handshake: Handshake | RemoteHandshake
    rooms: frozenset[str]
    """Rooms that it is in, its own among them."""
    data: Any
    """The application's values: of a socket of this server the dict itself, of others a copy."""

    def to_plain(self) -> dict[str, Any]:
        """The same in types that JSON and msgpack carry, but for what the application itself put into *data*; the names
        are those of Node.js.
        """
        handshake = self.handshake
        day = handshake.time.ctime().replace("  ", " 0")  # "Fri Nov 20 23:18:00 2026", whatever the locale
        return {
            "id": self.id,
            "handshake": {
                "headers": dict(handshake.headers),
                "time": f"{day[:10]} {day[20:]} {day[11:19]} GMT+0000 (Coordinated Universal Time)",
                "address": handshake.address,
                "xdomain": handshake.xdomain,
                "secure": handshake.secure,
                "issued": round(handshake.issued * 1000),
                "url": handshake.url,
                "query": handshake.query,
                "auth": handshake.auth,
            },
            "rooms": sorted(self.rooms),
            "data": self.data,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> "SocketDescription":
        """The description that another server sent. A Node.js server may name rooms by numbers: they are texts here.

        :raises AdapterError: for what is none.
        """
        if isinstance(plain, Mapping):
            sid, handshake, rooms = plain.get("id"), plain.get("handshake"), plain.get("rooms")
            if isinstance(sid, str) and isinstance(handshake, Mapping) and isinstance(rooms, (list, tuple)):
                return cls(sid, RemoteHandshake(handshake), frozenset(map(str, rooms)), plain.get("data"))
        raise AdapterError("another server described a socket in a form that is not understood")
