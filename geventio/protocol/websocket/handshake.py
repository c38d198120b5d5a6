"""The HTTP request that opens a WebSocket connection: is it one, and what proves that we read it.

The rules are RFC 6455, section 4.2::

    try:
        accept = check_handshake("GET", {"connection": "Upgrade", "upgrade": "websocket", ...})
    except HandshakeRejected as rejected:
        respond(rejected.status, rejected.headers, rejected.message)
    else:
        respond(101, [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)])

Origin, path, subprotocols and extensions are the caller's to judge.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha1
from typing import Final

from geventio.exceptions import GeventIOError

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_KEY_SIZE: Final = 16
_KEY_LENGTH: Final = 24  # of 16 bytes in base64
_WHITESPACE: Final = " \t"  # RFC 9110, section 5.6.3

# How many members of a comma-separated header are looked at; browsers send two, and the rest is a stranger's to fill.
_MAX_TOKENS: Final = 64


class HandshakeRejected(GeventIOError):
    """The request opens no WebSocket; answer it with *status*, *headers* (pairs) and *message* as plain text."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status, message, headers)
        self.status = status
        self.message = message
        self.headers = headers

    def __str__(self) -> str:
        return f"{self.message} (HTTP status {self.status})"


def accept_key(key: str) -> str:
    """Return the Sec-WebSocket-Accept value that answers the Sec-WebSocket-Key *key* (RFC 6455, section 4.2.2)."""
    return b64encode(sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def check_handshake(method: str, headers: Mapping[str, str]) -> str:
    """Return the Sec-WebSocket-Accept value for a request, *headers* by lower-case name.

    Raises ``HandshakeRejected`` where RFC 6455, section 4.2.1 refuses the request, and where it announces a body: a
    server that took those bytes for frames would disagree with a proxy on where the request ends.
    """
    if method != "GET":
        raise HandshakeRejected(405, "A WebSocket handshake is a GET request", (("Allow", "GET"),))
    if not _has_token(headers.get("connection", ""), "upgrade"):
        raise HandshakeRejected(400, "The Connection header does not contain Upgrade")
    if not _has_token(headers.get("upgrade", ""), "websocket"):
        raise HandshakeRejected(400, "The Upgrade header does not contain websocket")
    if "transfer-encoding" in headers or headers.get("content-length", "").strip(_WHITESPACE).strip("0"):
        raise HandshakeRejected(400, "A WebSocket handshake has no body")
    if headers.get("sec-websocket-version", "").strip(_WHITESPACE) != "13":
        # Section 4.4. An Upgrade header would belong here too, but a WSGI application may not send one.
        raise HandshakeRejected(426, "The WebSocket version is 13", (("Sec-WebSocket-Version", "13"),))
    key = headers.get("sec-websocket-key", "").strip(_WHITESPACE)
    if not _is_key(key):
        raise HandshakeRejected(400, "The Sec-WebSocket-Key header is not 16 bytes in base64")
    return accept_key(key)


def _has_token(value: str, token: str) -> bool:
    return any(member.strip(_WHITESPACE) == token for member in value.lower().split(",", _MAX_TOKENS))


def _is_key(key: str) -> bool:
    if len(key) != _KEY_LENGTH:
        return False
    try:
        return len(b64decode(key, validate=True)) == _KEY_SIZE
    except ValueError:
        return False
