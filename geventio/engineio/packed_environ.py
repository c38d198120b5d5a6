"""A WSGI environ as the engine reads it, and what is kept of one for the life of its session: one packed text instead
of a dictionary of thirty.

A WSGI environ as a dictionary costs two to five kilobytes, the largest part of an idle client. Its texts are kept as
one string; other values that the server or a middleware put there are kept as they are, except streams and sockets,
which mean nothing after the handshake.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

from geventio.engineio.request import KeptRequest

DROPPED: Final = frozenset(
    {
        "wsgi.input",
        "wsgi.errors",
        "wsgi.file_wrapper",
        "wsgi.websocket",
        "wsgi.websocket_version",
        "wsgi.early_hints",
        "wsgi.input_terminated",
        "wsgi.version",
        "gunicorn.socket",
        "gunicorn.sock",
        "werkzeug.socket",
        "werkzeug.request",
    }
)
"""What is made anew or must not be kept."""
FLAGS: Final = frozenset({"wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"})


@lru_cache(64)
def environ_key(name: str) -> str:
    """The environ key of a field, by its lower-case name."""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


def header_name(key: str) -> str | None:
    """The lower-case field name of an environ key; None for keys that are no field."""
    if key.startswith("HTTP_"):
        return key[5:].replace("_", "-").lower()
    if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        return key.replace("_", "-").lower()
    return None


class PackedEnviron(KeptRequest):
    """A WSGI environ, packed."""

    __slots__ = ("_extras", "_text")

    def __init__(self, environ: Mapping[str, Any]) -> None:
        texts: list[str] = []
        extras: dict[str, Any] | None = None
        for key, value in environ.items():
            if key in DROPPED:
                continue
            if type(value) is str and "\0" not in value:
                texts.append(key)
                texts.append(value)
            elif key in FLAGS:
                texts.append(key)
                texts.append("1" if value else "")
            else:
                extras = extras or {}
                extras[key] = value
        self._text = "\0".join(texts)
        self._extras = extras

    def environ(self) -> dict[str, Any]:
        """A WSGI environ of the handshake, made anew."""
        texts = self._text.split("\0")
        environ: dict[str, Any] = dict(zip(texts[::2], texts[1::2], strict=True))
        if self._extras:
            environ.update(self._extras)
        environ |= {
            "wsgi.version": (1, 0),
            "wsgi.input": BytesIO(),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
        }
        for key in FLAGS & environ.keys():
            environ[key] = bool(environ[key])
        return environ

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields by lower-case name."""
        named = ((header_name(key), value) for key, value in self.environ().items())
        return {name: value for name, value in named if name is not None}

    @property
    def url(self) -> str:
        """The request target."""
        environ = self.environ()
        query = environ.get("QUERY_STRING", "")
        path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        return f"{path}?{query}" if query else path

    @property
    def address(self) -> str:
        """The peer's address."""
        return str(self.environ().get("REMOTE_ADDR", ""))

    @property
    def secure(self) -> bool:
        """Whether the connection is TLS."""
        return bool(self.environ().get("wsgi.url_scheme") == "https")


class EnvironHeaders(Mapping[str, str]):
    """Header fields of an environ by lower-case name."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str = self._environ[environ_key(name)]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """See Mapping; several fields that are mostly absent are asked for in every request."""
        return self._environ.get(environ_key(name), default)

    def __iter__(self) -> Iterator[str]:
        return iter(PackedEnviron(self._environ).headers)

    def __len__(self) -> int:
        return len(PackedEnviron(self._environ).headers)
