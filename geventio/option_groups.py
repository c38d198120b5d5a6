"""Options that come in groups: each is False, True (the defaults), or a mapping of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from geventio.exceptions import ConfigurationError
from geventio.option_checks import check_flag, check_names, check_number, whole

SAME_SITE: Final = ("lax", "strict", "none")
GroupT = TypeVar("GroupT")


@dataclass(frozen=True, slots=True)
class CookieOptions:
    """The cookie that a polling handshake sets; some load balancers use it to send a client back to its server."""

    name: str = "io"
    """Its name."""
    path: str = "/"
    """Requests below this path get it."""
    http_only: bool = True
    """Whether scripts on a page cannot read it; they have no use for it."""
    same_site: str = "lax"
    """Which requests of other sites have it: ``lax``, ``strict`` or ``none``."""
    secure: bool = False
    """Whether it is sent over TLS only."""
    max_age: int | None = None
    """Seconds that browsers keep it; None: as long as they run."""

    def __post_init__(self) -> None:
        for field, separators in (("name", ';,="\\'), ("path", ";,")):
            value = getattr(self, field)
            if not isinstance(value, str) or not value or any(not "!" <= c <= "~" or c in separators for c in value):
                raise ConfigurationError(f"cookie {field} must be a plain text without separators, not {value!r}")
        if not isinstance(self.same_site, str) or self.same_site.lower() not in SAME_SITE:
            raise ConfigurationError(f"cookie same_site is one of {', '.join(SAME_SITE)}, not {self.same_site!r}")
        if self.max_age is not None:
            check_number("cookie max_age", self.max_age, 0)


@dataclass(frozen=True, slots=True)
class DeflateOptions:
    """Per-message deflate (RFC 7692, section 7): compression of WebSocket messages where the client offers it."""

    threshold: int = 1024
    """Bytes from which a message that is sent is compressed."""
    server_no_context_takeover: bool = True
    """Whether each message that is sent is compressed by itself. True: a broadcast is compressed once for all clients,
    and a client costs no compressor. False: better ratios, for some 260 kB of memory a client."""
    client_no_context_takeover: bool = True
    """Whether clients are asked to compress each message by itself, so that an idle one holds no decompressor."""
    server_max_window_bits: int = 15
    """Size of the window of what is sent: 2 to this power, 9 to 15."""
    client_max_window_bits: int = 15
    """Size of the window that clients are allowed, where they let the server choose it: 9 to 15."""
    level: int = 6
    """Compression level of zlib: 1 (fast) to 9 (small)."""
    mem_level: int = 8
    """Memory of a compressor, as zlib counts it: 1 to 9."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", whole("per_message_deflate threshold", self.threshold, 0))
        for name in ("server_no_context_takeover", "client_no_context_takeover"):
            check_flag(f"per_message_deflate {name}", getattr(self, name))
        ranges = {
            "server_max_window_bits": (9, 15),
            "client_max_window_bits": (9, 15),
            "level": (1, 9),
            "mem_level": (1, 9),
        }
        for name, (low, high) in ranges.items():
            value = whole(f"per_message_deflate {name}", getattr(self, name), low)
            if value > high:
                raise ConfigurationError(f"per_message_deflate {name} is {low} to {high}, not {value}")


@dataclass(frozen=True, slots=True)
class RecoveryOptions:
    """Connection state recovery: a client that comes back soon gets its id, rooms, data and missed events again.

    ::

        io = Server(connection_state_recovery={"max_disconnection_duration": 60})
    """

    max_disconnection_duration: float = 120.0
    """Seconds that a client may be away."""
    max_bytes: int = 16_000_000
    """Bytes of memory for the sent events that are kept for those who come back, in each namespace; the oldest go
    first, and whoever missed one of them starts anew. As many again are for the states of clients that are away."""
    skip_middlewares: bool = False
    """Whether a recovered socket passes the ``use()`` middlewares by (Node.js does that unless told otherwise)."""

    def __post_init__(self) -> None:
        name = "connection_state_recovery"
        check_number(f"{name} max_disconnection_duration", self.max_disconnection_duration, 0, exclusive=True)
        object.__setattr__(self, "max_bytes", whole(f"{name} max_bytes", self.max_bytes, 1))
        check_flag(f"{name} skip_middlewares", self.skip_middlewares)


def checked_group(name: str, kind: type[GroupT], value: Any) -> GroupT | None:
    """*value* as options of this *kind*; None for False."""
    if value is True:
        return kind()
    if value is False or value is None:
        return None
    if isinstance(value, kind):
        return value
    if isinstance(value, Mapping):
        check_names(kind, value)
        return kind(**value)
    raise ConfigurationError(f"{name} is True, False or a mapping of its options, not {value!r}")


def checked_cookie(cookie: Any) -> CookieOptions | None:
    """*cookie* as options; a text is its name."""
    if isinstance(cookie, str):
        return CookieOptions(name=cookie)
    return checked_group("cookie", CookieOptions, cookie)
