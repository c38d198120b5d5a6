"""Response header fields as hooks of the application see and change them, and what no field may hold.

::

    headers = ResponseHeaders([("Vary", "Origin")])
    headers["X-Served-By"] = "a1"                 # in the place of what had that name, in whatever case
    headers.add("Set-Cookie", "seen=1; Path=/")   # beside others of that name

A line break in a value would let whoever wrote the value add fields and responses of their own (response splitting), so
names and values are checked where they are given.
"""

import re
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any, Final

from geventio.engineio.request import Headers
from geventio.exceptions import ConfigurationError

NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, section 5.6.2)."""
VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
FRAMING: Final = frozenset(
    {"connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""What says where a response ends and what becomes of its connection."""


def frames(name: str) -> bool:
    """Whether a field of this name is the server's own business: it frames a response, or is part of a WebSocket
    handshake.
    """
    key = name.lower()
    return key in FRAMING or key.startswith("sec-websocket-")


def check_field(name: Any, value: Any) -> tuple[str, str]:
    """The field, if it may be sent.

    :raises ConfigurationError: for a name that is no token, and for a value that is no text or holds a line break.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ConfigurationError(f"the name of a response header is a token such as 'X-Served-By', not {name!r}")
    if not isinstance(value, str) or not VALUE.fullmatch(value):
        raise ConfigurationError(
            f"the value of the response header {name} is a text of Latin-1 characters without line breaks, "
            f"not {_shown(value)}"
        )
    return name, value


def _shown(value: Any) -> str:
    return f"{value[:40]!r}" if isinstance(value, str) else type(value).__name__


class ResponseHeaders(MutableMapping[str, str]):
    """Header fields of one response: a mapping whose keys are compared without regard to case, with :meth:`add` for
    fields that occur more than once.

    What frames the response (``Content-Length``, ``Connection``, ``Transfer-Encoding`` ...) and what the WebSocket
    handshake consists of (``Sec-WebSocket-...``) is not among them.
    """

    __slots__ = ("fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self.fields: Headers = list(fields)

    def __getitem__(self, name: str) -> str:
        key = name.lower()
        for own, value in self.fields:
            if own.lower() == key:
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        """Put a field in the place of all that have this name.

        :raises ConfigurationError: for what no field may hold (see :func:`check_field`).
        """
        field = _checked(name, value)
        self._drop(name)
        self.fields.append(field)

    def __delitem__(self, name: str) -> None:
        if not self._drop(name):
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower(): name for name, _ in reversed(self.fields)}.values())

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.fields})

    def __repr__(self) -> str:
        return f"<ResponseHeaders {', '.join(self)}>"

    def add(self, name: str, value: str) -> None:
        """Add a field beside those of the same name, as ``Set-Cookie`` needs it.

        :raises ConfigurationError: for what no field may hold (see :func:`check_field`).
        """
        self.fields.append(_checked(name, value))

    def _drop(self, name: str) -> bool:
        key = name.lower()
        kept = [field for field in self.fields if field[0].lower() != key]
        dropped = len(kept) < len(self.fields)
        self.fields = kept
        return dropped


def _checked(name: Any, value: Any) -> tuple[str, str]:
    field = check_field(name, value)
    if frames(field[0]):
        raise ConfigurationError(f"the response header {name} is set by the server itself")
    return field


def merge(own: Headers, added: Headers) -> Headers:
    """*own* fields of a response, and those *added* by others that it does not set itself. ``Set-Cookie`` and ``Vary``
    add up.
    """
    names = {name.lower() for name, _ in own} - {"set-cookie", "vary"}
    return [*own, *(field for field in added if field[0].lower() not in names)]
