"""What a socket knows of how its client came: header fields, query, ``auth`` payload, address.

Everything is computed when asked for from the few hundred bytes that are kept of the request.
"""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from geventio.engineio.request import KeptRequest


class Handshake:
    """The handshake of one socket. The fields are those of Node.js, and the WSGI environ beside them."""

    __slots__ = ("_request", "auth", "issued")

    def __init__(self, request: KeptRequest, auth: dict[str, Any], issued: float) -> None:
        self._request = request
        self.auth = auth
        """The payload that the client gave with its ``auth`` option; ``{}`` when it gave none. As trustworthy as the
        client.
        """
        self.issued = issued
        """When the socket's connection was asked for, in seconds since the epoch."""

    @property
    def time(self) -> datetime:
        """:attr:`issued` as a date, in UTC."""
        return datetime.fromtimestamp(self.issued, timezone.utc)

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields of the handshake's request by lower-case name."""
        return self._request.headers

    @property
    def query(self) -> dict[str, str]:
        """Values of the query, the protocol's own (``EIO``, ``transport``) among them; of a repeated key the last."""
        return self._request.query

    @property
    def url(self) -> str:
        """The request's path and query as the client wrote them."""
        return self._request.url

    @property
    def address(self) -> str:
        """The peer's address without the port: the proxy's, where there is one."""
        return self._request.address

    @property
    def secure(self) -> bool:
        """Whether the connection is TLS."""
        return self._request.secure

    @property
    def xdomain(self) -> bool:
        """Whether a browser's page asked (the request has an ``Origin``)."""
        return "origin" in self._request.headers

    @property
    def environ(self) -> dict[str, Any]:
        """A WSGI environ of the handshake (PEP 3333), made anew at each call, with an empty body.

        ::

            request = flask_app.request_class(socket.handshake.environ)
        """
        return self._request.environ()
