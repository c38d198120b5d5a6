"""The options of a server: every one a field with its meaning, default and unit, checked once.

Names and defaults are those of the Node.js server in snake_case, with seconds for milliseconds, so that its
documentation serves here too::

    EngineOptions(ping_interval=10, max_http_buffer_size=5_000_000)
    ServerOptions(connect_timeout=20)

A value out of range raises :class:`~geventio.exceptions.ConfigurationError` with the name of the option and what it
takes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Final

from geventio.exceptions import ConfigurationError

TRANSPORTS: Final = ("polling", "websocket")
"""The transports that this version speaks."""

SAME_SITE: Final = ("lax", "strict", "none")

AllowRequest = Callable[[dict[str, Any]], "bool | str | None"]
OriginCheck = Callable[[str, dict[str, Any]], bool]
Origins = str | Iterable[str] | OriginCheck


@dataclass(frozen=True, slots=True)
class CookieOptions:
    """The cookie that a polling handshake sets; some load balancers use it to send a client back to its server."""

    name: str = "io"
    path: str = "/"
    http_only: bool = True
    same_site: str = "lax"
    secure: bool = False
    max_age: int | None = None

    def __post_init__(self) -> None:
        for field, separators in (("name", ';,="\\'), ("path", ";,")):
            value = getattr(self, field)
            if not isinstance(value, str) or not value or any(not "!" <= c <= "~" or c in separators for c in value):
                raise ConfigurationError(f"cookie {field} must be a plain text without separators, not {value!r}")
        if not isinstance(self.same_site, str) or self.same_site.lower() not in SAME_SITE:
            raise ConfigurationError(f"cookie same_site is one of {', '.join(SAME_SITE)}, not {self.same_site!r}")
        if self.max_age is not None:
            _check_number("cookie max_age", self.max_age, 0)


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
    (scheme, host and port exactly), or a function of the origin and the environ."""
    cors_credentials: bool = False
    """Whether browsers of allowed other origins may send cookies."""
    cookie: bool | str | Mapping[str, Any] | CookieOptions = False
    """Whether the first polling response sets a cookie with the session's id: True, a name, or attributes."""
    http_compression: bool = True
    """Whether polling responses are compressed for clients that accept it."""
    http_compression_threshold: int = 1024
    """Bytes from which a polling response is compressed."""
    body_timeout: float = 10.0
    """Seconds that a request's head or body may take to arrive (through the front door)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", _path(self.path))
        for name in ("ping_interval", "ping_timeout", "upgrade_timeout", "body_timeout"):
            _check_number(name, getattr(self, name), 0, exclusive=True)
        for name in ("max_http_buffer_size", "max_send_buffer"):
            object.__setattr__(self, name, _whole(name, getattr(self, name), 1))
        threshold = _whole("http_compression_threshold", self.http_compression_threshold, 0)
        object.__setattr__(self, "http_compression_threshold", threshold)
        object.__setattr__(self, "transports", _transports(self.transports))
        object.__setattr__(self, "cookie", _cookie(self.cookie))
        if self.allow_request is not None and not callable(self.allow_request):
            raise ConfigurationError(f"allow_request must be a function of the environ, not {self.allow_request!r}")
        object.__setattr__(self, "cors_allowed_origins", _origins(self.cors_allowed_origins))
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

    def __post_init__(self) -> None:
        # Not super(): a slotted dataclass is made anew, and the zero-argument form would look for the first one.
        EngineOptions.__post_init__(self)
        _check_number("connect_timeout", self.connect_timeout, 0, exclusive=True)
        object.__setattr__(self, "max_attachments", _whole("max_attachments", self.max_attachments, 0))


def check_names(kind: type, options: Mapping[str, Any]) -> None:
    """Refuse names that *kind* has no field for, with the nearest one that it has."""
    import difflib

    known = [field.name for field in fields(kind)]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; the options are {', '.join(sorted(known))}"
            raise ConfigurationError(f"there is no option {name!r}{hint}")


def _check_number(name: str, value: Any, low: float, *, exclusive: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ConfigurationError(f"{name} must be a number, not {value!r}")
    if value < low or (exclusive and value == low):
        raise ConfigurationError(f"{name} must be {'more than' if exclusive else 'at least'} {low:g}, not {value!r}")


def _whole(name: str, value: Any, low: int) -> int:
    """*value* as an int: sizes are often written as ``1e6``."""
    _check_number(name, value, low)
    if value != int(value):
        raise ConfigurationError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _path(path: Any) -> str:
    """*path* with a slash at both ends, however it was written: ``socket.io`` and ``/socket.io`` are common."""
    if not isinstance(path, str) or not path.strip("/"):
        raise ConfigurationError(f'path must be a text such as "/socket.io/", not {path!r}')
    if any(c <= " " or c in "?#%" or c > "~" for c in path):
        raise ConfigurationError(f"path must be plain ASCII without spaces, '?', '#' or '%', not {path!r}")
    return f"/{path.strip('/')}/"


def _transports(transports: Any) -> tuple[str, ...]:
    if isinstance(transports, str) or not isinstance(transports, Iterable):
        raise ConfigurationError(f'transports must be a list such as ["polling", "websocket"], not {transports!r}')
    chosen = tuple(transports)
    unknown = [t for t in chosen if t not in TRANSPORTS]
    if unknown or not chosen:
        raise ConfigurationError(f"transports are {' and '.join(TRANSPORTS)}, not {list(chosen)!r}")
    return chosen


def _cookie(cookie: Any) -> CookieOptions | bool:
    if cookie is True:
        return CookieOptions()
    if isinstance(cookie, str):
        return CookieOptions(name=cookie)
    if isinstance(cookie, Mapping):
        check_names(CookieOptions, cookie)
        return CookieOptions(**cookie)
    if isinstance(cookie, CookieOptions) or cookie is False:
        return cookie
    if cookie is None:
        return False
    raise ConfigurationError(f"cookie is True, a name or a mapping of attributes, not {cookie!r}")


def _origins(origins: Any) -> Origins | None:
    """The allowed origins in the form the check wants: None, "*", a function, or a set of normalised origins."""
    if origins is None or origins == "*" or callable(origins):
        return origins  # type: ignore[no-any-return]
    several = [origins] if isinstance(origins, str) else origins
    if not isinstance(several, Iterable):
        raise ConfigurationError(
            f"cors_allowed_origins is an origin, a list of them, '*' or a function, not {origins!r}"
        )
    chosen = []
    for origin in several:
        if not isinstance(origin, str) or (origin != "null" and "://" not in origin):
            raise ConfigurationError(f'an allowed origin looks like "https://example.org", not {origin!r}')
        if origin != "null" and "/" in origin.split("://", 1)[1]:
            raise ConfigurationError(f"an origin has no path and no slash at its end: {origin!r}")
        chosen.append(origin.lower())
    return frozenset(chosen)
