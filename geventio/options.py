"""The options of a server: every one a field with its meaning, default and unit, checked once.

Names and defaults are those of the Node.js server in snake_case, with seconds for milliseconds, so that its
documentation serves here too::

    EngineOptions(ping_interval=10, max_http_buffer_size=5_000_000)
    ServerOptions(connect_timeout=20)

A value out of range raises :class:`~geventio.exceptions.ConfigurationError` with the name of the option and what it
takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from geventio.exceptions import ConfigurationError
from geventio.option_checks import (
    TRANSPORTS,
    Origins,
    check_callable,
    check_flag,
    check_number,
    checked_origins,
    checked_path,
    checked_transports,
    whole,
)
from geventio.option_groups import CookieOptions, DeflateOptions, RecoveryOptions, checked_cookie, checked_group

AllowRequest = Callable[[dict[str, Any]], "bool | str | None"]
GenerateId = Callable[[dict[str, Any]], str]
Cookie = bool | str | Mapping[str, Any] | CookieOptions | None
PerMessageDeflate = bool | Mapping[str, Any] | DeflateOptions | None
Recovery = bool | Mapping[str, Any] | RecoveryOptions | None
ServeClient = bool | str | PathLike[str]
JSONDefault = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options of the Engine.IO floor: sessions and transports."""

    path: str = "/engine.io/"
    """Where requests are taken; everything below it belongs to the engine."""
    ping_interval: float = 25.0
    """Seconds from one heartbeat to the next."""
    ping_timeout: float = 20.0
    """Seconds that a client has to answer a ping."""
    upgrade_timeout: float = 10.0
    """Seconds from a WebSocket's handshake on a polling session to the end of the upgrade."""
    max_http_buffer_size: int = 1_000_000
    """Bytes of the largest POST body or WebSocket message that a client may send."""
    max_send_buffer: int = 1_000_000
    """Bytes that may wait for a client that reads too slowly; over it the session ends with ``transport error``."""
    transports: tuple[str, ...] = TRANSPORTS
    """Which transports are served."""
    allow_upgrades: bool = True
    """Whether a polling session may move to WebSocket."""
    allow_request: AllowRequest | None = None
    """Called with the WSGI environ of each handshake; False refuses it, a text refuses it with that message."""
    cors_allowed_origins: Origins | None = None
    """Origins that browsers may connect from. None: the server's own origin. ``"*"``: any. An origin or several of them
    (scheme, host and port exactly; ``https://*.example.org`` takes every subdomain), compiled regular expressions among
    them, which have to match the whole origin in lower case (escape the dots), or a function of the origin and the
    environ."""
    cors_credentials: bool = False
    """Whether browsers of allowed other origins may send cookies."""
    cookie: Cookie = False
    """Whether the first polling response sets a cookie with the session's id: True, a name, or attributes."""
    add_trailing_slash: bool = True
    """Whether *path* ends with a slash; without one, whatever starts like it belongs to the engine."""
    allow_eio3: bool = False
    """Whether clients of Engine.IO 3 (Socket.IO 1 and 2) may connect too. JSONP is not spoken."""
    generate_id: GenerateId | None = None
    """Called with the WSGI environ of each handshake; returns the session's id: a secret, never used before, of 8 to
    128 letters, digits or any of ``_ . ~ -``. It may block."""
    initial_packet: str | bytes | None = None
    """A message that every client gets right behind the handshake; Socket.IO clients need a packet of theirs, such as
    ``2["welcome"]``."""
    per_message_deflate: PerMessageDeflate = False
    """Whether WebSocket messages are compressed (RFC 7692) with clients that offer it: True, or the fields of
    DeflateOptions."""
    http_compression: bool = True
    """Whether polling responses are compressed for clients that accept it."""
    http_compression_threshold: int = 1024
    """Bytes from which a polling response is compressed."""
    http_compression_level: int = 4
    """Compression level of zlib: 1 (fast) to 9 (small). 4 is half the time of 6 for 3 % more bytes of JSON."""
    body_timeout: float = 10.0
    """Seconds that a request's head or body may take to arrive (through the front door)."""

    def __post_init__(self) -> None:
        check_flag("add_trailing_slash", self.add_trailing_slash)
        object.__setattr__(self, "path", checked_path(self.path, slash=self.add_trailing_slash))
        for name in ("ping_interval", "ping_timeout", "upgrade_timeout", "body_timeout"):
            check_number(name, getattr(self, name), 0, exclusive=True)
        for name in ("max_http_buffer_size", "max_send_buffer"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))
        threshold = whole("http_compression_threshold", self.http_compression_threshold, 0)
        object.__setattr__(self, "http_compression_threshold", threshold)
        level = whole("http_compression_level", self.http_compression_level, 1)
        if level > 9:
            raise ConfigurationError(f"http_compression_level is 1 to 9, not {level}")
        object.__setattr__(self, "http_compression_level", level)
        object.__setattr__(self, "transports", checked_transports(self.transports))
        object.__setattr__(self, "cookie", checked_cookie(self.cookie))
        deflate = checked_group("per_message_deflate", DeflateOptions, self.per_message_deflate)
        object.__setattr__(self, "per_message_deflate", deflate)
        check_flag("allow_eio3", self.allow_eio3)
        check_callable("allow_request", self.allow_request, "of the environ")
        check_callable("generate_id", self.generate_id, "of the environ that returns a text")
        if self.initial_packet is not None and not isinstance(self.initial_packet, (str, bytes)):
            raise ConfigurationError(f"initial_packet is a text or bytes, not {self.initial_packet!r}")
        object.__setattr__(self, "cors_allowed_origins", checked_origins(self.cors_allowed_origins))
        if self.cors_credentials and self.cors_allowed_origins == "*":
            raise ConfigurationError(
                'cors_credentials needs the origins by name: with cors_allowed_origins="*" any site could act as the '
                "user"
            )


@dataclass(frozen=True, slots=True)
class ServerOptions(EngineOptions):
    """Options of the Socket.IO floor, beside those of the engine under it."""

    path: str = "/socket.io/"
    """Where requests are taken; everything below it belongs to the server."""
    connect_timeout: float = 45.0
    """Seconds that a client has to join its first namespace."""
    max_attachments: int = 10
    """Binary values in one packet of a client."""
    connection_state_recovery: Recovery = False
    """Whether a client that comes back after a lost connection gets its state and what it missed: True, or the fields
    of RecoveryOptions."""
    cleanup_empty_child_namespaces: bool = False
    """Whether a namespace that was made for a client's request goes when its last socket has left."""
    max_child_namespaces: int = 10_000
    """Namespaces that clients' requests may make of one pattern; clients that ask for more are refused."""
    max_namespaces: int = 16
    """Namespaces that one connection may be in, or ask for, at a time."""
    serve_client: ServeClient = True
    """Whether the JavaScript client is served below *path*: from ``node_modules`` (True) or from this folder."""
    json_default: JSONDefault | None = None
    """Called with a value that can be sent in no form of its own (see JSONParser), and with a Decimal; returns what is
    sent in its place, or raises TypeError. It serves whatever parser the server has."""
    drain: float = 5.0
    """Seconds over which many clients are sent away when the process is asked to end; 0: all at once."""
    stall_limit: float = 1.0
    """Seconds that a handler may hold the hub before the log says where; 0: nobody looks."""

    def __post_init__(self) -> None:
        # Not super(): a slotted dataclass is made anew, and the zero-argument form would look for the first one.
        EngineOptions.__post_init__(self)
        check_number("connect_timeout", self.connect_timeout, 0, exclusive=True)
        object.__setattr__(self, "max_attachments", whole("max_attachments", self.max_attachments, 0))
        recovery = checked_group("connection_state_recovery", RecoveryOptions, self.connection_state_recovery)
        object.__setattr__(self, "connection_state_recovery", recovery)
        check_flag("cleanup_empty_child_namespaces", self.cleanup_empty_child_namespaces)
        for name in ("max_child_namespaces", "max_namespaces"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))
        if not isinstance(self.serve_client, (bool, str, PathLike)):
            raise ConfigurationError(f"serve_client is True, False or a folder, not {self.serve_client!r}")
        check_callable("json_default", self.json_default, "of a value")
        for name in ("drain", "stall_limit"):
            check_number(name, getattr(self, name), 0)
